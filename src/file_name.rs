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

/// The operation whose name is written so; `None` where none is.
pub(crate) fn decode(name: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = name.bytes();
    while let Some(byte) = rest.next() {
        let byte = match byte {
            b'%' => hex_digit(rest.next()?)? << 4 | hex_digit(rest.next()?)?,
            byte => byte,
        };
        bytes.push(byte);
    }
    let operation = String::from_utf8(bytes).ok()?;
    (encode(&operation) == name).then_some(operation)
}

fn hex_digit(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_name_comes_back_from_its_file(operation in ".{1,40}") {
            prop_assert_eq!(decode(&encode(&operation)), Some(operation));
        }
    }

    #[test]
    fn what_no_operation_is_called_is_no_name() {
        for name in ["%", "%4", "%zz", "%41", ".hidden", "a b", "%ff", "sala/1"] {
            assert_eq!(decode(name), None, "{name}");
        }
        assert_eq!(decode("ventas%20norte"), Some("ventas norte".to_owned()));
    }
}
