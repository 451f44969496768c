//! One gzip member out of parts that were compressed on their own.
//!
//! Each part but the last is a raw deflate stream that ends in a sync flush: on a byte boundary, and without the block
//! that would end the stream. So the parts of a page are compressed once, and a scrape compresses nothing: the little that is
//! new in it stands there as it is. A second member for the tail would do as well by the RFC, but curl reads only the first.

use std::io::{self, Write as _};

use bytes::Bytes;
use crc32fast::Hasher;
use flate2::Compression;
use flate2::write::DeflateEncoder;

/// The header: deflate, no name, no time of modification, any system.
pub(super) const HEADER: &[u8] = &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// The most bytes in a block that is not compressed.
const MOST_STORED: usize = 0xffff;

/// Blocks in a row, and what the trailer must know of them.
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

    /// Blocks that end the stream. They are not compressed: of a few bytes, that would take longer than to send them.
    pub(super) fn last(plain: &[u8]) -> Self {
        let mut bytes = Vec::new();
        let mut rest = plain;
        loop {
            let (block, behind) = rest.split_at(rest.len().min(MOST_STORED));
            // Two bytes, as `block` is short enough.
            let [low, high, ..] = block.len().to_le_bytes();
            bytes.extend_from_slice(&[u8::from(behind.is_empty()), low, high, !low, !high]);
            bytes.extend_from_slice(block);
            if behind.is_empty() {
                break;
            }
            rest = behind;
        }
        let mut checksum = Hasher::new();
        checksum.update(plain);
        Self {
            bytes: bytes.into(),
            checksum,
        }
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

/// The trailer of the member that consists of these parts: checksum, and length modulo 2³².
pub(super) fn trailer<'a>(parts: impl IntoIterator<Item = &'a Blocks>) -> Bytes {
    let mut parts = parts.into_iter();
    let mut checksum = parts
        .next()
        .map(|first| first.checksum.clone())
        .unwrap_or_default();
    for part in parts {
        checksum.combine(&part.checksum);
    }
    // Little endian: the first four bytes are the length modulo 2³².
    let length = checksum.total_len().to_le_bytes();
    let mut trailer = checksum.finalize().to_le_bytes().to_vec();
    trailer.extend_from_slice(&length[..4]);
    trailer.into()
}
