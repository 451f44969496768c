use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use super::csv::guarded;
use super::table::clock;
use super::*;
use crate::command::report::by::Keys;
use crate::command::report::interval::{Intervals, Unit};
use crate::command::report::{Column, Line, Row};

fn row(values: Vec<Value>, chats: u64) -> Row {
    let mut line = Line::default();
    (line.chats, line.coded) = (chats, chats);
    Row {
        values,
        length: TimeDelta::hours(1),
        line,
    }
}

fn summary(by: &[By], rows: Vec<Row>) -> Summary {
    let chats = rows.iter().map(|row| row.line.chats).sum();
    Summary {
        by: Keys::new(by.to_vec()).unwrap(),
        rows,
        total: row(Vec::new(), chats),
        calls: 1,
    }
}

fn columns(columns: &[Column]) -> Columns {
    Columns::new(columns.to_vec()).unwrap()
}

fn word(text: &str) -> Value {
    Value::Word(text.to_owned())
}

fn hours(from: &str, hours: i64, zone: chrono_tz::Tz) -> Vec<Value> {
    let from: DateTime<Utc> = from.parse().unwrap();
    let to = from + TimeDelta::hours(hours);
    let intervals = Intervals::covering(from, to, Unit::Seconds(3600), zone.into());
    intervals.iter().map(Value::Interval).collect()
}

fn by_hour(values: Vec<Value>) -> Summary {
    let rows = values.into_iter().map(|value| row(vec![value], 3)).collect();
    summary(&[By::Hour], rows)
}

#[test]
fn a_cell_that_a_spreadsheet_would_take_for_a_formula_is_made_text() {
    for (text, expected) in [
        ("=1+1", "'=1+1"),
        ("+57300", "'+57300"),
        ("-2+3", "'-2+3"),
        ("-12", "'-12"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t'=1"),
        ("\r1", "'\r1"),
        ("＝1", "'＝1"),
        (" =1", " '=1"),
        // What a spreadsheet of the decimal comma makes cells of.
        ("x;=1", "x;'=1"),
        ("x;\"@1", "x;\"'@1"),
        ("x\n-1", "x\n'-1"),
    ] {
        assert_eq!(guarded(text), expected);
    }
    for text in ["12", "2026-03-02", "a=b", "", "a;b", "whatsapp - web"] {
        assert_eq!(guarded(text), text);
    }
}

#[test]
fn times_are_shown_as_a_clock_with_all_hours() {
    for (seconds, expected) in [
        (0.0, "00:00:00"),
        (59.4, "00:00:59"),
        (59.5, "00:01:00"),
        (3661.0, "01:01:01"),
        (360_000.0, "100:00:00"),
    ] {
        assert_eq!(clock(seconds), expected);
    }
}

#[test]
fn csv_and_json_have_the_same_names_and_no_value_is_empty_or_null() {
    let summary = summary(&[By::Channel, By::HalfHour], {
        let hour = hours("2026-03-02T13:00:00Z", 1, chrono_tz::America::Bogota);
        vec![row(vec![word("web"), hour[0].clone()], 2)]
    });
    let columns = columns(&[
        Column::Chats,
        Column::AsaP95,
        Column::Transfers,
        Column::Concurrency,
    ]);
    assert_eq!(
        summary.print(&columns, PrintFormat::Csv).unwrap(),
        "channel,half_hour,chats,asa_p95_seconds,transfers,concurrency\nweb,2026-03-02T08:00:00-05:00,2,,,\n"
    );
    let json = summary.print(&columns, PrintFormat::Json).unwrap();
    let compact: String = json.split_whitespace().collect();
    assert_eq!(
        compact,
        r#"[{"channel":"web","half_hour":"2026-03-02T08:00:00-05:00","chats":2,"asa_p95_seconds":null,"transfers":null,"concurrency":null}]"#
    );
}

#[test]
fn an_hour_that_comes_twice_has_its_offset_in_each_format() {
    let madrid = by_hour(hours("2026-10-25T00:00:00Z", 2, chrono_tz::Europe::Madrid));
    let chats = columns(&[Column::Chats]);
    for (format, labels) in [
        (
            PrintFormat::Table,
            ["2026-10-25 02:00 +02:00", "2026-10-25 02:00 +01:00"],
        ),
        (
            PrintFormat::Csv,
            ["2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"],
        ),
        (
            PrintFormat::Json,
            ["2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"],
        ),
    ] {
        let text = madrid.print(&chats, format).unwrap();
        assert!(labels.iter().all(|label| text.contains(label)), "{text}");
    }
    let bogota = by_hour(hours("2026-10-25T00:00:00Z", 2, chrono_tz::America::Bogota));
    let table = bogota.print(&chats, PrintFormat::Table).unwrap();
    assert!(!table.contains("-05:00"), "{table}");
}

#[test]
fn the_table_is_aligned_and_a_wide_one_breaks_its_headings() {
    let values = |skill: &str| {
        let hour = hours("2026-03-02T13:00:00Z", 1, chrono_tz::America::Bogota);
        vec![word(skill), hour[0].clone()]
    };
    let summary = summary(
        &[By::Skill, By::Hour],
        vec![row(values("12"), 7), row(values("13"), 90)],
    );
    let usual = Columns::new(Column::USUAL.to_vec()).unwrap();
    let table = summary.print(&usual, PrintFormat::Table).unwrap();
    assert_eq!(table, TWO_KEYS);
    assert!(table.lines().all(|line| line.chars().count() <= 100));
}

const TWO_KEYS: &str =
    "                                                                                       time on
                                                                    service  duration    agent
skill  hour              chats  coded  timeouts  ASA mean  ASA p90    level      mean     mean
─────  ────────────────  ─────  ─────  ────────  ────────  ───────  ───────  ────────  ───────
12     2026-03-02 08:00      7      7         0         -        -        -         -        -
13     2026-03-02 08:00     90     90         0         -        -        -         -        -
─────  ────────────────  ─────  ─────  ────────  ────────  ───────  ───────  ────────  ───────
all                         97     97         0         -        -        -         -        -
";

proptest! {
    #[test]
    fn csv_is_read_back_to_the_same_cells(
        names in prop::collection::vec(("[-=+@a-c;,\"' \\t\\r\\nñ1]{1,8}", 0..1000_u64), 1..8),
    ) {
        let rows = names.iter().map(|(name, chats)| row(vec![word(name), word("x")], *chats)).collect();
        let summary = summary(&[By::Channel, By::Skill], rows);
        let text = summary.print(&columns(&[Column::Chats, Column::Answered]), PrintFormat::Csv).unwrap();
        let mut reader = ::csv::Reader::from_reader(text.as_bytes());
        prop_assert_eq!(reader.headers().unwrap(), vec!["channel", "skill", "chats", "answered"]);
        let read: Vec<Vec<String>> = reader
            .records()
            .map(|record| record.unwrap().iter().map(str::to_owned).collect())
            .collect();
        let expected: Vec<Vec<String>> = names
            .iter()
            .map(|(name, chats)| vec![guarded(name), "x".to_owned(), chats.to_string(), "0".to_owned()])
            .collect();
        prop_assert_eq!(read, expected);
    }

    #[test]
    fn no_cell_begins_like_a_formula_and_all_of_the_text_is_left(text in "[-=+@a;\" \\t\\r\\n]{0,12}") {
        let guarded = guarded(&text);
        prop_assert!(!guarded.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']));
        for cell in guarded.split([';', '\t', '\r', '\n']) {
            let bare = cell.trim_start_matches(['"', ' ']);
            prop_assert!(!bare.starts_with(['=', '+', '-', '@']), "{guarded:?}");
        }
        prop_assert_eq!(guarded.replace('\'', ""), text);
    }
}
