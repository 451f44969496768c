use chrono::{DateTime, Utc};
use proptest::prelude::*;
use wolkvox::{Row, Value};

use super::*;
use crate::chats::chat::Chat;
use crate::chats::{Field, Ledger, Tally};
use crate::config::Agents;
use crate::config::tests::COUNTING;
use crate::ledger::{FoundBy, Id};

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_773_154_800, 0).unwrap()
}

/// A chat whose open labels and texts are these letters, so often.
fn chat([channel, skill, agent, name, code, text]: [(char, usize); 6]) -> Chat {
    let mut row = Row::default();
    row.set(Field::ConnId, Value::Text("1"));
    for (field, (letter, times)) in [
        (Field::Channel, channel),
        (Field::SkillId, skill),
        (Field::AgentId, agent),
        (Field::AgentName, name),
        (Field::CodAct, code),
        (Field::DescriptionCodAct, text),
    ] {
        row.set(field, Value::Text(&letter.to_string().repeat(times)));
    }
    Chat::from_row(&row, chrono_tz::UTC).unwrap()
}

/// The totals after these answers, each with a limit of its own. Each chat is one of its own.
fn counted(answers: &[Vec<Chat>], most_bytes: usize) -> Totals {
    let counting = crate::config::Counting {
        agents: Agents::Names,
        max_series: 1_000_000,
        ..COUNTING.clone()
    };
    let mut ledger = Ledger::first_start(now(), Some(now()));
    let mut ids = 0..;
    for answer in answers {
        let end = now().naive_utc();
        let mut tally = Tally::begin(&ledger, &counting, FoundBy::Poll, end).within_bytes(most_bytes);
        tally.answered(now(), now(), end);
        for (chat, id) in answer.iter().zip(&mut ids) {
            let id: i32 = id;
            tally.absorb(&Chat {
                id: Id::from(id.to_string().as_str()),
                ..chat.clone()
            });
        }
        let absorbed = tally.finish().absorbed;
        ledger.apply(absorbed);
    }
    ledger.totals
}

/// Bytes of the label sets that stand in for others. They are let in whatever the limit is, and are few.
fn bytes_of_other(totals: &Totals) -> usize {
    let bytes = Table::ALL.into_iter().flat_map(|table| {
        let sets = totals[table].keys();
        let others = sets.filter(move |set| set.limited(table, OTHER) == **set);
        others.map(move |set| set.bytes() * table.lines())
    });
    bytes.sum()
}

fn letters() -> impl Strategy<Value = [(char, usize); 6]> {
    let letters = || {
        (
            prop_oneof![Just('a'), Just('b'), Just('ω'), Just('😀')],
            1..140_usize,
        )
    };
    [letters(), letters(), letters(), letters(), letters(), letters()]
}

proptest! {
    #[test]
    fn whatever_the_report_holds_its_labels_take_no_more_bytes_than_the_limit_and_all_chats_count(
        answers in proptest::collection::vec(proptest::collection::vec(letters(), 0..12), 1..6),
        most_bytes in 0..200_000_usize,
    ) {
        let answers: Vec<Vec<Chat>> = answers
            .into_iter()
            .map(|answer| answer.into_iter().map(chat).collect())
            .collect();
        let totals = counted(&answers, most_bytes);
        let bytes = totals.label_bytes() - bytes_of_other(&totals);
        prop_assert!(bytes <= most_bytes, "{bytes} bytes of {most_bytes}");
        let chats = answers.iter().map(Vec::len).sum::<usize>() as u64;
        prop_assert_eq!(totals.chats_counted(), chats);
        let all = counted(&answers, usize::MAX);
        prop_assert!(all.label_bytes() > most_bytes || totals == all, "nothing is limited where all fits");
    }
}

#[test]
fn a_text_that_grows_past_the_limit_stays_as_it_was() {
    let described = |times| chat([('a', 1), ('b', 1), ('c', 1), ('d', 1), ('e', 1), ('t', times)]);
    let short = counted(&[vec![described(10)]], usize::MAX);
    for (room, length) in [(5, 15), (4, 10)] {
        let answers = [vec![described(10)], vec![described(15)]];
        // Of two texts of the same second, the lesser one stays: the longer one has to be later.
        let mut later = answers.clone();
        later[1][0].closed = Some(crate::ledger::Moment {
            earliest: now() + chrono::TimeDelta::hours(1),
            latest: now() + chrono::TimeDelta::hours(1),
        });
        let totals = counted(&later, short.label_bytes() + room);
        assert_eq!(
            totals.descriptions["e"].text.len(),
            length,
            "room for {room} bytes more"
        );
    }
}

#[test]
fn texts_that_do_not_stay_take_no_room_each_time_that_they_come() {
    let described = |skill, letter, times| {
        chat([
            ('a', 1),
            (skill, 1),
            ('c', 1),
            ('d', 1),
            ('e', 1),
            (letter, times),
        ])
    };
    // Of two texts of the same second, the lesser one stays.
    let mut answer = vec![described('b', 'a', 1)];
    answer.extend((0..200).map(|_| described('b', 't', 100)));
    answer.push(described('x', 'a', 1));
    let all = counted(&[answer.clone()], usize::MAX);
    let totals = counted(&[answer], all.label_bytes() + 2 * 100);
    assert_eq!(totals, all, "nothing is limited where all fits");
}
