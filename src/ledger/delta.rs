//! The ids that one answer brings. They are gathered beside the ledger and applied only when the answer proved whole: an
//! answer counts whole or not at all.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

use super::seen::Extent;
use super::{IdRef, IdSet, Ledger, Moment};

/// What found a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FoundBy {
    /// The poll, which follows the watermark.
    Poll,
    /// The sweep, which looks for late rows.
    Sweep,
}

/// How an id relates to what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Novelty {
    /// It is new.
    New,
    /// Known from an earlier answer. Since when, server's time.
    Duplicate(DateTime<Utc>),
    /// It came before in this answer; the first row counts.
    Repeated,
}

/// Whether what is new adds to what is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counts {
    /// It does.
    Yes,
    /// It is from before the start of counting: its id is remembered only.
    No,
}

/// What a row says of its times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// When it was opened.
    pub opened: Option<Moment>,
    /// When it was closed.
    pub closed: Option<Moment>,
    /// A local time before which the report's filter can't have it; `None` where there is none for certain.
    pub not_before_local: Option<NaiveDateTime>,
}

/// What one whole answer brought, ready for [`Ledger::apply`].
#[derive(Debug)]
pub struct Absorbed<T> {
    /// Ids not seen before.
    pub new: IdSet,
    /// When they were first seen, server's time.
    pub first_seen: DateTime<Utc>,
    /// Where their rows lie in the report.
    pub extent: Extent,
    /// What they add to what is counted.
    pub totals: T,
    /// The newest close time among them.
    pub last_chat_close: Option<DateTime<Utc>>,
    /// The server's clock minus ours, milliseconds.
    pub server_offset_ms: i64,
}

/// Gathers the ids of one answer beside the ledger.
#[derive(Debug)]
pub struct Delta<'a, T> {
    ledger: &'a Ledger<T>,
    found: FoundBy,
    /// Ids of this answer that were known before.
    known: IdSet,
    absorbed: Absorbed<T>,
}

impl<'a, T: Default> Delta<'a, T> {
    /// Begins a request whose rows can have local times up to `date_end`.
    pub fn begin(ledger: &'a Ledger<T>, found: FoundBy, date_end: NaiveDateTime) -> Delta<'a, T> {
        Delta {
            ledger,
            found,
            known: IdSet::default(),
            absorbed: Absorbed {
                new: IdSet::default(),
                first_seen: DateTime::UNIX_EPOCH,
                extent: Extent {
                    reach: date_end,
                    last_opened: None,
                },
                totals: T::default(),
                last_chat_close: None,
                server_offset_ms: 0,
            },
        }
    }

    /// The answer begins, before its first row. That is `server_now` by the server's clock, and `now` by ours as if it had
    /// not been set since counting began. `latest` is the greatest local time up to then: a server that takes `date_end`
    /// loosely can send rows up to it.
    pub fn answered(&mut self, server_now: DateTime<Utc>, now: DateTime<Utc>, latest: NaiveDateTime) {
        self.absorbed.first_seen = server_now;
        self.absorbed.server_offset_ms = (server_now - now).num_milliseconds();
        self.absorbed.extent.reach = self.absorbed.extent.reach.max(latest);
    }

    /// When this answer's new ids were first seen, server's time.
    pub fn first_seen(&self) -> DateTime<Utc> {
        self.absorbed.first_seen
    }

    /// What asked for the answer.
    pub fn found(&self) -> FoundBy {
        self.found
    }

    /// How an id relates to what is known. One that is new stays so until it is [remembered](Delta::remember).
    pub fn novelty<'b>(&mut self, id: impl Into<IdRef<'b>>) -> Novelty {
        let id = id.into();
        if self.absorbed.new.contains(id) || self.known.contains(id) {
            return Novelty::Repeated;
        }
        let Some(first_seen) = self.ledger.seen.first_seen(id) else {
            return Novelty::New;
        };
        self.known.add(id);
        Novelty::Duplicate(first_seen)
    }

    /// Remembers a new id. Returns whether it adds to what is counted.
    pub fn remember<'b>(&mut self, id: impl Into<IdRef<'b>>, times: Times) -> Counts {
        let absorbed = &mut self.absorbed;
        absorbed.new.add(id);
        absorbed.extent.note_opened(times.not_before_local);
        // With a wrong zone it may lie a day ahead, and has to show that. A time further ahead is the row's own mistake.
        let closed = times.closed.map(|closed| closed.earliest);
        let plausible = closed.filter(|closed| *closed - absorbed.first_seen <= TimeDelta::hours(26));
        absorbed.last_chat_close = absorbed.last_chat_close.max(plausible);
        self.ledger
            .counts(times, self.found, absorbed.first_seen, absorbed.server_offset_ms)
    }

    /// What the new ids add to what is counted.
    pub fn totals(&self) -> &T {
        &self.absorbed.totals
    }

    /// The same, to be added to.
    pub fn totals_mut(&mut self) -> &mut T {
        &mut self.absorbed.totals
    }

    /// The answer proved whole.
    pub fn finish(self) -> Absorbed<T> {
        self.absorbed
    }
}
