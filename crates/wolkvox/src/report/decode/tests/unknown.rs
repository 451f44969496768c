//! Keys that the caller has not told of.

use super::*;
use crate::Gate;
use crate::report::Report;

/// The unknown keys of a body that comes in chunks of this size, as they may be shown.
fn unknown(body: &str, chunk: usize) -> Vec<String> {
    let report = Report {
        name: "chat_1",
        keys: keys(Read::Value),
        unread: &["comments", "customer_name"],
    };
    let mut decoder = Decoder::of(&report);
    for bytes in body.as_bytes().chunks(chunk) {
        decoder.feed(bytes, &mut |_| ControlFlow::Continue(())).unwrap();
    }
    let gate = Gate::new(["s3cret-token"]);
    let shown = decoder
        .unknown_keys()
        .iter()
        .map(|key| gate.admit(key).to_string());
    shown.collect()
}

#[test]
fn keys_of_rows_that_are_neither_read_nor_known_are_noted_once_and_no_others() {
    let body = r#"{"odd":1,"data":[
        {"conn_id":"1"," ASA ":"5","Comments":{"inner":"x"},"wait_time":"7"},
        {"conn_id":"2","customer_name":"Ana","Wait_Time ":7,"rating":[{"deep":1}]},
        "no row"],"code":200,"more":{"wait":1}}"#;
    for chunk in [1, 7, 64, 4096] {
        assert_eq!(unknown(body, chunk), ["wait_time", "rating"], "{chunk}");
    }
    assert!(unknown(r#"{"data":[],"code":200}"#, 9).is_empty());
}

#[test]
fn a_key_that_may_be_anything_is_shown_by_the_gate_alone() {
    let body =
        "{\"data\":[{\"s3cret-token\":1,\"of ana@example.org\":1,\"3001234567\":1,\"red\\u001b[31m\":1}]}";
    let shown = unknown(body, 4096);
    assert_eq!(shown.len(), 4, "{shown:?}");
    for hidden in ["s3cret", "example.org", "3001234567", "\u{1b}"] {
        assert!(!shown.iter().any(|key| key.contains(hidden)), "{shown:?}");
    }
}

#[test]
fn as_many_keys_as_can_be_are_a_bounded_number_of_short_ones() {
    let mut body = r#"{"data":["#.to_owned();
    for row in 0..200 {
        let _ = write!(body, r#"{{"{}":1"#, "long".repeat(100 + row));
        for key in 0..50 {
            let _ = write!(body, r#","key {row} {key}":"x""#);
        }
        body.push_str("},");
    }
    body.push_str("{}]}");
    let shown = unknown(&body, 1000);
    assert_eq!(shown.len(), 64);
    assert_eq!(shown[0], "(a longer one)");
    assert!(shown.iter().all(|key| key.len() <= 128));
    assert!(!shown[1..].contains(&shown[0]), "all long ones are one");
}

proptest! {
    /// Whatever keys rows have, and however they are cut.
    #[test]
    fn the_unknown_keys_are_those_that_are_in_no_list(
        rows in prop::collection::vec(prop::collection::vec((0..9_usize, any::<bool>()), 0..6), 0..6),
        chunk in 1..200_usize,
    ) {
        const KEYS: [&str; 9] =
            ["conn_id", "asa", "comments", "customer_name", "agent_name", "new a", "new b", "NEW A", "c"];
        let mut expected: Vec<&str> = Vec::new();
        let mut texts = Vec::new();
        for row in &rows {
            let members: Vec<_> = row.iter().map(|(key, is_text)| {
                let value = if *is_text { "\"x\"" } else { "7" };
                format!("\"{}\":{value}", KEYS[*key])
            }).collect();
            texts.push(format!("{{{}}}", members.join(",")));
            for (key, _) in row.iter().filter(|(key, _)| *key > 4) {
                if !expected.iter().any(|known| known.eq_ignore_ascii_case(KEYS[*key])) {
                    expected.push(KEYS[*key]);
                }
            }
        }
        let body = format!("{{\"data\":[{}]}}", texts.join(","));
        prop_assert_eq!(unknown(&body, chunk), expected);
    }
}
