//! States of other versions.

use proptest::prelude::*;

use super::*;
use crate::ledger::state::StateError;

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
    const NEW_TABLES: [Table; 4] = [
        Table::Conversations,
        Table::Openings,
        Table::AgentSkills,
        Table::Recontacts,
    ];
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
