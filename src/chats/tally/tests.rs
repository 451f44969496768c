//! What is added per answer, against taking each chat into the totals by itself.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::chats::chat::{Feeling, Id, Outcome, Participant, UNKNOWN};
use crate::chats::field::FieldSet;
use crate::chats::key::Table;
use crate::config::tests::COUNTING;
use crate::config::{Agents, Objectives};
use crate::ledger::Moment;

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_773_154_800 + second, 0).unwrap()
}

/// Labels are few, so that label sets meet again, and some are what stands in for others.
fn label() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "c", "d", "other", UNKNOWN, "coded", ""]).prop_map(str::to_owned)
}

fn chats() -> impl Strategy<Value = Chat> {
    let labels = (label(), label(), label(), prop::option::of(label()));
    let words = (0..3_usize, 0..6_usize, 0..4_usize);
    let texts = (
        prop::option::of("[x-z]{1,2}"),
        prop::option::of("[x-z]{1,2}"),
        prop::option::of(-30..30_i64),
    );
    let times = (
        prop::option::of(0..9000_u64),
        prop::option::of(0..100_000_u64),
        prop::option::of(0..9_u64),
        prop::option::of(any::<bool>()),
        prop::option::of(0..2_u64),
        prop::option::of(0..3_i64),
    );
    (0..30_u64, labels, words, texts, times).prop_map(|(id, labels, words, texts, times)| {
        let moment = |second| Moment {
            earliest: at(second),
            latest: at(second),
        };
        Chat {
            id: Id::from(id.to_string().as_str()),
            channel: labels.0,
            skill_id: labels.1,
            agent_id: labels.2,
            agent_name: texts.0,
            outcome: [Outcome::Coded, Outcome::Timeout, Outcome::Uncoded][words.0],
            code: labels.3,
            description: texts.1,
            opened: None,
            opened_local: times.5.map(|hour| at(3600 * hour).naive_utc()),
            closed: texts.2.map(moment),
            asa_ms: times.0,
            duration_ms: times.1,
            time_on_agent_ms: times.1,
            agent_response_ms: times.2,
            customer_characters: times.2,
            agent_characters: times.4,
            agent_answers: times.2,
            transferred: times.3,
            customer: None,
            feeling: [
                Feeling::VeryNegative,
                Feeling::Negative,
                Feeling::Neutral,
                Feeling::Positive,
                Feeling::VeryPositive,
                Feeling::Unknown,
            ][words.1],
            last_speaker: [
                Participant::Agent,
                Participant::Customer,
                Participant::Bot,
                Participant::Unknown,
            ][words.2],
            invalid: FieldSet::default(),
            absent: FieldSet::default(),
        }
    })
}

/// Targets of some skills.
fn objectives() -> impl Strategy<Value = BTreeMap<String, Objectives>> {
    let own = prop::option::of(1000..9000_u64).prop_map(|asa_target_ms| Objectives {
        asa_target_ms,
        service_level_target: None,
    });
    prop::collection::btree_map(label(), own, 0..4)
}

/// What an answer is, chat by chat.
#[derive(Debug, PartialEq)]
struct Plain {
    totals: Totals,
    exemplars: Exemplars,
    keys: Vec<Keys>,
    limited: u64,
    counted: u64,
}

/// Each chat by itself: its label sets, the series limit, the totals.
fn one_by_one(ledger: &Ledger, counting: &Counting, chats: &[Chat]) -> Plain {
    let mut delta = Delta::begin(ledger, FoundBy::Poll, at(60).naive_utc());
    delta.answered(at(60), at(60), at(60).naive_utc());
    let mut series_limit = SeriesLimit::new(&ledger.totals, counting.max_series);
    let mut plain = Plain {
        totals: Totals::default(),
        exemplars: Exemplars::default(),
        keys: Vec::new(),
        limited: 0,
        counted: 0,
    };
    for chat in chats {
        let keys = Keys::of(chat, counting.agents);
        plain.keys.push(match delta.novelty(&chat.id) {
            Novelty::Repeated => keys,
            Novelty::Duplicate(_) => {
                series_limit.look_up(keys, |table, set| plain.totals[table].contains_key(set))
            }
            Novelty::New => {
                let own = keys.each().map(|(table, set)| {
                    let shown =
                        series_limit.admit(table, set, |table, set| plain.totals[table].contains_key(set));
                    (table, shown)
                });
                let shown = Keys::from_sets(own);
                plain.limited += u64::from(shown != keys);
                let keys = shown;
                let times = Times {
                    opened: None,
                    closed: chat.closed,
                    not_before_local: None,
                };
                let counts = delta.remember(&chat.id, times);
                plain.totals.absorb(chat, &keys, counts, counting, at(60));
                if counts == Counts::Yes {
                    plain.counted += 1;
                    plain.exemplars.note(chat, &keys, counting, at(60));
                }
                keys
            }
        });
    }
    plain
}

fn tallied(ledger: &Ledger, counting: &Counting, chats: &[Chat]) -> (Plain, Tallied) {
    let mut tally = Tally::begin(ledger, counting, FoundBy::Poll, at(60).naive_utc());
    tally.answered(at(60), at(60), at(60).naive_utc());
    let keys = chats.iter().map(|chat| tally.absorb(chat).1).collect();
    let tallied = tally.finish();
    let plain = Plain {
        totals: tallied.absorbed.totals.clone(),
        exemplars: tallied.exemplars.clone(),
        keys,
        limited: tallied.counts.limited,
        counted: tallied.counts.counted,
    };
    (plain, tallied)
}

/// The totals of the same answer, which has no examples.
fn without_examples(ledger: &Ledger, counting: &Counting, chats: &[Chat]) -> Totals {
    let tally = Tally::begin(ledger, counting, FoundBy::Poll, at(60).naive_utc());
    let mut tally = tally.without_examples();
    tally.answered(at(60), at(60), at(60).naive_utc());
    for chat in chats {
        tally.absorb(chat);
    }
    let tallied = tally.finish();
    assert_eq!(tallied.exemplars, Exemplars::default());
    tallied.absorbed.totals
}

#[test]
fn label_sets_past_the_limit_are_counted_however_many_there_are() {
    let ledger = Ledger::first_start(at(0), Some(at(-90)));
    let counting = Counting {
        max_series: 0,
        ..COUNTING.clone()
    };
    let mut chat = Chat {
        code: Some("21".to_owned()),
        ..one_chat()
    };
    let mut all = Vec::new();
    for round in 0..2 {
        for number in 0..5000 {
            chat.id = Id::from(format!("{round}-{number}").as_str());
            chat.skill_id = format!("skill {number}");
            all.push(chat.clone());
        }
    }
    let (counted, _) = tallied(&ledger, &counting, &all);
    assert_eq!(counted, one_by_one(&ledger, &counting, &all));
    assert_eq!((counted.limited, counted.totals[Table::Chats].len()), (10_000, 1));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// In each table in which it is counted what is within the target.
    #[test]
    fn a_chat_is_within_the_target_of_its_own_skill(
        mut chats in prop::collection::vec(chats(), 0..40),
        objectives in objectives(),
    ) {
        for (number, chat) in chats.iter_mut().enumerate() {
            chat.id = Id::from(number.to_string().as_str());
            chat.closed = None;
        }
        let is_within = |chat: &&Chat| {
            let own = objectives.get(&chat.skill_id).and_then(|own| own.asa_target_ms);
            chat.asa_ms.is_some_and(|asa| asa <= own.unwrap_or(4000))
        };
        let expected = chats.iter().filter(is_within).count() as u64;
        let counting = Counting { objectives: objectives.clone(), asa_target_ms: 4000, ..COUNTING.clone() };
        let ledger = Ledger::first_start(at(0), Some(at(-90)));
        let (counted, _) = tallied(&ledger, &counting, &chats);
        for table in [Table::Chats, Table::Agents] {
            let measures = table.measures();
            let place = measures.iter().position(|measure| measure.name == "answered_within_target").unwrap();
            let within: u64 = counted.totals[table].values().map(|entry| entry.cells[place].count()).sum();
            prop_assert_eq!(within, expected);
        }
    }
}

fn one_chat() -> Chat {
    let mut row = wolkvox::Row::default();
    row.set(Field::ConnId, wolkvox::Value::Text("1"));
    Chat::from_row(&row, chrono_tz::UTC).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Over several answers, with and without room, with chats that are new, known, repeated, or from before.
    #[test]
    fn an_answer_adds_what_its_chats_add_one_by_one(
        answers in prop::collection::vec(prop::collection::vec(chats(), 0..60), 1..4),
        max_series in prop_oneof![Just(100_000), 0..3000_usize],
        agents in prop::sample::select(vec![Agents::Off, Agents::Ids, Agents::Names]),
        since in -40..40_i64,
        retires in any::<bool>(),
        objectives in objectives(),
    ) {
        let counting = Counting { agents, max_series, objectives, ..COUNTING.clone() };
        let mut ledger = Ledger::first_start(at(0), Some(at(since)));
        for (number, mut chats) in answers.into_iter().enumerate() {
            // Some ids are those of the answer before.
            for chat in &mut chats {
                let id: u64 = chat.id.to_string().parse().unwrap();
                chat.id = Id::from((id + 20 * number as u64).to_string().as_str());
            }
            let (counted, tallied) = tallied(&ledger, &counting, &chats);
            prop_assert_eq!(counted, one_by_one(&ledger, &counting, &chats));
            prop_assert_eq!(without_examples(&ledger, &counting, &chats), tallied.absorbed.totals.clone());
            ledger.apply(tallied.absorbed);
            if retires {
                ledger.totals.retire(at(3600));
            }
        }
    }
}
