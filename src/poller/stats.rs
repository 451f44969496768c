//! How the poller is doing: numbers that begin at 0 with the process. [`super::families`] shows them.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};

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
    pub rows: u64,
    pub rows_duplicate: u64,
    pub rows_repeated: u64,
    pub rows_rejected: BTreeMap<NotAChat, u64>,
    pub fields_invalid: BTreeMap<Field, u64>,
    pub fields_absent: BTreeMap<Field, u64>,
    pub chats_late: u64,
    pub arrival_delay: Histogram,
    pub stretches_skipped: u64,
    pub series_limited: u64,
    pub state_commits: u64,
    pub state_commit_failures: u64,
    pub state_recoveries: u64,
    pub last_commit: Option<DateTime<Utc>>,
    pub state_bytes: Option<u64>,
    pub clock_offset_ms: Option<i64>,
}

impl Stats {
    /// All at 0. The reasons and fields that are known beforehand exist from the start.
    pub fn new(started: DateTime<Utc>) -> Stats {
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
            rows: 0,
            rows_duplicate: 0,
            rows_repeated: 0,
            rows_rejected: NotAChat::ALL.into_iter().map(|error| (error, 0)).collect(),
            fields_invalid: Field::ALL.into_iter().map(|field| (field, 0)).collect(),
            fields_absent: Field::ALL
                .into_iter()
                .filter(|field| field.is_documented())
                .map(|field| (field, 0))
                .collect(),
            chats_late: 0,
            arrival_delay: Histogram::new(bounds::ARRIVAL_DELAY),
            stretches_skipped: 0,
            series_limited: 0,
            state_commits: 0,
            state_commit_failures: 0,
            state_recoveries: 0,
            last_commit: None,
            state_bytes: None,
            clock_offset_ms: None,
        }
    }

    /// Takes in one call.
    pub fn note_exchange(&mut self, exchange: &Exchange) {
        *self.requests.entry(exchange.status).or_default() += 1;
        let milliseconds = u64::try_from(exchange.duration.as_millis()).unwrap_or(u64::MAX);
        self.request_duration.observe(bounds::API_REQUEST, milliseconds);
        self.response_bytes += exchange.bytes;
    }

    /// Takes in the rows of one whole answer.
    pub fn note_answer(&mut self, counts: &AnswerCounts) {
        self.rows += counts.rows;
        self.rows_duplicate += counts.duplicate;
        self.rows_repeated += counts.repeated;
        self.chats_late += counts.late;
        self.series_limited += counts.limited;
        self.arrival_delay.add(&counts.arrival_delay);
        add(&mut self.rows_rejected, &counts.rejected);
        add(&mut self.fields_invalid, &counts.invalid);
        add(&mut self.fields_absent, &counts.absent);
    }

    /// Takes in a failure.
    pub fn note_failure(&mut self, reason: FailureReason) {
        *self.failures.entry(reason).or_default() += 1;
    }
}

fn add<K: Ord + Copy>(mine: &mut BTreeMap<K, u64>, theirs: &BTreeMap<K, u64>) {
    for (key, count) in theirs {
        *mine.entry(*key).or_default() += count;
    }
}
