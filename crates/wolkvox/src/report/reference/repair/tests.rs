use proptest::prelude::*;

use super::*;

/// Hands out its bytes in parts of the given sizes.
struct Parts<'a>(&'a [u8], Vec<usize>);

impl Read for Parts<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.1.pop().unwrap_or(7).clamp(1, buffer.len()).min(self.0.len());
        buffer[..size].copy_from_slice(&self.0[..size]);
        self.0 = &self.0[size..];
        Ok(size)
    }
}

fn repaired(bytes: &[u8], sizes: Vec<usize>) -> String {
    let mut out = Vec::new();
    Repair::new(Parts(bytes, sizes)).read_to_end(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

proptest! {
    #[test]
    fn bytes_become_what_from_utf8_lossy_makes_of_them(
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), 0x80u8..=0xff], 0..200),
        sizes in prop::collection::vec(1usize..9, 0..60),
    ) {
        // Quotes open strings, where more is mended.
        let bytes: Vec<u8> = bytes.into_iter().filter(|byte| *byte != b'"').collect();
        let lossy = String::from_utf8_lossy(&bytes).into_owned();
        prop_assume!(!lossy.trim_ascii_start().starts_with('\u{feff}'));
        prop_assert_eq!(repaired(&bytes, sizes), lossy);
    }

    #[test]
    fn a_good_string_passes_unchanged(text in ".{0,300}", sizes in prop::collection::vec(1usize..9, 0..60)) {
        let json = serde_json::to_string(&text).unwrap();
        prop_assert_eq!(repaired(json.as_bytes(), sizes), json);
    }

    #[test]
    fn any_utf16_as_escapes_reads_as_from_utf16_lossy(
        units in prop::collection::vec(prop_oneof![any::<u16>(), 0xd800u16..0xe000], 0..40),
        sizes in prop::collection::vec(1usize..9, 0..60),
    ) {
        let escapes: Vec<String> = units.iter().map(|unit| format!("\\u{unit:04x}")).collect();
        let json = repaired(format!("\"{}\"", escapes.concat()).as_bytes(), sizes);
        let text: String = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(text, String::from_utf16_lossy(&units));
    }

    #[test]
    fn whatever_comes_the_output_is_utf8(
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'"'), Just(b'\\'), Just(b'u'), Just(b'd')], 0..200),
        sizes in prop::collection::vec(1usize..9, 0..60),
    ) {
        repaired(&bytes, sizes);
    }
}

#[test]
fn a_long_string_is_cut_and_the_next_one_is_whole() {
    let json = format!("[\"{}é\",\"b\"]", "a".repeat(3 * STRING_LIMIT));
    let expected = format!("[\"{}\",\"b\"]", "a".repeat(STRING_LIMIT));
    assert_eq!(repaired(json.as_bytes(), vec![]), expected);
}

#[test]
fn an_escaped_quote_does_not_end_a_string() {
    assert_eq!(repaired(b"\"a\\\"\\ud800\"", vec![]), "\"a\\\"\u{fffd}\"");
}

#[test]
fn a_byte_order_mark_is_dropped() {
    assert_eq!(repaired("\u{feff}{}".as_bytes(), vec![]), "{}");
}

#[test]
fn a_bare_control_character_in_a_string_is_replaced_and_elsewhere_kept() {
    assert_eq!(repaired(b"[\n\"a\tb\"]", vec![]), "[\n\"a\u{fffd}b\"]");
}
