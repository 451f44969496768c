use chrono::TimeDelta;
use chrono_tz::UTC;

use super::*;
use crate::chats::Field;
use crate::config::tests::COUNTING;
use crate::config::{Agents, Objectives};
use wolkvox::{Row, Value};

fn end() -> DateTime<Utc> {
    DateTime::from_timestamp(1_773_154_800, 0).unwrap()
}

fn chat(closed_ago: Option<i64>, asa: &str) -> Chat {
    let mut row = Row::default();
    let closed = closed_ago.map(|ago| (end() - TimeDelta::seconds(ago)).format("%F %T").to_string());
    for (field, value) in [
        (Field::ConnId, "1"),
        (Field::SkillId, "7"),
        (Field::Asa, asa),
        (Field::DateClose, closed.as_deref().unwrap_or("")),
    ] {
        row.set(field, Value::Text(value));
    }
    Chat::from_row(&row, UTC).unwrap()
}

fn chats(latest: &Latest) -> u64 {
    latest.chats.values().sum()
}

/// Each chat in a chunk of its own, with an id of its own.
fn window(chats: &[Chat], first_seen: DateTime<Utc>) -> Latest {
    window_of(chats, first_seen, &COUNTING)
}

fn window_of(chats: &[Chat], first_seen: DateTime<Utc>, counting: &Counting) -> Latest {
    let mut gatherer = Gatherer::default();
    for (number, chat) in chats.iter().enumerate() {
        let mut chunk = Gatherer::default();
        let mut chat = chat.clone();
        chat.id = number.to_string().as_str().into();
        chunk.note(&chat, &Keys::of(&chat, Agents::Ids), first_seen);
        gatherer.extend(chunk);
    }
    gatherer.finish(end(), Duration::from_secs(900), counting)
}

#[test]
fn both_edges_belong_to_the_window() {
    for (ago, expected) in [(-1, 0), (0, 1), (1, 1), (900, 1), (901, 0)] {
        assert_eq!(
            chats(&window(&[chat(Some(ago), "")], end())),
            expected,
            "{ago} s ago"
        );
    }
}

#[test]
fn without_a_close_time_the_poll_that_found_it_counts() {
    let unsaid = [chat(None, "")];
    assert_eq!(chats(&window(&unsaid, end())), 1);
    assert_eq!(chats(&window(&unsaid, end() - TimeDelta::hours(1))), 0);
}

#[test]
fn a_skill_with_a_target_of_its_own_is_held_against_that() {
    let mut counting = COUNTING.clone();
    let own = Objectives {
        asa_target_ms: Some(15_000),
        service_level_target: None,
    };
    counting.objectives.insert("8".to_owned(), own);
    let of = |skill: &str, asa: &str| {
        let mut chat = chat(Some(1), asa);
        chat.skill_id = skill.to_owned();
        chat
    };
    let chats = [of("7", "16"), of("7", "20"), of("8", "15"), of("8", "16")];
    let latest = window_of(&chats, end(), &counting);
    let within: Vec<_> = latest
        .skills
        .iter()
        .map(|(set, skill)| (set.values().next().unwrap(), skill.answered_within_target))
        .collect();
    assert_eq!(within, [("7", 2), ("8", 1)]);
}

#[test]
fn means_are_over_the_chats_that_have_a_value() {
    let latest = window(
        &[
            chat(Some(1), "20"),
            chat(Some(1), "21"),
            chat(Some(1), "-"),
            chat(Some(1), "soon"),
        ],
        end(),
    );
    let skill = latest.skills.values().next().unwrap();
    assert_eq!((skill.asa.count, skill.asa.sum_ms), (2, 41_000));
    assert_eq!((skill.asa_max_ms, skill.answered_within_target), (21_000, 1));
    assert_eq!(skill.duration.count, 0);
    assert_eq!(chats(&latest), 4);
    assert_eq!(latest.end - latest.start, TimeDelta::minutes(15));
}

#[test]
fn a_chat_is_unanswered_where_the_customer_wrote_and_the_agent_did_not() {
    let wrote = |customer: Option<u64>, agent: Option<u64>| {
        let mut chat = chat(Some(1), "");
        (chat.customer_characters, chat.agent_characters) = (customer, agent);
        chat
    };
    let latest = window(
        &[
            wrote(Some(5), Some(0)),
            wrote(Some(1), Some(0)),
            wrote(Some(5), Some(8)),
            wrote(Some(0), Some(0)),
            wrote(Some(5), None),
        ],
        end(),
    );
    assert_eq!(latest.skills.values().next().unwrap().unanswered, 2);
}

#[test]
fn asa_is_in_the_buckets_of_its_family() {
    let mut other = chat(Some(1), "20");
    other.skill_id = "8".to_owned();
    let latest = window(
        &[
            chat(Some(1), "20"),
            other,
            chat(Some(1), "4000"),
            chat(Some(1), "-"),
        ],
        end(),
    );
    let buckets = &latest.asa.buckets;
    assert_eq!(
        (buckets[3], *buckets.last().unwrap(), latest.asa.count()),
        (2, 1, 3)
    );
}
