//! What no answer decides: how much memory it takes.

use super::*;
use crate::report::nesting::DEEPEST;

#[test]
fn any_depth_of_nesting_is_skipped_without_stack() {
    let depth = 100_000;
    let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let objects = format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    for nested in [deep, objects] {
        let body = format!(
            r#"{{"x":{nested},"data":[{{"ASA":{nested},"comments":{nested},"agent_name":{nested},"conn_id":"1"}}],"code":200}}"#
        );
        let (rows, result) = decode_all(body);
        assert_eq!(result.unwrap().code, Code::Number(200));
        let row = rows[0].as_ref().unwrap();
        assert_eq!(
            (row.get(Field::Asa), row.get(Field::ConnId)),
            (Value::Unreadable, text("1"))
        );
    }
    let list = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let (rows, result) = decode_all(format!("{{\"data\":[{list}],\"code\":{list}}}"));
    assert_eq!(result.unwrap().code, Code::Unreadable);
    assert_eq!(rows, [Err(RowError)]);
    assert!(decode_all(list).1.is_err());
}

#[test]
fn what_is_nested_deeper_than_the_limit_is_no_answer() {
    let nested = |levels: usize| format!("{{\"x\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
    assert_eq!(decode_all(nested(DEEPEST - 1)).1.unwrap(), Envelope::default());
    let error = decode_all(nested(DEEPEST)).1.unwrap_err().to_string();
    assert!(error.contains("nested deeper than 131072 levels"), "{error}");
}

#[test]
fn a_huge_id_is_cut_but_still_too_long() {
    for character in ["9", "\\u0039", "\\ud83d\\ude00", "é"] {
        let row = row_of(format!("{{\"conn_id\":\"{}\"}}", character.repeat(20_000)));
        let Value::Text(id) = row.get(Field::ConnId) else {
            panic!()
        };
        assert!((65..=4096).contains(&id.len()), "{character}: {}", id.len());
    }
}

/// What the decoder holds in memory that grows.
fn held(decoder: &Decoder<'_>) -> usize {
    decoder.raw.capacity() + decoder.draft.capacity() + decoder.nesting.capacity() + decoder.fields.capacity()
}

/// The most that is held while `begin` and then 20 MB of `more` come, and the end's verdict.
fn most_held(begin: &str, more: &str, end: &str) -> (usize, Result<Envelope, DecodeError>) {
    let keys = keys(Read::Value);
    let mut decoder = Decoder::new(&keys);
    let push = |decoder: &mut Decoder<'_>, bytes: &str| {
        decoder.feed(bytes.as_bytes(), &mut |_| ControlFlow::Continue(()))
    };
    let chunk = more.repeat(64 * 1024 / more.len());
    let mut most = 0;
    let mut result = push(&mut decoder, begin);
    for _ in 0..300 {
        result = result.and_then(|()| push(&mut decoder, &chunk));
        most = most.max(held(&decoder));
    }
    let result = result.and_then(|()| push(&mut decoder, end));
    (most, result.and_then(|()| decoder.finish()))
}

#[test]
fn tokens_rows_and_nesting_without_end_take_no_memory() {
    let row = r#"{"code":200,"data":[{"#;
    for (begin, more, end) in [
        (r#"{"code":1"#, "9", "}"),
        (r#"{"x":-0."#, "9", "}"),
        (&format!(r#"{row}"conn_id":1"#), "9", "}]}"),
        (&format!(r#"{row}"skill_id":1"#), "9", "}]}"),
        (&format!(r#"{row}"comments":1"#), "9", "}]}"),
        (&format!(r#"{row}"conn_id":""#), "9", "\"}]}"),
        (&format!(r#"{row}"conn_id":""#), "\\ud800", "\"}]}"),
        (&format!(r#"{row}"comments":""#), "\\\"", "\"}]}"),
        (r#"{"msg":""#, "é", "\"}"),
        (r#"{""#, "k", "\":1}"),
        (&format!(r#"{row}""#), "k", "\":1}]}"),
        (&format!(r#"{row}"a":1"#), r#","a":1"#, "}]}"),
        (&format!(r#"{row}"asa":1"#), r#","asa":"00:00:01""#, "}]}"),
        (&format!(r#"{row}"asa":1"#), r#","asa":1.5"#, "}]}"),
        (&format!(r#"{row}"asa":1"#), r#", "asa" : "x""#, "}]}"),
        (&format!(r#"{row}"comments":[1"#), ",[1,{\"a\":2}]", "]}]}"),
        (r#"{"data":{"0":{}"#, r#","1":{}"#, "}}"),
        (r#"{"data":[1"#, ",1", "]}"),
        ("{", " ", "}"),
    ] {
        let (most, result) = most_held(begin, more, end);
        assert!(most < 600_000, "{begin}{more}: {most} bytes");
        assert!(result.is_ok(), "{begin}{more}: {result:?}");
    }
    for deep in ["[", "{\"a\":", "[{\"a\":"] {
        let (most, result) = most_held("{\"x\":", deep, "");
        assert!(most < 100_000, "{deep}: {most} bytes");
        assert!(
            matches!(result, Err(DecodeError::NotJson(_))),
            "{deep}: {result:?}"
        );
    }
}

#[test]
fn a_number_without_end_spoils_only_its_field() {
    let digits = "9".repeat(5000);
    let row = row_of(format!(r#"{{"ASA":{digits},"conn_id":{digits},"skill_id":7}}"#));
    assert_eq!(row.get(Field::Asa), Value::Unreadable);
    assert_eq!(row.get(Field::ConnId), Value::Unreadable);
    assert_eq!(row.get(Field::SkillId), text("7"));
    let envelope = decode_all(format!(r#"{{"code":{digits},"data":[]}}"#)).1.unwrap();
    assert_eq!(envelope.code, Code::Unreadable);
}
