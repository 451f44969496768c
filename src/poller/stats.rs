//! How the poller is doing: numbers that begin at 0 with the process. `families.rs` shows them.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::budget::Pace;
use super::pause::{Pause, PauseReason};
use crate::chats::chat::NotAChat;
use crate::chats::{AnswerCounts, Field, bounds};
use crate::metrics::histogram::Histogram;
use wolkvox::{Exchange, Reason};

/// Why a cycle failed: a reason of the API, or the state could not be committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureReason {
    /// A call failed.
    Api(Reason),
    /// The commit failed.
    State,
}

impl FailureReason {
    /// All of them.
    pub fn all() -> impl Iterator<Item = FailureReason> {
        Reason::ALL
            .iter()
            .copied()
            .map(FailureReason::Api)
            .chain([FailureReason::State])
    }

    /// The value of the label `reason`.
    pub fn as_str(self) -> &'static str {
        match self {
            FailureReason::Api(reason) => reason.as_str(),
            FailureReason::State => "state",
        }
    }
}

/// Numbers since the process started.
#[derive(Debug, Clone)]
#[allow(missing_docs)] // One per family of the contract; the catalogue explains them.
pub struct Stats {
    pub started: DateTime<Utc>,
    pub polls: u64,
    pub failures: BTreeMap<FailureReason, u64>,
    pub up: Option<bool>,
    pub poll_duration: Option<Duration>,
    pub last_poll: Option<DateTime<Utc>>,
    /// By HTTP status; `None` where no answer came.
    pub requests: BTreeMap<Option<u16>, u64>,
    pub request_duration: Histogram,
    pub response_bytes: u64,
    pub pauses: BTreeMap<PauseReason, u64>,
    /// The pause that lasts now, if Wolkvox called for one.
    pub pause: Option<Pause>,
    /// Of all whole answers.
    pub answers: AnswerCounts,
    pub report_seconds_skipped: u64,
    pub state_commits: u64,
    pub state_commit_failures: u64,
    pub state_recoveries: u64,
    pub last_commit: Option<DateTime<Utc>>,
    pub state_bytes: Option<u64>,
    pub clock_offset_ms: Option<i64>,
    /// How often it polls.
    pub pace: Pace,
    /// Calls of its group since midnight.
    pub group_requests_today: u64,
}

impl Stats {
    /// All at 0. The reasons and fields that are known beforehand exist from the start.
    pub fn new(started: DateTime<Utc>, pace: Pace) -> Stats {
        Stats {
            started,
            polls: 0,
            failures: FailureReason::all().map(|reason| (reason, 0)).collect(),
            up: None,
            poll_duration: None,
            last_poll: None,
            requests: [Some(200), Some(403), Some(404), None]
                .into_iter()
                .map(|code| (code, 0))
                .collect(),
            request_duration: Histogram::new(bounds::API_REQUEST),
            response_bytes: 0,
            pauses: PauseReason::ALL.into_iter().map(|reason| (reason, 0)).collect(),
            pause: None,
            answers: AnswerCounts {
                rejected: NotAChat::ALL.into_iter().map(|error| (error, 0)).collect(),
                invalid: Field::ALL.into_iter().map(|field| (field, 0)).collect(),
                absent: Field::ALL
                    .into_iter()
                    .filter(|field| field.is_documented())
                    .map(|field| (field, 0))
                    .collect(),
                ..AnswerCounts::default()
            },
            report_seconds_skipped: 0,
            state_commits: 0,
            state_commit_failures: 0,
            state_recoveries: 0,
            last_commit: None,
            state_bytes: None,
            clock_offset_ms: None,
            pace,
            group_requests_today: 0,
        }
    }

    /// Takes in one call. A pause before it is over.
    pub fn note_exchange(&mut self, exchange: &Exchange) {
        self.pause = None;
        *self.requests.entry(exchange.status).or_default() += 1;
        let milliseconds = u64::try_from(exchange.duration.as_millis()).unwrap_or(u64::MAX);
        self.request_duration.observe(bounds::API_REQUEST, milliseconds);
        self.response_bytes += exchange.bytes;
    }

    /// Takes in a pause that begins.
    pub fn note_pause(&mut self, pause: Pause) {
        *self.pauses.entry(pause.reason).or_default() += 1;
        self.pause = Some(pause);
    }

    /// Takes in a failure.
    pub fn note_failure(&mut self, reason: FailureReason) {
        *self.failures.entry(reason).or_default() += 1;
    }
}
