//! A range that a poll or a sweep is reading.

use chrono::{DateTime, Utc};

use super::cycle::ReadSummary;
use super::disbelief::NotBelieved;
use crate::chats::AnswerCounts;
use crate::chats::latest_window::Gatherer;
use crate::ledger::FoundBy;
use crate::poller::stats::FailureReason;
use wolkvox::history::{Next, Purpose};
use wolkvox::{Error, Window};

/// What has been read so far.
pub(super) struct Reading {
    pub(super) purpose: Purpose,
    /// Where it is to end, UTC.
    end: DateTime<Utc>,
    pub(super) summary: ReadSummary,
    pub(super) gatherer: Gatherer,
    pub(super) not_believed: NotBelieved,
}

impl Reading {
    pub(super) fn new(purpose: Purpose, from: DateTime<Utc>, end: DateTime<Utc>) -> Reading {
        Reading {
            purpose,
            end,
            summary: ReadSummary::new(from),
            gatherer: Gatherer::default(),
            not_believed: NotBelieved::default(),
        }
    }

    /// An answer may have shown that our idea of now was far ahead: polls end there.
    pub(super) fn is_beyond(&self, now: DateTime<Utc>, at: DateTime<Utc>) -> bool {
        self.purpose == Purpose::Poll && self.summary.answers > 0 && at > now
    }

    /// Takes in an answer that is believed.
    pub(super) fn note_answer(&mut self, counts: &AnswerCounts, chats: Gatherer) {
        self.not_believed.note_rows(counts.rows);
        if self.purpose == Purpose::Poll {
            self.gatherer.extend(chats);
        }
        let summary = &mut self.summary;
        summary.answers += 1;
        summary.rows += counts.rows;
        summary.counted += counts.counted;
        summary.remembered += counts.remembered;
        summary.duplicate += counts.duplicate;
        summary.rejected += counts.rejected.values().sum::<u64>();
    }

    /// All up to here was read.
    pub(super) fn reach(&mut self, at: DateTime<Utc>) {
        self.summary.to = at;
    }

    /// Takes in a call that failed.
    pub(super) fn note_failure(&mut self, error: &Error) {
        self.summary.failures += 1;
        self.summary.last_failure = Some(error.clone());
    }

    /// Nothing of it is left to another cycle.
    pub(super) fn end(&mut self) {
        self.summary.is_whole = true;
        if self.purpose == Purpose::Sweep {
            self.summary.to = self.end;
        }
    }
}

/// Who finds the rows of a range.
pub(super) fn found(purpose: Purpose) -> FoundBy {
    match purpose {
        Purpose::Poll => FoundBy::Poll,
        Purpose::Sweep => FoundBy::Sweep,
    }
}

/// What the log says of a call that failed while its range goes on. The error's own sentence is in the line about the poll or
/// the sweep. Where the cycle before failed too, `previous` says why, and this is no news.
pub(super) fn log_failed_call(error: &Error, chunk: &Window, next: Next, previous: Option<FailureReason>) {
    let what = match next {
        Next::Again(pause) => format!("trying once more in {} s", pause.as_secs()),
        Next::Smaller => "asking for the first part of it".to_owned(),
        Next::Control => "asking for one second first, to see whether the server answers at all".to_owned(),
        // A second that can't be read is logged when it is given up, and a poll or a sweep that has failed says so itself.
        Next::Around | Next::End | Next::Judge => return,
    };
    let reason = error.reason().as_str();
    let status = error.status().map(|status| format!(", HTTP {status}"));
    let status = status.unwrap_or_default();
    let [from, to] = [chunk.from, chunk.to].map(|at| at.format("%FT%TZ"));
    if previous.is_none() {
        tracing::info!(reason, %from, %to, "a chunk failed ({reason}{status}): {what}");
    } else {
        tracing::debug!(reason, %from, %to, "a chunk failed ({reason}{status}): {what}");
    }
}
