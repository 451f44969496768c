//! Mends a whole body, so that a JSON parser does not give up on it because of a single field.

use std::io::{self, Read};

/// Longest text kept of one string, in bytes of the answer. Far above what any field that is read needs, and above
/// what a chat's id may have even when each of its characters is an escape of twelve bytes.
const STRING_LIMIT: usize = 4096;
const CHUNK: usize = 16 * 1024;
/// U+FFFD, which stands for what could not be read.
const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();

/// Reads bytes and hands out valid UTF-8, the same as [`String::from_utf8_lossy`] would make of it. Inside JSON
/// strings, escapes that are half of a surrogate pair and bare control characters become U+FFFD too, and what is
/// longer than 4 KiB is cut, so that no string of the server's decides how much memory the decoder takes.
#[derive(Debug)]
pub(super) struct Repair<R> {
    inner: R,
    raw: Vec<u8>,
    /// How much of `raw` has been worked off.
    done: usize,
    out: Vec<u8>,
    handed: usize,
    in_string: bool,
    /// Bytes handed out of the string we are in.
    string_len: usize,
    inner_ended: bool,
    has_begun: bool,
}

/// What stands at one place of the raw bytes.
enum Scanned {
    /// That many bytes, good as they are.
    Good(usize),
    /// That many bytes that can't be read.
    Bad(usize),
    /// Too few bytes to know.
    Unfinished,
}

impl<R: Read> Repair<R> {
    pub(super) fn new(inner: R) -> Self {
        Repair {
            inner,
            raw: Vec::with_capacity(CHUNK),
            done: 0,
            out: Vec::with_capacity(CHUNK),
            handed: 0,
            in_string: false,
            string_len: 0,
            inner_ended: false,
            has_begun: false,
        }
    }

    fn refill(&mut self) -> io::Result<()> {
        self.out.clear();
        self.handed = 0;
        while self.out.is_empty() {
            if self.inner_ended && self.done == self.raw.len() {
                return Ok(());
            }
            if !self.inner_ended {
                self.read_raw()?;
            }
            self.work_off();
        }
        Ok(())
    }

    fn read_raw(&mut self) -> io::Result<()> {
        self.raw.drain(..self.done);
        self.done = 0;
        let kept = self.raw.len();
        self.raw.resize(kept + CHUNK, 0);
        let read = loop {
            match self.inner.read(&mut self.raw[kept..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        self.raw.truncate(kept + read.as_ref().map_or(0, |&read| read));
        self.inner_ended = read? == 0;
        Ok(())
    }

    fn work_off(&mut self) {
        while self.done < self.raw.len() {
            let at = self.done;
            match self.unit() {
                Scanned::Good(length) => {
                    self.done += length;
                    self.hand_out(at, length);
                }
                Scanned::Bad(length) => {
                    self.done += length;
                    if self.has_room(REPLACEMENT.len()) {
                        self.out.extend_from_slice(REPLACEMENT);
                    }
                }
                Scanned::Unfinished => return,
            }
        }
    }

    fn unit(&self) -> Scanned {
        let rest = &self.raw[self.done..];
        match rest[0] {
            b'\\' if self.in_string => escape(rest, self.inner_ended),
            0..=0x1f if self.in_string => Scanned::Bad(1),
            0..=0x7f => Scanned::Good(1),
            _ => character(rest, self.inner_ended),
        }
    }

    fn hand_out(&mut self, at: usize, length: usize) {
        let byte = self.raw[at];
        if byte == b'"' {
            self.in_string = !self.in_string;
            self.string_len = 0;
        } else if !self.has_room(length) {
            return;
        }
        if !self.has_begun && !byte.is_ascii_whitespace() {
            // Some PHP servers send a byte order mark, which is no JSON.
            if self.raw[at..].starts_with("\u{feff}".as_bytes()) {
                return;
            }
            self.has_begun = true;
        }
        self.out.extend_from_slice(&self.raw[at..at + length]);
    }

    fn has_room(&mut self, length: usize) -> bool {
        if self.in_string {
            self.string_len = self.string_len.saturating_add(length);
        }
        self.string_len <= STRING_LIMIT
    }
}

impl<R: Read> Read for Repair<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        if self.handed == self.out.len() {
            self.refill()?;
        }
        let ready = &self.out[self.handed..];
        let length = ready.len().min(buffer.len());
        buffer[..length].copy_from_slice(&ready[..length]);
        self.handed += length;
        Ok(length)
    }
}

/// The character that `rest` begins with.
fn character(rest: &[u8], is_all: bool) -> Scanned {
    let head = &rest[..rest.len().min(4)];
    let (valid, bad) = match std::str::from_utf8(head) {
        Ok(text) => (text, None),
        Err(error) => (
            std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default(),
            error.error_len(),
        ),
    };
    match (valid.chars().next(), bad) {
        (Some(first), _) => Scanned::Good(first.len_utf8()),
        (None, Some(length)) => Scanned::Bad(length),
        (None, None) if is_all => Scanned::Bad(rest.len()),
        (None, None) => Scanned::Unfinished,
    }
}

/// The escape that `rest` begins with.
fn escape(rest: &[u8], is_all: bool) -> Scanned {
    let unfinished = || {
        if is_all {
            Scanned::Good(1)
        } else {
            Scanned::Unfinished
        }
    };
    match rest.get(1) {
        None => return unfinished(),
        Some(b'u') => {}
        // One of the short escapes, or one that does not exist: the parser's business.
        Some(byte) if byte.is_ascii() => return Scanned::Good(2),
        Some(_) => return Scanned::Good(1),
    }
    if rest.len() < 6 {
        return unfinished();
    }
    match code_unit(rest) {
        None => Scanned::Good(1),
        Some(0xdc00..=0xdfff) => Scanned::Bad(6),
        Some(0xd800..=0xdbff) => match rest.get(6..12) {
            Some(low) if matches!(code_unit(low), Some(0xdc00..=0xdfff)) => Scanned::Good(12),
            Some(_) => Scanned::Bad(6),
            None if is_all => Scanned::Bad(6),
            None => Scanned::Unfinished,
        },
        Some(_) => Scanned::Good(6),
    }
}

/// The number in `\uXXXX`.
fn code_unit(bytes: &[u8]) -> Option<u16> {
    let digits = bytes.strip_prefix(b"\\u")?.get(..4)?;
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests;
