//! However a body is cut into chunks, it comes to what another decoder makes of it, which has all of it in memory.

use super::*;
use crate::report::reference;

/// Parts of bodies, good and bad ones.
const PARTS: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b" ",
    b"\n",
    b"\t",
    b"\x0c",
    b"\xef\xbb\xbf",
    b"\xff",
    b"<",
    b"null",
    b"true",
    b"false",
    b"nul",
    b"0",
    b"-",
    b"-0",
    b"1.5",
    b"1e309",
    b"-0.5E-7",
    b"01",
    b"1.",
    b"2e",
    b"99",
    b"\"",
    b"\"\"",
    b"\\",
    b"\\\"",
    b"\\u",
    b"\\u00e9",
    b"\\ud83d\\ude00",
    b"\\ud800",
    b"\\udc00",
    b"\\ufffd",
    b"\\x",
    b"\xc3\xa9",
    b"\xe1",
    b"\xf0\x9f\x98",
    b"\"data\"",
    b"\"data\":[{",
    b"\"data\":{",
    b"\"data\":null",
    b"\" Code \"",
    b"\"code\":200",
    b"\"error\":",
    b"\"MSG\":",
    b"\"2 records were found\"",
    b"\"0 records were found\"",
    b"\"conn_id\"",
    b"\"conn_id\":\"1\"",
    b"\"conn\\u005fid\":7",
    b"\"ASA\":",
    b"\"asa\":\"-\",",
    b"\"first_response_time\":",
    b"\"agent_name\":",
    b"\"channel\":\"",
    b"\"x\":",
    b"},{",
    b"}]}",
    b"]}",
    b"{\"conn_id\":\"2\",\"asa\":\"00:00:09\"}",
    b"\"0\":{",
    b"\"1\":",
    b"\"agent_anwers \"",
];

fn parts() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(PARTS), 0..40).prop_map(|parts| parts.concat())
}

/// A value of JSON, as deep as it gets.
fn value() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        "-?(0|[1-9][0-9]{0,5})(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,3})?",
        prop::sample::select(vec!["null", "true", "false", "\"\"", "\"-\"", "\" \""]).prop_map(str::to_owned),
        ".{0,30}".prop_map(|text| serde_json::to_string(&text).unwrap()),
        "(\\\\u[0-9a-f]{4}|\\\\u[dD][89a-f][0-9a-f]{2}|a|\\t){0,8}".prop_map(|text| format!("\"{text}\"")),
    ];
    scalar.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|list| format!("[{}]", list.join(","))),
            prop::collection::vec((key(), inner), 0..6).prop_map(|fields| object(&fields)),
        ]
    })
}

fn key() -> impl Strategy<Value = String> {
    let known = [
        "conn_id",
        "Conn_ID ",
        "asa",
        "first_response_time",
        "agent_anwers ",
        "agent_answers",
        "skill_id",
        "agent_name",
        "x",
        "0",
        "17",
        "conn\\u005fid",
        "\\ud800",
        "data",
        "msg",
    ];
    prop::sample::select(known.to_vec()).prop_map(str::to_owned)
}

fn object(fields: &[(String, String)]) -> String {
    let fields: Vec<String> = fields
        .iter()
        .map(|(key, value)| format!("\"{key}\":{value}"))
        .collect();
    format!("{{{}}}", fields.join(","))
}

/// Rows as one server sends them: nearly all with the same keys in the same order.
fn rows() -> impl Strategy<Value = String> {
    let texts = prop::collection::vec(prop_oneof![8 => "\"[0-9a-z: -]{0,20}\"", 1 => value()], 6);
    let row = (texts, prop::option::weighted(0.2, 0usize..6)).prop_map(|(values, left_out)| {
        let keys = [
            "conn_id",
            "date",
            "ASA",
            "first_response_time",
            "comments",
            "agent_anwers ",
        ];
        let mut fields: Vec<_> = keys.map(str::to_owned).into_iter().zip(values).collect();
        left_out.map(|at| fields.remove(at));
        object(&fields)
    });
    prop::collection::vec(prop_oneof![9 => row, 1 => value()], 0..12)
        .prop_map(|rows| format!("[{}]", rows.join(",")))
}

/// An answer.
fn answer() -> impl Strategy<Value = Vec<u8>> {
    let numbered = prop::collection::vec(value(), 0..4).prop_map(|rows| {
        let fields: Vec<_> = rows
            .into_iter()
            .enumerate()
            .map(|(number, row)| (number.to_string(), row))
            .collect();
        object(&fields)
    });
    let data = prop_oneof![6 => rows(), 1 => numbered, 1 => value()];
    let msg = prop_oneof![
        (0u8..4).prop_map(|rows| format!("\"{rows} records were found\"")),
        value()
    ];
    let envelope = prop_oneof![
        (Just("data"), data),
        (Just("Msg "), msg),
        (prop::sample::select(vec!["code", "error", "extra"]), value()),
    ];
    prop::collection::vec(envelope, 0..6).prop_map(|fields| {
        let fields: Vec<_> = fields
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect();
        object(&fields).into_bytes()
    })
}

/// The answer with some of its bytes changed, taken out or doubled.
fn spoiled() -> impl Strategy<Value = Vec<u8>> {
    let changes = prop::collection::vec(
        (
            any::<prop::sample::Index>(),
            prop::sample::select(PARTS),
            0usize..3,
        ),
        0..3,
    );
    (answer(), changes, any::<prop::sample::Index>(), any::<bool>()).prop_map(
        |(mut body, changes, cut, is_cut)| {
            for (at, part, taken) in changes {
                let at = at.index(body.len());
                let end = body.len().min(at + taken);
                body.splice(at..end, part.iter().copied());
            }
            if is_cut {
                body.truncate(cut.index(body.len()));
            }
            body
        },
    )
}

fn assert_agreed(body: &[u8], sizes: &[usize]) {
    reference::assert_agreed(body, &keys(Read::Presence), sizes);
}

proptest! {
    #[test]
    fn parts_of_bodies_in_any_order(body in parts(), sizes in prop::collection::vec(1usize..40, 1..8)) {
        assert_agreed(&body, &sizes);
        assert_agreed(&[b"{", &body[..]].concat(), &sizes);
    }

    #[test]
    fn answers(body in answer(), sizes in prop::collection::vec(1usize..200, 1..8)) {
        assert_agreed(&body, &sizes);
        assert_agreed(&body, &[usize::MAX]);
    }

    #[test]
    fn spoiled_answers(body in spoiled(), sizes in prop::collection::vec(1usize..200, 1..8)) {
        assert_agreed(&body, &sizes);
        assert_agreed(&body, &[usize::MAX]);
    }

    #[test]
    fn any_bytes(body in prop::collection::vec(any::<u8>(), 0..60), sizes in prop::collection::vec(1usize..9, 1..8)) {
        assert_agreed(&body, &sizes);
        assert_agreed(&[b"{\"data\":[{\"asa\":\"", &body[..], b"\"}]}"].concat(), &sizes);
    }
}

#[test]
fn long_strings_and_keys_are_cut_alike() {
    for length in [4094, 4095, 4096, 4097, 4098, 8190, 8192, 8193, 9000, 20_000] {
        for unit in ["a", "é", "\\u00e9", "\\ud83d\\ude00", "\\ud800", "\u{1}", " "] {
            let text = format!("{}z\t", unit.repeat(length / unit.len()));
            let body = format!(
                r#"{{"msg":"{text}","data":[{{"asa":"{text}","conn_id{text}":1,"{text}channel":2}}]}}"#
            );
            for size in [usize::MAX, 1, 7, 4096] {
                assert_agreed(body.as_bytes(), &[size]);
            }
        }
    }
}

#[test]
fn the_same_keys_in_another_order_or_spelling_are_the_same_fields() {
    let rows = [
        r#"{"conn_id":"1","ASA":"2","x":"3","channel":"4"}"#,
        r#"{"conn_id":"1","x":"3","channel":"4"}"#,
        r#"{"channel":"4","conn_id":"1","ASA":"2"}"#,
        r#"{"conn_id" : "1","ASA": "2","x":3,"channel":null}"#,
        r#"{"conn_id":"1","ASA":"2","x":"3","channel":"4","channel":"5"}"#,
        r#"{"conn_id":"1\u0031","ASA":"\"2\"","x":"3\\","channel":"é"}"#,
    ];
    let list = rows
        .iter()
        .flat_map(|first| rows.iter().map(move |second| format!("{first},{second}")));
    let body = format!(r#"{{"data":[{}]}}"#, list.collect::<Vec<_>>().join(","));
    for size in [usize::MAX, 1, 2, 3, 5, 17, 100] {
        assert_agreed(body.as_bytes(), &[size]);
    }
}
