//! One gzip member out of parts that were compressed on their own.
//!
//! Each part but the last is a raw deflate stream that ends in a sync flush: on a byte boundary, and without the block
//! that would end the stream. So the parts of a page are compressed once, and a scrape compresses the live tail only. A
//! second member for the tail would do as well by the RFC, but curl reads only the first.

use std::io::{self, Write as _};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use crc32fast::Hasher;
use flate2::Compression;
use flate2::write::DeflateEncoder;

/// The header: deflate, no name, no time of modification, any system.
pub(super) const HEADER: &[u8] = &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// Compressed blocks in a row, and what the trailer must know of them.
#[derive(Debug, Clone)]
pub(super) struct Blocks {
    pub(super) bytes: Bytes,
    /// Checksum and length of what was compressed.
    checksum: Hasher,
}

impl Blocks {
    /// Blocks that others follow.
    pub(super) fn continued<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> io::Result<Self> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        let mut checksum = Hasher::new();
        for piece in pieces {
            encoder.write_all(piece)?;
            checksum.update(piece);
        }
        encoder.flush()?;
        // Taken before the encoder is dropped, which would end the stream.
        let bytes = std::mem::take(encoder.get_mut()).into();
        Ok(Self { bytes, checksum })
    }

    /// These blocks as one.
    pub(super) fn joined<'a>(parts: impl IntoIterator<Item = &'a Blocks>) -> Self {
        let (mut bytes, mut checksum) = (Vec::new(), Hasher::new());
        for part in parts {
            bytes.extend_from_slice(&part.bytes);
            checksum.combine(&part.checksum);
        }
        Self {
            bytes: bytes.into(),
            checksum,
        }
    }
}

/// Compresses the ends of streams. What was used is kept: a tail is small, and to set up a compressor costs more than to
/// compress one.
#[derive(Debug, Default)]
pub(super) struct Tails(Mutex<Vec<DeflateEncoder<Vec<u8>>>>);

/// More scrapes than this are hardly answered at the same moment.
const MOST_KEPT: usize = 4;

impl Tails {
    /// Blocks that end the stream.
    pub(super) fn last(&self, plain: &[u8]) -> io::Result<Blocks> {
        let known = self.kept().pop();
        let mut encoder = known.unwrap_or_else(|| DeflateEncoder::new(Vec::new(), Compression::fast()));
        encoder.write_all(plain)?;
        // Ends the stream, and begins another one.
        let bytes = encoder.reset(Vec::new())?.into();
        let mut kept = self.kept();
        if kept.len() < MOST_KEPT {
            kept.push(encoder);
        }
        let mut checksum = Hasher::new();
        checksum.update(plain);
        Ok(Blocks { bytes, checksum })
    }

    fn kept(&self) -> MutexGuard<'_, Vec<DeflateEncoder<Vec<u8>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The trailer of the member that consists of these parts: checksum, and length modulo 2³².
pub(super) fn trailer<'a>(parts: impl IntoIterator<Item = &'a Blocks>) -> Bytes {
    let mut checksum = Hasher::new();
    for part in parts {
        checksum.combine(&part.checksum);
    }
    // Little endian: the first four bytes are the length modulo 2³².
    let length = checksum.total_len().to_le_bytes();
    let mut trailer = checksum.finalize().to_le_bytes().to_vec();
    trailer.extend_from_slice(&length[..4]);
    trailer.into()
}
