//! How the last polls of an operation went. Kept in memory only: a restart begins anew.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::poller::LastPoll;

/// So many polls are kept: at five minutes between two, the last five hours.
pub(crate) const KEPT: usize = 60;

/// The polls of an operation since the process started, of which the last are kept one by one.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Polls {
    /// The last one with all of its words.
    last: Option<LastPoll>,
    /// The newest at the end; [`KEPT`] at the most.
    recent: VecDeque<Poll>,
    total: u64,
    failed: u64,
    failing: Option<Failing>,
}

/// A poll that has ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Poll {
    pub ended_at: DateTime<Utc>,
    pub duration: Duration,
    /// The new chats that it counted, or why it failed.
    pub result: Result<u64, Failed>,
}

/// Why a poll failed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Failed {
    /// The label `reason` of `wolkvox_poll_failures_total`.
    pub reason: &'static str,
    /// A sentence, with the way out. Polls that fail in the same way share it.
    pub words: Arc<str>,
}

/// Polls that failed one after another, up to the last one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Failing {
    /// When the first of them ended.
    pub since: DateTime<Utc>,
    pub polls: u64,
}

impl Polls {
    /// Takes in the last poll, if it is another one than before.
    pub(crate) fn note(&mut self, poll: &LastPoll) {
        if self.last.as_ref() == Some(poll) {
            return;
        }
        let result = poll.result.map_err(|reason| Failed {
            reason: reason.as_str(),
            words: self.words(&poll.outcome),
        });
        self.total += 1;
        if result.is_err() {
            self.failed += 1;
            let since = poll.at;
            self.failing.get_or_insert(Failing { since, polls: 0 }).polls += 1;
        } else {
            self.failing = None;
        }
        if self.recent.len() == KEPT {
            self.recent.pop_front();
        }
        self.recent.push_back(Poll {
            ended_at: poll.at,
            duration: poll.duration,
            result,
        });
        self.last = Some(poll.clone());
    }

    /// The words of the poll before, where they are the same.
    fn words(&self, outcome: &str) -> Arc<str> {
        let before = self.recent.back().and_then(|poll| poll.result.as_ref().err());
        match before {
            Some(failed) if *failed.words == *outcome => Arc::clone(&failed.words),
            _ => outcome.into(),
        }
    }

    /// The last one that ended.
    pub(crate) fn last(&self) -> Option<&LastPoll> {
        self.last.as_ref()
    }

    /// The last ones, the newest at the end.
    pub(crate) fn recent(&self) -> impl ExactSizeIterator<Item = &Poll> {
        self.recent.iter()
    }

    /// All that have ended since the process started.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// Those that have failed since the process started.
    pub(crate) fn failed(&self) -> u64 {
        self.failed
    }

    /// Those that fail now; `None` where the last one succeeded.
    pub(crate) fn failing(&self) -> Option<Failing> {
        self.failing
    }
}

#[cfg(test)]
mod tests;
