//! The one reader of ranges of the report: in chunks inside local months and the vendor's limits, with rests between
//! calls, retries and pauses after failures, and a search for what can't be read.
//!
//! A reader keeps no rows. It says what to ask for next ([`Reader::next`]), asks ([`Reader::ask`]) and decides what
//! follows a failure; the caller takes each whole answer in and says whether it is believed ([`Reader::accept`],
//! [`Range::disbelieve`]).

mod persistent;
mod range;
mod retry;
mod size;
mod unreadable;

use std::ops::RangeInclusive;
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use tokio::time::Instant;

pub use persistent::{Notice, ReadError};
pub use range::{Kind, Range};
pub use retry::{LONGEST_PAUSE, Pauses, doubled};

use crate::{Error, Exchange, Sink, Source, Window};
use retry::Retries;
use size::{ChunkSize, Remedy, Search, may_lie_in_one_row};
use unreadable::{GIVE_UP_AFTER, Part, Unreadable, behind};

/// A server that answers one call at a time rests between the chunks of a range for as long as the last call took it,
/// within these bounds: others want their answers too.
const REST: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(10);
/// So many seconds in a row are passed over at most, where they are searched for.
const SUSPECTS: usize = 16;

/// How long to wait between two calls.
#[derive(Debug, Clone, Copy)]
enum Pace {
    /// As long as the last call of the range took, within [`REST`].
    AsTheServer,
    /// From the end of a call.
    Fixed {
        pace: Duration,
        /// So many calls need not wait.
        at_once: u64,
    },
}

#[derive(Debug, Clone, Copy)]
struct LastCall {
    ended: Instant,
    took: Duration,
}

/// What follows a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The answer is whole: the caller says whether it is believed.
    Judge,
    /// The same is asked for again after so long.
    Again(Duration),
    /// Less is asked for.
    Smaller {
        /// How much at a time.
        length: TimeDelta,
        /// After how long.
        after: Duration,
    },
    /// It can't be smaller: what is behind it is asked for, to see whether that can be read.
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

/// How far a range was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// All that was asked for was answered.
    End,
    /// It gave way to the next cycle.
    GaveWay,
}

/// Reads ranges of the report, one call at a time.
#[derive(Debug)]
pub struct Reader<S> {
    source: S,
    zone: Tz,
    pace: Pace,
    pauses: Pauses,
    retries: Retries,
    /// No chunk gets shorter.
    shortest: TimeDelta,
    polls: ChunkSize,
    sweeps: ChunkSize,
    unreadable: Unreadable,
    last_call: Option<LastCall>,
    calls: u64,
    seconds_skipped: u64,
}

impl<S: Source> Reader<S> {
    /// A reader for cycles that follow one another: what one leaves out, the next one covers. Dates are local times of
    /// `zone`.
    pub fn in_cycles(source: S, zone: Tz) -> Reader<S> {
        Reader {
            source,
            zone,
            pace: Pace::AsTheServer,
            pauses: Pauses::default(),
            retries: Retries::Cycle(retry::CycleRetries::default()),
            shortest: TimeDelta::seconds(1),
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
        self.retries = Retries::Cycle(retry::CycleRetries::until(next));
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
        self.last_call = Some(LastCall {
            ended: Instant::now(),
            took: began.elapsed(),
        });
        exchange
    }

    /// Opens a range. Nothing is asked for below `floor`, a local time.
    pub fn open(
        &self,
        kind: Kind,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        floor: Option<NaiveDateTime>,
    ) -> Range {
        Range::new(kind, from, to, self.zone, floor)
    }

    /// What to ask for next; `None` where the range has ended, failed or given way. Makes no call.
    pub fn next(&mut self, range: &mut Range) -> Option<Window> {
        if range.failure.is_some() {
            return None;
        }
        if self.has_to_give_way(range) {
            range.gave_way = true;
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
            let end = self.size(range.kind).end_of_chunk(at).unwrap_or(month_end);
            match self.unreadable.part(at, end.min(month_end)) {
                Part::Usual { to } => match range.chunk(at, to) {
                    Some(chunk) => return Some(chunk),
                    None => range.move_to(to),
                },
                Part::Unreadable { from, failures } => {
                    let is_given_up = failures >= GIVE_UP_AFTER;
                    if is_given_up && range.kind == Kind::Poll {
                        range.move_before(behind(from));
                    } else {
                        range.begin_probe(from, is_given_up);
                    }
                }
            }
        }
    }

    /// A sweep must not keep the next poll waiting, but makes one call each time.
    fn has_to_give_way(&self, range: &Range) -> bool {
        let is_cycle_over = matches!(&self.retries, Retries::Cycle(cycle) if cycle.is_over());
        range.kind == Kind::Sweep && range.calls > 0 && is_cycle_over
    }

    /// How long the next call of a range waits.
    pub fn wait(&self, range: &Range) -> Duration {
        let pause = range
            .not_before
            .map_or(Duration::ZERO, |at| at.saturating_duration_since(Instant::now()));
        pause.max(self.rest_left(range))
    }

    fn rest_left(&self, range: &Range) -> Duration {
        let Some(last) = self.last_call else {
            return Duration::ZERO;
        };
        let rest = match self.pace {
            Pace::AsTheServer if range.calls > 0 => last.took.clamp(*REST.start(), *REST.end()),
            Pace::Fixed { pace, at_once } if self.calls >= at_once => pace,
            _ => return Duration::ZERO,
        };
        rest.saturating_sub(last.ended.elapsed())
    }

    /// Waits as long as it has to and asks for one chunk. `sink` is made just before the call.
    pub async fn ask<K: Sink>(
        &mut self,
        range: &mut Range,
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
    pub fn accept(&mut self, range: &mut Range, chunk: &Window) {
        self.retries.note_answer();
        if let Some(probe) = &mut range.probe {
            probe.chunks.pop_front();
        } else {
            self.note_neighbour(range);
            self.size(range.kind).note_read(chunk.to);
            range.move_to(chunk.to);
        }
    }

    /// The range is done with.
    ///
    /// # Errors
    /// Why not all of it was read.
    pub fn close(&mut self, mut range: Range) -> Result<Reached, Error> {
        let is_whole = range.is_whole();
        let suspect = range.suspects.pop().map(|(_, error)| error);
        if let Some(error) = range.failure.or(suspect).or(range.unread) {
            self.size(range.kind).note_failed_range(&error);
            return Err(error);
        }
        if is_whole {
            self.size(range.kind).note_whole_range();
        }
        Ok(if range.gave_way {
            Reached::GaveWay
        } else {
            Reached::End
        })
    }

    /// Forgets what no later range reaches.
    pub fn forget_before(&mut self, start: DateTime<Utc>) {
        self.unreadable.forget_before(start);
        self.polls.forget_before(start);
        self.sweeps.forget_before(start);
    }

    fn size(&mut self, kind: Kind) -> &mut ChunkSize {
        match kind {
            Kind::Poll => &mut self.polls,
            Kind::Sweep => &mut self.sweeps,
        }
    }

    /// Decides what follows a failure.
    fn after_failure(&mut self, range: &mut Range, chunk: &Window, error: &Error) -> Next {
        let next = match &mut self.retries {
            Retries::Cycle(cycle) => match cycle.pause(&self.pauses, error) {
                Some(pause) => Next::Again(pause),
                None if range.probe.is_some() => note_probe_failure(range, error),
                None => self.ask_for_less(range, chunk, error),
            },
            Retries::Persistent(_) => self.persist(range, chunk, error),
        };
        match next {
            Next::Again(after) => range.not_before = Some(Instant::now() + after),
            Next::Smaller { after, .. } => {
                range.move_before(chunk.from);
                range.not_before = Some(Instant::now() + after);
            }
            Next::Around | Next::Judge => {}
            Next::End => range.failure = Some(error.clone()),
        }
        next
    }

    /// Asks for less in this cycle, or for what is behind a second that can't be read.
    fn ask_for_less(&mut self, range: &mut Range, chunk: &Window, error: &Error) -> Next {
        let shortest = self.shortest;
        let size = self.size(range.kind);
        let is_search_due = size.is_search_due();
        match size.remedy(error, chunk, shortest, Search::due_if(is_search_due)) {
            Remedy::Halve if self.may_ask_for_less(error) => Next::Smaller {
                length: self.next_length(range.kind, chunk),
                after: Duration::ZERO,
            },
            // Too many in a row: it is not a few seconds, it is the server.
            Remedy::Shortest if range.suspects.len() < suspects_allowed(is_search_due) => {
                range.suspects.push((chunk.from, error.clone()));
                range.move_before(behind(chunk.from));
                Next::Around
            }
            _ => Next::End,
        }
    }

    fn may_ask_for_less(&mut self, error: &Error) -> bool {
        match &mut self.retries {
            Retries::Cycle(cycle) => cycle.may_ask_for_less(error),
            Retries::Persistent(_) => true,
        }
    }

    fn next_length(&mut self, kind: Kind, chunk: &Window) -> TimeDelta {
        let end = self.size(kind).end_of_chunk(chunk.from);
        end.map_or(chunk.to - chunk.from, |end| end - chunk.from)
    }

    fn end_probe(&mut self, range: &mut Range) {
        let Some(probe) = range.probe.take() else { return };
        range.move_before(behind(probe.from));
        if probe.is_readable {
            self.unreadable.note_readable(probe.from);
            self.note_neighbour(range);
        }
    }

    /// A good chunk behind suspects: it is their fault.
    fn note_neighbour(&mut self, range: &mut Range) {
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

/// How many seconds in a row may be passed over. A server that fails every call must not cost so many each time.
fn suspects_allowed(is_search_due: bool) -> usize {
    if is_search_due { SUSPECTS } else { 1 }
}

/// A second failed that could not be read before.
fn note_probe_failure(range: &mut Range, error: &Error) -> Next {
    let Some(probe) = range.probe.as_mut().filter(|_| may_lie_in_one_row(error)) else {
        return Next::End;
    };
    probe.chunks.pop_front();
    if std::mem::take(&mut probe.is_readable) && !probe.is_given_up {
        range.suspects.push((probe.from, error.clone()));
    }
    Next::Around
}

#[cfg(test)]
mod tests;
