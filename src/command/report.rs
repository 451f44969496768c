//! `wolkvox-exporter report`: what the report says of a range of time, as a table.
//!
//! The numbers follow the same rules as the metrics: each chat once, by its close time, a value that can't be read is
//! not counted. Percentiles are exact: the values are kept by how often they occur, and the percentile is the least
//! value that at least that share of the chats does not exceed (nearest rank).

mod options;
mod print;

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::ValueEnum;

pub use options::{Options, command};
pub use print::PrintFormat;

use crate::chats::chat::{Chat, Outcome};
use crate::client::{self, ClientError};
use crate::command::backfill::reading::{Chats, last_second_before};
use crate::command::range::{Cost, Range, RangeError};
use crate::config::OperationConfig;
use crate::ledger::{IdSet, Moment};
use crate::metrics::histogram::SumCount;
use wolkvox::client::Tls;
use wolkvox::history::{Notice, Purpose, ReadError, Reader};
use wolkvox::{Source, Zone};

/// What a line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// The skill's number.
    Skill,
    /// The agent's id.
    Agent,
    /// The channel.
    Channel,
    /// The local day of the close.
    Day,
}

impl By {
    /// The heading.
    pub fn as_str(self) -> &'static str {
        match self {
            By::Skill => "skill",
            By::Agent => "agent",
            By::Channel => "channel",
            By::Day => "day",
        }
    }
}

/// Why there is no summary.
#[derive(Debug, thiserror::Error)]
pub enum SummaryError {
    /// The range can't be read.
    #[error(transparent)]
    Range(#[from] RangeError),
    /// The client can't be set up.
    #[error(transparent)]
    Setup(#[from] ClientError),
    /// The report can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Calls that are made without a pause: the range and its eve, for which a person is waiting.
const CALLS_AT_ONCE: u32 = 2;

/// What to add up, and how.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// Whose chats, in which zone, and what is within the target.
    pub config: &'a OperationConfig,
    /// Chats that closed from here on, UTC.
    pub from: DateTime<Utc>,
    /// … and before this, UTC.
    pub to: DateTime<Utc>,
    /// What a line is about.
    pub by: By,
    /// Leave out the chats that a timeout closed.
    pub without_timeouts: bool,
}

/// What the chats of a line add up to. Times are milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line {
    /// Chats.
    pub chats: u64,
    /// Chats that an agent coded.
    pub coded: u64,
    /// Chats that nobody coded and Wolkvox closed.
    pub timeouts: u64,
    /// Chats with an ASA within the target.
    pub within_target: u64,
    /// How often each ASA occurs.
    asa: BTreeMap<u64, u64>,
    duration: SumCount,
    time_on_agent: SumCount,
}

impl Line {
    fn add(&mut self, chat: &Chat, asa_target_ms: u64) {
        self.chats += 1;
        self.coded += u64::from(chat.outcome == Outcome::Coded);
        self.timeouts += u64::from(chat.outcome == Outcome::Timeout);
        if let Some(asa) = chat.asa_ms {
            *self.asa.entry(asa).or_default() += 1;
            self.within_target += u64::from(asa <= asa_target_ms);
        }
        self.duration.observe(chat.duration_ms);
        self.time_on_agent.observe(chat.time_on_agent_ms);
    }

    fn answered(&self) -> u64 {
        self.asa.values().sum()
    }

    /// Mean ASA, seconds.
    pub fn asa_mean(&self) -> Option<f64> {
        let sum_ms = self.asa.iter().map(|(asa, count)| asa * count).sum();
        mean(SumCount {
            sum_ms,
            count: self.answered(),
        })
    }

    /// The ASA that 90 % of the chats do not exceed, seconds.
    pub fn asa_p90(&self) -> Option<f64> {
        let rank = (self.answered() * 9).div_ceil(10);
        let mut below = 0;
        let found = self.asa.iter().find(|(_, count)| {
            below += **count;
            below >= rank
        });
        found.map(|(asa, _)| *asa as f64 / 1000.0)
    }

    /// The share of the chats with an ASA that were answered within the target, 0 to 1.
    pub fn service_level(&self) -> Option<f64> {
        let answered = self.answered();
        (answered > 0).then(|| self.within_target as f64 / answered as f64)
    }

    /// Mean duration, seconds.
    pub fn duration_mean(&self) -> Option<f64> {
        mean(self.duration)
    }

    /// Mean time on agent, seconds.
    pub fn time_on_agent_mean(&self) -> Option<f64> {
        mean(self.time_on_agent)
    }
}

fn mean(sum_count: SumCount) -> Option<f64> {
    (sum_count.count > 0).then(|| sum_count.sum_ms as f64 / 1000.0 / sum_count.count as f64)
}

/// The lines and their sum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// What a line is about.
    pub by: By,
    /// By name, in order: numbers by their value.
    pub lines: Vec<(String, Line)>,
    /// All chats.
    pub total: Line,
    /// Calls of the API.
    pub calls: u64,
}

/// Sets up the client and adds up.
///
/// # Errors
/// See [`SummaryError`].
pub async fn run(
    question: &Question<'_>,
    pace: Duration,
    notify: impl FnMut(Notice),
) -> Result<Summary, SummaryError> {
    let client = client::open(
        &question.config.server,
        question.config.counting.agents,
        &Tls::default(),
    )?;
    // The range and its eve: what a person is waiting for.
    let reader = Reader::persistent(client, question.zone(), pace).with_calls_at_once(CALLS_AT_ONCE.into());
    summarise(question, reader, notify).await
}

impl Question<'_> {
    fn zone(&self) -> Zone {
        self.config.server.timezone
    }

    /// Where the eve of the range begins: a server that filters on the opening time is asked for it too.
    fn eve(&self) -> DateTime<Utc> {
        self.from - self.config.polling.sweep_lookback
    }

    /// What reading takes, the lookback included.
    pub fn cost(&self, pace: Duration) -> Cost {
        let eve = Range {
            from: self.eve(),
            to: self.from,
        };
        let range = Range {
            from: self.from,
            to: last_second_before(self.to),
        };
        Cost::of(&[range, eve], self.zone(), pace, CALLS_AT_ONCE)
    }

    fn name(&self, chat: &Chat, closed: DateTime<Utc>) -> String {
        match self.by {
            By::Skill => chat.skill_id.clone(),
            By::Agent => chat.agent_id.clone(),
            By::Channel => chat.channel.clone(),
            By::Day => closed.with_timezone(&self.zone()).date_naive().to_string(),
        }
    }
}

/// Reads the range and adds up. The lookback before it is asked for only where the range itself does not show that the server
/// filters on the closing time.
///
/// # Errors
/// See [`SummaryError`].
pub async fn summarise<S: Source>(
    question: &Question<'_>,
    mut reader: Reader<S>,
    mut notify: impl FnMut(Notice),
) -> Result<Summary, SummaryError> {
    let (from, to) = (question.from, question.to);
    if from >= to {
        return Err(RangeError::Empty { from, to }.into());
    }
    let mut sums = Sums {
        question,
        lines: BTreeMap::new(),
        total: Line::default(),
        seen: IdSet::default(),
        filters_on_close: false,
    };
    // The very second of `to` is the next range's.
    sums.read(&mut reader, from, last_second_before(to), &mut notify)
        .await?;
    if !sums.filters_on_close {
        sums.read(&mut reader, question.eve(), from, &mut notify).await?;
    }
    let mut lines: Vec<_> = sums.lines.into_iter().collect();
    lines.sort_by_cached_key(|(name, _)| (name.parse::<u64>().unwrap_or(u64::MAX), name.clone()));
    Ok(Summary {
        by: question.by,
        lines,
        total: sums.total,
        calls: reader.calls(),
    })
}

struct Sums<'a> {
    question: &'a Question<'a>,
    lines: BTreeMap<String, Line>,
    total: Line,
    seen: IdSet,
    /// A chat was found that had been opened before what was asked for.
    filters_on_close: bool,
}

impl Sums<'_> {
    async fn read<S: Source>(
        &mut self,
        reader: &mut Reader<S>,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        notify: &mut impl FnMut(Notice),
    ) -> Result<(), ReadError> {
        let zone = self.question.zone();
        let mut range = reader.open(Purpose::Poll, from, to, None);
        while let Some((chunk, read)) = reader
            .read_next(&mut range, |_| Chats::new(zone), &mut *notify)
            .await?
        {
            for chat in read.chats {
                let opened_before = |opened: Moment| opened.latest < chunk.from;
                self.filters_on_close |= chat.opened.is_some_and(opened_before);
                self.add(&chat, chunk.to);
            }
        }
        Ok(())
    }

    fn add(&mut self, chat: &Chat, found: DateTime<Utc>) {
        let question = self.question;
        let closed = chat.closed.or(chat.opened).map_or(found, |closed| closed.latest);
        let is_meant = closed >= question.from
            && closed < question.to
            && !(question.without_timeouts && chat.outcome == Outcome::Timeout);
        if !is_meant || self.seen.contains(&chat.id) {
            return;
        }
        self.seen.add(&chat.id);
        let asa_target_ms = question.config.counting.asa_target_ms_of(&chat.skill_id);
        self.total.add(chat, asa_target_ms);
        let name = question.name(chat, closed);
        self.lines.entry(name).or_default().add(chat, asa_target_ms);
    }
}
