mod agreement;
mod bound;
mod unknown;

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::RawText;
use crate::report::{Code, Read, Value};

type Rows = Vec<Result<Row<'static>, RowError>>;

/// What a caller wants of a row.
#[derive(Clone, Copy)]
enum Field {
    ConnId,
    Asa,
    AgentChars,
    Feeling,
    AgentAnswers,
    ChatDuration,
    SkillId,
    CustomerChars,
    Channel,
    Transfer,
    AgentName,
}

impl From<Field> for usize {
    fn from(field: Field) -> usize {
        field as usize
    }
}

fn keys(agent_name: Read) -> Vec<Key> {
    let key = |(name, field, rank, read): (&'static str, Field, u8, Read)| Key {
        name,
        index: field.into(),
        rank,
        read,
    };
    [
        ("conn_id", Field::ConnId, 0, Read::Value),
        ("asa", Field::Asa, 0, Read::Value),
        ("first_response_time", Field::Asa, 1, Read::Value),
        ("agent_chars", Field::AgentChars, 0, Read::Value),
        ("feeling", Field::Feeling, 0, Read::Value),
        ("agent_anwers", Field::AgentAnswers, 0, Read::Value),
        ("agent_answers", Field::AgentAnswers, 1, Read::Value),
        ("chat_duration", Field::ChatDuration, 0, Read::Value),
        ("skill_id", Field::SkillId, 0, Read::Value),
        ("customer_chars", Field::CustomerChars, 0, Read::Value),
        ("channel", Field::Channel, 0, Read::Value),
        ("transfer", Field::Transfer, 0, Read::Value),
        ("agent_name", Field::AgentName, 0, agent_name),
    ]
    .map(key)
    .to_vec()
}

fn decode_with(body: impl AsRef<[u8]>, agent_name: Read) -> (Rows, Result<Envelope, DecodeError>) {
    let mut rows = Vec::new();
    let result = decode(body.as_ref(), &keys(agent_name), &mut |row| {
        rows.push(row.map(Row::into_owned));
        ControlFlow::Continue(())
    });
    (rows, result)
}

fn decode_all(body: impl AsRef<[u8]>) -> (Rows, Result<Envelope, DecodeError>) {
    decode_with(body, Read::Presence)
}

/// The only row of an envelope around `row`.
fn row_of(row: impl AsRef<[u8]>) -> Row<'static> {
    let body = [b"{\"code\":200,\"data\":[", row.as_ref(), b"]}"].concat();
    let (mut rows, result) = decode_all(body);
    assert_eq!(result.unwrap().rows, 1);
    rows.remove(0).unwrap()
}

fn text(text: &str) -> Value<'_> {
    Value::Text(text)
}

const WHOLE: &str = r#" {"code":"200","error":null,"msg":"2 records were found","data":[
    {"conn_id":"123456789","ASA":"00:00:12","x":[-1.5e3,{"y":null}],"agent_chars":-0.5,"feeling":"tr\u00e8s \ud83d\ude00"},
    {"conn_id":"123456790","customer_name":"n","agent_anwers ":"7","x":true}]} "#;

#[test]
fn a_whole_answer_is_read() {
    let (rows, result) = decode_all(WHOLE);
    let envelope = result.unwrap();
    assert_eq!(envelope.code, Code::Number(200));
    assert_eq!(envelope.announced(), Some(2));
    assert!(envelope.has_data);
    assert_eq!(envelope.rows, 2);
    let first = rows[0].as_ref().unwrap();
    assert_eq!(first.get(Field::ConnId), text("123456789"));
    assert_eq!(first.get(Field::Asa), text("00:00:12"));
    assert_eq!(first.get(Field::AgentChars), text("-0.5"));
    assert_eq!(first.get(Field::Feeling), text("très 😀"));
    assert_eq!(first.get(Field::AgentAnswers), Value::Absent);
    assert_eq!(rows[1].as_ref().unwrap().get(Field::AgentAnswers), text("7"));
}

#[test]
fn a_json_cut_anywhere_is_truncated() {
    let whole = WHOLE.trim();
    for end in 1..whole.len() {
        let (_, result) = decode_all(&whole.as_bytes()[..end]);
        assert!(
            matches!(result, Err(DecodeError::Truncated)),
            "cut at {end}: {result:?}"
        );
    }
}

#[test]
fn an_empty_body_is_reported_and_html_and_warnings_are_not_json() {
    for body in ["", " \r\n", "\u{feff}"] {
        assert!(matches!(decode_all(body).1, Err(DecodeError::Empty)));
    }
    for body in [
        "<!DOCTYPE html><html></html>",
        "<br />\n<b>Warning</b>: mysqli in /var/www on line 3{\"code\":200,\"data\":[]}",
        "Warning: something {\"data\":[]}",
        "[]",
        "null",
        "42",
        "\"text\"",
        "{\"code\":200,\"data\":[]}<b>Warning</b>",
        "{\"code\":200 \"data\":[]}",
    ] {
        let (_, result) = decode_all(body);
        assert!(
            matches!(result, Err(DecodeError::NotJson(_))),
            "{body}: {result:?}"
        );
    }
}

#[test]
fn errors_quote_nothing_of_the_body() {
    let (_, result) = decode_all("\"Ana Maria\"");
    assert!(!result.unwrap_err().to_string().contains("Ana"));
}

#[test]
fn the_keys_of_the_envelope_come_in_any_order_and_case() {
    let (rows, result) =
        decode_all(r#"{" DATA ":[{"conn_id":1}],"Msg":" 1 records were found ","extra":{},"CODE ":200}"#);
    let envelope = result.unwrap();
    assert_eq!(
        (envelope.code, envelope.announced(), envelope.rows),
        (Code::Number(200), Some(1), 1)
    );
    assert_eq!(rows[0].as_ref().unwrap().get(Field::ConnId), text("1"));
}

#[test]
fn a_code_is_a_number_a_word_or_nothing() {
    for (json, code) in [
        ("200", Code::Number(200)),
        ("\" 403 \"", Code::Number(403)),
        ("\"\"", Code::None),
        ("\"0\"", Code::None),
        ("0", Code::None),
        ("null", Code::None),
        ("\"null\"", Code::None),
        ("\"ERROR\"", Code::Unreadable),
        ("-1", Code::Unreadable),
        ("99999999", Code::Unreadable),
        ("true", Code::Unreadable),
        ("{}", Code::Unreadable),
    ] {
        let (_, result) = decode_all(format!("{{\"code\":{json},\"data\":[]}}"));
        assert_eq!(result.unwrap().code, code, "{json}");
    }
    assert_eq!(decode_all("{\"data\":[]}").1.unwrap().code, Code::None);
}

#[test]
fn data_that_is_no_list_is_no_data() {
    for data in [
        "null",
        "{}",
        "{\"a\":[1]}",
        "{\"a\":{},\"b\":{}}",
        "{\"-1\":{}}",
        "\"\"",
        "5",
        "false",
    ] {
        let envelope = decode_all(format!("{{\"data\":{data},\"code\":200}}")).1.unwrap();
        assert!(!envelope.has_data, "{data}");
        assert_eq!((envelope.code, envelope.rows), (Code::Number(200), 0));
    }
}

#[test]
fn no_data_is_none_only_where_a_number_of_records_is_announced() {
    for data in ["null", "{}", "{ }"] {
        for (msg, has_data) in [
            ("0 records were found", true),
            ("0.00 records were found", true),
            ("1 records were found", true),
            ("none", false),
            ("", false),
        ] {
            let body = format!("{{\"data\":{data},\"code\":200,\"msg\":\"{msg}\"}}");
            let envelope = decode_all(body).1.unwrap();
            assert_eq!((envelope.has_data, envelope.rows), (has_data, 0), "{data} {msg}");
        }
    }
}

#[test]
fn an_object_of_rows_under_numbers_is_a_list() {
    let (rows, result) = decode_all(
        r#"{"data":{"0":{"conn_id":"5"},"2":{"conn_id":"6"},"7":1},"msg":"3 records were found"}"#,
    );
    let envelope = result.unwrap();
    assert!(envelope.has_data);
    assert_eq!((envelope.rows, rows.len()), (3, 3));
    assert_eq!(rows[1].as_ref().unwrap().get(Field::ConnId), text("6"));
    assert_eq!(rows[2], Err(RowError));
    // Whether these are rows can't be known.
    for mixed in [
        r#"{"data":{"0":{"conn_id":"5"},"a":{"conn_id":"6"}}}"#,
        r#"{"data":{"a":{"conn_id":"6"},"0":{"conn_id":"5"}}}"#,
        r#"{"data":{"0":{},"a":{}},"data":[]}"#,
    ] {
        assert!(!decode_all(mixed).1.unwrap().has_data, "{mixed}");
    }
}

#[test]
fn data_may_come_twice_and_its_rows_add_up() {
    let (rows, result) = decode_all(r#"{"data":[{"conn_id":"1"}],"data":null,"data":[{"conn_id":"2"}]}"#);
    let envelope = result.unwrap();
    assert!(envelope.has_data);
    assert_eq!((envelope.rows, rows.len()), (2, 2));
}

#[test]
fn the_announced_number_is_read_from_the_message() {
    for (msg, announced) in [
        ("12 records were found", Some(12)),
        ("1 Record was found", Some(1)),
        ("12,345 records were found", Some(12_345)),
        ("9,336.00 records were found", Some(9_336)),
        ("", None),
        ("records were found", None),
        ("12 rows", None),
        ("-3 records", None),
        ("99999999999999999999 records", None),
        (", records", None),
    ] {
        let envelope = Envelope {
            msg: RawText::new(msg),
            ..Envelope::default()
        };
        assert_eq!(envelope.announced(), announced, "{msg}");
    }
}

#[test]
fn values_keep_their_text() {
    let row = row_of(
        r#"{"conn_id":123456789012345678901234567890,"ASA":1e309,"chat_duration":null,"skill_id":" 0 ",
            "agent_chars":true,"customer_chars":{"a":{"b":1}},"feeling":[1,[2]],"channel":{}}"#,
    );
    assert_eq!(row.get(Field::ConnId), text("123456789012345678901234567890"));
    let Value::Text(asa) = row.get(Field::Asa) else {
        panic!()
    };
    assert_eq!(asa, "1e309");
    assert_eq!(row.get(Field::ChatDuration), text(""));
    assert_eq!(row.get(Field::SkillId), text(" 0 "));
    for field in [
        Field::AgentChars,
        Field::CustomerChars,
        Field::Feeling,
        Field::Channel,
    ] {
        assert_eq!(row.get(field), Value::Unreadable);
    }
}

#[test]
fn entries_that_are_no_objects_are_rejected_one_by_one() {
    let (rows, result) = decode_all(r#"{"data":[1,"a",null,true,[[1],2],{"conn_id":"1"},1e400,{}]}"#);
    assert_eq!(result.unwrap().rows, 8);
    let good: Vec<bool> = rows.iter().map(Result::is_ok).collect();
    assert_eq!(good, [false, false, false, false, false, true, false, true]);
}

#[test]
fn the_names_of_a_field_are_one_field() {
    for (row, field, expected) in [
        (r#"{"agent_anwers ":"1"}"#, Field::AgentAnswers, "1"),
        (r#"{"agent_anwers":"2"}"#, Field::AgentAnswers, "2"),
        (r#"{"AGENT_ANSWERS":"3"}"#, Field::AgentAnswers, "3"),
        (
            r#"{"agent_answers":"3","agent_anwers ":"-"}"#,
            Field::AgentAnswers,
            "3",
        ),
        (r#"{"asa":"4"}"#, Field::Asa, "4"),
        (r#"{"first_response_time":"5"}"#, Field::Asa, "5"),
        (r#"{"ASA":"6","first_response_time":"7"}"#, Field::Asa, "6"),
        (r#"{"first_response_time":"7","ASA":"6"}"#, Field::Asa, "6"),
        (r#"{"ASA":"-","first_response_time":"7"}"#, Field::Asa, "7"),
        (r#"{"first_response_time":"7","ASA":" "}"#, Field::Asa, "7"),
        (r#"{"first_response_time":"","ASA":"-"}"#, Field::Asa, "-"),
        (
            r#"{"transfer":"si","transfer_type":"skill"}"#,
            Field::Transfer,
            "si",
        ),
    ] {
        assert_eq!(row_of(row).get(field), text(expected), "{row}");
    }
    assert_eq!(
        row_of(r#"{"transfer_type":"skill"}"#).get(Field::Transfer),
        Value::Absent
    );
}

#[test]
fn of_a_key_whose_presence_is_asked_for_no_value_is_read() {
    let body = r#"{"data":[{"agent_name":"Ana","agent_dni":"5"}]}"#;
    let (rows, _) = decode_with(body, Read::Presence);
    assert_eq!(rows[0].as_ref().unwrap().get(Field::AgentName), text(""));
    let (rows, _) = decode_with(body, Read::Value);
    assert_eq!(rows[0].as_ref().unwrap().get(Field::AgentName), text("Ana"));
}

#[test]
fn personal_fields_never_become_values() {
    let row = row_of(
        r#"{"customer_name":"PRIVATE","customer_email":"PRIVATE","customer_phone":"PRIVATE","user_id":"PRIVATE",
            "comments":"PRIVATE","comment":{"a":"PRIVATE"},"extra_field":["PRIVATE"],"agent_dni":"PRIVATE","agent_name":"PRIVATE"}"#,
    );
    assert!(!format!("{row:?}").contains("PRIVATE"));
}

#[test]
fn bytes_that_are_not_utf8_spoil_only_their_field() {
    let row = row_of(b"{\"comments\":\"\xff\xfe\",\"ASA\":\"\xe1\",\"a\xff\":1,\"conn_id\":\"1\",\"feeling\":\"\xc3\xa9\"}");
    assert_eq!(row.get(Field::Asa), Value::Unreadable);
    assert_eq!(row.get(Field::ConnId), text("1"));
    assert_eq!(row.get(Field::Feeling), text("é"));
}

#[test]
fn half_a_surrogate_pair_spoils_only_its_field() {
    let row =
        row_of(r#"{"comments":"\ud800","ASA":"\ud800","\udc00":1,"conn_id":"1","channel":"\udc00\ud800x"}"#);
    assert_eq!(row.get(Field::Asa), Value::Unreadable);
    assert_eq!(row.get(Field::Channel), Value::Unreadable);
    assert_eq!(row.get(Field::ConnId), text("1"));
}

#[test]
fn a_callback_can_stop_the_reading() {
    let mut seen = 0;
    let result = decode(WHOLE.as_bytes(), &keys(Read::Value), &mut |_| {
        seen += 1;
        ControlFlow::Break(())
    });
    assert!(matches!(result, Err(DecodeError::Stopped)));
    assert_eq!(seen, 1);
}

proptest! {
    #[test]
    fn any_bytes_decode_or_fail_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = decode_all(bytes);
    }

    #[test]
    fn one_changed_byte_never_panics_and_never_adds_rows(at in 0..WHOLE.len(), byte: u8) {
        let mut body = WHOLE.as_bytes().to_vec();
        body[at] = byte;
        if let (rows, Ok(envelope)) = decode_all(body) {
            prop_assert_eq!(envelope.rows, rows.len() as u64);
        }
    }

    #[test]
    fn texts_survive_whatever_they_hold(values in prop::collection::vec("[^\u{fffd}]{0,40}", 1..20)) {
        let mut body = String::from("{\"data\":[");
        for (index, value) in values.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            write!(body, "{comma}{{\"channel\":{}}}", serde_json::to_string(value).unwrap()).unwrap();
        }
        let (rows, result) = decode_all(body + "]}");
        prop_assert_eq!(result.unwrap().rows, values.len() as u64);
        for (row, value) in rows.iter().zip(&values) {
            prop_assert_eq!(row.as_ref().unwrap().get(Field::Channel), text(value));
        }
    }
}
