//! How a path is named in an error.

use std::fmt;
use std::path::Path;

/// A part of a path that is that long and looks like a random key is taken for one.
const LONG_PART: usize = 32;
/// The same for a value that does not begin as a path does.
const LONG_VALUE: usize = 20;
/// An extension has so many letters at most: `checkpoint`.
const LONG_EXTENSION: usize = 10;

/// A path as errors and logs name it. Now and then a secret is put where the path of its file belongs: what does not look
/// like a path is shown as its length.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a>(pub &'a Path);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string_lossy();
        if looks_like_path(&text) {
            f.write_str(&text)
        } else {
            write!(f, "a value of {} characters", text.chars().count())
        }
    }
}

/// Whether a value looks like a path: it begins with `/`, `./` or `../`, or has directories or an extension, and no part
/// of it looks like a key. A bare name is none: `token` may be a file, or the token.
pub fn looks_like_path(value: &str) -> bool {
    if is_rooted(value) {
        // Dots part a name from what was added to it: `ventas.state.damaged-20261125T235734Z`.
        return !value.split(['/', '\\', '.']).any(|part| is_key(part, LONG_PART));
    }
    let whole = value.replace(['/', '\\'], "");
    whole.len() < value.len() && !value.contains(['+', '=']) && !is_key(&whole, LONG_VALUE)
        || has_extension(value)
}

/// Whether a value looks more like a key or a token than like a path. A bare name that is short is neither.
pub fn looks_like_key(value: &str) -> bool {
    if looks_like_path(value) {
        return false;
    }
    let has = |is: fn(&char) -> bool| value.chars().any(|character| is(&character));
    let is_mixed = has(char::is_ascii_digit) && has(char::is_ascii_alphabetic);
    is_rooted(value) || value.contains(['+', '=']) || value.len() >= LONG_VALUE && is_mixed
}

fn is_rooted(value: &str) -> bool {
    let has_drive = value.as_bytes().get(1) == Some(&b':') && value.as_bytes().get(2) == Some(&b'\\');
    value.starts_with('/') || value.starts_with("./") || value.starts_with("../") || has_drive
}

/// `token.txt`, `web.yml`.
fn has_extension(value: &str) -> bool {
    let Some((name, extension)) = value.rsplit_once('.') else {
        return false;
    };
    let is_short = (2..=LONG_EXTENSION).contains(&extension.len())
        && extension.bytes().all(|byte| byte.is_ascii_lowercase());
    is_short && !value.contains(['+', '=']) && !is_key(name, LONG_VALUE)
}

/// Letters of both cases and digits, or what base64 has besides.
fn is_key(part: &str, long: usize) -> bool {
    let has = |is: fn(&u8) -> bool| part.bytes().any(|byte| is(&byte));
    let is_mixed = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit);
    part.len() >= long && (is_mixed || part.contains(['+', '=']))
}

#[cfg(test)]
mod tests;
