//! How long to wait after a call that failed, and when to stop trying.

use std::time::Duration;

use tokio::time::Instant;

use crate::{Class, Error, Reason};

/// No pause is longer, whoever asks for it.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);
/// Nothing is retried that close to the next cycle, which covers it anyway.
const TOO_CLOSE: Duration = Duration::from_secs(30);
/// How many calls of one cycle may run into their time-out: each takes as long as is allowed at all.
const TIMEOUTS_PER_CYCLE: u32 = 4;
/// So many calls in a row may fail for what may pass by itself: with the usual pauses, three quarters of an hour.
const MOST_FAILURES: u32 = 8;
/// As long as nothing was ever answered, the settings are more likely to be wrong than the server to be down.
const MOST_FAILURES_AT_FIRST: u32 = 3;
/// The calls of a day are there again after a day: with the usual pauses, these tries take longer.
const MOST_FAILURES_FOR_QUOTA: u32 = 30;
/// A server that fails so often in a row may fail because of what it is asked for.
const SUSPICIOUS: u32 = 3;

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
    fn after(&self, error: &Error, nth: u32) -> Duration {
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

/// What is still tried after failures.
#[derive(Debug)]
pub(super) enum Retries {
    /// The next cycle covers what this one leaves out.
    Cycle(CycleRetries),
    /// The range is wanted whole, and nobody comes back for it.
    Persistent(PersistentRetries),
}

impl Retries {
    /// An answer was whole.
    pub(super) fn note_answer(&mut self) {
        if let Retries::Persistent(persistent) = self {
            persistent.failures = 0;
            persistent.has_answered = true;
        }
    }
}

/// What was tried in one cycle.
#[derive(Debug, Default)]
pub(super) struct CycleRetries {
    next: Option<Instant>,
    has_retried: bool,
    has_waited_for_others: bool,
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
        let (used, pause) = match (error.class(), error.reason()) {
            (Class::Retry, _) => (&mut self.has_retried, pauses.retry),
            (_, Reason::Concurrency) => (&mut self.has_waited_for_others, pauses.concurrency),
            _ => return None,
        };
        let pause = error.retry_after().unwrap_or(pause);
        if *used || left <= TOO_CLOSE || pause >= left {
            return None;
        }
        *used = true;
        Some(pause)
    }

    /// Whether this cycle may ask for less after another failure.
    pub(super) fn may_ask_for_less(&mut self, error: &Error) -> bool {
        let is_timeout = error.reason() == Reason::Timeout;
        self.timeouts += u32::from(is_timeout);
        !(is_timeout && self.timeouts >= TIMEOUTS_PER_CYCLE)
    }
}

/// What failed since the last whole answer.
#[derive(Debug, Default)]
pub(super) struct PersistentRetries {
    failures: u32,
    /// Whether this server ever gave a whole answer.
    has_answered: bool,
}

impl PersistentRetries {
    /// Whether one more failure lets what is asked for be suspected.
    pub(super) fn is_search_due(&self) -> bool {
        self.failures + 1 >= SUSPICIOUS
    }

    /// How long to wait before another call; `None` to give up.
    pub(super) fn pause(&mut self, pauses: &Pauses, error: &Error) -> Option<Duration> {
        self.failures += 1;
        let is_hopeless = match error.class() {
            Class::GiveUp => true,
            // A shorter chunk would have been asked for.
            Class::Smaller => error.is_too_much(),
            Class::Retry | Class::Wait => false,
        };
        let is_given_up = is_hopeless || self.failures > self.most_failures(error);
        (!is_given_up).then(|| pauses.after(error, self.failures))
    }

    fn most_failures(&self, error: &Error) -> u32 {
        match error.reason() {
            Reason::Quota => MOST_FAILURES_FOR_QUOTA,
            Reason::Connect | Reason::NotJson if !self.has_answered => MOST_FAILURES_AT_FIRST,
            _ => MOST_FAILURES,
        }
    }
}

#[cfg(test)]
mod tests;
