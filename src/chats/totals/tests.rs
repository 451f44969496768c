mod version;

use std::collections::BTreeSet;
use std::fs;
use std::sync::{Arc, LazyLock};

use chrono::TimeDelta;
use serde_json::{Value, json};
use tracing::Dispatch;
use wolkvox::Row;

use super::*;
use crate::chats::{Field, Ledger, Tally};
use crate::config::tests::COUNTING;
use crate::ledger::FoundBy;
use crate::ledger::state::{self, Origin};

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_773_154_800, 0).unwrap()
}

/// A later start.
fn later() -> DateTime<Utc> {
    now() + TimeDelta::hours(5)
}

/// A ledger with something in every part, and in every cell of its totals.
fn ledger() -> Ledger {
    let mut ledger = Ledger::first_start(now(), Some(now() - TimeDelta::days(1)));
    let local = now().naive_utc();
    let mut tally = Tally::begin(&ledger, &COUNTING, FoundBy::Poll, local);
    tally.answered(now(), now(), local);
    // The customer got no reply in the second three.
    let chats = [
        ("1", "7", "21", "20"),
        ("2", "8", "22", "20"),
        ("3", "8", "TIMEOUTCHAT", "20"),
        ("4", "7", "21", "0"),
        ("5", "8", "22", "0"),
        ("6", "8", "TIMEOUTCHAT", "0"),
    ];
    for (id, skill, code, characters) in chats {
        let mut row = Row::default();
        for (field, text) in [
            (Field::ConnId, id),
            (Field::Channel, "web"),
            (Field::SkillId, skill),
            (Field::AgentId, "2001"),
            (Field::AgentName, "Ñandú"),
            (Field::Asa, "00:00:12"),
            (Field::ChatDuration, "00:09:00"),
            (Field::TimeOnAgent, "00:05:00"),
            (Field::AgentResponse, "9"),
            (Field::CustomerChars, "10"),
            (Field::AgentChars, characters),
            (Field::AgentAnswers, "3"),
            (Field::CodAct, code),
            (Field::DescriptionCodAct, "Sold"),
            (Field::Transfer, "yes"),
            (Field::Date, "2026-03-10 14:50:00"),
            (Field::Feeling, "negative"),
            (Field::LastParticipant, "customer"),
        ] {
            row.set(field, wolkvox::Value::Text(text));
        }
        tally.absorb(&Chat::from_row(&row, chrono_tz::UTC).unwrap());
    }
    let mut absorbed = tally.finish().absorbed;
    let recontacts = LabelSet::new(Table::Recontacts, ["7", "24h"]);
    absorbed
        .totals
        .count_set(Table::Recontacts, &recontacts, now(), 2);
    ledger.apply(absorbed);
    ledger.end_cycle();
    ledger
}

fn ledger_of(totals: &Totals) -> Ledger {
    let mut ledger = Ledger::first_start(now(), None);
    ledger.totals = totals.clone();
    ledger
}

fn origin() -> Origin {
    Origin {
        operation: "ventas".to_owned(),
        host: "wv0001.wolkvox.com".to_owned(),
        agent_dni: None,
        timezone: "UTC".to_owned(),
    }
}

fn body(ledger: &Ledger) -> Value {
    let bytes = state::encode(&origin(), ledger).unwrap();
    let text = std::str::from_utf8(&bytes).unwrap();
    serde_json::from_str(text.split_once('\n').unwrap().1).unwrap()
}

/// A state of a version that has this body.
fn framed(version: &str, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    let checksum = crc32fast::hash(body.as_bytes());
    format!(
        "wolkvox-exporter-state v{version} crc32={checksum:08x} bytes={}\n{body}\n",
        body.len()
    )
    .into_bytes()
}

fn read(version: &str, body: &Value) -> Ledger {
    state::decode(&framed(version, body)).unwrap().1
}

/// What it does, and the lines that it logs.
fn logged<T>(run: impl FnOnce() -> T) -> (T, Vec<String>) {
    // With one listener in the process, a test on another thread that has none decides that a line is wanted nowhere.
    static SECOND: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(tracing_subscriber::registry()));
    LazyLock::force(&SECOND);
    let log = tempfile::NamedTempFile::new().unwrap();
    let listener = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(Arc::new(log.reopen().unwrap()))
        .finish();
    let result = tracing::subscriber::with_default(listener, run);
    let lines = fs::read_to_string(log.path()).unwrap();
    (result, lines.lines().map(str::to_owned).collect())
}

fn started(ledger: Ledger) -> Ledger {
    Ledger::resume(Some(ledger), later(), None)
}

/// The totals of each label set of a table.
fn entries<'a>(
    body: &'a mut Value,
    table: &str,
) -> impl Iterator<Item = &'a mut serde_json::Map<String, Value>> {
    let sets = body["ledger"]["totals"][table].as_array_mut().unwrap();
    sets.iter_mut().map(|pair| pair[1].as_object_mut().unwrap())
}

/// All measures, with their places.
fn measures() -> Vec<(Table, usize, &'static Measure)> {
    let of = |table: Table| {
        let measures = table.measures().iter().enumerate();
        measures.map(move |(slot, measure)| (table, slot, measure))
    };
    Table::ALL.into_iter().flat_map(of).collect()
}

fn is_zero(table: Table, slot: usize, entry: &Entry) -> bool {
    entry.cells[slot] == table.zero()[slot]
}

#[test]
fn names_in_the_state_are_unique_and_the_first_measure_of_a_table_counts_chats() {
    let reserved = ["created_ms", "touched_ms", "at_0", "value"];
    let histograms: Vec<_> = measures()
        .into_iter()
        .filter(|(_, _, measure)| measure.bounds().is_some())
        .map(|(_, _, measure)| measure.name)
        .collect();
    assert_eq!(histograms.len(), Totals::layout().len(), "{histograms:?}");
    for table in Table::ALL {
        let names: BTreeSet<_> = table.measures().iter().map(|measure| measure.name).collect();
        assert_eq!(names.len(), table.measures().len(), "{table:?}");
        assert!(!names.iter().any(|name| reserved.contains(name)), "{table:?}");
        assert_eq!(table.measures()[0].name, "chats", "{table:?}");
        let labels: Vec<_> = table.labels().iter().map(|label| label.name).collect();
        assert!(
            table
                .measures()
                .iter()
                .all(|measure| measure.spec.labels == labels)
        );
    }
}

#[test]
fn every_cell_counts_something_and_comes_back() {
    let ledger = ledger();
    for (table, slot, measure) in measures() {
        let sets = &ledger.totals[table];
        assert!(!sets.is_empty());
        assert!(
            sets.values().all(|entry| !is_zero(table, slot, entry)),
            "{}",
            measure.name
        );
    }
    let (read, log) = logged(|| started(read("1", &body(&ledger))));
    assert_eq!(read, ledger);
    assert_eq!(log, [""; 0]);
}

#[test]
fn the_state_says_what_is_shown_as_0_and_nothing_of_it_where_nothing_is() {
    let mut ledger = ledger();
    let stored = body(&ledger);
    let before = read("1", &stored).totals;
    assert!(before.has_any_at_0());
    for table in Table::ALL {
        let names = |totals: &Totals| totals.sets_at_0(table).keys().cloned().collect::<Vec<_>>();
        assert_eq!(
            names(&before),
            before[table].keys().cloned().collect::<Vec<_>>(),
            "all are new"
        );
        assert_eq!(names(&before), names(&ledger.totals));
    }
    for (table, _, measure) in measures() {
        let is_at_0 = before.is_family_at_0(table, measure);
        assert_eq!(is_at_0, measure.where_sent.is_some(), "{}", measure.name);
    }
    ledger.totals.lift_all();
    let text = body(&ledger).to_string();
    assert!(!text.contains("at_0"), "{text}");
    assert!(!read("1", &body(&ledger)).totals.has_any_at_0());
}

#[test]
fn in_the_state_a_word_beside_a_label_sets_times_and_a_list_of_families_say_what_is_at_0() {
    let mut whole = ledger();
    whole.totals.lift_all();
    let mut stored = body(&whole);
    entries(&mut stored, "chats")
        .next()
        .unwrap()
        .insert("at_0".to_owned(), json!(true));
    stored["ledger"]["totals"]["families_at_0"] = json!(["chats.transfers"]);
    let (after, log) = logged(|| started(read("1", &stored)).totals);
    assert_eq!(log, [""; 0]);
    let first = after[Table::Chats].keys().next().cloned();
    assert_eq!(
        after.sets_at_0(Table::Chats).keys().cloned().collect::<Vec<_>>(),
        Vec::from_iter(first)
    );
    for (table, _, measure) in measures() {
        let is_named = (table, measure.name) == (Table::Chats, "transfers");
        assert_eq!(after.is_family_at_0(table, measure), is_named, "{}", measure.name);
    }
    assert_eq!(
        body(&ledger_of(&after))["ledger"]["totals"],
        stored["ledger"]["totals"]
    );
}

#[test]
fn what_is_at_0_goes_with_its_label_set_and_a_family_of_a_later_version_is_not_kept() {
    let mut stored = body(&ledger());
    stored["ledger"]["totals"]["families_at_0"] = json!(["chats.hold"]);
    let mut totals = started(read("1", &stored)).totals;
    assert!(!body(&ledger_of(&totals)).to_string().contains("families_at_0"));
    totals.restrict_to(Agents::Off);
    assert!(totals.sets_at_0(Table::Agents).is_empty() && !totals.sets_at_0(Table::Chats).is_empty());
    totals.retire(now() + TimeDelta::days(1));
    assert!(!totals.has_any_at_0());
}
