//! What was counted lately, as the status page and `/api/v1/status` show it.

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use crate::metrics::histogram::SumCount;

/// What an operation has counted lately. It is put together when it is asked for, of what was published.
pub(crate) trait Numbers: fmt::Debug + Send + Sync {
    /// The latest window; `None` before the first good poll, and once it is too old to be shown.
    fn window(&self) -> Option<Window>;

    /// The operation's local day that `now` lies in; `None` where nothing of it was read yet, and where it is too old to be
    /// shown.
    fn today(&self, now: DateTime<Utc>) -> Option<Today>;
}

/// The chats of some skill, quarter of an hour or operation.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Sums {
    /// Closed chats.
    pub chats: u64,
    /// Those that nobody coded and Wolkvox closed after a day (`TIMEOUTCHAT`): mostly mass sendings.
    pub timeouts: u64,
    /// Those with an ASA.
    pub answered: u64,
    /// Those that were answered within the target of their skill.
    pub answered_within_target: u64,
    /// Those in which the customer wrote and the agent did not.
    pub unanswered: u64,
    /// Share of the answered chats that were answered within the target, from 0 to 1; null where none was answered.
    pub service_level: Option<f64>,
    /// Mean ASA of the answered chats, seconds; null where none was answered.
    pub asa_mean_seconds: Option<f64>,
}

/// What [`Sums`] are made of.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counted {
    pub chats: u64,
    pub timeouts: u64,
    pub answered_within_target: u64,
    pub unanswered: u64,
    /// ASA of all that were answered.
    pub asa: SumCount,
}

impl Counted {
    /// Adds other chats.
    pub(crate) fn add(&mut self, other: &Self) {
        self.chats += other.chats;
        self.timeouts += other.timeouts;
        self.answered_within_target += other.answered_within_target;
        self.unanswered += other.unanswered;
        self.asa.add(&other.asa);
    }
}

impl From<Counted> for Sums {
    fn from(counted: Counted) -> Self {
        Self {
            chats: counted.chats,
            timeouts: counted.timeouts,
            answered: counted.asa.count,
            answered_within_target: counted.answered_within_target,
            unanswered: counted.unanswered,
            service_level: counted.asa.share(counted.answered_within_target),
            asa_mean_seconds: counted.asa.mean_seconds(),
        }
    }
}

/// The chats of a skill.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct OfSkill {
    /// Its id, as in the label `skill_id`.
    pub skill_id: String,
    /// Its name, where one is known.
    pub name: Option<String>,
    /// Its own target, or the operation's: a chat answered within this is within the target, seconds.
    pub asa_target_seconds: f64,
    /// Its own objective, or the operation's: the share of the answered chats that should be within the target, from 0 to 1.
    pub service_level_target: f64,
    #[serde(flatten)]
    pub sums: Sums,
}

/// The chats of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct OfAgent {
    /// The id, as in the label `agent_id`.
    pub agent_id: String,
    /// The name, where names are switched on and it is known.
    pub name: Option<String>,
    /// Closed chats.
    pub chats: u64,
}

/// The chats that closed within the latest window.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Window {
    /// Its beginning, by the server's clock.
    pub from: DateTime<Utc>,
    /// Its end: up to where the last good poll was answered, by the server's clock.
    pub to: DateTime<Utc>,
    /// All of its chats.
    pub total: Sums,
    /// By skill, the one with most chats first.
    pub skills: Vec<OfSkill>,
    /// By agent, the one with most chats first; empty where agents are switched off.
    pub agents: Vec<OfAgent>,
    /// How long the answered chats waited, the shortest times first.
    pub asa: Vec<Waited>,
}

/// Chats that waited for so long.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Waited {
    /// An ASA of at most this, and of more than that of the one before; null is any longer one.
    pub up_to_seconds: Option<f64>,
    /// Answered chats.
    pub chats: u64,
}

/// The chats that closed on the operation's local day.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Today {
    /// The local day.
    pub day: NaiveDate,
    /// From when on its chats are in these numbers: the local midnight, or later where less of the day was read.
    pub from: DateTime<Utc>,
    /// All of its chats.
    pub total: Sums,
    /// By skill, the one with most chats first.
    pub skills: Vec<OfSkill>,
    /// By agent, the one with most chats first; empty where agents are switched off.
    pub agents: Vec<OfAgent>,
    /// By quarter of an hour, from the local midnight up to the newest one with a chat. Those without a chat are among them.
    pub quarters: Vec<Quarter>,
}

/// The chats that closed in a quarter of an hour of the local day.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Quarter {
    /// The local time at which it begins: `09:45`.
    pub begins: String,
    #[serde(flatten)]
    pub sums: Sums,
}
