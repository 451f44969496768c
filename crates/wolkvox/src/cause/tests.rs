use std::collections::BTreeSet;

use super::*;

/// What a sentence can be filled with.
const SLOTS: [&str; 23] = [
    "address", "asked", "clock", "date", "detail", "file", "host", "issuer", "limit", "name", "names",
    "password", "peer", "proxy", "public", "roots", "server", "setting", "variable", "way", "where", "yaml",
    "",
];

fn slots(sentence: &str) -> Vec<&str> {
    let parts = sentence.split('{').skip(1);
    parts.map(|part| part.split_once('}').unwrap().0).collect()
}

#[test]
fn every_sentence_has_known_slots_and_a_way_out_and_is_told_once() {
    let mut told = BTreeSet::new();
    for cause in Cause::ALL {
        let sentence = cause.sentence();
        assert!(told.insert(sentence), "{cause:?} has the words of another");
        for slot in slots(sentence) {
            assert!(!slot.is_empty() && SLOTS.contains(&slot), "{cause:?}: {slot:?}");
        }
        // One sentence: what it is, a colon, and what to do. It goes on after "poll failed: ".
        assert!(
            sentence.contains(':') && !sentence.contains(". "),
            "{cause:?}: {sentence}"
        );
        assert!(
            !sentence.ends_with('.') && !sentence.contains("  "),
            "{cause:?}: {sentence}"
        );
    }
}

#[test]
fn the_allow_list_is_blamed_only_where_it_may_be_the_cause() {
    let blamed: Vec<_> = Cause::ALL
        .iter()
        .filter(|cause| cause.sentence().contains("allow-list"))
        .collect();
    assert_eq!(
        blamed,
        [
            &Cause::Refused,
            &Cause::Closed,
            &Cause::NoConnection,
            &Cause::NoAnswer,
            &Cause::Unreachable,
            &Cause::ProxySilent,
            &Cause::ProxyFails,
            &Cause::ClosedInHandshake,
            &Cause::HandshakeSilent,
        ]
    );
}

#[test]
fn a_cause_of_a_proxy_names_it() {
    for cause in Cause::ALL {
        let names_proxy = cause.sentence().contains("{proxy}");
        assert_eq!(names_proxy, cause.subject() == Subject::Proxy, "{cause:?}");
    }
}

#[test]
fn the_table_of_the_documents_has_all_causes_and_no_slot_left() {
    let table = markdown(&Names::OF_SETTINGS);
    assert_eq!(table.lines().count(), Cause::ALL.len() + 2);
    assert!(!table.contains(['{', '}', '?']), "{table}");
}
