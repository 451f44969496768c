//! The operation's name: a label, and the name of its files.

use super::super::shown::length;
use super::Check;
use crate::ledger::store;

/// Most characters of a label's value.
const LONGEST: usize = 128;
/// So many letters and digits without anything between them are a token, and no name.
const LONG_WORD: usize = 32;

impl Check {
    pub(super) fn operation(
        &mut self,
        operation: Option<String>,
        default: Option<&String>,
    ) -> Option<String> {
        let operation = operation.or_else(|| default.cloned())?;
        if operation.chars().count() > LONGEST || operation.chars().any(char::is_control) {
            return self.problem(
                "OPERATION",
                &format!(
                    "is {}; it must be a short name: at most {LONGEST} characters, no control characters",
                    length(&operation)
                ),
            );
        }
        if looks_like_token(&operation) {
            return self.problem(
                "OPERATION",
                &format!(
                    "is {} that looks like a token; it must be a name, which /metrics shows to everyone",
                    length(&operation)
                ),
            );
        }
        // Told here, before a directory or a lock is made for it.
        let too_long = store::file_name_length(&operation).saturating_sub(store::LONGEST_FILE_NAME);
        if too_long > 0 {
            return self.problem(
                "OPERATION",
                &format!(
                    "is too long for the names of its files by {too_long} bytes: they hold it with each blank, mark and accented letter as three bytes or more (%20), and have room for {}. Choose a shorter name, or fewer of those",
                    store::LONGEST_FILE_NAME
                ),
            );
        }
        Some(operation)
    }
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
