//! The chats that closed on a day of the operation, whichever poll or sweep found them: sums per skill, per agent and per quarter
//! of an hour. They are part of the totals, and committed with them. Only the present day is shown, and which one that is follows
//! from the clock at each scrape.

mod gatherer;
mod stored;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use wolkvox::{Zone, window};

use super::chat::Outcome;
use super::key::LabelSet;
use super::totals::Totals;
use crate::config::Agents;
use crate::metrics::histogram::SumCount;
pub(super) use gatherer::{Gatherer, Places};

/// Minutes of a [`Day::quarters`].
pub const QUARTER_MINUTES: i64 = 15;
/// What the report has of a time up to its last second was asked for up to here, whether the next chunk shares that second or
/// begins after it.
const NEXT_SECOND: TimeDelta = TimeDelta::seconds(1);
/// How long a day is kept when it is over. A clock may have been a little ahead.
const KEPT_FOR: TimeDelta = TimeDelta::hours(1);

/// From one midnight of the operation to the next: the local day that an instant lies in. Days follow one another without a gap,
/// also where the clocks change at midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DaySpan {
    /// Its midnight, UTC. Where the clocks skip that, when they do.
    pub from: DateTime<Utc>,
    /// The next midnight, UTC. It is the next day's.
    pub to: DateTime<Utc>,
}

impl DaySpan {
    /// The day of an instant.
    pub fn of(at: DateTime<Utc>, zone: Zone) -> DaySpan {
        let day = at.with_timezone(&zone).date_naive();
        let midnight = |day| window::midnight(day, zone);
        let [from, to] =
            [Some(day), day.succ_opt()].map(|day| day.map_or(DateTime::<Utc>::MAX_UTC, midnight));
        // Where clocks go back over midnight, the end of a day comes twice. The second time belongs to the next day.
        if at < to {
            return DaySpan { from, to };
        }
        let after = day.succ_opt().and_then(|day| day.succ_opt());
        DaySpan {
            from: to,
            to: after.map_or(DateTime::<Utc>::MAX_UTC, midnight),
        }
    }

    /// Whether an instant lies in it.
    pub fn contains(&self, at: DateTime<Utc>) -> bool {
        (self.from..self.to).contains(&at)
    }
}

/// What the chats of a label set, or of a quarter of an hour, add up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DaySums {
    /// Chats that closed.
    pub chats: u64,
    /// `ASA`, of those that have it.
    pub asa: SumCount,
    /// Those whose `ASA` is within the target of their skill.
    pub answered_within_target: u64,
    /// Those in which the customer wrote and the agent did not.
    pub unanswered: u64,
}

impl DaySums {
    fn add(&mut self, other: &DaySums) {
        self.chats += other.chats;
        self.asa.add(&other.asa);
        self.answered_within_target += other.answered_within_target;
        self.unanswered += other.unanswered;
    }

    /// The mean of `ASA` in seconds; `None` where no chat has one.
    pub fn asa_mean(&self) -> Option<f64> {
        self.asa.mean_seconds()
    }

    /// The share of the chats with an `ASA` that were answered within the target; `None` where no chat has one.
    pub fn service_level(&self) -> Option<f64> {
        self.asa.share(self.answered_within_target)
    }
}

/// A quarter of an hour of a day, by how many have passed since its midnight, and how its chats ended. A day has 96, or as many more
/// or less as its clocks repeat or skip.
pub type Quarter = (u8, Outcome);

/// The chats that closed on one day.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Day {
    /// Per skill and outcome.
    pub skills: BTreeMap<LabelSet, DaySums>,
    /// Per agent and outcome; empty where agents are off.
    pub agents: BTreeMap<LabelSet, DaySums>,
    /// Per quarter of an hour of the close, and outcome.
    pub quarters: BTreeMap<Quarter, DaySums>,
}

impl Day {
    fn add(&mut self, other: &Day) {
        add(&mut self.skills, &other.skills);
        add(&mut self.agents, &other.agents);
        add(&mut self.quarters, &other.quarters);
    }
}

fn add<K: Ord + Clone>(mine: &mut BTreeMap<K, DaySums>, theirs: &BTreeMap<K, DaySums>) {
    for (key, sums) in theirs {
        mine.entry(key.clone()).or_default().add(sums);
    }
}

/// A range of close times that was read without a gap, by the server's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct ReadRange {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
}

/// The days that are counted: the present one, and those that a clock may take for it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Days {
    /// Whose midnights they begin with; `None` until a poller has said so.
    #[serde(default)]
    zone: Option<String>,
    /// Chats that closed before this may have been counted without being in here: a version wrote the state that knew no days, or
    /// the zone was another.
    #[serde(default)]
    since: Option<DateTime<Utc>>,
    /// What polls have read, and what sweeps have read before it.
    #[serde(default)]
    read: Option<ReadRange>,
    /// By their midnights.
    #[serde(default, rename = "days", with = "stored")]
    by_midnight: BTreeMap<DateTime<Utc>, Arc<Day>>,
}

impl Days {
    /// Notes that all that closed in this range has been read, by the server's clock.
    fn note_read(&mut self, from: DateTime<Utc>, to: DateTime<Utc>) {
        if to < from {
            return;
        }
        let new = ReadRange { from, to };
        self.read = match self.read {
            None => Some(new),
            // What lies in between was never read.
            Some(read) if from > read.to + NEXT_SECOND => Some(new),
            Some(read) if to < read.from - NEXT_SECOND => Some(read),
            Some(read) => Some(ReadRange {
                from: from.min(read.from),
                to: to.max(read.to),
            }),
        };
    }

    /// A day as it is shown; `None` where nothing of it was read.
    fn shown(&self, span: DaySpan) -> Option<ShownDay> {
        let read = self.read.filter(|read| read.to >= span.from)?;
        let start = [Some(read.from), self.since].into_iter().flatten();
        let start = start.fold(span.from, DateTime::max);
        let day = self.by_midnight.get(&span.from);
        (start < span.to).then(|| ShownDay {
            midnight: span.from,
            start,
            day: day.cloned().unwrap_or_default(),
        })
    }
}

/// A day as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownDay {
    /// When it began, UTC.
    pub midnight: DateTime<Utc>,
    /// All chats are in it that closed from here on, by the server's clock: its midnight, or later on the first day.
    pub start: DateTime<Utc>,
    /// Its chats.
    pub day: Arc<Day>,
}

impl ShownDay {
    /// Skills and outcomes, in their order.
    pub fn skills(&self) -> impl Iterator<Item = (&str, &str, &DaySums)> {
        pairs(&self.day.skills)
    }

    /// Ids of agents and outcomes, in their order.
    pub fn agents(&self) -> impl Iterator<Item = (&str, &str, &DaySums)> {
        pairs(&self.day.agents)
    }

    /// When a quarter of an hour began, UTC.
    pub fn began(&self, quarter: Quarter) -> DateTime<Utc> {
        self.midnight + TimeDelta::minutes(QUARTER_MINUTES * i64::from(quarter.0))
    }
}

/// Ids and outcomes, with their sums.
fn pairs(sets: &BTreeMap<LabelSet, DaySums>) -> impl Iterator<Item = (&str, &str, &DaySums)> {
    sets.iter().filter_map(|(set, sums)| {
        let mut values = set.values();
        Some((values.next()?, values.next()?, sums))
    })
}

/// The days of the last publication, of which one is today.
#[derive(Debug, Clone, PartialEq)]
pub struct Today {
    days: Arc<Days>,
    zone: Zone,
    /// From then on nothing is shown: it would be too old.
    expires: Instant,
}

impl Today {
    /// Those of committed totals, as good as the gauges of the latest window, which expire then.
    pub fn new(totals: &Totals, zone: Zone, expires: Instant) -> Today {
        Today {
            days: Arc::clone(totals.days()),
            zone,
            expires,
        }
    }

    /// Today at a time by our clock, and `None` where it is not known. An expired one is not.
    pub fn at(&self, now: DateTime<Utc>) -> Option<ShownDay> {
        if Instant::now() >= self.expires {
            return None;
        }
        self.on(self.span(now))
    }

    /// The day of a time.
    pub(super) fn span(&self, now: DateTime<Utc>) -> DaySpan {
        DaySpan::of(now, self.zone)
    }

    /// A day, whether it has expired or not.
    pub(super) fn on(&self, span: DaySpan) -> Option<ShownDay> {
        self.days.shown(span)
    }
}

impl Totals {
    /// The days that are counted. The same `Arc` is the same content.
    pub fn days(&self) -> &Arc<Days> {
        &self.days
    }

    /// The same, to be changed.
    pub(super) fn days_mut(&mut self) -> &mut Days {
        Arc::make_mut(&mut self.days)
    }

    /// A poller goes on with the midnights of a zone. Chats that closed before `since` may have been counted before; it is `None`
    /// at a first start.
    pub fn begin_days(&mut self, zone: Zone, since: Option<DateTime<Utc>>) {
        let zone = Some(zone.to_string());
        if self.days().zone != zone {
            *self.days_mut() = Days {
                zone,
                since,
                ..Days::default()
            };
        }
    }

    /// Notes that all that closed from one time to another has been read, by the server's clock.
    pub fn note_read(&mut self, from: DateTime<Utc>, to: DateTime<Utc>) {
        self.days_mut().note_read(from, to);
    }

    /// Drops the days that are over.
    pub fn forget_days_before(&mut self, now: DateTime<Utc>, zone: Zone) {
        let is_over = |midnight: &DateTime<Utc>| DaySpan::of(*midnight, zone).to + KEPT_FOR <= now;
        if self.days().by_midnight.keys().any(is_over) {
            self.days_mut()
                .by_midnight
                .retain(|midnight, _| !is_over(midnight));
        }
    }

    /// Adds the chats of an answer.
    pub(super) fn add_days(&mut self, other: &Days) {
        if other.by_midnight.is_empty() {
            return;
        }
        let days = &mut self.days_mut().by_midnight;
        for (midnight, day) in &other.by_midnight {
            Arc::make_mut(days.entry(*midnight).or_default()).add(day);
        }
    }

    /// Removes what the setting no longer allows to keep.
    pub(super) fn restrict_days_to(&mut self, agents: Agents) {
        let has_agents = |day: &Arc<Day>| !day.agents.is_empty();
        if agents == Agents::Off && self.days().by_midnight.values().any(has_agents) {
            for day in self.days_mut().by_midnight.values_mut() {
                Arc::make_mut(day).agents.clear();
            }
        }
    }
}

#[cfg(test)]
mod tests;
