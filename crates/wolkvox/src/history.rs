//! The one reader of ranges of the report: in chunks inside local months and the vendor's limits, with pauses
//! between calls, retries and longer pauses after failures, and bisection where something can't be read.
//!
//! A reader keeps no rows. It says what to ask for next ([`Reader::next`]), asks ([`Reader::ask`]) and decides what
//! follows a failure; the caller takes each whole answer in and says whether it is believed ([`Reader::accept`],
//! [`OpenRange::disbelieve`]).

mod control;
mod failure;
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

use control::Control;
use persistent::Persistence;
use retry::CycleRetries;
use size::ChunkSize;
use unreadable::{GIVE_UP_AFTER, Part, Suspects, Unreadable, behind};

/// The pause between the chunks of a range is as long as the last call took, within these bounds. The server answers one
/// call at a time, and other clients wait for their answers too.
const PAUSE_BETWEEN_CALLS: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(10);
/// No chunk gets shorter.
const SHORTEST: TimeDelta = TimeDelta::seconds(1);

/// What follows a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The answer is whole: the caller says whether it is believed. No other answer counts.
    Judge,
    /// The call failed, and another is made after so long.
    Again(Duration),
    /// The call failed, and less is asked for.
    Smaller,
    /// The call failed, and can't ask for less: what is behind it is asked for, to see whether that can be read.
    Around,
    /// The call failed, and one second is asked for that every server which is up can answer. What then follows is that
    /// call's `next`, and its rows do not count.
    Control,
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
    polls: Learned,
    sweeps: Learned,
    unreadable: Unreadable,
    control: Control,
    /// When the last call ended, and how long it took.
    last_call: Option<(Instant, Duration)>,
    calls: u64,
    seconds_skipped: u64,
}

/// What polls, or sweeps, have learned of the report. Kept from cycle to cycle, in memory only.
#[derive(Debug, Default)]
struct Learned {
    size: ChunkSize,
    suspects: Suspects,
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
            polls: Learned::default(),
            sweeps: Learned::default(),
            unreadable: Unreadable::default(),
            control: Control::default(),
            last_call: None,
            calls: 0,
            seconds_skipped: 0,
        }
    }

    /// Begins a cycle. `next` is when the next one is due: nothing is retried into it, and sweeps give way to it. Few calls
    /// of a cycle may fail; a range that still fails then has failed, and the next cycle goes on with what was learned.
    pub fn begin_cycle(&mut self, next: Option<Instant>) {
        self.cycle = CycleRetries::until(next);
    }

    /// Waits in another way after failures.
    #[must_use]
    pub fn with_pauses(mut self, pauses: Pauses) -> Reader<S> {
        self.pauses = pauses;
        self
    }

    /// Whom it asks.
    pub fn source(&self) -> &S {
        &self.source
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
        range.gives_way =
            range.purpose == Purpose::Sweep && range.calls > 0 && self.cycle.is_over() && !range.is_at_end();
        if range.gives_way {
            return None;
        }
        loop {
            if let Some(held) = &range.held {
                return Some(held.question);
            }
            if let Some(probe) = &range.probe {
                match probe.chunks.front() {
                    Some(chunk) => return Some(*chunk),
                    None => self.end_probe(range),
                }
                continue;
            }
            let (at, month_end) = range.position()?;
            let learned = self.learned(range.purpose);
            let mut end = learned.size.end_of_chunk(at).unwrap_or(month_end).min(month_end);
            match learned.suspects.next(at) {
                Some((from, error)) if *from <= at => {
                    range.pass_suspect(*from, error);
                    continue;
                }
                Some((from, _)) => end = end.min(*from),
                None => {}
            }
            match self.unreadable.part(at, end) {
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
            Ok(_) => {
                self.cycle.note_answer();
                let held = range.held.take();
                held.map_or(Next::Judge, |held| self.after_control(range, &held))
            }
            Err(error) => self.after_failure(range, chunk, error),
        };
        Call { exchange, sink, next }
    }

    /// Notes that a whole answer was taken in.
    pub fn accept(&mut self, range: &mut OpenRange, chunk: &Window) {
        if let Some(persistence) = &mut self.persistence {
            persistence.note_answer();
        }
        self.control.note_read(chunk);
        if let Some(probe) = &mut range.probe {
            probe.chunks.pop_front();
        } else {
            self.note_neighbour(range, chunk.from);
            self.learned(range.purpose).size.note_read(chunk.to);
            range.move_to(chunk.to);
        }
    }

    /// The range is left, at its end or before it. A sweep that was left before its end can go on in another cycle:
    /// [`OpenRange::resume`].
    ///
    /// # Errors
    /// Why not all of it was read.
    pub fn leave(&mut self, range: &mut OpenRange) -> Result<(), Error> {
        let size = &mut self.learned(range.purpose).size;
        if range.is_whole() {
            size.note_whole_range();
        }
        let cause = range.cause();
        cause
            .inspect(|error| size.note_failed_range(error))
            .map_or(Ok(()), Err)
    }

    /// Forgets what no later range reaches.
    pub fn forget_before(&mut self, start: DateTime<Utc>) {
        self.unreadable.forget_before(start);
        for learned in [&mut self.polls, &mut self.sweeps] {
            learned.size.forget_before(start);
            learned.suspects.forget_before(start);
        }
    }

    fn learned(&mut self, purpose: Purpose) -> &mut Learned {
        match purpose {
            Purpose::Poll => &mut self.polls,
            Purpose::Sweep => &mut self.sweeps,
        }
    }

    fn end_probe(&mut self, range: &mut OpenRange) {
        let Some(probe) = range.probe.take() else { return };
        range.move_before(behind(probe.from));
        if probe.is_readable {
            self.unreadable.note_readable(probe.from);
            self.note_neighbour(range, probe.from);
        }
    }

    /// What begins at `at` was read: so the suspects before it are at fault.
    fn note_neighbour(&mut self, range: &mut OpenRange, at: DateTime<Utc>) {
        range.has_read_behind();
        for (from, error) in self.learned(range.purpose).suspects.take_before(at) {
            let failures = self.unreadable.note_failure(from);
            if failures < GIVE_UP_AFTER {
                range.unread = Some(error);
                continue;
            }
            if failures > GIVE_UP_AFTER {
                continue;
            }
            self.seconds_skipped += 1;
            tracing::error!(
                reason = error.reason().as_str(),
                from = %from.format("%FT%TZ"),
                to = %behind(from).format("%FT%TZ"),
                failures,
                "a second of the report could not be read {failures} times while its neighbours could: polls pass over it from now on, sweeps try it again. Chats closed in it are missing until then. It lies between `from` and `to`. The last failure: {error}"
            );
        }
    }
}

#[cfg(test)]
mod tests;
