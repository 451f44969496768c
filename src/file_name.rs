//! The names of an operation's files.

use std::fmt::Write as _;

/// What is put behind an operation's name at most: its state, damaged and put aside.
const LONGEST_SUFFIX: &str = ".state.damaged-20261231T235959Z";
/// Most bytes of an encoded name: file systems take 255 for a whole one.
pub(crate) const LONGEST: usize = 255 - LONGEST_SUFFIX.len();

/// The operation's name as a file name: what could mean something to a file system is percent-encoded.
pub(crate) fn encode(operation: &str) -> String {
    let mut name = String::new();
    for (index, byte) in operation.bytes().enumerate() {
        match byte {
            b'-' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => name.push(char::from(byte)),
            b'.' if index > 0 => name.push('.'),
            // Writing to a String cannot fail.
            _ => drop(write!(name, "%{byte:02X}")),
        }
    }
    name
}
