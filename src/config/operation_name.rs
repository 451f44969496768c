//! The operation's name: a label, and the name of its files.

use super::shown::length;
use crate::file_name;

/// Most characters of a label's value.
const LONGEST: usize = 128;
/// This many letters and digits in a row are taken for a token, not for a name.
const LONG_WORD: usize = 32;

/// The name, if it can be one.
pub(super) fn check(name: &str) -> Result<String, String> {
    if name.chars().count() > LONGEST || name.chars().any(char::is_control) {
        return Err(format!(
            "is {}; it must be a short name: at most {LONGEST} characters, no control characters",
            length(name)
        ));
    }
    if looks_like_token(name) {
        return Err(format!(
            "is {} that looks like a token; it must be a name, which /metrics shows to everyone",
            length(name)
        ));
    }
    // Reported here, before a directory or a lock is made for it.
    let too_long = file_name::encode(name).len().saturating_sub(file_name::LONGEST);
    if too_long > 0 {
        return Err(format!(
            "is too long for the names of its files by {too_long} bytes: they hold it with each blank, mark and accented letter as three bytes or more (%20), and have room for {}. Choose a shorter name, or fewer of those",
            file_name::LONGEST
        ));
    }
    Ok(name.to_owned())
}

fn looks_like_token(name: &str) -> bool {
    let has = |is: fn(&u8) -> bool| name.bytes().any(|byte| is(&byte));
    let is_word = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte));
    let is_mixed = has(u8::is_ascii_digit) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase)
        || has(|byte| *byte == b'=');
    is_word && is_mixed && name.len() >= LONG_WORD
}
