//! What has been counted and what has been asked for: the one thing that outlives the process.
//!
//! The rule that makes each chat count once: an id is forgotten only when no request can return its row any more.
//! [`Seen`] keeps, per answer, how far that answer reached in the report's own local time; what is forgotten raises a
//! floor below which no request may begin, whatever clocks and settings say.

pub mod delta;
pub(crate) mod hashing;
pub mod id;
pub mod id_map;
pub mod seen;
pub mod state;
pub mod store;

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::clock::WRITTEN;
pub use delta::{Absorbed, Counts, Delta, FoundBy, Novelty, Times};
pub use id::{Id, IdRef, Moment};
pub use id_map::{IdMap, IdSet};
pub use seen::Seen;
pub use store::{Adoption, FileStore, Store, StoreError};

/// What is counted of the ids: kept, committed and restored with them.
pub trait Counted: Clone + Default + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// What a reader must know of the program that wrote the totals. Stored beside them.
    type Layout: Serialize + DeserializeOwned;

    /// The layout of what this program writes.
    fn layout() -> Self::Layout;

    /// Fits what was stored with another layout to this program's.
    fn conform(&mut self, stored: &Self::Layout);

    /// A process goes on with what was stored: what the state lacked begins to count now.
    fn resume(&mut self, now: DateTime<Utc>);

    /// Adds what another answer brought.
    fn add(&mut self, other: Self);
}

/// When counting began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountingStart {
    /// Chats closed before this are remembered and never counted. By our clock at the first start, or as configured.
    pub since: DateTime<Utc>,
    /// Whether `WOLKVOX_COUNT_FROM` set it: then it is the report's own time and all that is found counts.
    pub configured: bool,
    /// The server's clock minus ours at the first answer, milliseconds. `since` is compared in the server's time.
    pub server_offset_ms: Option<i64>,
}

impl CountingStart {
    fn by_server(&self, offset_ms: i64) -> DateTime<Utc> {
        let offset = TimeDelta::milliseconds(if self.configured { 0 } else { offset_ms });
        self.since.checked_add_signed(offset).unwrap_or(self.since)
    }

    /// The start in the server's time, once the first answer has shown its clock.
    pub fn known_since(&self) -> Option<DateTime<Utc>> {
        self.server_offset_ms.map(|offset| self.by_server(offset))
    }

    /// The server's clock minus ours at the start of counting, judged at an answer that began at `server_now` by a server
    /// whose clock is `offset_ms` ahead. It is that of the first answer. Only if the start would lie in the server's future
    /// then, its clock was ahead at the first answer and has been corrected: then it is `offset_ms`.
    fn offset_at(&self, server_now: DateTime<Utc>, offset_ms: i64) -> i64 {
        self.server_offset_ms
            .filter(|stored| self.by_server(*stored) <= server_now)
            .unwrap_or(offset_ms)
    }
}

/// Up to where the report has been asked for, in the server's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursors {
    /// The watermark: the end of what polls were answered whole.
    pub poll: DateTime<Utc>,
    /// The end of what sweeps were answered whole.
    pub sweep: DateTime<Utc>,
}

/// Whether polls and sweeps have once reached their end. Until then a chat that does not say when it was closed is
/// taken for one from before the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Settled {
    /// A poll has reached now.
    pub poll: bool,
    /// A sweep has reached its end.
    pub sweep: bool,
}

/// Calls made on one day of the operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayRequests {
    /// The operation's local date.
    pub day: NaiveDate,
    /// Calls since its midnight.
    pub count: u64,
}

/// What has been counted, and what has been asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger<T> {
    /// When counting began.
    pub counting: CountingStart,
    /// Up to where the report has been asked for.
    pub cursors: Cursors,
    /// What is past its first time.
    pub settled: Settled,
    /// The ids of chats whose rows may still be returned.
    pub seen: Seen,
    /// What has been counted.
    pub totals: T,
    /// The end of the last good poll, our clock.
    pub last_success: Option<DateTime<Utc>>,
    /// The newest close time seen.
    pub last_chat_close: Option<DateTime<Utc>>,
    /// Today's calls.
    pub requests: Option<DayRequests>,
    /// The very first cycle after the first start is still running.
    #[serde(skip)]
    in_first_cycle: bool,
}

impl<T: Counted> Ledger<T> {
    /// The ledger of a first start: nothing counted, nothing asked for.
    pub fn first_start(now: DateTime<Utc>, count_from: Option<DateTime<Utc>>) -> Ledger<T> {
        let since = count_from.unwrap_or(now);
        Ledger {
            counting: CountingStart {
                since,
                configured: count_from.is_some(),
                server_offset_ms: None,
            },
            cursors: Cursors {
                poll: since,
                sweep: since,
            },
            settled: Settled::default(),
            seen: Seen::default(),
            totals: T::default(),
            last_success: None,
            last_chat_close: None,
            requests: None,
            in_first_cycle: true,
        }
    }

    /// What a start goes on with: what was stored, or a first start.
    pub fn resume(
        stored: Option<Ledger<T>>,
        now: DateTime<Utc>,
        count_from: Option<DateTime<Utc>>,
    ) -> Ledger<T> {
        // A first start in 1970 that was stopped before any answer: it is not known when it began.
        let has_a_beginning = |ledger: &Ledger<T>| {
            let counting = &ledger.counting;
            counting.configured || counting.server_offset_ms.is_some() || counting.since >= WRITTEN
        };
        let Some(mut ledger) = stored.filter(has_a_beginning) else {
            return Ledger::first_start(now, count_from);
        };
        ledger.totals.resume(now);
        ledger
    }

    /// Whether this is a first start whose time is that of our clock, and no answer has shown the server's yet.
    pub fn has_just_started(&self) -> bool {
        self.in_first_cycle && !self.counting.configured && self.counting.server_offset_ms.is_none()
    }

    /// Whether nothing was known before this process.
    pub fn is_first_start(&self) -> bool {
        self.in_first_cycle
    }

    /// Takes in what one whole answer brought.
    pub fn apply(&mut self, absorbed: Absorbed<T>) {
        if absorbed.first_seen >= WRITTEN {
            let offset = self
                .counting
                .offset_at(absorbed.first_seen, absorbed.server_offset_ms);
            self.counting.server_offset_ms = Some(offset);
        }
        self.last_chat_close = self.last_chat_close.max(absorbed.last_chat_close);
        self.seen
            .remember(&absorbed.new, absorbed.first_seen, absorbed.extent);
        self.totals.add(absorbed.totals);
    }

    /// Moves a cursor to the end of what was asked from `from` and answered whole, at `answered_at` by the server's clock.
    /// It moves back only if it lies beyond `answered_at`: then a clock was ahead when the cursor was set, and an outage
    /// before it would not be caught up.
    pub fn advance(
        &mut self,
        found: FoundBy,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        answered_at: DateTime<Utc>,
    ) {
        let cursor = match found {
            FoundBy::Poll => &mut self.cursors.poll,
            FoundBy::Sweep => &mut self.cursors.sweep,
        };
        // Not before what was asked for: a Date from long ago must not make us ask for years again. Not beyond that Date
        // either: where our clock is ahead, a whole chunk may lie in the server's future.
        let to = to.max(from.min(answered_at.max(*cursor)));
        *cursor = if *cursor > answered_at {
            to
        } else {
            to.max(*cursor)
        };
    }

    /// Notes that a poll reached now, or a sweep its end.
    pub fn settle(&mut self, found: FoundBy) {
        match found {
            FoundBy::Poll => self.settled.poll = true,
            FoundBy::Sweep => self.settled.sweep = true,
        }
    }

    /// The first cycle is over: from here on close times decide.
    pub fn end_cycle(&mut self) {
        self.in_first_cycle = false;
    }

    /// Forgets the ids that no request can return again, given the local time at which the earliest next request
    /// begins.
    pub fn forget_before(&mut self, next_date_ini: NaiveDateTime) {
        self.seen.forget_before(next_date_ini);
    }

    /// Counts one call on `day`, the operation's local date.
    pub fn count_request(&mut self, day: NaiveDate) {
        match &mut self.requests {
            Some(requests) if requests.day == day => requests.count += 1,
            requests => *requests = Some(DayRequests { day, count: 1 }),
        }
    }

    /// Calls made on `day`.
    pub fn requests_on(&self, day: NaiveDate) -> u64 {
        self.requests
            .filter(|requests| requests.day == day)
            .map_or(0, |requests| requests.count)
    }
}

impl<T> Ledger<T> {
    /// Whether what is new to the ledger adds to what is counted. The answer began at `server_now` by the server's clock,
    /// which is `offset_ms` ahead of ours.
    fn counts(&self, times: Times, found: FoundBy, server_now: DateTime<Utc>, offset_ms: i64) -> Counts {
        let counts = if self.counting.configured {
            times
                .closed
                .is_none_or(|closed| closed.latest >= self.counting.since)
        } else if self.in_first_cycle {
            false
        } else {
            let since = self
                .counting
                .by_server(self.counting.offset_at(server_now, offset_ms));
            // The report knows nothing smaller than a second.
            let since = since - TimeDelta::nanoseconds(i64::from(since.timestamp_subsec_nanos()));
            let after = |moment: Moment| moment.latest >= since;
            match (times.closed, times.opened) {
                (Some(closed), _) => after(closed),
                (None, Some(opened)) if after(opened) => true,
                (None, _) => self.is_settled(found),
            }
        };
        if counts { Counts::Yes } else { Counts::No }
    }

    fn is_settled(&self, found: FoundBy) -> bool {
        match found {
            FoundBy::Poll => self.settled.poll,
            FoundBy::Sweep => self.settled.sweep,
        }
    }
}

#[cfg(test)]
mod tests;
