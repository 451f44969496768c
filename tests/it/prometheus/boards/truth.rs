//! What key panels show, against what the simulator knows. The queries are those of the boards' files, found by the
//! panels' titles.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use simulator::{Outcome, SimulatedChat};

use super::query::{Choice, Query};
use super::world::{JOB, OPERATION, SKILL_NAME, SKILLS, World};
use super::{Series, ask_at};
use crate::support::truth::{Group, bucket, groups};

/// `increase()` and what is made of it. The windows begin and end on steps of the past, so Prometheus 2 has nothing to
/// extrapolate and is exact; Prometheus 3 leaves the first of a window's 288 steps out.
const TOLERANCE: f64 = 0.01;

/// A window of the boards: a day.
const WINDOW: &str = "1d";

/// Compares numbers, and keeps what differs.
#[derive(Default)]
struct Comparison(Vec<String>);

impl Comparison {
    fn near(&mut self, what: &str, shown: Option<f64>, truth: f64) {
        let is_near = shown.is_some_and(|shown| (shown - truth).abs() <= TOLERANCE * truth.abs().max(0.1));
        if !is_near {
            self.0
                .push(format!("{what}: {shown:?} is shown, {truth} is true"));
        }
    }

    /// A percentile of a histogram is known as far as its bucket.
    fn in_bucket(&mut self, what: &str, shown: Option<f64>, truth: f64) {
        let (low, high) = bucket(truth);
        if !shown.is_some_and(|shown| (low..=high).contains(&shown)) {
            self.0
                .push(format!("{what}: {shown:?} is shown, {truth} is true"));
        }
    }
}

/// The boards an hour before the past ends, at one of its steps.
struct Look<'a> {
    world: &'a World,
    at: f64,
    comparison: Comparison,
}

impl Look<'_> {
    async fn values(&self, query: &Query, label: &str) -> BTreeMap<String, f64> {
        let value = |series: Series| {
            (
                series.labels.get(label).cloned().unwrap_or_default(),
                series.values[0],
            )
        };
        ask_at(&self.world.prometheus, query, self.at)
            .await
            .into_iter()
            .map(value)
            .collect()
    }

    async fn value(&self, choice: &Choice, title: &str) -> Option<f64> {
        for letter in choice.letters(title) {
            let values = self.values(&choice.query_of(title, &letter), "").await;
            if let Some(value) = values.into_values().next() {
                return Some(value);
            }
        }
        None
    }

    /// Compares a table's first columns, by a label: chats, service level, mean answer time.
    async fn table(&mut self, choice: &Choice, title: &str, label: &str, truth: &BTreeMap<String, Group>) {
        let columns = [
            ("A", chats as fn(&Group) -> f64),
            ("B", Group::service_level),
            ("C", Group::asa_mean),
        ];
        for (letter, of_group) in columns {
            let shown = self.values(&choice.query_of(title, letter), label).await;
            assert_eq!(shown.len(), truth.len(), "{title}, {letter}: {shown:?}");
            for (name, group) in truth {
                let what = format!("{title}, {letter}, {name}");
                self.comparison
                    .near(&what, shown.get(name).copied(), of_group(group));
            }
        }
    }

    async fn percentiles(
        &mut self,
        choice: &Choice,
        title: &str,
        letter: &str,
        truth: &BTreeMap<String, Group>,
    ) {
        let shown = self.values(&choice.query_of(title, letter), "skill_id").await;
        for (name, group) in truth {
            let what = format!("{title}, {letter}, {name}");
            self.comparison
                .in_bucket(&what, shown.get(name).copied(), group.asa_percentile(90));
        }
    }
}

fn chats(group: &Group) -> f64 {
    group.chats as f64
}

fn one<'a>(chats: impl IntoIterator<Item = &'a SimulatedChat>) -> Group {
    groups(chats, |_| String::new()).remove("").unwrap()
}

pub(super) async fn check(world: &World) -> Vec<String> {
    let at = world.seam - TimeDelta::hours(1);
    let of_last = |days: i64| {
        let from = at - TimeDelta::days(days);
        let all = world.chats.iter();
        all.filter(move |chat| from < chat.closed && chat.closed <= at)
    };
    let handled = || of_last(1).filter(|chat| chat.outcome != Outcome::Timeout);
    let mut look = Look {
        world,
        at: at.timestamp() as f64,
        comparison: Comparison::default(),
    };
    let opened = |name: &str| {
        let choice = Choice::as_opened(name)
            .with("job", &[JOB])
            .with("operation", &[OPERATION]);
        choice.with("window", &[WINDOW])
    };

    let operations = opened("operations");
    let all = one(handled());
    assert!(all.chats > 300, "{} chats", all.chats);
    let late = (all.asa_ms.len() as u64 - all.within_target) as f64;
    for (title, truth) in [
        ("Chats", chats(&all)),
        ("Service level", all.service_level()),
        ("Answer time, mean", all.asa_mean()),
        ("Answered late", late),
    ] {
        let shown = look.value(&operations, title).await;
        look.comparison.near(title, shown, truth);
    }
    let shown = look.value(&operations, "Answer time, 90 %").await;
    look.comparison
        .in_bucket("Answer time, 90 %", shown, all.asa_percentile(90));

    let week_ago = of_last(8).filter(|chat| chat.closed <= at - TimeDelta::days(7));
    let week_ago = chats(&one(week_ago.filter(|chat| chat.outcome != Outcome::Timeout)));
    let shown = look.value(&operations, "Against last week").await;
    look.comparison
        .near("Against last week", shown, chats(&all) / week_ago - 1.0);

    // With the timeouts, which the board leaves out as it opens.
    let shown = look.value(&operations.clone().with_everything(), "Chats").await;
    look.comparison
        .near("Chats of all outcomes", shown, of_last(1).count() as f64);

    let by_skill = groups(handled(), |chat| chat.skill_id.clone());
    look.table(&operations, "Skills", "skill_id", &by_skill).await;
    look.percentiles(&operations, "Skills", "D", &by_skill).await;
    let names = look
        .values(&operations.query_of("Skills", "A"), "skill_name")
        .await;
    let names: Vec<_> = names.into_keys().collect();
    assert_eq!(names, [SKILLS[1], SKILL_NAME], "the number stands in for a name");

    let by_agent = groups(handled(), |chat| chat.agent.id.clone());
    look.table(&opened("agent"), "Agents", "agent_id", &by_agent)
        .await;
    look.table(&opened("skill"), "Agents of the operation", "agent_id", &by_agent)
        .await;

    let week = one(of_last(7).filter(|chat| chat.outcome != Outcome::Timeout));
    let shown = look.value(&opened("skill"), "Service level").await;
    look.comparison
        .near("Service level of a week", shown, week.service_level());
    look.comparison.0
}
