use std::ops::ControlFlow;

use super::*;

/// What is read of the rows of an answer.
fn read(rows: &str) -> (Vec<(String, u64)>, u64) {
    let body = format!("{{\"code\":\"200\",\"msg\":\"\",\"data\":[{rows}]}}");
    let report = report();
    let mut decoder = wolkvox::report::Decoder::of(&report);
    let mut counts = ClosedByChannel::default();
    decoder
        .feed(body.as_bytes(), &mut |row| {
            counts.row(row);
            ControlFlow::Continue(())
        })
        .unwrap();
    decoder.finish().unwrap();
    (counts.chats.into_iter().collect(), counts.unreadable)
}

#[test]
fn a_channel_is_read_under_both_its_keys_in_any_case_and_as_chats_have_it() {
    let (chats, unreadable) = read(
        r#"{"chanel":"WhatsApp","interaction":"812","new":1},{"Channel ":" web ","INTERACTION":"9"},{"chanel":"whatsapp","interaction":"1"}"#,
    );
    assert_eq!(chats, [("web".to_owned(), 9), ("whatsapp".to_owned(), 813)]);
    assert_eq!(unreadable, 0);
}

#[test]
fn a_blank_channel_is_unknown() {
    let (chats, _) = read(
        r#"{"chanel":"-","interaction":"1"},{"chanel":" ","interaction":"2"},{"interaction":"4"},{"chanel":null,"interaction":"8"}"#,
    );
    assert_eq!(chats, [("unknown".to_owned(), 15)]);
}

#[test]
fn a_count_is_a_whole_number_however_it_is_written() {
    for (written, count) in [
        ("\"1,234\"", 1234),
        ("\"9,336.00\"", 9336),
        ("812", 812),
        ("812.0", 812),
        ("\" 7 \"", 7),
        ("\"0\"", 0),
    ] {
        let (chats, unreadable) = read(&format!("{{\"chanel\":\"web\",\"interaction\":{written}}}"));
        assert_eq!(
            (chats, unreadable),
            (vec![("web".to_owned(), count)], 0),
            "{written}"
        );
    }
}

#[test]
fn a_row_without_a_count_that_can_be_read_is_no_0() {
    for written in [
        "\"\"", "\"-\"", "null", "\"12.5\"", "\"1,2\"", "-3", "\"many\"", "true", "[1]", "\"1.\"",
    ] {
        let (chats, unreadable) = read(&format!("{{\"chanel\":\"web\",\"interaction\":{written}}}"));
        assert_eq!((chats, unreadable), (vec![], 1), "{written}");
    }
    assert_eq!(read(r#"{"chanel":"web"},"x""#), (vec![], 2));
}
