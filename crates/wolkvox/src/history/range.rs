//! A range that is being read, and how far it has come.

use std::collections::VecDeque;

use crate::{Error, Window, Zone, window};
use chrono::{DateTime, NaiveDateTime, SubsecRound, TimeDelta, Utc};
use tokio::time::Instant;

use super::Next;
use super::control::Held;
use super::size::may_lie_in_one_row;
use super::unreadable::{Suspects, behind};

/// What a range is read for. Each has a chunk size of its own: if the latest minutes can be read, a second a day back may
/// still be unreadable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Up to now. Passes over seconds that were given up.
    Poll,
    /// What polls may have missed. Asks for seconds that were given up, and gives way to the next cycle.
    Sweep,
}

/// A range that is being read.
#[derive(Debug)]
pub struct OpenRange {
    pub(super) purpose: Purpose,
    zone: Zone,
    floor: Option<NaiveDateTime>,
    /// What is left, each inside one local month; the first is being read.
    months: VecDeque<Window>,
    at: DateTime<Utc>,
    /// Whether `at` was read, as the last second of the chunk before.
    is_at_read: bool,
    pub(super) probe: Option<Probe>,
    /// A failure whose cause is being looked for.
    pub(super) held: Option<Held>,
    /// Of the last second that failed, while it is not known whether what follows can be read.
    suspect: Option<Error>,
    /// Of a second that can't be read and is not given up yet.
    pub(super) unread: Option<Error>,
    is_disbelieved: bool,
    /// What ended it.
    pub(super) failure: Option<Error>,
    pub(super) gives_way: bool,
    pub(super) calls: u64,
    /// The pause after a failure.
    pub(super) not_before: Option<Instant>,
}

/// A second that could not be read before is asked for by itself.
#[derive(Debug)]
pub(super) struct Probe {
    pub(super) from: DateTime<Utc>,
    pub(super) is_given_up: bool,
    pub(super) is_readable: bool,
    /// Second by second: where `date_end` is exclusive, one of the two can be read.
    pub(super) chunks: VecDeque<Window>,
}

impl OpenRange {
    pub(super) fn new(
        purpose: Purpose,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        zone: Zone,
        floor: Option<NaiveDateTime>,
    ) -> OpenRange {
        // The report has whole seconds, and so have chunks: else the search for one second would never come to it.
        let from = from.trunc_subsecs(0);
        let months: VecDeque<_> = window::chunks(from, to, zone, floor, window::LONGEST).into();
        OpenRange {
            purpose,
            zone,
            floor,
            at: months.front().map_or(to, |month| month.from),
            months,
            is_at_read: false,
            probe: None,
            held: None,
            suspect: None,
            unread: None,
            is_disbelieved: false,
            failure: None,
            gives_way: false,
            calls: 0,
            not_before: None,
        }
    }

    /// Leaves out what ends at `read_to`, which was read before, unless nothing else is left.
    #[must_use]
    pub fn after(mut self, read_to: Option<DateTime<Utc>>) -> OpenRange {
        while self.months.len() > 1 && Some(self.months[0].to) <= read_to {
            self.next_month();
        }
        self
    }

    /// Whether something before the next chunk was not read, or not believed: what follows is no reason to move a cursor.
    pub fn has_gap(&self) -> bool {
        self.suspect.is_some() || self.unread.is_some() || self.is_disbelieved
    }

    /// Whether it ended before its end, to leave the time to the next cycle.
    pub fn gives_way(&self) -> bool {
        self.gives_way
    }

    /// Whether it ended at a failure, before its end.
    pub fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    /// Where the next chunk begins, and where the month ends that it lies in; `None` at the end of the range.
    pub(super) fn position(&mut self) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        loop {
            let month = self.months.front()?;
            if self.at < month.to || (self.at == month.to && !self.is_at_read) {
                return Some((self.at, month.to));
            }
            self.next_month();
        }
    }

    fn next_month(&mut self) {
        self.months.pop_front();
        if let Some(month) = self.months.front().filter(|month| month.from > self.at) {
            self.at = month.from;
            self.is_at_read = false;
        }
    }

    /// What to ask for between two instants of a month; `None` below the floor.
    pub(super) fn chunk(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Option<Window> {
        window::chunks(from, to, self.zone, self.floor, window::LONGEST)
            .into_iter()
            .next()
    }

    /// Everything up to here, this second included, is done with.
    pub(super) fn move_to(&mut self, at: DateTime<Utc>) {
        self.at = at;
        self.is_at_read = true;
    }

    /// Goes on with this second.
    pub(super) fn move_before(&mut self, at: DateTime<Utc>) {
        self.at = at;
        self.is_at_read = false;
    }

    /// Goes on behind a second that failed, to see whether that can be read.
    pub(super) fn pass_suspect(&mut self, at: DateTime<Utc>, error: &Error) {
        self.suspect = Some(error.clone());
        self.move_before(behind(at));
    }

    /// Goes back to the first second that failed. The month that it lies in may have been left.
    pub(super) fn return_to(&mut self, at: DateTime<Utc>) {
        self.suspect = None;
        if let Some(month) = self.months.front().filter(|month| at < month.from) {
            let left = window::chunks(
                at,
                month.from - TimeDelta::seconds(1),
                self.zone,
                self.floor,
                window::LONGEST,
            );
            for month in left.into_iter().rev() {
                self.months.push_front(month);
            }
        }
        self.move_before(at);
    }

    /// Whether its last second failed: nothing behind it was read that shows whether the second is at fault.
    pub fn ends_in_suspect(&self) -> bool {
        self.suspect.is_some() && self.failure.is_none()
    }

    /// What is behind the seconds that failed was read.
    pub(super) fn has_read_behind(&mut self) {
        self.suspect = None;
    }

    /// The last second of the range; `None` below the floor.
    pub(super) fn last_second(&self) -> Option<Window> {
        let end = self.months.back()?.to;
        self.chunk(end, end)
    }

    /// Whether there is nothing left to ask for.
    pub fn is_at_end(&mut self) -> bool {
        self.probe.is_none() && self.held.is_none() && self.position().is_none()
    }

    /// Another cycle goes on with it. Nothing is asked for below `floor`, which may have risen.
    pub fn resume(&mut self, floor: Option<NaiveDateTime>) {
        self.floor = self.floor.max(floor);
        self.held = None;
        self.failure = None;
        self.gives_way = false;
        self.calls = 0;
        self.not_before = None;
    }

    /// Asks for a second by itself that could not be read before.
    pub(super) fn begin_probe(&mut self, from: DateTime<Utc>, is_given_up: bool) {
        let second = TimeDelta::seconds(1);
        self.probe = Some(Probe {
            from,
            is_given_up,
            is_readable: true,
            chunks: window::chunks(from, behind(from), self.zone, self.floor, second).into(),
        });
    }

    /// The last answer says that there are no rows where there are some: goes on behind it, which leaves a gap.
    pub fn disbelieve(&mut self, chunk: &Window) {
        self.is_disbelieved = true;
        match &mut self.probe {
            Some(probe) => {
                probe.is_readable = false;
                probe.chunks.pop_front();
            }
            None => self.move_to(chunk.to),
        }
    }

    /// A second failed that could not be read before.
    pub(super) fn note_probe_failure(&mut self, error: &Error, suspects: &mut Suspects) -> Next {
        let Some(probe) = self.probe.as_mut().filter(|_| may_lie_in_one_row(error)) else {
            return Next::End;
        };
        probe.chunks.pop_front();
        if std::mem::take(&mut probe.is_readable) && !probe.is_given_up {
            suspects.push(probe.from, error);
            self.suspect = Some(error.clone());
        }
        Next::Around
    }

    /// Whether all of it was read.
    pub(super) fn is_whole(&self) -> bool {
        !self.gives_way && !self.has_gap() && !self.has_failed()
    }

    /// Why not all of it was read, unless another cycle goes on with it.
    pub(super) fn cause(&self) -> Option<Error> {
        let unread = self.suspect.as_ref().or(self.unread.as_ref());
        self.failure
            .as_ref()
            .or(unread.filter(|_| !self.gives_way))
            .cloned()
    }
}
