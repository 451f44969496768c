//! Unpacks gzip while it arrives (RFC 1952): one member or several, and zeros behind the last one.

use crc32fast::Hasher;
use flate2::{Decompress, FlushDecompress, Status};

/// Most bytes that are unpacked at once.
const PIECE: usize = 64 * 1024;
const MAGIC: [u8; 3] = [0x1f, 0x8b, 8];
const FLAGS: usize = 3;
const FIXED: usize = 10;
const HAS_CHECK: u8 = 1 << 1;
const HAS_EXTRA: u8 = 1 << 2;
const HAS_NAME: u8 = 1 << 3;
const HAS_COMMENT: u8 = 1 << 4;
const RESERVED: u8 = 0b1110_0000;

/// Why the bytes are no gzip.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotGzip {
    /// They do not begin as gzip does.
    #[error("it does not begin as gzip does")]
    Header,
    /// What is packed is not.
    #[error("{0}")]
    Packed(String),
    /// A checksum or the length is another one.
    #[error("its checksum is wrong")]
    Checksum,
    /// Something that is not gzip follows.
    #[error("something else stands behind its end")]
    Behind,
}

/// Unpacks one body.
pub(super) struct Gunzip {
    place: Place,
    inflate: Decompress,
    /// Of what the member held so far.
    checksum: Hasher,
    piece: Box<[u8]>,
    is_full: bool,
}

enum Place {
    /// Before the first member.
    Beginning,
    Header(Header),
    Packed,
    Trailer(Vec<u8>),
    /// Behind a member: another one may follow, or zeros.
    Behind,
    Zeros,
}

impl Gunzip {
    pub(super) fn new() -> Gunzip {
        Gunzip {
            place: Place::Beginning,
            inflate: Decompress::new(false),
            checksum: Hasher::new(),
            piece: vec![0; PIECE].into_boxed_slice(),
            is_full: false,
        }
    }

    /// Whether more can be unpacked without more input.
    pub(super) fn has_more(&self) -> bool {
        self.is_full
    }

    /// Whether the body may end here. An empty one may.
    pub(super) fn is_whole(&self) -> bool {
        matches!(self.place, Place::Beginning | Place::Behind | Place::Zeros)
    }

    /// The first bytes of what was unpacked last.
    pub(super) fn piece(&self, length: usize) -> &[u8] {
        &self.piece[..length]
    }

    /// Unpacks some of the input. Returns how many bytes of it were used, and the length of the [piece](Gunzip::piece).
    ///
    /// # Errors
    /// The input is no gzip.
    pub(super) fn unpack(&mut self, input: &[u8]) -> Result<(usize, usize), NotGzip> {
        let mut used = 0;
        loop {
            if matches!(self.place, Place::Packed) {
                let (taken, length) = self.inflate(&input[used..])?;
                used += taken;
                if length > 0 || matches!(self.place, Place::Packed) {
                    return Ok((used, length));
                }
            }
            let Some(byte) = input.get(used) else {
                return Ok((used, 0));
            };
            self.take(*byte)?;
            used += 1;
        }
    }

    /// Takes a byte of what is around the packed bytes.
    fn take(&mut self, byte: u8) -> Result<(), NotGzip> {
        match &mut self.place {
            Place::Beginning => self.begin(byte)?,
            Place::Behind if byte != 0 => self.begin(byte).map_err(|_| NotGzip::Behind)?,
            Place::Behind | Place::Zeros if byte == 0 => self.place = Place::Zeros,
            Place::Header(header) => {
                if header.take(byte)? {
                    self.inflate.reset(false);
                    self.checksum.reset();
                    self.place = Place::Packed;
                }
            }
            Place::Trailer(trailer) => {
                trailer.push(byte);
                if trailer.len() == 8 {
                    let checksum = self.checksum.clone().finalize().to_le_bytes();
                    // Little endian: its first four bytes are the length modulo 2³².
                    let length = self.inflate.total_out().to_le_bytes();
                    if *trailer != [&checksum, &length[..4]].concat() {
                        return Err(NotGzip::Checksum);
                    }
                    self.place = Place::Behind;
                }
            }
            Place::Packed | Place::Behind | Place::Zeros => return Err(NotGzip::Behind),
        }
        Ok(())
    }

    fn begin(&mut self, byte: u8) -> Result<(), NotGzip> {
        let mut header = Header::default();
        header.take(byte)?;
        self.place = Place::Header(header);
        Ok(())
    }

    fn inflate(&mut self, input: &[u8]) -> Result<(usize, usize), NotGzip> {
        let (before_in, before_out) = (self.inflate.total_in(), self.inflate.total_out());
        let status = self
            .inflate
            .decompress(input, &mut self.piece, FlushDecompress::None)
            .map_err(|error| NotGzip::Packed(error.to_string()))?;
        let length = |total: u64, before| usize::try_from(total - before).unwrap_or(usize::MAX);
        let used = length(self.inflate.total_in(), before_in);
        let unpacked = length(self.inflate.total_out(), before_out);
        self.checksum.update(&self.piece[..unpacked]);
        self.is_full = unpacked == self.piece.len();
        if status == Status::StreamEnd {
            self.is_full = false;
            self.place = Place::Trailer(Vec::with_capacity(8));
        }
        Ok((used, unpacked))
    }
}

/// The header of a member.
#[derive(Default)]
struct Header {
    part: Part,
    flags: u8,
    checksum: Hasher,
}

/// Where in it the next byte is.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// The part that each header has: so many bytes of it have come.
    Fixed(usize),
    /// The length of the extra field, and its first byte.
    ExtraLength(Option<u8>),
    /// So many bytes of the extra field are to come.
    Extra(u16),
    Name,
    Comment,
    /// The checksum of the header, and its first byte.
    Check(Option<u8>),
    #[default]
    Beginning,
}

impl Header {
    /// Takes another byte. Returns whether it was the last one.
    fn take(&mut self, byte: u8) -> Result<bool, NotGzip> {
        if self.part == Part::Beginning {
            self.part = Part::Fixed(0);
        }
        if let Part::Check(first) = self.part {
            return self.check(first, byte);
        }
        self.checksum.update(&[byte]);
        match self.part {
            Part::Fixed(place) => {
                if MAGIC.get(place).is_some_and(|magic| *magic != byte) {
                    return Err(NotGzip::Header);
                }
                if place == FLAGS {
                    self.flags = byte;
                    if byte & RESERVED != 0 {
                        return Err(NotGzip::Header);
                    }
                }
                self.part = Part::Fixed(place + 1);
                return Ok(place + 1 == FIXED && self.behind(0));
            }
            Part::ExtraLength(None) => self.part = Part::ExtraLength(Some(byte)),
            Part::ExtraLength(Some(low)) => match u16::from_le_bytes([low, byte]) {
                0 => return Ok(self.behind(HAS_EXTRA)),
                length => self.part = Part::Extra(length),
            },
            Part::Extra(1) => return Ok(self.behind(HAS_EXTRA)),
            Part::Extra(left) => self.part = Part::Extra(left - 1),
            Part::Name if byte == 0 => return Ok(self.behind(HAS_NAME)),
            Part::Comment if byte == 0 => return Ok(self.behind(HAS_COMMENT)),
            Part::Name | Part::Comment | Part::Check(_) | Part::Beginning => {}
        }
        Ok(false)
    }

    /// Goes on behind the part of this flag. Returns whether nothing more comes.
    fn behind(&mut self, flag: u8) -> bool {
        let parts = [
            (HAS_EXTRA, Part::ExtraLength(None)),
            (HAS_NAME, Part::Name),
            (HAS_COMMENT, Part::Comment),
            (HAS_CHECK, Part::Check(None)),
        ];
        let begun = parts.iter().position(|(part, _)| *part == flag);
        let mut rest = parts[begun.map_or(0, |begun| begun + 1)..].iter();
        let next = rest.find(|(part, _)| self.flags & part != 0);
        if let Some((_, part)) = next {
            self.part = *part;
        }
        next.is_none()
    }

    fn check(&mut self, first: Option<u8>, byte: u8) -> Result<bool, NotGzip> {
        let Some(low) = first else {
            self.part = Part::Check(Some(byte));
            return Ok(false);
        };
        let expected = self.checksum.clone().finalize() & 0xffff;
        if u32::from(u16::from_le_bytes([low, byte])) == expected {
            Ok(true)
        } else {
            Err(NotGzip::Checksum)
        }
    }
}

#[cfg(test)]
mod tests;
