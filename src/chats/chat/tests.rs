use chrono_tz::America::Bogota;
use chrono_tz::Europe::Madrid;
use proptest::prelude::*;

use super::*;
use crate::chats::chat::NotAChat;
use chrono::{DateTime, Utc};

fn row(fields: &[(Field, &str)]) -> Row<'static> {
    let mut row = Row::default();
    row.set(Field::ConnId, Value::Text("700000001"));
    for (field, text) in fields {
        row.set(*field, Value::Text(text));
    }
    row
}

fn chat(fields: &[(Field, &str)]) -> Chat {
    Chat::from_row(&row(fields), Bogota).unwrap()
}

fn invalid(chat: &Chat) -> Vec<Field> {
    chat.invalid.iter().collect()
}

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[test]
fn an_id_is_any_trimmed_text_up_to_64_bytes() {
    let with_id =
        |id: &str| Chat::from_row(&row(&[(Field::ConnId, id)]), Bogota).map(|chat| chat.id.to_string());
    assert_eq!(with_id(" abc-1 "), Ok("abc-1".to_owned()));
    for none in ["", " ", "-", "0", " 0 ", "\u{a0}"] {
        assert_eq!(with_id(none), Err(NotAChat::NoConnId), "{none:?}");
    }
    assert!(with_id(&"9".repeat(64)).is_ok());
    assert_eq!(with_id(&"9".repeat(65)), Err(NotAChat::BadConnId));
    assert_eq!(
        Chat::from_row(&Row::default(), Bogota).unwrap_err(),
        NotAChat::NoConnId
    );
}

#[test]
fn times_are_clock_times_or_seconds() {
    for (text, expected) in [
        ("00:00:30", Some(30_000)),
        ("27:00:01", Some(97_201_000)),
        ("1:02:03", Some(3_723_000)),
        ("45", Some(45_000)),
        ("12.5", Some(12_500)),
        ("0.0004", Some(0)),
        ("0.0005", Some(1)),
        ("1.9999", Some(2000)),
        (" 7 ", Some(7000)),
        ("\u{a0}7\u{2003}", Some(7000)),
        ("744:00:00", Some(31 * 86_400_000)),
        ("744:00:01", None),
        ("99:99:99", None),
        ("00:60:00", None),
        ("00:5:00", None),
        ("00:00", None),
        ("0:00:00:00", None),
        (":00:00", None),
        ("-5", None),
        ("+5", None),
        ("1e3", None),
        ("1e309", None),
        ("NaN", None),
        ("12a", None),
        ("1.", None),
        (".5", None),
        ("1.5.5", None),
        ("99999999999999999999", None),
    ] {
        let chat = chat(&[(Field::Asa, text)]);
        assert_eq!(chat.asa_ms, expected, "{text:?}");
        assert_eq!(invalid(&chat).is_empty(), expected.is_some(), "{text:?}");
    }
}

#[test]
fn counts_may_have_commas_between_thousands() {
    for (text, expected) in [
        ("9,336", Some(9336)),
        ("1,000,000", Some(1_000_000)),
        ("1000000000", Some(1_000_000_000)),
        ("1000000001", None),
        ("9,33", None),
        (",336", None),
        ("9,336.00", None),
        ("1234,567", None),
        ("-1", None),
        ("12abc", None),
    ] {
        assert_eq!(
            chat(&[(Field::AgentChars, text)]).agent_characters,
            expected,
            "{text:?}"
        );
    }
}

#[test]
fn a_blank_is_not_a_value_and_not_an_error() {
    for blank in ["", " ", "-", " - "] {
        let chat = chat(&[
            (Field::Asa, blank),
            (Field::Feeling, blank),
            (Field::CodAct, blank),
            (Field::SkillId, blank),
        ]);
        assert_eq!(
            (chat.asa_ms, chat.feeling, chat.outcome),
            (None, Feeling::Unknown, Outcome::Uncoded)
        );
        assert_eq!(chat.skill_id, "unknown");
        assert_eq!(invalid(&chat), []);
    }
}

#[test]
fn an_unreadable_value_spoils_only_its_field() {
    let mut row = row(&[(Field::SkillId, "7")]);
    row.set(Field::Asa, Value::Unreadable);
    row.set(Field::Channel, Value::Unreadable);
    let chat = Chat::from_row(&row, Bogota).unwrap();
    assert_eq!(
        (chat.skill_id.as_str(), chat.channel.as_str(), chat.asa_ms),
        ("7", "unknown", None)
    );
    assert_eq!(invalid(&chat), [Field::Channel, Field::Asa]);
}

#[test]
fn closed_words_match_in_any_case_and_with_any_separator() {
    let of = |feeling: &str, speaker: &str, transfer: &str, code: &str| {
        let chat = chat(&[
            (Field::Feeling, feeling),
            (Field::LastParticipant, speaker),
            (Field::Transfer, transfer),
            (Field::CodAct, code),
        ]);
        (chat.feeling, chat.last_speaker, chat.transferred, chat.outcome)
    };
    assert_eq!(
        of("Very_NEGATIVE", "Chat-Bot", "Sí", "TimeoutChat"),
        (
            Feeling::VeryNegative,
            Participant::Bot,
            Some(true),
            Outcome::Timeout
        )
    );
    assert_eq!(
        of("very  positive", "CHAT_BOT", "no", "100"),
        (
            Feeling::VeryPositive,
            Participant::Bot,
            Some(false),
            Outcome::Coded
        )
    );
    assert_eq!(
        of("angry", "nobody", "maybe", "-"),
        (Feeling::Unknown, Participant::Unknown, None, Outcome::Uncoded)
    );
}

#[test]
fn a_word_outside_a_closed_list_is_reported_as_invalid() {
    let chat = chat(&[(Field::Feeling, "angry"), (Field::Transfer, "maybe")]);
    assert_eq!(invalid(&chat), [Field::Feeling, Field::Transfer]);
}

#[test]
fn label_values_are_trimmed_cut_and_free_of_control_characters() {
    let chat = chat(&[
        (Field::Channel, " WhatsÄpp\nX "),
        (Field::SkillId, &"é".repeat(200)),
        (Field::AgentId, "0"),
    ]);
    assert_eq!(chat.channel, "whatsäpp x");
    assert_eq!(chat.skill_id, "é".repeat(128));
    assert_eq!(chat.agent_id, "0");
}

#[test]
fn the_close_is_date_close_or_else_the_opening_plus_the_duration() {
    let closed = |fields: &[(Field, &str)]| chat(fields).closed.map(|moment| moment.earliest);
    let opened = (Field::Date, "2026-03-01 08:00:00");
    let duration = (Field::ChatDuration, "23:00:10");
    assert_eq!(closed(&[opened, duration]), Some(utc("2026-03-02T12:00:10Z")));
    assert_eq!(
        closed(&[opened, duration, (Field::DateClose, "2026-03-01 09:00:00")]),
        Some(utc("2026-03-01T14:00:00Z"))
    );
    assert_eq!(closed(&[opened]), None);
    assert_eq!(closed(&[duration]), None);
}

#[test]
fn a_close_in_the_repeated_hour_is_two_instants() {
    let chat = Chat::from_row(&row(&[(Field::DateClose, "2026-10-25 02:30:00")]), Madrid).unwrap();
    let closed = chat.closed.unwrap();
    assert_eq!(
        (closed.earliest, closed.latest),
        (utc("2026-10-25T00:30:00Z"), utc("2026-10-25T01:30:00Z"))
    );
}

#[test]
fn dates_that_do_not_exist_are_invalid() {
    for text in [
        "2026-02-30 00:00:00",
        "2026-01-01 24:00:00",
        "2026-01-01 23:59:60",
        "2026-01-01",
        "yesterday",
    ] {
        let chat = chat(&[(Field::Date, text)]);
        assert_eq!(chat.opened, None, "{text}");
        assert_eq!(invalid(&chat), [Field::Date], "{text}");
    }
}

#[test]
fn only_documented_keys_are_missed() {
    let absent: Vec<_> = chat(&[]).absent.iter().collect();
    assert!(absent.contains(&Field::Asa));
    assert!(!absent.contains(&Field::ConnId));
    assert!(!absent.contains(&Field::DateClose) && !absent.contains(&Field::Transfer));
    assert_eq!(
        chat(&[(Field::Asa, "")])
            .absent
            .iter()
            .filter(|field| *field == Field::Asa)
            .count(),
        0
    );
}

proptest! {
    #[test]
    fn any_text_in_any_field_still_makes_a_chat(text in "\\PC{0,200}", index in 1..Field::ALL.len()) {
        let chat = chat(&[(Field::ALL[index], &text)]);
        for label in [&chat.channel, &chat.skill_id, &chat.agent_id] {
            prop_assert!(!label.is_empty() && !label.chars().any(char::is_control));
        }
        prop_assert!(chat.skill_id.chars().count() <= 128);
    }

    #[test]
    fn whole_seconds_read_the_same_in_both_forms(seconds in 0_u64..=31 * 86_400) {
        let clock = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
        prop_assert_eq!(chat(&[(Field::Asa, &clock)]).asa_ms, Some(seconds * 1000));
        prop_assert_eq!(chat(&[(Field::Asa, &seconds.to_string())]).asa_ms, Some(seconds * 1000));
    }
}
