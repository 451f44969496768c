use proptest::prelude::*;

use super::*;

fn mended(raw: &[u8]) -> String {
    let mut text = String::new();
    mend(raw, &mut text);
    text
}

/// What stands between the quotes of a JSON string.
fn escaped(text: &str) -> Vec<u8> {
    let json = serde_json::to_string(text).unwrap();
    json.as_bytes()[1..json.len() - 1].to_vec()
}

proptest! {
    #[test]
    fn bytes_become_what_from_utf8_lossy_makes_of_them(
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), 0x80u8..=0xff], 0..200),
    ) {
        // Escapes and bare control characters are more than UTF-8 knows.
        let bytes: Vec<u8> = bytes.into_iter().filter(|byte| *byte != b'\\' && *byte >= b' ').collect();
        prop_assert_eq!(mended(&bytes), String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn a_good_string_reads_as_what_was_written(text in ".{0,300}") {
        prop_assert_eq!(mended(&escaped(&text)), text);
    }

    #[test]
    fn any_utf16_as_escapes_reads_as_from_utf16_lossy(
        units in prop::collection::vec(prop_oneof![any::<u16>(), 0xd800u16..0xe000], 0..40),
    ) {
        let escapes: Vec<String> = units.iter().map(|unit| format!("\\u{unit:04x}")).collect();
        prop_assert_eq!(mended(escapes.concat().as_bytes()), String::from_utf16_lossy(&units));
    }
}

proptest! {
    // Long strings take long to make up.
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn what_is_kept_of_a_long_string_is_all_that_matters(
        text in prop::collection::vec(prop_oneof!["\\\\ud800", "\\\\ud83d\\\\ude00", "a", "é", "\\\\n"], 1000..2000),
    ) {
        let text = text.concat().replace("\\\\", "\\");
        let kept = &text.as_bytes()[..text.len().min(RAW_LIMIT)];
        prop_assert_eq!(mended(kept), mended(text.as_bytes()));
    }
}

#[test]
fn a_text_with_something_that_cannot_be_read_is_none() {
    for (raw, is_readable) in [
        ("plain", true),
        ("", true),
        ("é \\u00e9 \\\" \\/", true),
        ("a\tb", false),
        ("\\ud800", false),
        ("\\ufffd", false),
        ("\u{fffd}", false),
    ] {
        let bytes = raw.as_bytes();
        let has_escapes = raw.contains('\\');
        let mut text = String::from("before");
        assert_eq!(read(Raw { bytes, has_escapes }, &mut text), is_readable, "{raw}");
        assert!(text.starts_with("before"));
    }
}

#[test]
fn what_cannot_be_read_counts_only_where_it_is_kept() {
    let raw = format!("{}\t", "a".repeat(STRING_LIMIT));
    let (bytes, has_escapes) = (raw.as_bytes(), false);
    let mut text = String::new();
    assert!(read(Raw { bytes, has_escapes }, &mut text));
    assert_eq!(text.len(), STRING_LIMIT);
}
