use std::fs;
use std::sync::{Arc, LazyLock};

use chrono::TimeDelta;
use proptest::prelude::*;
use serde_json::{Value, json};
use tracing::Dispatch;
use wolkvox::Row;

use super::*;
use crate::chats::{Field, Ledger, Tally};
use crate::config::tests::COUNTING;
use crate::ledger::FoundBy;
use crate::ledger::state::{self, Origin, StateError};

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
    ledger.apply(tally.finish().absorbed);
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

#[test]
fn a_family_that_a_state_lacks_is_at_0_for_all_its_label_sets_and_only_that() {
    let mut whole = ledger();
    whole.totals.lift_all();
    let mut stored = body(&whole);
    for entry in entries(&mut stored, "chats") {
        entry.remove("asa");
    }
    let after = started(read("1", &stored)).totals;
    for (table, _, measure) in measures() {
        let is_lacking = (table, measure.name) == (Table::Chats, "asa");
        assert_eq!(
            after.is_family_at_0(table, measure),
            is_lacking,
            "{}",
            measure.name
        );
    }
    assert!(after.sets_at_0(Table::Chats).is_empty());
}

/// The state that version 0.1.0 wrote.
fn released() -> Ledger {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/fixture/state/v0.1.0.state");
    state::decode(&fs::read(path).unwrap()).unwrap().1
}

#[test]
fn a_state_without_the_tables_and_families_of_later_versions_goes_on_and_they_start_at_0() {
    const NEW_TABLES: [Table; 3] = [Table::Conversations, Table::Openings, Table::AgentSkills];
    const NEW_MEASURES: [&str; 5] = [
        "response",
        "transfers",
        "customer_spoke_last",
        "negative_feelings",
        "unanswered",
    ];
    let before = released().totals;
    let mut ledger = started(released());
    let is_new =
        |table: Table, measure: &Measure| table == Table::Agents && NEW_MEASURES.contains(&measure.name);
    for (table, slot, measure) in measures() {
        assert_eq!(
            ledger.totals[table].is_empty(),
            NEW_TABLES.contains(&table),
            "{table:?}"
        );
        assert_eq!(
            ledger.totals.is_family_at_0(table, measure),
            is_new(table, measure)
        );
        for (set, entry) in &ledger.totals[table] {
            assert_eq!(entry.cells[slot], before[table][set].cells[slot]);
            assert!(!is_new(table, measure) || is_zero(table, slot, entry));
        }
    }
    let (new, counted) = (self::ledger().totals, ledger.totals.chats_counted());
    ledger.totals.end_batch();
    ledger.totals.lift_all();
    Counted::add(&mut ledger.totals, new.clone());
    assert_eq!(ledger.totals.chats_counted(), counted + new.chats_counted());
    for table in NEW_TABLES {
        assert_eq!(
            ledger.totals[table].keys().collect::<Vec<_>>(),
            new[table].keys().collect::<Vec<_>>()
        );
        assert!(
            ledger.totals[table]
                .keys()
                .eq(ledger.totals.sets_at_0(table).keys()),
            "{table:?}"
        );
    }
}

#[test]
fn the_words_of_a_label_are_in_their_order_and_one_that_is_not_known_behind_them() {
    let set = |feeling: &str| LabelSet::new(Table::Feelings, ["7", feeling, "coded"]);
    let mut sets = [
        "unknown",
        "very_positive",
        "delighted",
        "neutral",
        "very_negative",
    ]
    .map(set);
    sets.sort();
    let words = sets
        .each_ref()
        .map(|set| set.get(Table::Feelings, "feeling").unwrap());
    assert_eq!(
        words,
        [
            "very_negative",
            "neutral",
            "very_positive",
            "unknown",
            "delighted"
        ]
    );
}

#[test]
fn a_family_with_other_bounds_starts_at_0_and_the_rest_goes_on() {
    let before = ledger();
    let mut stored = body(&before);
    stored["bounds"]["asa"][0] = json!(6000);
    let (after, log) = logged(|| started(read("1", &stored)));
    assert_eq!(log.len(), 1, "{log:?}");
    for part in ["WARN", "it starts at 0", "family=\"wolkvox_chat_asa_seconds\""] {
        assert!(log[0].contains(part), "{part} is missing in: {log:?}");
    }
    assert_eq!(after.seen, before.seen);
    for (table, slot, measure) in measures() {
        let is_changed = (table, measure.name) == (Table::Chats, "asa");
        for (set, entry) in &after.totals[table] {
            let created_ms = entry.started_ms(after.totals.restarted_ms(table, measure));
            if is_changed {
                assert!(
                    is_zero(table, slot, entry),
                    "its buckets say nothing of the new ones"
                );
                assert_eq!(created_ms, later().timestamp_millis());
            } else {
                assert_eq!(entry.cells[slot], before.totals[table][set].cells[slot]);
                assert_eq!(created_ms, now().timestamp_millis());
            }
        }
    }
    // Told once: from the next commit on it is as if it had always been so. What a later version started is not kept.
    let mut stored = body(&after);
    stored["ledger"]["totals"]["started"]["chats.hold"] = json!(null);
    let (again, log) = logged(|| started(read("1", &stored)));
    assert_eq!((again, log.len()), (after, 0));
}

#[test]
fn a_later_minor_version_loads_with_its_totals_and_what_is_not_known_is_logged() {
    let before = ledger();
    let mut stored = body(&before);
    stored["bounds"]["hold"] = json!([1000, 2000]);
    stored["ledger"]["totals"]["holds"] =
        json!([[{"kind": "both"}, {"created_ms": 1, "touched_ms": 1, "chats": 9}]]);
    stored["ledger"]["today"] = json!({"day": "2026-03-10", "chats": 7});
    for entry in entries(&mut stored, "chats") {
        entry.insert("hold".to_owned(), json!({"buckets": [0, 1, 2], "sum_ms": 99}));
        entry.insert("odd".to_owned(), json!([null, {"a": 1.5}]));
    }
    for version in ["1", "1.7"] {
        let (after, log) = logged(|| started(read(version, &stored)));
        assert_eq!(after, before);
        assert_eq!(log.len(), 1, "{log:?}");
        for part in [
            "WARN",
            "ledger.today, ledger.totals.chats.hold, ledger.totals.chats.odd, ledger.totals.holds",
            "dropped at the next commit",
        ] {
            assert!(log[0].contains(part), "{part} is missing in: {log:?}");
        }
        let again = body(&after).to_string();
        assert!(
            !["hold", "odd", "holds", "today"]
                .iter()
                .any(|part| again.contains(part))
        );
    }
}

#[test]
fn label_sets_with_labels_or_words_of_a_later_version_do_no_harm() {
    let before = ledger();
    let mut stored = body(&before);
    let sets = stored["ledger"]["totals"]["chats"].as_array_mut().unwrap();
    let mut with_label = sets[0].clone();
    with_label[0]["queue"] = json!("vip");
    let mut with_word = sets[0].clone();
    with_word[0]["outcome"] = json!("abandoned");
    sets.extend([with_label, with_word]);
    let (after, log) = logged(|| started(read("1.1", &stored)));
    assert!(
        log.len() == 1 && log[0].contains("ledger.totals.chats"),
        "{log:?}"
    );
    let added: Vec<_> = after.totals[Table::Chats]
        .keys()
        .filter(|set| !before.totals[Table::Chats].contains_key(set))
        .map(|set| set.get(Table::Chats, "outcome").unwrap())
        .collect();
    assert_eq!(added, ["abandoned"], "that with another label is gone");
    assert_eq!(read("1", &body(&after)).totals[Table::Chats].len(), 4);
}

#[test]
fn a_later_major_version_is_newer_and_not_damaged() {
    let stored = body(&ledger());
    for version in ["2", "2.1", "17"] {
        let error = state::decode::<Totals>(&framed(version, &stored)).unwrap_err();
        assert!(matches!(error, StateError::Newer(_)), "{error}");
        let expected = format!("version {version}, and this program reads up to version 1");
        assert!(error.to_string().contains(&expected), "{error}");
    }
    for version in [
        "0", "0.1", "1.0", "01", "1.", ".1", "1.1.1", "1.01", "+1", "1.-1", "x",
    ] {
        let error = state::decode::<Totals>(&framed(version, &stored)).unwrap_err();
        assert!(matches!(error, StateError::Damaged(_)), "{version}: {error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever measures and tables a version had, and whatever it had more.
    #[test]
    fn a_state_of_any_measures_loads_and_what_it_lacks_starts_at_0(
        lacking in prop::collection::vec(prop::bool::weighted(0.3), measures().len()),
        no_table in prop::collection::vec(prop::bool::weighted(0.15), Table::ALL.len()),
        unknown in prop::collection::btree_map("x_[a-z]{1,6}", 0_u64..9, 0..4),
    ) {
        let before = ledger();
        let mut stored = body(&before);
        for ((table, _, measure), lacks) in measures().into_iter().zip(&lacking) {
            for entry in entries(&mut stored, table.name()) {
                entry.extend(unknown.iter().map(|(name, value)| (name.clone(), json!(value))));
                if *lacks {
                    entry.remove(measure.name);
                }
            }
            if *lacks && measure.bounds().is_some() {
                stored["bounds"].as_object_mut().unwrap().remove(measure.name);
            }
        }
        let totals = stored["ledger"]["totals"].as_object_mut().unwrap();
        for (table, is_gone) in Table::ALL.into_iter().zip(no_table.iter().copied()) {
            if is_gone {
                totals.remove(table.name());
            }
        }
        let after = started(read("1.3", &stored));
        prop_assert_eq!(&after.seen, &before.seen);
        prop_assert_eq!(&after.totals.agent_names, &before.totals.agent_names);
        for ((table, slot, measure), lacks) in measures().into_iter().zip(&lacking) {
            if no_table[table as usize] {
                prop_assert!(after.totals[table].is_empty());
                continue;
            }
            prop_assert_eq!(after.totals[table].len(), before.totals[table].len());
            for (set, entry) in &after.totals[table] {
                let created_ms = entry.started_ms(after.totals.restarted_ms(table, measure));
                if *lacks {
                    prop_assert!(is_zero(table, slot, entry));
                    prop_assert_eq!(created_ms, later().timestamp_millis());
                } else {
                    prop_assert_eq!(&entry.cells[slot], &before.totals[table][set].cells[slot], "{}", measure.name);
                    prop_assert_eq!(created_ms, now().timestamp_millis());
                }
            }
        }
        prop_assert_eq!(read("1", &body(&after)), after);
    }
}
