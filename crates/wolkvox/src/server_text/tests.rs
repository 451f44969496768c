use proptest::prelude::*;

use super::*;

const TOKEN: &str = "7f/Qx+93aB==zK1";
const DOCUMENT: &str = "CC 1019é";

fn admitted(text: &str) -> String {
    Gate::new([TOKEN, DOCUMENT])
        .admit(&RawText::new(text))
        .to_string()
}

fn each(text: &str, spell: impl Fn(u8) -> String) -> String {
    text.bytes().map(spell).collect()
}

#[test]
fn harmless_words_stay_as_they_are() {
    for text in [
        "PLEASE VALIDATE TOKEN",
        "EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN (2)",
        "Connection refused (os error 111)",
        "100% of 1000 calls & more, at 10:30, 3.14 \\o/ a@ @b",
        "niño çà 日本",
        "std::io, 403, 200 400",
    ] {
        assert_eq!(admitted(text), text);
    }
}

#[test]
fn a_secret_is_taken_out_however_it_is_spelled() {
    let spellings: [fn(u8) -> String; 7] = [
        |byte| format!("%{byte:02X}"),
        |byte| format!("%{byte:02x}"),
        |byte| format!("%25{byte:02X}"),
        |byte| format!("&#{byte};"),
        |byte| format!("&#x{byte:x};"),
        |byte| format!("\\u{byte:04X}"),
        |byte| format!("\\\\u{byte:04x}"),
    ];
    for spell in spellings {
        let text = each(TOKEN, spell);
        assert_eq!(
            admitted(&format!("token {text}, no")),
            "token [secret], no",
            "{text}"
        );
    }
    for text in [
        TOKEN.to_owned(),
        TOKEN.to_uppercase(),
        TOKEN.to_lowercase(),
        "7f%2FQx%2B93aB%3D%3DzK1".to_owned(),
        "7f%2fQx%2b93aB%3d%3dzK1".to_owned(),
        "7f&sol;Qx&plus;93aB&equals;&#61zK1".to_owned(),
        "7f\\/Qx+93aB\\u003D=zK1".to_owned(),
        "7f/Q\u{200b}x+93\naB==z\u{202e}K1".to_owned(),
        "7f/Q%E2%80%8Bx+93aB==z%0AK1".to_owned(),
        "7f/Qx 93aB==zK1".to_owned(),
    ] {
        assert_eq!(admitted(&format!("token {text}!")), "token [secret]!", "{text}");
    }
    for text in ["CC 1019é", "CC+1019%C3%A9", "cc%201019&#233;", "CC 1019\\u00e9"] {
        assert_eq!(admitted(&format!("agent {text}.")), "agent [secret].", "{text}");
    }
}

#[test]
fn what_is_left_of_a_secret_after_a_cut_is_taken_out() {
    assert_eq!(admitted("token 7f/Qx+93a…"), "token [secret]…");
    // Ours comes last.
    let letters = "x".repeat(191);
    assert_eq!(
        admitted(&format!("{letters} {TOKEN} end")),
        format!("{letters} [secret]…")
    );
}

#[test]
fn a_short_secret_is_one_only_where_it_stands_alone() {
    let gate = Gate::new(["abc", "123", "", " "]);
    let shown = gate.admit(&RawText::new("token abc of agent 123: abcd 1234 %61bc"));
    assert_eq!(
        shown.to_string(),
        "token [secret] of agent [secret]: abcd 1234 [secret]"
    );
}

#[test]
fn numbers_mail_and_addresses_are_masked() {
    for (text, shown) in [
        ("customer 52190", "customer [number]"),
        ("customer 5219", "customer 5219"),
        ("52.190.001-7 and 300 123 4567", "[number] and [number]"),
        ("+57 (300) 1234567", "+[number]"),
        ("\u{665}\u{662}\u{661}\u{669}\u{660}", "[number]"),
        ("%35%32%31%39%30", "[number]"),
        ("2026-11-25 10:00", "[number]:00"),
        ("to ana.perez+1@mail.example.com.", "to [mail]"),
        ("to ana%40example.com now", "to [mail] now"),
        ("from 10.0.0.7", "from [address]"),
        ("from 10.0.0.7:80, not 10.0.0.x", "from [address], not 10.0.0.x"),
        ("[2001:db8::7]:443", "[[address]]:443"),
        ("at ::ffff:10.0.0.7 and ::1", "at [address] and [address]"),
    ] {
        assert_eq!(admitted(text), shown);
    }
}

#[test]
fn what_moves_a_cursor_or_turns_a_line_is_removed_before_all_else() {
    let text = "a\u{1b}[31m\u{202e}b\u{2028}c\u{feff}\r\nd\u{9b}";
    assert_eq!(admitted(text), "a[31mbcd");
}

#[test]
fn raw_words_are_not_formatted() {
    let raw = RawText::new(TOKEN);
    assert_eq!(format!("{raw:?}"), "RawText(15 bytes)");
    assert_eq!(format!("{:?}", Gate::new([TOKEN])), "Gate(1 secrets)");
}

#[test]
fn a_long_text_costs_no_more_than_its_beginning() {
    let text = "&amp;%2525".repeat(1_000_000);
    assert!(admitted(&text).chars().count() <= SHOWN + 1);
}

proptest! {
    #[test]
    fn no_text_is_shown_long_hidden_or_with_the_secret_in_it(
        before in ".{0,300}",
        after in ".{0,300}",
        spelled in proptest::collection::vec(0..5_u8, TOKEN.len()),
    ) {
        let token: String = TOKEN.bytes().zip(&spelled).map(|(byte, how)| match how {
            0 => format!("%{byte:02x}"),
            1 => format!("&#{byte};"),
            2 => format!("\\u{byte:04x}"),
            3 => format!("%25{byte:02X}"),
            _ => char::from(byte).to_string(),
        }).collect();
        let shown = admitted(&format!("{before} {token} {after}"));
        prop_assert!(shown.chars().count() <= SHOWN + 1);
        prop_assert!(!shown.chars().any(is_hidden));
        prop_assert!(!shown.contains(&token) && !shown.contains(TOKEN));
    }
}
