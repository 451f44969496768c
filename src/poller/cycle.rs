//! What comes of a cycle, and what the log says of it.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::ledger::StoreError;
use crate::poller::stats::FailureReason;
use crate::words::count;

/// Why a poll or a sweep did not reach its end.
#[derive(Debug, thiserror::Error)]
pub enum CycleFailure {
    /// A call failed.
    #[error(transparent)]
    Api(#[from] wolkvox::Error),
    /// The state could not be committed; nothing new is shown until it can.
    #[error(transparent)]
    State(#[from] StoreError),
}

impl CycleFailure {
    /// The label `reason`.
    pub fn reason(&self) -> FailureReason {
        match self {
            CycleFailure::Api(error) => FailureReason::Api(error.reason()),
            CycleFailure::State(_) => FailureReason::State,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            CycleFailure::Api(error) => error.retry_after(),
            CycleFailure::State(_) => None,
        }
    }
}

/// What a poll or a sweep read.
#[derive(Debug, Clone, Default)]
pub struct ReadSummary {
    /// Where it began, UTC.
    pub from: DateTime<Utc>,
    /// Where it ended, UTC. Of a sweep that is left before its end: up to here it was read without a gap.
    pub to: DateTime<Utc>,
    /// Whole answers.
    pub answers: u64,
    /// Rows read.
    pub rows: u64,
    /// New chats that were counted.
    pub counted: u64,
    /// New chats from before the start of counting.
    pub remembered: u64,
    /// Rows of chats already known.
    pub duplicate: u64,
    /// Rows that are no chats.
    pub rejected: u64,
    /// Whether it came to its end; a sweep goes on after the next poll.
    pub is_whole: bool,
    /// Calls that failed.
    pub failures: u64,
    /// The last of them.
    pub last_failure: Option<wolkvox::Error>,
}

impl ReadSummary {
    /// Nothing was read yet.
    pub(super) fn new(from: DateTime<Utc>) -> ReadSummary {
        ReadSummary {
            from,
            to: from,
            ..ReadSummary::default()
        }
    }

    /// The log's field `outcome`.
    fn outcome(&self) -> &'static str {
        if self.is_whole { "ok" } else { "left" }
    }

    /// What came of it, in words. It names what failed on the way; one that is left says how far it came.
    fn words(&self) -> String {
        let counted = format!("{} counted", count(self.counted, "new chat"));
        let failed = match &self.last_failure {
            Some(error) => format!(" ({}, the last: {error})", count(self.failures, "failed call")),
            None => String::new(),
        };
        if self.is_whole {
            return format!("{counted}{failed}");
        }
        let reached = match self.answers {
            0 => "nothing read yet".to_owned(),
            _ => format!("{counted}, read up to {}", self.to.format("%FT%TZ")),
        };
        format!("{reached}{failed}; it goes on in the next cycle")
    }
}

/// What came of one cycle: a poll, its chunks, and the sweep when due.
#[derive(Debug)]
pub struct Cycle {
    /// The poll; also failed where its rows could not be committed.
    pub poll: Result<ReadSummary, CycleFailure>,
    /// The sweep, if it was due.
    pub sweep: Option<Result<ReadSummary, CycleFailure>>,
    /// How long the sweep took.
    pub(super) sweep_duration: Duration,
}

impl Cycle {
    /// One whose sweep was not due.
    pub(super) fn of(poll: Result<ReadSummary, CycleFailure>) -> Cycle {
        Cycle {
            poll,
            sweep: None,
            sweep_duration: Duration::ZERO,
        }
    }

    /// What failed: the poll, and the sweep.
    pub fn failures(&self) -> impl Iterator<Item = &CycleFailure> {
        let sweep = self.sweep.as_ref().and_then(|sweep| sweep.as_ref().err());
        self.poll.as_ref().err().into_iter().chain(sweep)
    }

    /// How long the server asked us to wait before the next call.
    pub fn retry_after(&self) -> Option<Duration> {
        self.failures().filter_map(CycleFailure::retry_after).max()
    }

    /// The state could not be committed: the poll has failed. A sweep that could not commit either failed for the same
    /// cause, which is counted and logged once.
    pub(super) fn fail_to_commit(&mut self, error: StoreError) {
        let is_other = |sweep: &Result<_, _>| !matches!(sweep, Err(CycleFailure::State(_)));
        self.sweep = self.sweep.take().filter(is_other);
        self.poll = Err(error.into());
    }

    /// One line for the poll and one for the sweep. Used-up calls come back at midnight: that is a warning once, not at
    /// each try.
    pub(super) fn log(&self, duration: Duration, previous: Option<FailureReason>) {
        log("poll", &self.poll, duration, previous);
        if let Some(sweep) = &self.sweep {
            log("sweep", sweep, self.sweep_duration, previous);
        }
    }
}

fn log(
    what: &str,
    result: &Result<ReadSummary, CycleFailure>,
    duration: Duration,
    previous: Option<FailureReason>,
) {
    let quota = FailureReason::Api(wolkvox::Reason::Quota);
    let duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    match result {
        Ok(summary) => tracing::info!(
            purpose = what,
            outcome = summary.outcome(),
            from = %summary.from.format("%FT%TZ"),
            to = %summary.to.format("%FT%TZ"),
            answers = summary.answers,
            rows = summary.rows,
            new = summary.counted,
            remembered = summary.remembered,
            duplicate = summary.duplicate,
            rejected = summary.rejected,
            duration_ms,
            "{what}: {}",
            summary.words()
        ),
        Err(failure) if failure.reason() == quota && previous == Some(quota) => tracing::debug!(
            purpose = what,
            outcome = "failed",
            reason = failure.reason().as_str(),
            duration_ms,
            "{what} failed as before: {failure}"
        ),
        Err(failure) => tracing::warn!(
            purpose = what,
            outcome = "failed",
            reason = failure.reason().as_str(),
            duration_ms,
            "{what} failed: {failure}. Nothing is lost: the next good one covers this time too"
        ),
    }
}

#[cfg(test)]
mod tests;
