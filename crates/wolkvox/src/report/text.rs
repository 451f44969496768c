//! The text of a JSON string, mended where a single field would make a JSON parser give up on a whole answer.

/// Longest text kept of one string, in bytes of the answer. Far above what any field that is read needs, and above
/// what a chat's id may have even when each of its characters is an escape of twelve bytes.
pub(super) const STRING_LIMIT: usize = 4096;
/// What has to be kept of a string to know its text: where half surrogates stand, six bytes count as three. And the longest
/// escape behind that.
pub(super) const RAW_LIMIT: usize = 2 * STRING_LIMIT + 12;
/// U+FFFD, which stands for what could not be read.
const REPLACEMENT: char = char::REPLACEMENT_CHARACTER;

/// A string as it stands between its quotes, or the beginning of one that is longer than [`RAW_LIMIT`]. Its escapes are whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct Raw<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) has_escapes: bool,
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

/// Appends the text of a string. Returns whether it can be read: whether nothing in it is U+FFFD.
#[inline]
pub(super) fn read(raw: Raw<'_>, text: &mut String) -> bool {
    let is_plain = !raw.has_escapes
        && raw.bytes.len() <= STRING_LIMIT
        && raw.bytes.iter().all(|byte| matches!(byte, b' '..=b'~'));
    if is_plain && let Ok(plain) = std::str::from_utf8(raw.bytes) {
        text.push_str(plain);
        return true;
    }
    let start = text.len();
    mend(raw.bytes, text);
    !text[start..].contains(REPLACEMENT)
}

/// Appends what [`String::from_utf8_lossy`] would make of the bytes, without its escapes. Half a surrogate pair and a bare
/// control character become U+FFFD too, and what is behind the first 4 KiB is cut, so that no string of the server's decides
/// how much memory the decoder takes.
pub(super) fn mend(raw: &[u8], text: &mut String) {
    let (mut at, mut length) = (0, 0);
    while let Some(rest) = raw.get(at..).filter(|rest| !rest.is_empty()) {
        let (taken, good) = match unit(rest) {
            Scanned::Good(taken) => (taken, true),
            Scanned::Bad(taken) => (taken, false),
            Scanned::Unfinished => return,
        };
        length += if good { taken } else { REPLACEMENT.len_utf8() };
        if length > STRING_LIMIT {
            return;
        }
        let character = if good { decode(&rest[..taken]) } else { None };
        text.push(character.unwrap_or(REPLACEMENT));
        at += taken;
    }
}

fn unit(rest: &[u8]) -> Scanned {
    match rest[0] {
        b'\\' => escape(rest),
        0..=0x1f => Scanned::Bad(1),
        b' '..=0x7f => Scanned::Good(1),
        _ => character(rest),
    }
}

/// The character that a good unit stands for.
fn decode(unit: &[u8]) -> Option<char> {
    match unit {
        [b'\\', b'u', ..] => {
            let units = unit.chunks(6).filter_map(code_unit);
            char::decode_utf16(units).next()?.ok()
        }
        [b'\\', short] => Some(match short {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            other => char::from(*other),
        }),
        _ => std::str::from_utf8(unit).ok()?.chars().next(),
    }
}

/// The character that `rest` begins with.
fn character(rest: &[u8]) -> Scanned {
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
        (None, None) => Scanned::Bad(rest.len()),
    }
}

/// The escape that `rest` begins with.
fn escape(rest: &[u8]) -> Scanned {
    if rest.get(1) != Some(&b'u') {
        return if rest.len() < 2 {
            Scanned::Unfinished
        } else {
            Scanned::Good(2)
        };
    }
    match code_unit(rest) {
        // Escapes are whole, but for the last one of a string that is too long.
        None => Scanned::Unfinished,
        Some(0xdc00..=0xdfff) => Scanned::Bad(6),
        Some(0xd800..=0xdbff) => match rest.get(6..).and_then(code_unit) {
            Some(0xdc00..=0xdfff) => Scanned::Good(12),
            _ => Scanned::Bad(6),
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
