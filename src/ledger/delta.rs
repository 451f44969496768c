//! What one answer brings. It is gathered aside and applied only when the answer proved whole: an answer counts whole
//! or not at all.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

use super::Ledger;
use super::seen::Extent;
use crate::chats::chat::{Chat, ConnId};
use crate::chats::exemplar::Exemplars;
use crate::chats::key::Keys;
use crate::chats::series_limit::SeriesLimit;
use crate::chats::{Counts, Rules, Totals, bounds};
use crate::metrics::histogram::Histogram;
use wolkvox::{Field, RowError};

/// Who found a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Found {
    /// The poll, which follows the watermark.
    ByPoll,
    /// The sweep, the wide look for late rows.
    BySweep,
}

/// How a row relates to what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Novelty {
    /// The chat is new.
    New,
    /// Known from an earlier answer. Since when, server's time.
    Duplicate(DateTime<Utc>),
    /// The same id came before in this answer; the first row counts.
    Repeated,
}

/// Numbers about the rows of one answer, for the poller's own metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerCounts {
    /// Rows read.
    pub rows: u64,
    /// Rows of chats already known from an earlier answer.
    pub duplicate: u64,
    /// Rows whose id came before in the same answer.
    pub repeated: u64,
    /// New chats that were counted.
    pub counted: u64,
    /// New chats from before the start of counting: remembered only.
    pub remembered: u64,
    /// Counted chats that only the sweep found.
    pub late: u64,
    /// Chats counted under `other` because of the series limit.
    pub limited: u64,
    /// Rows that are no chat.
    pub rejected: BTreeMap<RowError, u64>,
    /// Unreadable values of new chats.
    pub invalid: BTreeMap<Field, u64>,
    /// Documented keys that new chats lack.
    pub absent: BTreeMap<Field, u64>,
    /// From the close of a counted chat until it was first seen.
    pub arrival_delay: Histogram,
}

impl Default for AnswerCounts {
    fn default() -> AnswerCounts {
        AnswerCounts {
            rows: 0,
            duplicate: 0,
            repeated: 0,
            counted: 0,
            remembered: 0,
            late: 0,
            limited: 0,
            rejected: BTreeMap::new(),
            invalid: BTreeMap::new(),
            absent: BTreeMap::new(),
            arrival_delay: Histogram::new(bounds::ARRIVAL_DELAY),
        }
    }
}

/// What one whole answer brought, ready for [`Ledger::apply`].
#[derive(Debug)]
pub struct Absorbed {
    /// Ids not seen before.
    pub new: HashSet<ConnId>,
    /// When they were first seen, server's time.
    pub first_seen: DateTime<Utc>,
    /// Where their rows lie in the report.
    pub extent: Extent,
    /// What the new chats add.
    pub totals: Totals,
    /// The newest close time among them.
    pub last_chat_close: Option<DateTime<Utc>>,
    /// The server's clock minus ours, milliseconds.
    pub server_offset_ms: i64,
    /// Numbers about the rows.
    pub counts: AnswerCounts,
    /// Examples of what the histograms count.
    pub exemplars: Exemplars,
}

/// Gathers the rows of one answer beside the ledger.
#[derive(Debug)]
pub struct Delta<'a> {
    ledger: &'a Ledger,
    rules: Rules,
    found: Found,
    series_limit: SeriesLimit<'a>,
    /// The later of both clocks: one that was wrong for a moment must not make a label set look old.
    touched: DateTime<Utc>,
    /// Ids of this answer that were known before.
    known: HashSet<ConnId>,
    absorbed: Absorbed,
}

impl<'a> Delta<'a> {
    /// Begins a request whose rows can have local times up to `date_end`.
    pub fn begin(ledger: &'a Ledger, rules: Rules, found: Found, date_end: NaiveDateTime) -> Delta<'a> {
        Delta {
            ledger,
            rules,
            found,
            series_limit: SeriesLimit::new(&ledger.totals, rules.max_series),
            touched: DateTime::UNIX_EPOCH,
            known: HashSet::new(),
            absorbed: Absorbed {
                new: HashSet::new(),
                first_seen: DateTime::UNIX_EPOCH,
                extent: Extent {
                    reach: date_end,
                    last_opened: None,
                },
                totals: Totals::default(),
                last_chat_close: None,
                server_offset_ms: 0,
                counts: AnswerCounts::default(),
                exemplars: Exemplars::default(),
            },
        }
    }

    /// The answer begins, before its first row: at `server_now` by the server's clock, `now` by ours, as if nobody had set it
    /// since counting began. `latest` is the
    /// greatest local time up to then; a server that minds `date_end` loosely can send rows up to it.
    pub fn answered(&mut self, server_now: DateTime<Utc>, now: DateTime<Utc>, latest: NaiveDateTime) {
        self.touched = server_now.max(now);
        self.absorbed.first_seen = server_now;
        self.absorbed.server_offset_ms = (server_now - now).num_milliseconds();
        self.absorbed.extent.reach = self.absorbed.extent.reach.max(latest);
    }

    /// When this answer's new chats were first seen, server's time.
    pub fn first_seen(&self) -> DateTime<Utc> {
        self.absorbed.first_seen
    }

    /// Takes in one chat. Returns how it relates to what is known, and the label sets that it belongs to.
    pub fn absorb(&mut self, chat: &Chat) -> (Novelty, Keys) {
        self.absorbed.counts.rows += 1;
        let keys = Keys::of(chat, self.rules.agents);
        if self.absorbed.new.contains(&chat.id) || self.known.contains(&chat.id) {
            self.absorbed.counts.repeated += 1;
            return (Novelty::Repeated, keys);
        }
        let new = &self.absorbed.totals;
        if let Some(first_seen) = self.ledger.seen.first_seen(&chat.id) {
            let keys = self.series_limit.look_up(keys, new);
            self.known.insert(chat.id.clone());
            self.absorbed.counts.duplicate += 1;
            return (Novelty::Duplicate(first_seen), keys);
        }
        let (keys, limited) = self.series_limit.admit(keys, new);
        self.absorbed.new.insert(chat.id.clone());
        self.absorbed.extent.note_opened(chat.not_before_local());
        self.count(chat, &keys);
        self.absorbed.counts.limited += u64::from(limited);
        (Novelty::New, keys)
    }

    fn count(&mut self, chat: &Chat, keys: &Keys) {
        let absorbed = &mut self.absorbed;
        let closed = chat.closed.map(|closed| closed.earliest);
        let (server_now, offset_ms) = (absorbed.first_seen, absorbed.server_offset_ms);
        let counts = self.ledger.counts(chat, self.found, server_now, offset_ms);
        absorbed
            .totals
            .absorb(chat, keys, counts, self.rules, self.touched);
        // In a wrong zone it may lie a day ahead, and is to tell so; what is further ahead is the row's own mistake.
        let plausible = closed.filter(|closed| *closed - absorbed.first_seen <= TimeDelta::hours(26));
        absorbed.last_chat_close = absorbed.last_chat_close.max(plausible);
        for (map, fields) in [
            (&mut absorbed.counts.invalid, chat.invalid),
            (&mut absorbed.counts.absent, chat.absent),
        ] {
            for field in fields.iter() {
                *map.entry(field).or_default() += 1;
            }
        }
        if counts == Counts::No {
            absorbed.counts.remembered += 1;
            return;
        }
        absorbed.counts.counted += 1;
        absorbed.counts.late += u64::from(self.found == Found::BySweep);
        absorbed.exemplars.note(chat, &keys.chat, absorbed.first_seen);
        if let Some(closed) = closed {
            let delay = (absorbed.first_seen - closed).num_milliseconds();
            absorbed
                .counts
                .arrival_delay
                .observe(bounds::ARRIVAL_DELAY, u64::try_from(delay).unwrap_or(0));
        }
    }

    /// Notes a row that is no chat.
    pub fn reject(&mut self, error: RowError) {
        self.absorbed.counts.rows += 1;
        *self.absorbed.counts.rejected.entry(error).or_default() += 1;
    }

    /// The answer proved whole.
    pub fn finish(self) -> Absorbed {
        self.absorbed
    }
}
