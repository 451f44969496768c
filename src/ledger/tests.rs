mod series;

use std::collections::HashSet;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use chrono_tz::UTC;
use proptest::prelude::*;

use super::seen::Extent;
use super::*;
use crate::chats::chat::Chat;
use crate::chats::key::{Keys, Table};
use crate::chats::{AnswerCounts, Field, Ledger, Tally, Totals};
use crate::config::tests::COUNTING;
use crate::config::{self, Agents};
use wolkvox::{Row, Value};

fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_773_154_800, 0).unwrap()
}

fn at(seconds: i64) -> DateTime<Utc> {
    start() + TimeDelta::seconds(seconds)
}

fn local(seconds: i64) -> NaiveDateTime {
    at(seconds).naive_utc()
}

/// Rows up to there, of which none says when it was opened.
fn up_to(reach: i64) -> Extent {
    Extent {
        reach: local(reach),
        last_opened: None,
    }
}

/// A chat of UTC; what is `None` the row does not say.
fn chat(id: &str, opened: Option<i64>, closed: Option<i64>) -> Chat {
    let mut row = Row::default();
    let text = |seconds: Option<i64>| {
        let at = seconds.map(|seconds| local(seconds).format("%F %T").to_string());
        at.unwrap_or_default()
    };
    row.set(Field::ConnId, Value::Text(id));
    row.set(Field::Date, Value::Text(&text(opened)));
    row.set(Field::DateClose, Value::Text(&text(closed)));
    Chat::from_row(&row, UTC).unwrap()
}

/// An answer at `seconds`, taken in whole.
fn answer(ledger: &mut Ledger, found: FoundBy, seconds: i64, chats: &[Chat]) -> AnswerCounts {
    let mut tally = Tally::begin(ledger, &COUNTING, found, local(seconds));
    tally.answered(at(seconds), at(seconds), local(seconds));
    for chat in chats {
        tally.absorb(chat);
    }
    let tallied = tally.finish();
    ledger.apply(tallied.absorbed);
    tallied.counts
}

#[test]
fn the_start_of_counting_decides_by_what_a_row_says() {
    // Opened, closed, settled; counted by a start without and with COUNT_FROM.
    let cases = [
        (None, Some(-1), true, [false, false]),
        (None, Some(0), false, [true, true]),
        (Some(-9000), Some(1), false, [true, true]),
        (Some(5), None, false, [true, true]),
        (Some(-5), None, false, [false, true]),
        (Some(-5), None, true, [true, true]),
        (None, None, false, [false, true]),
        (None, None, true, [true, true]),
    ];
    for (opened, closed, settled, counted) in cases {
        for (configured, counted) in [false, true].into_iter().zip(counted) {
            let mut ledger = Ledger::first_start(start(), configured.then(start));
            ledger.end_cycle();
            if settled {
                ledger.settle(FoundBy::Poll);
            }
            let chat = chat("1", opened, closed);
            let counts = answer(&mut ledger, FoundBy::Poll, 60, std::slice::from_ref(&chat));
            assert_eq!(
                counts.counted,
                u64::from(counted),
                "{opened:?} {closed:?} {settled} {configured}"
            );
            assert_eq!(counts.counted + counts.remembered, 1);
            assert_eq!(ledger.totals.chats_counted(), u64::from(counted));
            assert_eq!(ledger.totals[Table::Chats].len(), 1, "its label set exists");
        }
    }
}

#[test]
fn in_the_first_cycle_everything_is_remembered_only() {
    let mut ledger = Ledger::first_start(start(), None);
    let chat = [chat("1", Some(1), Some(2))];
    assert_eq!(answer(&mut ledger, FoundBy::Poll, 3, &chat).remembered, 1);
    ledger.end_cycle();
    assert_eq!(answer(&mut ledger, FoundBy::Sweep, 9, &chat).duplicate, 1);
    assert_eq!(ledger.totals.chats_counted(), 0);
}

#[test]
fn an_answer_that_is_not_applied_leaves_no_trace() {
    let ledger = Ledger::first_start(start(), Some(start()));
    let before = ledger.clone();
    let mut tally = Tally::begin(&ledger, &COUNTING, FoundBy::Poll, local(9));
    assert_eq!(tally.absorb(&chat("1", None, Some(5))).0, Novelty::New);
    assert_eq!(tally.absorb(&chat("1", None, Some(6))).0, Novelty::Repeated);
    drop(tally);
    assert_eq!(ledger, before);
}

#[test]
fn a_known_chat_twice_in_one_answer_is_one_duplicate_and_one_repetition() {
    let mut ledger = Ledger::first_start(start(), Some(start()));
    let row = chat("1", None, Some(5));
    answer(&mut ledger, FoundBy::Poll, 9, std::slice::from_ref(&row));
    let counts = answer(&mut ledger, FoundBy::Poll, 12, &[row.clone(), row]);
    assert_eq!((counts.rows, counts.duplicate, counts.repeated), (2, 1, 1));
}

#[test]
fn a_cursor_moves_back_only_from_beyond_the_answers_date() {
    let mut ledger = Ledger::first_start(start(), None);
    ledger.advance(FoundBy::Poll, start(), at(60), at(60));
    assert_eq!((ledger.cursors.poll, ledger.cursors.sweep), (at(60), start()));
    ledger.advance(FoundBy::Poll, start(), at(30), at(70));
    assert_eq!(ledger.cursors.poll, at(60));
    ledger.advance(FoundBy::Poll, start(), at(30), at(40));
    assert_eq!(ledger.cursors.poll, at(30));
}

#[test]
fn requests_are_counted_per_day() {
    let mut ledger = Ledger::first_start(start(), None);
    let day = |days: i64| local(0).date() + TimeDelta::days(days);
    ledger.count_request(day(0));
    ledger.count_request(day(0));
    assert_eq!((ledger.requests_on(day(0)), ledger.requests_on(day(1))), (2, 0));
    ledger.count_request(day(1));
    assert_eq!((ledger.requests_on(day(0)), ledger.requests_on(day(1))), (0, 1));
}

#[test]
fn texts_belong_to_the_chat_closed_last_in_whatever_order() {
    let named = |id: &str, closed: i64, name: &str| {
        let mut chat = chat(id, None, Some(closed));
        chat.agent_name = Some(name.to_owned());
        chat
    };
    let mut rows = [
        named("1", 5, "Ana"),
        named("2", 9, "Ana María"),
        named("3", 9, "Ana Zoé"),
        named("4", 7, "A."),
    ];
    for _ in 0..rows.len() {
        rows.rotate_left(1);
        let mut totals = Totals::default();
        for chat in &rows {
            let mut part = Totals::default();
            let keys = Keys::of(chat, COUNTING.agents);
            part.absorb(chat, &keys, Counts::Yes, &COUNTING, start());
            totals.add(part);
        }
        assert_eq!(totals.agent_names["unknown"].text, "Ana María");
        totals.restrict_to(Agents::Ids);
        assert!(totals.agent_names.is_empty() && !totals[Table::Agents].is_empty());
        totals.restrict_to(Agents::Off);
        assert!(totals[Table::Agents].is_empty());
        assert_eq!(totals.chats_counted(), 4);
    }
}

proptest! {
    /// The rule that all rests on: whatever is asked for and forgotten, in any order and with any clock, no row that a
    /// request at or above the floor returns is taken for new twice.
    #[test]
    fn what_is_forgotten_lies_below_the_floor(
        steps in proptest::collection::vec((-50_000..200_000_i64, 0..90_000_i64, any::<bool>(), any::<bool>()), 1..60),
    ) {
        let mut seen = Seen::default();
        let mut counted = HashSet::new();
        for (number, (end, back, forgets, loose)) in steps.into_iter().enumerate() {
            let floor = seen.floor().map_or(i64::MIN, |floor| floor.and_utc().timestamp() - start().timestamp());
            let begin = (end - back).max(floor);
            // A chat closes every ten minutes; a server that minds `date_end` loosely sends more.
            let reach = if loose { end + 4000 } else { end };
            let rows = (begin.div_euclid(600)..=reach.div_euclid(600)).map(|index| index * 600).filter(|at| (begin..=reach).contains(at));
            let mut new = IdSet::default();
            for row in rows {
                let id = chat(&format!("at {row}"), None, None).id;
                if seen.first_seen(&id).is_none() {
                    prop_assert!(counted.insert(row), "{row} is taken for new twice");
                    new.add(&id);
                }
            }
            seen.remember(&new, at(i64::try_from(number / 3).unwrap()), up_to(reach));
            if forgets {
                seen.forget_before(local(end - back));
            }
            let next = seen.floor();
            prop_assert!(next.is_none_or(|next| next.and_utc().timestamp() - start().timestamp() >= floor));
        }
    }

    /// What is forgotten never costs a later request that begins where it was said to.
    #[test]
    fn the_floor_stays_below_what_will_be_asked_for(reaches in proptest::collection::vec(0..500_000_i64, 1..40), next in 0..500_000_i64) {
        let mut seen = Seen::default();
        for (number, reach) in reaches.iter().enumerate() {
            let id = chat(&format!("a{number}"), None, None).id;
            let mut ids = IdSet::default();
            ids.add(&id);
            seen.remember(&ids, at(i64::try_from(number).unwrap()), up_to(*reach));
        }
        seen.forget_before(local(next));
        prop_assert!(seen.floor().is_none_or(|floor| floor <= local(next)));
        let kept = reaches.iter().filter(|reach| **reach >= next - 3600).count();
        prop_assert_eq!(seen.len(), kept);
    }
}

#[test]
fn a_window_has_rows_for_certain_if_it_holds_a_known_chat_from_its_opening_to_where_its_answer_reached() {
    let mut ledger = Ledger::first_start(start(), Some(start()));
    let chats = [
        chat("1", Some(100), Some(190)),
        chat("2", Some(150), Some(180)),
        chat("3", None, Some(195)),
    ];
    answer(&mut ledger, FoundBy::Poll, 200, &chats);
    let has_rows =
        |ledger: &Ledger, from: i64, to: i64| ledger.seen.has_rows_in(&(local(from)..local(to)), at(0));
    // Chat 2 is in it, whether by its opening, its close, or anything between.
    assert!(has_rows(&ledger, 150, 201));
    // Chat 2 could be left out by its opening, or by its close.
    assert!(!has_rows(&ledger, 151, 900));
    assert!(!has_rows(&ledger, 0, 200), "date_end may be exclusive");
    // What was duplicated or says nothing adds nothing.
    answer(
        &mut ledger,
        FoundBy::Poll,
        500,
        &[chats[1].clone(), chat("4", None, Some(400))],
    );
    assert!(!has_rows(&ledger, 151, 900));

    let stored = serde_json::to_string(&ledger.seen).unwrap();
    let mut restored = Ledger {
        seen: serde_json::from_str(&stored).unwrap(),
        ..ledger.clone()
    };
    assert_eq!(restored, ledger);
    restored.seen.forget_places();
    assert!(!has_rows(&restored, 0, 900) && restored.seen.len() == ledger.seen.len());
}

#[test]
fn a_row_that_was_opened_after_it_was_shown_proves_nothing() {
    let mut ledger = Ledger::first_start(start(), Some(start()));
    answer(
        &mut ledger,
        FoundBy::Poll,
        200,
        &[chat("1", Some(1_000_000), Some(150))],
    );
    assert!(!ledger.seen.has_rows_in(&(local(300)..local(900)), at(0)));
}

#[test]
fn no_cursor_moves_beyond_the_answers_date_though_the_chunk_lies_there() {
    let mut ledger = Ledger::first_start(start(), None);
    ledger.advance(FoundBy::Poll, at(500), at(60), at(60));
    assert_eq!(ledger.cursors.poll, at(60));
}
