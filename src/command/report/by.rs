//! What a row is about: its keys.

use chrono::{DateTime, TimeDelta, Utc};
use clap::ValueEnum;
use wolkvox::Zone;

use super::interval::{Interval, Intervals, Unit};
use crate::chats::chat::Chat;

/// What rows are told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// The skill's number
    Skill,
    /// The agent's id
    Agent,
    /// The channel
    Channel,
    /// How the chat ended: coded, timeout, uncoded
    Outcome,
    /// The local day
    Day,
    /// The local hour
    Hour,
    /// Half an hour of local time
    HalfHour,
    /// A quarter of an hour of local time
    Quarter,
}

const MINUTE: i64 = 60;

impl By {
    /// The heading of a table.
    pub fn heading(self) -> &'static str {
        match self {
            By::Skill => "skill",
            By::Agent => "agent",
            By::Channel => "channel",
            By::Outcome => "outcome",
            By::Day => "day",
            By::Hour => "hour",
            By::HalfHour => "half-hour",
            By::Quarter => "quarter",
        }
    }

    /// The name in CSV and JSON.
    pub fn field(self) -> &'static str {
        match self {
            By::HalfHour => "half_hour",
            other => other.heading(),
        }
    }

    /// The length of its intervals; `None` where it is no time.
    pub fn unit(self) -> Option<Unit> {
        match self {
            By::Skill | By::Agent | By::Channel | By::Outcome => None,
            By::Day => Some(Unit::Day),
            By::Hour => Some(Unit::Seconds(60 * MINUTE)),
            By::HalfHour => Some(Unit::Seconds(30 * MINUTE)),
            By::Quarter => Some(Unit::Seconds(15 * MINUTE)),
        }
    }
}

/// Keys that make no report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    /// There are too many, or none.
    #[error("--by has {0} keys: give one, or two such as skill,hour")]
    Count(usize),
    /// The same twice.
    #[error("--by has {0} twice")]
    Twice(&'static str),
    /// Two times.
    #[error(
        "--by has two times, {0} and {1}: give one of them, with skill, agent, channel or outcome if need be"
    )]
    Times(&'static str, &'static str),
}

/// One key, or two of which one at the most is a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys(Vec<By>);

impl Keys {
    /// Checks what was asked for.
    ///
    /// # Errors
    /// See [`KeysError`].
    pub fn new(keys: Vec<By>) -> Result<Keys, KeysError> {
        match keys.as_slice() {
            [one, other] if one == other => Err(KeysError::Twice(one.heading())),
            [one, other] if one.unit().is_some() && other.unit().is_some() => {
                Err(KeysError::Times(one.heading(), other.heading()))
            }
            [_] | [_, _] => Ok(Keys(keys)),
            _ => Err(KeysError::Count(keys.len())),
        }
    }

    /// Them, in the order in which they were given.
    pub fn as_slice(&self) -> &[By] {
        &self.0
    }

    /// The length of the intervals, where one of the keys is a time.
    pub fn unit(&self) -> Option<Unit> {
        self.0.iter().find_map(|by| by.unit())
    }
}

/// The value of a key. Values of one key are in order: times as they come, numbers by their value, then words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// Of a time.
    Interval(Interval),
    /// A number, and how it is written.
    Number(u64, String),
    /// Any other text.
    Word(String),
}

impl Value {
    /// A text of the report.
    fn of(text: &str) -> Value {
        match text.parse() {
            Ok(number) => Value::Number(number, text.to_owned()),
            Err(_) => Value::Word(text.to_owned()),
        }
    }
}

/// Finds the row of a chat.
#[derive(Debug)]
pub struct Sorter<'a> {
    keys: &'a Keys,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    /// Empty where no key is a time.
    intervals: Option<Intervals>,
}

impl Sorter<'_> {
    /// For chats from `from` to before `to`.
    pub fn new(keys: &Keys, from: DateTime<Utc>, to: DateTime<Utc>, zone: Zone) -> Sorter<'_> {
        let cut = |unit| Intervals::covering(from, to, unit, zone);
        Sorter {
            keys,
            from,
            to,
            intervals: keys.unit().map(cut),
        }
    }

    /// The values of a chat that is of `instant`; `None` outside the range.
    pub fn values(&self, chat: &Chat, instant: DateTime<Utc>) -> Option<Vec<Value>> {
        if instant < self.from || instant >= self.to {
            return None;
        }
        let value = |by: &By| match by {
            By::Skill => Some(Value::of(&chat.skill_id)),
            By::Agent => Some(Value::of(&chat.agent_id)),
            By::Channel => Some(Value::of(&chat.channel)),
            By::Outcome => Some(Value::of(chat.outcome.as_str())),
            By::Day | By::Hour | By::HalfHour | By::Quarter => {
                self.intervals.as_ref()?.at(instant).map(Value::Interval)
            }
        };
        self.keys.as_slice().iter().map(value).collect()
    }

    /// Rows that there are without a chat: where a time is the only key, each of its intervals.
    pub fn empty_rows(&self) -> impl Iterator<Item = Vec<Value>> + '_ {
        let is_alone = self.keys.as_slice().len() == 1;
        let intervals = self.intervals.iter().filter(move |_| is_alone);
        intervals
            .flat_map(Intervals::iter)
            .map(|interval| vec![Value::Interval(interval)])
    }

    /// The time that a row is about: its interval, else the whole range.
    pub fn length(&self, values: &[Value]) -> TimeDelta {
        let interval = values.iter().find_map(|value| match value {
            Value::Interval(interval) => Some(interval.length()),
            Value::Number(..) | Value::Word(_) => None,
        });
        interval.unwrap_or(self.to - self.from)
    }
}

#[cfg(test)]
mod tests;
