//! The gauges of the present day.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::gauge::{self, Source, Values};
use crate::chats::key::LabelSet;
use crate::chats::today::{DaySums, ShownDay, Today};
use crate::clock::Clock;
use crate::metrics::TimedRows;
use crate::metrics::family::seconds_of;
use crate::metrics::rows::{Period, Rows};
use crate::metrics::spec::{Kind::Gauge, Spec, generators};

generators! {
    /// Per skill and outcome. A mean over nothing is no value, never 0.
    SKILLS: fn(&DaySums) -> Option<f64>, Today {
        Beta "wolkvox_today_chats", Gauge, ["skill_id", "outcome"], |sums| Some(sums.chats as f64),
            "Chats that closed since the operation's local midnight, whichever poll or sweep found them. Refreshed once per poll; a skill without one has no sample.";
        Beta "wolkvox_today_answered_within_target", Gauge, ["skill_id", "outcome"], |sums| Some(sums.answered_within_target as f64),
            "Chats closed since the operation's local midnight whose report field ASA is at most WOLKVOX_ASA_TARGET. Refreshed once per poll.";
        Beta "wolkvox_today_asa_mean_seconds", Gauge, ["skill_id", "outcome"], DaySums::asa_mean,
            "Mean of the report field ASA over the chats closed since the operation's local midnight. Refreshed once per poll.";
        Beta "wolkvox_today_service_level_ratio", Gauge, ["skill_id", "outcome"], DaySums::service_level,
            "Share of the chats closed since the operation's local midnight with an ASA that were answered within WOLKVOX_ASA_TARGET. Refreshed once per poll.";
    }
}

generators! {
    /// Per agent and outcome.
    AGENTS: fn(&DaySums) -> Option<f64>, Today {
        Beta "wolkvox_today_agent_chats", Gauge, ["agent_id", "outcome"], |sums| Some(sums.chats as f64),
            "An agent's chats that closed since the operation's local midnight. Refreshed once per poll; an agent without one has no sample.";
    }
}

generators! {
    /// Of the day.
    DAY: fn(&ShownDay) -> DateTime<Utc>, Today {
        Beta "wolkvox_today_start_timestamp_seconds", Gauge, [], |day| day.start,
            "Since when all chats that closed are in today's gauges: the operation's local midnight; later on the first day, if its beginning was not read. By the server's clock.";
    }
}

pub(super) fn specs() -> impl Iterator<Item = &'static Spec> {
    let skills = SKILLS.iter().map(|row| &row.spec);
    let agents = AGENTS.iter().map(|row| &row.spec);
    skills.chain(agents).chain(DAY.iter().map(|row| &row.spec))
}

/// The families of a day.
fn families(operation: &str, day: &Arc<ShownDay>) -> Vec<Arc<dyn Rows>> {
    let skills = SKILLS.iter().map(|row| (&row.spec, Take::Skill(row.value)));
    let agents = AGENTS.iter().map(|row| (&row.spec, Take::Agent(row.value)));
    let day_itself = DAY.iter().map(|row| (&row.spec, Take::Day(row.value)));
    gauge::families(operation, day, skills.chain(agents).chain(day_itself))
}

/// How the values of a family are taken of the day.
#[derive(Debug, Clone, Copy)]
pub(super) enum Take {
    Skill(fn(&DaySums) -> Option<f64>),
    Agent(fn(&DaySums) -> Option<f64>),
    Day(fn(&ShownDay) -> DateTime<Utc>),
}

impl Source for ShownDay {
    type Take = Take;

    fn values(&self, take: Take) -> Values<'_> {
        match take {
            Take::Skill(of) => each(&self.day.skills, of),
            Take::Agent(of) => each(&self.day.agents, of),
            Take::Day(of) => Box::new(std::iter::once((None, seconds_of(of(self))))),
        }
    }
}

fn each(sets: &BTreeMap<LabelSet, DaySums>, of: fn(&DaySums) -> Option<f64>) -> Values<'_> {
    Box::new(
        sets.iter()
            .filter_map(move |(set, sums)| Some((Some(set), of(sums)?))),
    )
}

/// The gauges of whichever day it is when they are asked for.
pub struct TodayRows {
    operation: Arc<str>,
    today: Today,
    clock: Arc<dyn Clock>,
}

impl TodayRows {
    /// Those of an operation, by a clock.
    pub fn new(operation: &str, today: Today, clock: &Arc<dyn Clock>) -> TodayRows {
        TodayRows {
            operation: operation.into(),
            today,
            clock: Arc::clone(clock),
        }
    }
}

impl TimedRows for TodayRows {
    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    fn at(&self, now: DateTime<Utc>) -> (Vec<Arc<dyn Rows>>, Period) {
        let span = self.today.span(now);
        let day = self.today.on(span).map(Arc::new);
        let families = day.map(|day| families(&self.operation, &day)).unwrap_or_default();
        (families, (Bound::Included(span.from), Bound::Excluded(span.to)))
    }
}

impl fmt::Debug for TodayRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TodayRows")
            .field("operation", &self.operation)
            .field("today", &self.today)
            .finish_non_exhaustive()
    }
}
