//! `wolkvox-exporter report`: what the report says of a range of time, as a table.
//!
//! The numbers follow the same rules as the metrics: each chat once, by its close time unless the opening is asked for, a value
//! that can't be read is not counted. Percentiles are exact: the values are kept by how often they occur, and the percentile
//! is the least value that at least that share of the chats does not exceed (nearest rank).

pub mod by;
pub mod column;
pub mod interval;
pub mod line;
mod options;
mod print;

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use clap::ValueEnum;

pub use by::{By, Keys, KeysError, Value};
pub use column::{Column, Columns, ColumnsError};
pub use line::Line;
pub use options::{Options, command};
pub use print::PrintFormat;

use crate::chats::chat::{Chat, Outcome};
use crate::client::{self, ClientError};
use crate::command::backfill::reading::{Chats, last_second_before};
use crate::command::range::{Cost, Range, RangeError};
use crate::config::OperationConfig;
use crate::ledger::{IdSet, Moment};
use by::Sorter;
use wolkvox::client::Tls;
use wolkvox::history::{Notice, Purpose, ReadError, Reader};
use wolkvox::{Source, Zone};

/// The time that decides whether a chat is meant, and in which interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Of {
    /// When it was opened. Chats that were still open when the report was read are missing: see docs/report.md
    Opening,
    /// When it was closed, as the metrics count
    Closing,
}

/// Why there is no summary.
#[derive(Debug, thiserror::Error)]
pub enum SummaryError {
    /// The range can't be read.
    #[error(transparent)]
    Range(#[from] RangeError),
    /// The keys do not go together.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The columns do not go together.
    #[error(transparent)]
    Columns(#[from] ColumnsError),
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
    /// Chats from here on, UTC.
    pub from: DateTime<Utc>,
    /// … and before this, UTC.
    pub to: DateTime<Utc>,
    /// The time; nothing later can be read, UTC.
    pub now: DateTime<Utc>,
    /// Which time of a chat is meant.
    pub of: Of,
    /// What a row is about.
    pub by: Keys,
    /// Leave out the chats that a timeout closed.
    pub without_timeouts: bool,
}

/// A row: what it is about, and what its chats add up to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The values of the keys. None for all chats.
    pub values: Vec<Value>,
    /// The time that it is about: the part of the interval that lies in the range, or the whole range.
    pub length: TimeDelta,
    /// The sums.
    pub line: Line,
}

impl Row {
    /// How many chats agents had at a time: the time on agent of all chats by the time that the row is about.
    pub fn concurrency(&self) -> Option<f64> {
        let seconds = self.length.as_seconds_f64();
        let total = self.line.time_on_agent_total()?;
        (seconds > 0.0).then(|| total / seconds)
    }
}

/// The rows and their sum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// What a row is about.
    pub by: Keys,
    /// In the order of the first key, then of the second.
    pub rows: Vec<Row>,
    /// All chats.
    pub total: Row,
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
    // The range and what is read besides: what a person is waiting for.
    let reader = Reader::persistent(client, question.zone(), pace).with_calls_at_once(CALLS_AT_ONCE.into());
    summarise(question, reader, notify).await
}

impl Question<'_> {
    fn zone(&self) -> Zone {
        self.config.server.timezone
    }

    /// What is read besides the range. A server that filters on the opening time has chats that closed in the range in the
    /// lookback before it; one that filters on the closing time has chats that were opened in the range in as long a time
    /// after it. `None` where that time is still to come.
    pub fn besides(&self) -> Option<Range> {
        let lookback = self.config.polling.sweep_lookback;
        let (from, to) = match self.of {
            // The first second of the range was read with it: if that is a month's, it would cost a call of its own.
            Of::Closing => (self.from - lookback, last_second_before(self.from)),
            Of::Opening => (self.to, (self.to + lookback).min(self.now)),
        };
        (from < to).then_some(Range { from, to })
    }

    /// What reading takes, what is read besides included.
    pub fn cost(&self, pace: Duration) -> Cost {
        let range = Range {
            from: self.from,
            to: last_second_before(self.to),
        };
        let ranges: Vec<Range> = [range].into_iter().chain(self.besides()).collect();
        Cost::of(&ranges, self.zone(), pace, CALLS_AT_ONCE)
    }

    /// The time of a chat that was found in what ended with `found`. A local time that comes twice is the later one.
    fn instant(&self, chat: &Chat, found: DateTime<Utc>) -> DateTime<Utc> {
        let moment = match self.of {
            Of::Opening => chat.opened.or(chat.closed),
            Of::Closing => chat.closed.or(chat.opened),
        };
        moment.map_or(found, |moment| moment.latest)
    }
}

/// Reads the range and adds up. Of closing times, the lookback before the range is asked for only where the range itself does
/// not show that the server filters on the closing time.
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
    let mut sums = Sums::new(question);
    // The very second of `to` is the next range's.
    let range = Range {
        from,
        to: last_second_before(to),
    };
    sums.read(&mut reader, range, &mut notify).await?;
    let is_complete = question.of == Of::Closing && sums.filters_on_close;
    if let Some(besides) = question.besides().filter(|_| !is_complete) {
        sums.read(&mut reader, besides, &mut notify).await?;
    }
    Ok(sums.summary(reader.calls()))
}

struct Sums<'a> {
    question: &'a Question<'a>,
    sorter: Sorter<'a>,
    rows: BTreeMap<Vec<Value>, Line>,
    total: Line,
    seen: IdSet,
    /// A chat was found that had been opened before what was asked for.
    filters_on_close: bool,
}

impl<'a> Sums<'a> {
    fn new(question: &'a Question<'a>) -> Sums<'a> {
        let sorter = Sorter::new(&question.by, question.from, question.to, question.zone());
        let rows = sorter
            .empty_rows()
            .map(|values| (values, Line::default()))
            .collect();
        Sums {
            question,
            sorter,
            rows,
            total: Line::default(),
            seen: IdSet::default(),
            filters_on_close: false,
        }
    }

    async fn read<S: Source>(
        &mut self,
        reader: &mut Reader<S>,
        asked: Range,
        notify: &mut impl FnMut(Notice),
    ) -> Result<(), ReadError> {
        let zone = self.question.zone();
        let mut range = reader.open(Purpose::Poll, asked.from, asked.to, None);
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
        if self.question.without_timeouts && chat.outcome == Outcome::Timeout {
            return;
        }
        let instant = self.question.instant(chat, found);
        let Some(values) = self.sorter.values(chat, instant) else {
            return;
        };
        if self.seen.contains(&chat.id) {
            return;
        }
        self.seen.add(&chat.id);
        let asa_target_ms = self.question.config.counting.asa_target_ms_of(&chat.skill_id);
        self.total.add(chat, asa_target_ms);
        self.rows.entry(values).or_default().add(chat, asa_target_ms);
    }

    fn summary(self, calls: u64) -> Summary {
        let sorter = self.sorter;
        let row = |(values, line): (Vec<Value>, Line)| Row {
            length: sorter.length(&values),
            values,
            line,
        };
        Summary {
            by: self.question.by.clone(),
            rows: self.rows.into_iter().map(row).collect(),
            total: row((Vec::new(), self.total)),
            calls,
        }
    }
}

#[cfg(test)]
mod tests;
