//! How long to wait after a call that failed.

use std::time::Duration;

use tokio::time::Instant;

use crate::{Class, Error, Reason};

/// No pause is longer, also where the server asks for more.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);
/// Nothing is retried this close to the next cycle, which covers it anyway.
const TOO_CLOSE: Duration = Duration::from_secs(30);
/// How many calls of one cycle may fail. The vendor asks for one call in five minutes.
const FAILURES_PER_CYCLE: u32 = 6;
/// How many may time out: each takes the longest time that is allowed.
const TIMEOUTS_PER_CYCLE: u32 = 4;

/// How long to wait before another call, where the server does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pauses {
    /// After a failure.
    pub retry: Duration,
    /// How long the server needs to forget a call that it still counts as running.
    pub concurrency: Duration,
    /// When the day's calls are used up.
    pub quota: Duration,
    /// No pause is longer.
    pub longest: Duration,
}

impl Default for Pauses {
    fn default() -> Pauses {
        Pauses {
            retry: Duration::from_secs(10),
            concurrency: Duration::from_secs(30),
            quota: Duration::from_secs(5 * 60),
            longest: LONGEST_PAUSE,
        }
    }
}

impl Pauses {
    /// The pause after the `nth` failure in a row, counted from 1.
    pub(super) fn after(&self, error: &Error, nth: u32) -> Duration {
        let usual = match error.reason() {
            // After a time-out the server may still be at work on the call.
            Reason::Concurrency | Reason::Timeout => self.concurrency,
            Reason::Quota => doubled(self.quota, nth - 1),
            _ => doubled(self.retry, nth - 1),
        };
        error.retry_after().unwrap_or(usual).min(self.longest)
    }
}

/// A pause after it was doubled so many times.
pub fn doubled(pause: Duration, times: u32) -> Duration {
    pause.saturating_mul(1 << times.min(16))
}

/// What was tried in one cycle.
#[derive(Debug, Default)]
pub(super) struct CycleRetries {
    next: Option<Instant>,
    has_retried: bool,
    has_waited_for_others: bool,
    has_answered: bool,
    failures: u32,
    timeouts: u32,
}

impl CycleRetries {
    /// Nothing is retried without a next cycle.
    pub(super) fn until(next: Option<Instant>) -> CycleRetries {
        CycleRetries {
            next,
            ..CycleRetries::default()
        }
    }

    /// Whether the next cycle should have begun.
    pub(super) fn is_over(&self) -> bool {
        self.next.is_some_and(|next| next <= Instant::now())
    }

    /// How long to wait before the same call is made again; `None` to leave it to the next cycle.
    pub(super) fn pause(&mut self, pauses: &Pauses, error: &Error) -> Option<Duration> {
        let left = self.next?.saturating_duration_since(Instant::now());
        let used = match (error.class(), error.reason()) {
            // Too many calls: one more so soon would be one of them, unless the server says when.
            _ if error.status() == Some(429) && error.retry_after().is_none() => return None,
            (Class::Retry, _) => &mut self.has_retried,
            (_, Reason::Concurrency) => &mut self.has_waited_for_others,
            _ => return None,
        };
        let pause = error.retry_after().unwrap_or_else(|| pauses.after(error, 1));
        if *used || left <= TOO_CLOSE || pause >= left {
            return None;
        }
        *used = true;
        Some(pause)
    }

    /// Takes in a good answer.
    pub(super) fn note_answer(&mut self) {
        self.has_answered = true;
    }

    /// Takes in a call that failed.
    pub(super) fn note_failure(&mut self, error: &Error) {
        self.failures += 1;
        self.timeouts += u32::from(error.reason() == Reason::Timeout);
    }

    /// Whether a call was answered well.
    pub(super) fn has_answered(&self) -> bool {
        self.has_answered
    }

    /// Calls that failed.
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    /// Whether no further call may fail.
    pub(super) fn is_spent(&self) -> bool {
        self.failures >= FAILURES_PER_CYCLE || self.timeouts >= TIMEOUTS_PER_CYCLE
    }
}

#[cfg(test)]
mod tests;
