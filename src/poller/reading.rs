//! A range that a poll or a sweep is reading, and the loop that reads it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::Poller;
use super::cycle::{CycleFailure, ReadSummary};
use super::disbelief::NotBelieved;
use super::intake::{Intake, TakenAnswer};
use super::pause::{Pause, PauseReason};
use super::publication::Publish;
use super::sweep::Left;
use crate::chats::AnswerCounts;
use crate::chats::latest_window::Gatherer;
use crate::ledger::{FoundBy, Store};
use crate::poller::stats::FailureReason;
use wolkvox::history::{Call, Next, OpenRange, Purpose};
use wolkvox::{Error, Exchange, Lists, Source, Window};

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
    fn is_beyond(&self, now: DateTime<Utc>, at: DateTime<Utc>) -> bool {
        self.purpose == Purpose::Poll && self.summary.answers > 0 && at > now
    }

    /// Takes in an answer that is believed.
    fn note_answer(&mut self, counts: &AnswerCounts, chats: Gatherer) {
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
    fn reach(&mut self, at: DateTime<Utc>) {
        self.summary.to = at;
    }

    /// Takes in a call that failed.
    fn note_failure(&mut self, error: &Error) {
        self.summary.failures += 1;
        self.summary.last_failure = Some(error.clone());
    }

    /// Nothing of it is left to another cycle.
    fn end(&mut self) {
        self.summary.is_whole = true;
        if self.purpose == Purpose::Sweep {
            self.summary.to = self.end;
        }
    }
}

impl<S: Source + Lists, D: Store, P: Publish> Poller<S, D, P> {
    /// Reads a range chunk by chunk; each one is committed and published before the next is asked for, so that a long
    /// backlog gets through even if the process is killed in between. Its future is large: callers keep it on the heap.
    pub(super) async fn read(
        &mut self,
        mut reading: Reading,
        mut range: OpenRange,
    ) -> Result<Reading, CycleFailure> {
        while let Some(chunk) = self.reader.next(&mut range) {
            if reading.is_beyond(self.clocks.later(), chunk.from) {
                break;
            }
            if self.books.has_staged_answers() {
                self.commit().await?;
                self.publish();
            }
            let Call { exchange, sink, next } = self
                .reader
                .ask(&mut range, &chunk, |chunk| {
                    Intake::new(
                        &self.books.ledger,
                        &self.recent,
                        &self.config,
                        &self.clocks,
                        reading.purpose,
                        chunk,
                    )
                    .with(self.examples)
                })
                .await;
            let taken = sink.finish();
            self.note_call(&exchange, &taken);
            match exchange.result {
                Ok(_) if next == Next::Judge => self.take_in(&mut reading, &mut range, chunk, taken),
                Ok(_) => {}
                Err(error) => {
                    reading.note_failure(&error);
                    log_failed_call(&error, &chunk, next, self.last_failure);
                    if let Next::Again(wait) = next {
                        self.note_wait(&error, wait);
                    }
                }
            }
        }
        self.end_reading(reading, range)
    }

    /// Takes in a whole answer, unless it hides chats that are known.
    fn take_in(&mut self, reading: &mut Reading, range: &mut OpenRange, chunk: Window, taken: TakenAnswer) {
        let answered_at = taken.answered_at();
        let counts = self.books.stage(taken.tallied);
        self.stats.answers.add(&counts);
        if counts.rows == 0 && self.books.knows_rows_in(&chunk, self.clocks.servers()) {
            reading.not_believed.push(chunk);
            range.disbelieve(&chunk);
            return;
        }
        // What was closed while the server was answering may be missing.
        let to = chunk.to.min(answered_at);
        if !range.has_gap() {
            let found = found(reading.purpose);
            self.books.ledger.advance(found, chunk.from, to, answered_at);
            match reading.purpose {
                Purpose::Sweep => self.sweeps.reach(chunk.to),
                Purpose::Poll => self.books.ledger.totals.note_read(chunk.from, to),
            }
        }
        if reading.purpose == Purpose::Poll || !range.has_gap() {
            reading.reach(to);
        }
        reading.note_answer(&counts, taken.chats);
        self.reader.accept(range, &chunk);
    }

    fn end_reading(&mut self, mut reading: Reading, mut range: OpenRange) -> Result<Reading, CycleFailure> {
        self.stats.report_seconds_skipped = self.reader.seconds_skipped();
        let read = self.reader.leave(&mut range);
        if reading.purpose == Purpose::Sweep && !range.is_at_end() {
            let not_believed = std::mem::take(&mut reading.not_believed);
            self.sweeps.leave(Left { range, not_believed });
            return read.map(|()| reading).map_err(CycleFailure::from);
        }
        let not_believed = if range.has_failed() {
            None
        } else {
            self.books.disbelieve(reading.purpose, &reading.not_believed)
        };
        if reading.purpose == Purpose::Sweep && (not_believed.is_some() || range.ends_in_suspect()) {
            // Later chats may end the disbelief, and show whether a second is at fault that can't be read. A sweep that goes
            // on from here would never ask for them.
            self.sweeps.abandon();
        }
        reading.end();
        read?;
        not_believed.map_or(Ok(reading), |error| Err(error.into()))
    }

    /// Notes one call, whatever came of it.
    fn note_call(&mut self, exchange: &Exchange, taken: &TakenAnswer) {
        self.books
            .ledger
            .count_request(self.clocks.day_of(taken.asked_at));
        self.stats.note_exchange(exchange);
        if let Some((begun, date)) = taken.begun.and_then(|begun| Some((begun, begun.date?))) {
            self.stats.clock_offset_ms = Some((date - begun.ours).num_milliseconds());
            self.clocks.note(date, &begun);
        }
    }

    /// Notes that the next call of this cycle waits so long.
    fn note_wait(&mut self, error: &Error, wait: Duration) {
        let wait = TimeDelta::from_std(wait).ok();
        let until = wait.and_then(|wait| self.clocks.ours().checked_add_signed(wait));
        if let (Some(reason), Some(until)) = (PauseReason::of(error), until) {
            let asked = error.retry_after();
            self.pause(Pause { until, reason, asked });
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
fn log_failed_call(error: &Error, chunk: &Window, next: Next, previous: Option<FailureReason>) {
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
