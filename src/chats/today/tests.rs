use std::collections::BTreeSet;
use std::time::Duration;

use chrono_tz::America::{Bogota, Havana, Santiago, St_Johns};
use chrono_tz::Europe::Madrid;
use chrono_tz::Tz;
use proptest::prelude::*;

use super::*;
use crate::chats::chat::Chat;
use crate::chats::key::Table;
use crate::chats::{Field, Ledger, Tally};
use crate::config::Counting;
use crate::config::tests::COUNTING;
use crate::ledger::state::{self, Origin};
use crate::ledger::{FoundBy, Id};
use wolkvox::{Row, Value};

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// A chat that closed then, as the report would have it.
fn chat(id: u8, closed: DateTime<Utc>, zone: Tz, fields: &[(Field, &str)]) -> Chat {
    let (id, closed) = (
        id.to_string(),
        closed.with_timezone(&zone).format("%F %T").to_string(),
    );
    let mut row = Row::default();
    row.set(Field::ConnId, Value::Text(&id));
    row.set(Field::DateClose, Value::Text(&closed));
    for (field, value) in fields {
        row.set(*field, Value::Text(value));
    }
    Chat::from_row(&row, zone).unwrap()
}

/// The chats of an answer that came then.
fn answer(ledger: &mut Ledger, chats: &[Chat], counting: &Counting, now: DateTime<Utc>, zone: Tz) {
    let local = now.with_timezone(&zone).naive_local();
    let mut tally = Tally::begin(ledger, counting, FoundBy::Poll, local).by_days_of(zone.into());
    tally.answered(now, now, local);
    for chat in chats {
        tally.absorb(chat);
    }
    let absorbed = tally.finish().absorbed;
    ledger.apply(absorbed);
}

/// What a process goes on with that is started then.
fn restarted(ledger: &Ledger, now: DateTime<Utc>, zone: Tz) -> Ledger {
    let origin = Origin {
        operation: "ventas".to_owned(),
        host: "wv0001.wolkvox.com".to_owned(),
        agent_dni: None,
        timezone: zone.name().to_owned(),
    };
    let bytes = state::encode(&origin, ledger).unwrap();
    let mut ledger = Ledger::resume(Some(state::decode(&bytes).unwrap().1), now, None);
    ledger.totals.begin_days(zone.into(), Some(now));
    ledger
}

/// A ledger of a first start, which has read everything from a time on.
fn started(from: DateTime<Utc>, now: DateTime<Utc>, zone: Tz) -> Ledger {
    let mut ledger = Ledger::first_start(now, None);
    ledger.totals.begin_days(zone.into(), None);
    ledger.totals.note_read(from, now);
    ledger
}

fn today(ledger: &Ledger, now: DateTime<Utc>, zone: Tz) -> Option<ShownDay> {
    let expires = Instant::now() + Duration::from_secs(600);
    Today::new(&ledger.totals, zone.into(), expires).at(now)
}

fn count(day: &ShownDay) -> u64 {
    day.skills().map(|(_, _, sums)| sums.chats).sum()
}

#[test]
fn a_day_goes_from_midnight_to_midnight_also_where_the_clocks_change() {
    for (zone, at, from, to) in [
        (
            Bogota,
            "2026-03-10T04:59:59Z",
            "2026-03-09T05:00:00Z",
            "2026-03-10T05:00:00Z",
        ),
        (
            Bogota,
            "2026-03-10T05:00:00Z",
            "2026-03-10T05:00:00Z",
            "2026-03-11T05:00:00Z",
        ),
        // 23 and 25 hours.
        (
            Madrid,
            "2026-03-29T12:00:00Z",
            "2026-03-28T23:00:00Z",
            "2026-03-29T22:00:00Z",
        ),
        (
            Madrid,
            "2026-10-25T12:00:00Z",
            "2026-10-24T22:00:00Z",
            "2026-10-25T23:00:00Z",
        ),
        // There is no midnight: the day begins at one o'clock.
        (
            Santiago,
            "2026-09-06T03:59:59Z",
            "2026-09-05T04:00:00Z",
            "2026-09-06T04:00:00Z",
        ),
        (
            Santiago,
            "2026-09-06T04:00:00Z",
            "2026-09-06T04:00:00Z",
            "2026-09-07T03:00:00Z",
        ),
        // The hour before midnight comes twice.
        (
            Santiago,
            "2026-04-05T03:30:00Z",
            "2026-04-04T03:00:00Z",
            "2026-04-05T04:00:00Z",
        ),
        // The hour after midnight comes twice: it begins with the first.
        (
            Havana,
            "2026-11-01T05:30:00Z",
            "2026-11-01T04:00:00Z",
            "2026-11-02T05:00:00Z",
        ),
    ] {
        let span = DaySpan::of(utc(at), zone.into());
        let expected = DaySpan {
            from: utc(from),
            to: utc(to),
        };
        assert_eq!(span, expected, "{zone} {at}");
    }
}

proptest! {
    #[test]
    fn days_follow_one_another_without_a_gap(
        zone in prop::sample::select(vec![Bogota, Madrid, Santiago, Havana, St_Johns]),
        second in 1_136_000_000_i64..1_900_000_000,
    ) {
        let zone = Zone::from(zone);
        let at = DateTime::from_timestamp(second, 0).unwrap();
        let span = DaySpan::of(at, zone);
        prop_assert!(span.contains(at), "{span:?} {at}");
        prop_assert_eq!(DaySpan::of(span.from, zone), span);
        let next = DaySpan::of(span.to, zone);
        prop_assert_eq!(next.from, span.to);
        let length = (span.to - span.from).num_minutes();
        prop_assert!((20 * 60..=28 * 60).contains(&length), "{length} minutes");
    }
}

/// A row of the report: its chat, when that closed in minutes from a midnight, and its values. A chat may have several rows, of
/// which the first counts.
#[derive(Debug, Clone)]
struct Spec {
    id: u8,
    minute: i64,
    skill: u8,
    agent: u8,
    asa: Option<u8>,
    coded: bool,
}

#[derive(Debug, Clone)]
enum Step {
    Answer(Vec<Spec>),
    Restart,
}

fn spec() -> impl Strategy<Value = Spec> {
    (
        1..40_u8,
        -90..90_i64,
        0..5_u8,
        0..5_u8,
        prop::option::of(0..40_u8),
        any::<bool>(),
    )
        .prop_map(|(id, minute, skill, agent, asa, coded)| Spec {
            id,
            minute,
            skill,
            agent,
            asa,
            coded,
        })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => prop::collection::vec(spec(), 0..12).prop_map(Step::Answer),
        1 => Just(Step::Restart),
    ]
}

fn read(spec: &Spec, midnight: DateTime<Utc>, zone: Tz) -> Chat {
    let closed = midnight + TimeDelta::minutes(spec.minute);
    let asa = spec.asa.map(|asa| asa.to_string()).unwrap_or_default();
    let [skill, agent] = [spec.skill, spec.agent].map(|id| id.to_string());
    let code = if spec.coded { "21" } else { "TIMEOUTCHAT" };
    let fields = [
        (Field::SkillId, &*skill),
        (Field::AgentId, &*agent),
        (Field::Asa, &*asa),
        (Field::CodAct, code),
        (Field::AgentChars, if spec.coded { "8" } else { "0" }),
        (Field::CustomerChars, if spec.skill > 0 { "5" } else { "0" }),
    ];
    chat(spec.id, closed, zone, &fields)
}

/// The sums of a group of chats, each by itself.
fn recount<'a>(chats: impl Iterator<Item = &'a Chat>) -> DaySums {
    let mut sums = DaySums::default();
    for chat in chats {
        sums.chats += 1;
        if let Some(asa) = chat.asa_ms {
            sums.asa.sum_ms += asa;
            sums.asa.count += 1;
            sums.answered_within_target += u64::from(asa <= COUNTING.asa_target_ms);
        }
        let wrote = (
            chat.customer_characters > Some(0),
            chat.agent_characters > Some(0),
        );
        sums.unanswered += u64::from(wrote == (true, false));
    }
    sums
}

proptest! {
    #[test]
    fn for_any_answers_and_restarts_a_day_is_the_recount_of_its_distinct_chats(
        steps in prop::collection::vec(step(), 0..12),
        (zone, midnight) in prop::sample::select(vec![
            (Bogota, "2026-03-10T05:00:00Z"),
            (Madrid, "2026-03-28T23:00:00Z"),
            (Santiago, "2026-09-06T04:00:00Z"),
            (Santiago, "2026-04-05T04:00:00Z"),
        ]),
    ) {
        let midnight = utc(midnight);
        let now = midnight + TimeDelta::hours(2);
        let mut ledger = started(midnight - TimeDelta::hours(9), now, zone);
        let (mut known, mut distinct) = (BTreeSet::<Id>::new(), Vec::new());
        for step in &steps {
            match step {
                Step::Restart => ledger = restarted(&ledger, now, zone),
                Step::Answer(specs) => {
                    let chats: Vec<_> = specs.iter().map(|spec| read(spec, midnight, zone)).collect();
                    answer(&mut ledger, &chats, &COUNTING, now, zone);
                    distinct.extend(chats.into_iter().filter(|chat| known.insert(chat.id.clone())));
                }
            }
        }
        for at in [midnight - TimeDelta::hours(2), now] {
            let span = DaySpan::of(at, zone.into());
            let shown = today(&ledger, at, zone).unwrap();
            let closed = |chat: &Chat| chat.closed.unwrap().earliest;
            let of_day: Vec<_> = distinct.iter().filter(|chat| span.contains(closed(chat))).collect();
            prop_assert_eq!(count(&shown), of_day.len() as u64);
            for (skill, outcome, sums) in shown.skills() {
                let group = of_day.iter().filter(|chat| (&*chat.skill_id, chat.outcome.as_str()) == (skill, outcome));
                prop_assert_eq!(*sums, recount(group.copied()));
            }
            for (agent, outcome, sums) in shown.agents() {
                let group = of_day.iter().filter(|chat| (&*chat.agent_id, chat.outcome.as_str()) == (agent, outcome));
                prop_assert_eq!(*sums, recount(group.copied()));
            }
            for (quarter, sums) in &shown.day.quarters {
                let began = shown.began(*quarter);
                let range = began..began + TimeDelta::minutes(QUARTER_MINUTES);
                let group = of_day.iter().filter(|chat| range.contains(&closed(chat)) && chat.outcome == quarter.1);
                prop_assert_eq!(*sums, recount(group.copied()));
            }
            let by_quarter: u64 = shown.day.quarters.values().map(|sums| sums.chats).sum();
            let by_agent: u64 = shown.agents().map(|(_, _, sums)| sums.chats).sum();
            prop_assert_eq!((by_quarter, by_agent), (count(&shown), count(&shown)));
        }
    }
}

#[test]
fn a_first_day_begins_where_it_was_read_from_and_at_midnight_once_all_of_it_was() {
    let now = utc("2026-03-10T15:00:00Z");
    let mut ledger = started(now - TimeDelta::minutes(15), now, Bogota);
    let start = |ledger: &Ledger| today(ledger, now, Bogota).unwrap().start;
    assert_eq!(start(&ledger), now - TimeDelta::minutes(15));
    // A sweep that does not reach the poll says nothing of the time in between.
    ledger
        .totals
        .note_read(now - TimeDelta::hours(9), now - TimeDelta::hours(1));
    assert_eq!(start(&ledger), now - TimeDelta::minutes(15));
    ledger
        .totals
        .note_read(now - TimeDelta::hours(3), now - TimeDelta::minutes(15));
    assert_eq!(start(&ledger), now - TimeDelta::hours(3));
    ledger
        .totals
        .note_read(now - TimeDelta::hours(26), now - TimeDelta::minutes(15));
    assert_eq!(start(&ledger), utc("2026-03-10T05:00:00Z"));
    // What lies before a gap is not of what is read without one.
    ledger
        .totals
        .note_read(now + TimeDelta::hours(1), now + TimeDelta::hours(2));
    assert_eq!(start(&ledger), now + TimeDelta::hours(1));
}

#[test]
fn nothing_is_shown_of_a_day_of_which_nothing_was_read_and_nothing_that_has_expired() {
    let now = utc("2026-03-10T15:00:00Z");
    let mut ledger = started(now - TimeDelta::hours(26), now, Bogota);
    answer(&mut ledger, &[chat(1, now, Bogota, &[])], &COUNTING, now, Bogota);
    assert_eq!(count(&today(&ledger, now, Bogota).unwrap()), 1);
    assert_eq!(today(&ledger, utc("2026-03-11T05:00:00Z"), Bogota), None);
    let expired = Today::new(&ledger.totals, Bogota.into(), Instant::now());
    assert_eq!(expired.at(now), None);
}

/// What is left of a state when its days are taken out, as a version wrote it that knew none.
fn without_days(ledger: &Ledger) -> Ledger {
    let mut stored = serde_json::to_value(ledger).unwrap();
    stored["totals"].as_object_mut().unwrap().remove("days").unwrap();
    serde_json::from_value(stored).unwrap()
}

#[test]
fn a_state_without_days_and_one_of_another_zone_begin_with_a_part_of_a_day() {
    let now = utc("2026-03-10T15:00:00Z");
    let mut ledger = started(now - TimeDelta::hours(26), now, Bogota);
    let before = chat(1, now - TimeDelta::hours(1), Bogota, &[]);
    answer(&mut ledger, std::slice::from_ref(&before), &COUNTING, now, Bogota);
    let later = now + TimeDelta::minutes(5);
    for (stored, zone) in [(without_days(&ledger), Bogota), (ledger.clone(), Madrid)] {
        let mut ledger = restarted(&stored, later, zone);
        assert_eq!(today(&ledger, later, zone), None, "nothing was read yet");
        // The next poll looks back. What it finds there was known.
        let chats = [before.clone(), chat(2, later, zone, &[])];
        answer(&mut ledger, &chats, &COUNTING, later, zone);
        ledger.totals.note_read(now - TimeDelta::minutes(15), later);
        let shown = today(&ledger, later, zone).unwrap();
        assert_eq!((count(&shown), shown.start), (1, later));
        // The next day is whole.
        let next = later + TimeDelta::days(1);
        ledger.totals.note_read(later, next);
        let shown = today(&ledger, next, zone).unwrap();
        assert_eq!((count(&shown), shown.start), (0, shown.midnight));
    }
    // The same zone goes on.
    let ledger = restarted(&ledger, later, Bogota);
    assert_eq!(count(&today(&ledger, later, Bogota).unwrap()), 1);
}

#[test]
fn days_that_are_over_are_forgotten_and_only_they() {
    let midnight = utc("2026-03-10T05:00:00Z");
    let mut ledger = started(midnight - TimeDelta::hours(26), midnight, Bogota);
    let chats = [-25 * 60, -1, 1].map(|minute| midnight + TimeDelta::minutes(minute));
    let chats: Vec<_> = (1..)
        .zip(chats)
        .map(|(id, closed)| chat(id, closed, Bogota, &[]))
        .collect();
    answer(&mut ledger, &chats, &COUNTING, midnight, Bogota);
    for (minutes, kept) in [(0, 2), (59, 2), (60, 1)] {
        let now = midnight + TimeDelta::minutes(minutes);
        ledger.totals.forget_days_before(now, Bogota.into());
        assert_eq!(ledger.totals.days().by_midnight.len(), kept, "{minutes}");
    }
    assert_eq!(count(&today(&ledger, midnight, Bogota).unwrap()), 1);
}

#[test]
fn past_the_series_limit_skills_and_agents_are_other_and_without_agents_there_are_none() {
    let now = utc("2026-03-10T15:00:00Z");
    let of = |counting: &Counting| {
        let mut ledger = started(now - TimeDelta::hours(26), now, Bogota);
        let fields = [
            (Field::SkillId, "7"),
            (Field::AgentId, "2001"),
            (Field::CodAct, "21"),
        ];
        answer(
            &mut ledger,
            &[chat(1, now, Bogota, &fields)],
            counting,
            now,
            Bogota,
        );
        ledger
    };
    let limited = of(&Counting {
        max_series: 0,
        ..COUNTING.clone()
    });
    let shown = today(&limited, now, Bogota).unwrap();
    let ids: Vec<_> = shown
        .skills()
        .chain(shown.agents())
        .map(|(id, outcome, _)| (id, outcome))
        .collect();
    assert_eq!(ids, [("other", "coded"), ("other", "coded")]);
    let off = of(&Counting {
        agents: Agents::Off,
        ..COUNTING.clone()
    });
    let mut switched_off = of(&COUNTING);
    switched_off.totals.restrict_to(Agents::Off);
    for ledger in [off, switched_off] {
        let shown = today(&ledger, now, Bogota).unwrap();
        assert_eq!((count(&shown), shown.agents().count()), (1, 0));
        assert!(ledger.totals[Table::Agents].is_empty());
    }
}

#[test]
fn a_chat_without_a_close_time_is_of_the_day_of_the_poll_that_found_it_if_it_counts() {
    let now = utc("2026-03-10T15:00:00Z");
    let unsaid = |id: u8| {
        let mut chat = chat(id, now, Bogota, &[]);
        chat.closed = None;
        chat
    };
    let mut ledger = started(now - TimeDelta::hours(26), now, Bogota);
    // In the first cycle it may have closed on any day.
    answer(&mut ledger, &[unsaid(1)], &COUNTING, now, Bogota);
    assert_eq!(count(&today(&ledger, now, Bogota).unwrap()), 0);
    ledger.settle(FoundBy::Poll);
    ledger.end_cycle();
    answer(&mut ledger, &[unsaid(2)], &COUNTING, now, Bogota);
    assert_eq!(count(&today(&ledger, now, Bogota).unwrap()), 1);
}
