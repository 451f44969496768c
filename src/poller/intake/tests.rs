use std::sync::Arc;
use std::time::Duration;

use chrono::SubsecRound;
use chrono_tz::UTC;
use proptest::prelude::*;
use wolkvox::Value;

use super::*;
use crate::chats::latest_window::Latest;
use crate::chats::{AnswerCounts, Field};
use crate::clock::Clock;
use crate::config::Config;

struct Still;

impl Clock for Still {
    fn now(&self) -> DateTime<Utc> {
        now()
    }
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_773_154_800, 0).unwrap()
}

fn config(max_series: usize) -> OperationConfig {
    let variables = [
        ("WOLKVOX_SERVER", "0001"),
        ("WOLKVOX_TOKEN", "token"),
        ("WOLKVOX_OPERATION", "ventas"),
        ("WOLKVOX_TIMEZONE", "UTC"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), Ok(value.to_owned())));
    let mut config = Config::from_variables(variables, now()).unwrap().into_operation();
    config.counting.max_series = max_series;
    // Some of the chats are answered within it.
    config.counting.asa_target_ms = 1000;
    config
}

/// What a row says of its chat.
#[derive(Debug, Clone)]
struct Said {
    id: u8,
    skill: u8,
    asa: u8,
    /// Minutes before now; `None` where the row does not say when the chat closed.
    closed: Option<i64>,
}

fn said() -> impl Strategy<Value = Said> {
    let closed = prop::option::weighted(0.9, prop_oneof![4 => 0i64..30, 1 => 30i64..200]);
    (0u8..8, 0u8..3, 0u8..3, closed).prop_map(|(id, skill, asa, closed)| Said {
        id,
        skill,
        asa,
        closed,
    })
}

impl Said {
    fn row(&self) -> Row<'static> {
        let mut row = Row::default();
        row.set(Field::ConnId, Value::Text(&self.id.to_string()));
        row.set(Field::SkillId, Value::Text(&self.skill.to_string()));
        row.set(Field::AgentId, Value::Text("2001"));
        row.set(Field::Asa, Value::Text(&self.asa.to_string()));
        if let Some(minutes) = self.closed {
            let at = (now() - TimeDelta::minutes(minutes)).trunc_subsecs(0);
            row.set(Field::DateClose, Value::Text(&at.format("%F %T").to_string()));
        }
        row
    }
}

/// An exporter's polls, each of them in chunks.
struct Polls<'a> {
    config: &'a OperationConfig,
    clocks: Clocks,
    ledger: Ledger,
    recent: Recent,
}

impl Polls<'_> {
    fn new(config: &OperationConfig) -> Polls<'_> {
        Polls {
            config,
            clocks: Clocks::new(Arc::new(Still), UTC.into()),
            ledger: Ledger::first_start(now(), Some(now() - TimeDelta::days(1))),
            recent: Recent::default(),
        }
    }

    fn answer(&mut self, purpose: Purpose, rows: &[Said]) -> (AnswerCounts, Gatherer) {
        let chunk = Window {
            from: now() - TimeDelta::hours(1),
            to: now(),
            date_ini: (now() - TimeDelta::hours(1)).naive_utc(),
            date_end: now().naive_utc(),
        };
        let mut intake = Intake::new(
            &self.ledger,
            &self.recent,
            self.config,
            &self.clocks,
            purpose,
            &chunk,
        );
        intake.begin(Some(now()));
        for said in rows {
            intake.row(Ok(said.row()));
        }
        let TakenAnswer { tallied, chats, .. } = intake.finish();
        self.ledger.apply(tallied.absorbed);
        (tallied.counts, chats)
    }

    fn poll(&mut self, chunks: &[Vec<Said>]) -> (Vec<AnswerCounts>, Latest) {
        let mut gatherer = Gatherer::default();
        let mut counts = Vec::new();
        for chunk in chunks {
            let (counted, chats) = self.answer(Purpose::Poll, chunk);
            counts.push(counted);
            gatherer.extend(chats);
        }
        let latest = gatherer.finish_poll(
            &mut self.recent,
            now(),
            Duration::from_secs(1800),
            &self.config.counting,
        );
        (counts, latest)
    }
}

proptest! {
    #[test]
    fn what_is_kept_of_the_last_poll_changes_nothing_that_is_shown(
        polls in prop::collection::vec(
            (prop::collection::vec(prop::collection::vec(said(), 0..8), 1..4), prop::bool::weighted(0.2)),
            1..6,
        ),
        max_series in prop::sample::select(vec![100, 400, 1_000_000]),
    ) {
        let config = config(max_series);
        let mut keeping = Polls::new(&config);
        let mut forgetting = Polls::new(&config);
        for (chunks, retires) in &polls {
            forgetting.recent = Recent::default();
            prop_assert_eq!(keeping.poll(chunks), forgetting.poll(chunks));
            for polls in [&mut keeping, &mut forgetting].into_iter().filter(|_| *retires) {
                polls.ledger.totals.retire(now() + TimeDelta::hours(1));
            }
        }
    }
}

fn one(id: u8, asa: u8) -> Said {
    Said {
        id,
        skill: 7,
        asa,
        closed: Some(5),
    }
}

#[test]
fn a_known_chat_whose_row_changes_is_shown_as_it_is_now_and_counted_once() {
    let config = config(50_000);
    let mut polls = Polls::new(&config);
    for (asa, counted) in [(1, 1), (1, 0), (2, 0), (2, 0)] {
        let (counts, latest) = polls.poll(&[vec![one(1, asa)]]);
        assert_eq!((counts[0].counted, counts[0].duplicate), (counted, 1 - counted));
        let skill = latest.skills.values().next().unwrap();
        assert_eq!((skill.asa.sum_ms, skill.asa.count), (u64::from(asa) * 1000, 1));
    }
}

#[test]
fn a_row_that_did_not_change_is_found_by_its_id_and_all_of_its_values() {
    let config = config(50_000);
    let mut polls = Polls::new(&config);
    polls.poll(&[vec![one(1, 1), one(2, 2)]]);
    let found = |said: &Said| {
        let id = said.id.to_string().as_str().into();
        let fingerprint = polls.recent.fingerprint(&said.row());
        polls.recent.find(&id, fingerprint).is_some()
    };
    assert!(found(&one(1, 1)) && found(&one(2, 2)));
    assert!(!found(&one(1, 2)) && !found(&one(2, 1)) && !found(&one(3, 1)));
}

#[test]
fn a_poll_that_fails_keeps_what_the_last_one_read() {
    let config = config(50_000);
    let mut polls = Polls::new(&config);
    polls.poll(&[vec![one(1, 1)]]);
    drop(polls.answer(Purpose::Poll, &[one(1, 1)]));
    let (_, latest) = polls.poll(&[vec![one(1, 1)]]);
    assert_eq!(latest.chats.values().sum::<u64>(), 1);
}

#[test]
fn a_sweep_counts_known_rows_and_gathers_none() {
    let config = config(50_000);
    let mut polls = Polls::new(&config);
    polls.poll(&[vec![one(1, 1)]]);
    let (counts, chats) = polls.answer(Purpose::Sweep, &[one(1, 1), one(1, 2), one(2, 1)]);
    assert_eq!((counts.duplicate, counts.repeated, counts.counted), (1, 1, 1));
    let latest = chats.finish(now(), Duration::from_secs(1800), &polls.config.counting);
    assert_eq!(latest.chats.values().sum::<u64>(), 0);
}
