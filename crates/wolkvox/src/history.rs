//! The one reader of ranges of the report: in chunks inside local months and the vendor's limits, with pauses
//! between calls, retries and longer pauses after failures, and bisection where something can't be read.
//!
//! A reader keeps no rows. It says what to ask for next ([`Reader::next`]), asks ([`Reader::ask`]) and decides what
//! follows a failure; the caller takes each whole answer in and says whether it is believed ([`Reader::accept`],
//! [`OpenRange::disbelieve`]).

mod persistent;
mod range;
mod retry;
mod size;
mod unreadable;

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::{Error, Exchange, Sink, Source, Window, Zone};
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use tokio::time::Instant;

pub use persistent::{Notice, ReadError};
pub use range::{OpenRange, Purpose};
pub use retry::{LONGEST_PAUSE, Pauses, doubled};

use persistent::Persistence;
use retry::CycleRetries;
use size::{ChunkSize, Remedy, Search};
use unreadable::{GIVE_UP_AFTER, Part, Unreadable, behind};

/// The pause between the chunks of a range is as long as the last call took, within these bounds. The server answers one
/// call at a time, and other clients wait for their answers too.
const PAUSE_BETWEEN_CALLS: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(10);
/// No chunk gets shorter.
const SHORTEST: TimeDelta = TimeDelta::seconds(1);
/// The most seconds in a row that are passed over: during a search, and otherwise. A server that fails every call must not
/// cost that many calls each time.
const SUSPECTS: (usize, usize) = (16, 1);

/// What follows a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The answer is whole: the caller says whether it is believed.
    Judge,
    /// The call failed, and another is made after so long.
    Again(Duration),
    /// The call failed, and less is asked for.
    Smaller,
    /// The call failed, and can't ask for less: what is behind it is asked for, to see whether that can be read.
    Around,
    /// The range has failed.
    End,
}

/// One call of a range.
#[derive(Debug)]
pub struct Call<K> {
    /// What came of it.
    pub exchange: Exchange,
    /// Where its rows went. They count only if the exchange was good.
    pub sink: K,
    /// What follows.
    pub next: Next,
}

/// Reads ranges of the report, one call at a time.
#[derive(Debug)]
pub struct Reader<S> {
    source: S,
    zone: Zone,
    pauses: Pauses,
    cycle: CycleRetries,
    /// Of a reader that is after whole ranges.
    persistence: Option<Persistence>,
    polls: ChunkSize,
    sweeps: ChunkSize,
    unreadable: Unreadable,
    /// When the last call ended, and how long it took.
    last_call: Option<(Instant, Duration)>,
    calls: u64,
    seconds_skipped: u64,
}

impl<S: Source> Reader<S> {
    /// A reader for cycles that follow one another: the next cycle covers what this one leaves out. Dates are local times of
    /// `zone`.
    pub fn in_cycles(source: S, zone: impl Into<Zone>) -> Reader<S> {
        Reader {
            source,
            zone: zone.into(),
            pauses: Pauses::default(),
            cycle: CycleRetries::default(),
            persistence: None,
            polls: ChunkSize::default(),
            sweeps: ChunkSize::default(),
            unreadable: Unreadable::default(),
            last_call: None,
            calls: 0,
            seconds_skipped: 0,
        }
    }

    /// Begins a cycle. `next` is when the next one is due: nothing is retried into it, and sweeps give way to it.
    pub fn begin_cycle(&mut self, next: Option<Instant>) {
        self.cycle = CycleRetries::until(next);
    }

    /// Waits in another way after failures.
    #[must_use]
    pub fn with_pauses(mut self, pauses: Pauses) -> Reader<S> {
        self.pauses = pauses;
        self
    }

    /// Calls made.
    pub fn calls(&self) -> u64 {
        self.calls
    }

    /// Seconds of the report that were given up.
    pub fn seconds_skipped(&self) -> u64 {
        self.seconds_skipped
    }

    /// Makes one call that is part of no range, and is not tried again.
    pub async fn ask_once<K: Sink>(&mut self, window: &Window, sink: &mut K) -> Exchange {
        let began = Instant::now();
        let exchange = self.source.report(window, sink).await;
        self.calls += 1;
        self.last_call = Some((Instant::now(), began.elapsed()));
        exchange
    }

    /// Opens a range. Nothing is asked for below `floor`, a local time.
    pub fn open(
        &self,
        purpose: Purpose,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        floor: Option<NaiveDateTime>,
    ) -> OpenRange {
        OpenRange::new(purpose, from, to, self.zone, floor)
    }

    /// What to ask for next; `None` where the range has ended, failed or given way. Makes no call.
    pub fn next(&mut self, range: &mut OpenRange) -> Option<Window> {
        if range.failure.is_some() {
            return None;
        }
        // A sweep must not delay the next poll, but makes at least one call in each cycle.
        range.gives_way = range.purpose == Purpose::Sweep && range.calls > 0 && self.cycle.is_over();
        if range.gives_way {
            return None;
        }
        loop {
            if let Some(probe) = &range.probe {
                match probe.chunks.front() {
                    Some(chunk) => return Some(*chunk),
                    None => self.end_probe(range),
                }
                continue;
            }
            let (at, month_end) = range.position()?;
            let end = self.size(range.purpose).end_of_chunk(at).unwrap_or(month_end);
            match self.unreadable.part(at, end.min(month_end)) {
                Part::Usual { to } => match range.chunk(at, to) {
                    Some(chunk) => return Some(chunk),
                    None => range.move_to(to),
                },
                Part::Unreadable { from, failures } => {
                    let is_given_up = failures >= GIVE_UP_AFTER;
                    if is_given_up && range.purpose == Purpose::Poll {
                        range.move_before(behind(from));
                    } else {
                        range.begin_probe(from, is_given_up);
                    }
                }
            }
        }
    }

    /// How long the next call of a range waits.
    pub fn wait(&self, range: &OpenRange) -> Duration {
        let now = Instant::now();
        let pause = range.not_before.map(|at| at.saturating_duration_since(now));
        let pace = self.last_call.map(|(ended, took)| {
            let pace = match &self.persistence {
                None if range.calls > 0 => {
                    took.clamp(*PAUSE_BETWEEN_CALLS.start(), *PAUSE_BETWEEN_CALLS.end())
                }
                Some(persistence) if self.calls >= persistence.calls_at_once => persistence.pace,
                _ => Duration::ZERO,
            };
            pace.saturating_sub(now - ended)
        });
        pause.max(pace).unwrap_or_default()
    }

    /// Waits as long as it has to and asks for one chunk. `sink` is made just before the call.
    pub async fn ask<K: Sink>(
        &mut self,
        range: &mut OpenRange,
        chunk: &Window,
        sink: impl FnOnce(&Window) -> K,
    ) -> Call<K> {
        tokio::time::sleep(self.wait(range)).await;
        range.not_before = None;
        let mut sink = sink(chunk);
        let exchange = self.ask_once(chunk, &mut sink).await;
        range.calls += 1;
        let next = match &exchange.result {
            Ok(_) => Next::Judge,
            Err(error) => self.after_failure(range, chunk, error),
        };
        Call { exchange, sink, next }
    }

    /// Notes that a whole answer was taken in.
    pub fn accept(&mut self, range: &mut OpenRange, chunk: &Window) {
        if let Some(persistence) = &mut self.persistence {
            persistence.note_answer();
        }
        if let Some(probe) = &mut range.probe {
            probe.chunks.pop_front();
        } else {
            self.note_neighbour(range);
            self.size(range.purpose).note_read(chunk.to);
            range.move_to(chunk.to);
        }
    }

    /// The range is done with.
    ///
    /// # Errors
    /// Why not all of it was read.
    pub fn close(&mut self, range: OpenRange) -> Result<(), Error> {
        let size = self.size(range.purpose);
        if range.is_whole() {
            size.note_whole_range();
        }
        let failure = range.into_failure();
        failure
            .inspect(|error| size.note_failed_range(error))
            .map_or(Ok(()), Err)
    }

    /// Forgets what no later range reaches.
    pub fn forget_before(&mut self, start: DateTime<Utc>) {
        self.unreadable.forget_before(start);
        self.polls.forget_before(start);
        self.sweeps.forget_before(start);
    }

    fn size(&mut self, purpose: Purpose) -> &mut ChunkSize {
        match purpose {
            Purpose::Poll => &mut self.polls,
            Purpose::Sweep => &mut self.sweeps,
        }
    }

    /// Decides what follows a failure.
    fn after_failure(&mut self, range: &mut OpenRange, chunk: &Window, error: &Error) -> Next {
        let next = match self.cycle.pause(&self.pauses, error) {
            Some(pause) => Next::Again(pause),
            None if range.probe.is_some() => range.note_probe_failure(error),
            None => self.ask_for_less(range, chunk, error),
        };
        let next = self.persist(next, error);
        match next {
            Next::Again(pause) => range.not_before = Some(Instant::now() + pause),
            Next::End => range.failure = Some(error.clone()),
            Next::Judge | Next::Smaller | Next::Around => {}
        }
        next
    }

    /// Asks for less at once, or for what is behind a second that can't be read.
    fn ask_for_less(&mut self, range: &mut OpenRange, chunk: &Window, error: &Error) -> Next {
        let shortest = self
            .persistence
            .as_ref()
            .map_or(SHORTEST, |_| persistent::SHORTEST);
        let is_due = match &self.persistence {
            Some(persistence) => persistence.is_search_due(),
            None => self.size(range.purpose).is_search_due(),
        };
        let (search, suspects) = if is_due {
            (Search::Due, SUSPECTS.0)
        } else {
            (Search::NotDue, SUSPECTS.1)
        };
        match self.size(range.purpose).remedy(error, chunk, shortest, search) {
            Remedy::Halve if self.persistence.is_some() || self.cycle.may_ask_for_less(error) => {
                range.move_before(chunk.from);
                Next::Smaller
            }
            // Too many in a row: the server fails, not a few seconds of the report.
            Remedy::Shortest if self.persistence.is_none() && range.suspects.len() < suspects => {
                range.suspects.push((chunk.from, error.clone()));
                range.move_before(behind(chunk.from));
                Next::Around
            }
            _ => Next::End,
        }
    }

    fn end_probe(&mut self, range: &mut OpenRange) {
        let Some(probe) = range.probe.take() else { return };
        range.move_before(behind(probe.from));
        if probe.is_readable {
            self.unreadable.note_readable(probe.from);
            self.note_neighbour(range);
        }
    }

    /// A chunk behind the suspects was good: so they are at fault.
    fn note_neighbour(&mut self, range: &mut OpenRange) {
        for (from, error) in std::mem::take(&mut range.suspects) {
            let failures = self.unreadable.note_failure(from);
            if failures < GIVE_UP_AFTER {
                range.unread = Some(error);
                continue;
            }
            self.seconds_skipped += 1;
            tracing::error!(
                reason = error.reason().as_str(),
                from = %from.format("%FT%TZ"),
                to = %behind(from).format("%FT%TZ"),
                failures,
                "a second of the report could not be read {failures} times while its neighbours could: polls pass over it from now on, sweeps try it again. Chats closed in it are missing until then. The last failure: {error}"
            );
        }
    }
}

#[cfg(test)]
mod tests;
