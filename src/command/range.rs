//! The range of time that `report` and `backfill` are asked for, and what reading it costs. Both are known before the first
//! call, because the vendor counts calls and a person waits for them.

use std::fmt;
use std::io::{self, IsTerminal as _};
use std::time::Duration;

use chrono::{DateTime, Datelike as _, Utc};
use wolkvox::{Window, Zone, window};

use crate::config::FIRST_YEAR;
use crate::log;
use crate::words::count;

/// More calls than this are made only if the user agrees. A mistyped year could use up the day's calls.
const MOST_UNASKED: u64 = 100;

/// Why a range can't be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    /// The year is mistaken.
    #[error("--from is {}, and no report reaches back before {FIRST_YEAR}", form(.0))]
    TooEarly(DateTime<Utc>),
    /// It is empty.
    #[error(
        "there is nothing between --from ({}) and the end ({}): --from must be before it",
        form(from),
        form(to)
    )]
    Empty {
        /// `--from`.
        from: DateTime<Utc>,
        /// `--to`, or what stands for it.
        to: DateTime<Utc>,
    },
    /// It ends in the future.
    #[error("{what} is {}, which lies in the future: only the past can be read", form(at))]
    Future {
        /// The option.
        what: &'static str,
        /// Its value.
        at: DateTime<Utc>,
    },
}

/// An instant as the options take it.
pub(super) fn form(at: &DateTime<Utc>) -> impl fmt::Display {
    at.format("%FT%TZ")
}

/// What a range that goes beyond now becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beyond {
    /// It ends now: a table of today is asked for with tomorrow as its end.
    Cut,
    /// It is refused: what is written once must not lack what closes a minute later.
    Refuse,
}

/// A range of instants that the report can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// Its first instant.
    pub from: DateTime<Utc>,
    /// The first instant after it.
    pub to: DateTime<Utc>,
}

impl Range {
    /// Checks what was asked for, where the time is `now`.
    ///
    /// # Errors
    /// See [`RangeError`].
    pub fn new(
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        now: DateTime<Utc>,
        beyond: Beyond,
    ) -> Result<Range, RangeError> {
        if from.year() < FIRST_YEAR {
            return Err(RangeError::TooEarly(from));
        }
        if from >= to {
            return Err(RangeError::Empty { from, to });
        }
        if from >= now {
            return Err(RangeError::Future {
                what: "--from",
                at: from,
            });
        }
        if to > now && beyond == Beyond::Refuse {
            return Err(RangeError::Future { what: "--to", at: to });
        }
        Ok(Range {
            from,
            to: to.min(now),
        })
    }
}

/// What reading takes, where each answer comes whole. A server in trouble takes more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Calls of the API.
    pub calls: u64,
    /// Between two of them.
    pub pace: Duration,
    /// All pauses together.
    pub time: Duration,
}

impl Cost {
    /// Of reading `ranges` with `pace` between two calls, but for the first `at_once`.
    pub fn of(ranges: &[Range], zone: Zone, pace: Duration, at_once: u32) -> Cost {
        let calls = |range: &Range| {
            let chunks = window::chunks(range.from, range.to, zone, None, window::LONGEST);
            // A range that begins with the last second of a month is read from the next month on: that second was read
            // before.
            let is_left = |chunk: &&Window| chunk.to > range.from || range.from == range.to;
            chunks.iter().filter(is_left).count()
        };
        let calls = ranges.iter().map(calls).sum::<usize>();
        let pauses = u32::try_from(calls).unwrap_or(u32::MAX).saturating_sub(at_once);
        Cost {
            calls: calls as u64,
            pace,
            time: pace.saturating_mul(pauses),
        }
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "about {} of the API", count(self.calls, "call"))?;
        if self.time.is_zero() {
            return Ok(());
        }
        let words = humantime::format_duration;
        write!(
            out,
            ", with {} between two of them (--pace) about {}",
            words(self.pace),
            words(Duration::from_secs(self.time.as_secs()))
        )
    }
}

/// What was said beforehand to many calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// `--yes`.
    Given,
    /// Nothing. The user is asked at the terminal.
    Open,
}

impl Consent {
    /// That of the option `--yes`.
    pub fn given(yes: bool) -> Consent {
        if yes { Consent::Given } else { Consent::Open }
    }
}

/// Why it is not read.
#[derive(Debug, thiserror::Error)]
pub enum ConsentError {
    /// There is no terminal to ask at.
    #[error(
        "this takes {0}. More than {MOST_UNASKED} calls are made only if --yes is given, or if the question is answered on a terminal, which this is not"
    )]
    NobodyToAsk(Cost),
    /// The user said no.
    #[error("nothing was read")]
    Declined,
    /// The answer can't be read.
    #[error("the answer can't be read from the terminal: {0}")]
    Unreadable(#[from] io::Error),
}

/// Shows on the standard error what reading takes, and asks where that is much.
///
/// # Errors
/// It is much, and the user did not agree.
pub fn agree(cost: Cost, consent: Consent) -> Result<(), ConsentError> {
    let is_much = cost.calls > MOST_UNASKED;
    let can_ask = io::stdin().is_terminal() && io::stderr().is_terminal();
    if is_much && consent == Consent::Open && !can_ask {
        return Err(ConsentError::NobodyToAsk(cost));
    }
    log::say(&format!("this takes {cost}"));
    if !is_much || consent == Consent::Given {
        return Ok(());
    }
    log::draw("Go on? [y/N] ");
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    match answer.trim().to_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(ConsentError::Declined),
    }
}

#[cfg(test)]
mod tests;
