//! What the chats of one answer add: gathered beside the totals, with numbers about the answer's rows.

mod sums;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, Utc};

use super::chat::{Chat, Customer, NotAChat};
use super::exemplar::Exemplars;
use super::field::Field;
use super::key::{Keys, LabelSet, Table};
use super::series_limit::{OTHER, SeriesLimit};
use super::totals::Name;
use super::{Ledger, Totals, bounds, recontact, today};
use crate::config::Counting;
use crate::ledger::{Absorbed, Counts, Delta, FoundBy, Id, Novelty, Times};
use crate::metrics::histogram::Histogram;
use sums::{Places, Sums};
use wolkvox::{Row, Zone};

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
    pub rejected: BTreeMap<NotAChat, u64>,
    /// Unreadable values of new chats.
    pub invalid: BTreeMap<Field, u64>,
    /// Documented keys that new chats lack.
    pub absent: BTreeMap<Field, u64>,
    /// Distinct keys of the rows that no field has; `None` where there were no rows.
    pub unknown_keys: Option<u64>,
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
            unknown_keys: None,
            arrival_delay: Histogram::new(bounds::ARRIVAL_DELAY),
        }
    }
}

impl AnswerCounts {
    /// Adds the numbers of another answer, which came later.
    pub fn add(&mut self, other: &AnswerCounts) {
        self.rows += other.rows;
        self.duplicate += other.duplicate;
        self.repeated += other.repeated;
        self.counted += other.counted;
        self.remembered += other.remembered;
        self.late += other.late;
        self.limited += other.limited;
        add(&mut self.rejected, &other.rejected);
        add(&mut self.invalid, &other.invalid);
        add(&mut self.absent, &other.absent);
        self.unknown_keys = other.unknown_keys.or(self.unknown_keys);
        self.arrival_delay.add(&other.arrival_delay);
    }
}

fn add<K: Ord + Copy>(mine: &mut BTreeMap<K, u64>, theirs: &BTreeMap<K, u64>) {
    for (key, count) in theirs {
        *mine.entry(*key).or_default() += count;
    }
}

/// What one whole answer brought.
#[derive(Debug)]
pub struct Tallied {
    /// Its new ids and what they add, for [`Ledger::apply`].
    pub absorbed: Absorbed<Totals>,
    /// Numbers about the rows.
    pub counts: AnswerCounts,
    /// Examples of what the histograms count.
    pub exemplars: Exemplars,
}

/// Counts the chats of one answer beside the ledger.
#[derive(Debug)]
pub struct Tally<'a> {
    delta: Delta<'a, Totals>,
    /// What was counted before this answer.
    base: &'a Totals,
    counting: &'a Counting,
    series_limit: SeriesLimit<'a>,
    /// The later of both clocks. A clock that was slow for a moment must not make a label set look old.
    touched: DateTime<Utc>,
    counts: AnswerCounts,
    /// What is added to the label sets of the answer's totals, until the answer ends.
    sums: Sums,
    /// What is added to days; `None` where nobody asks for them.
    days: Option<today::Gatherer>,
    recontacts: recontact::Gatherer,
}

impl<'a> Tally<'a> {
    /// Begins a request whose rows can have local times up to `date_end`.
    pub fn begin(
        ledger: &'a Ledger,
        counting: &'a Counting,
        found: FoundBy,
        date_end: NaiveDateTime,
    ) -> Tally<'a> {
        Tally {
            delta: Delta::begin(ledger, found, date_end),
            base: &ledger.totals,
            counting,
            series_limit: SeriesLimit::new(&ledger.totals, counting.max_series),
            touched: DateTime::UNIX_EPOCH,
            counts: AnswerCounts::default(),
            sums: Sums::new(counting.agents),
            days: None,
            recontacts: recontact::Gatherer::default(),
        }
    }

    /// Leaves out the [examples](Tallied::exemplars): nobody asks for them.
    #[must_use]
    pub fn without_examples(mut self) -> Tally<'a> {
        self.sums.leave_out_examples();
        self
    }

    /// Adds the chats to the days of a zone too.
    #[must_use]
    pub fn by_days_of(self, zone: Zone) -> Tally<'a> {
        Tally {
            days: Some(today::Gatherer::new(zone)),
            ..self
        }
    }

    /// The same with another limit of the bytes of label values.
    #[cfg(test)]
    pub(super) fn within_bytes(mut self, most_bytes: usize) -> Tally<'a> {
        self.series_limit = SeriesLimit::within(self.base, self.counting.max_series, most_bytes);
        self
    }

    /// The answer begins: see [`Delta::answered`].
    pub fn answered(&mut self, server_now: DateTime<Utc>, now: DateTime<Utc>, latest: NaiveDateTime) {
        self.touched = server_now.max(now);
        self.delta.answered(server_now, now, latest);
    }

    /// When this answer's new chats were first seen, server's time.
    pub fn first_seen(&self) -> DateTime<Utc> {
        self.delta.first_seen()
    }

    /// Takes in a row by its chat's id, if the chat is known or came before in this answer. `None` is a new chat, whose row is
    /// to be read and [absorbed](Tally::absorb).
    pub fn recognize(&mut self, id: &Id) -> Option<Novelty> {
        let novelty = self.delta.novelty(id);
        let count = match novelty {
            Novelty::New => return None,
            Novelty::Duplicate(_) => &mut self.counts.duplicate,
            Novelty::Repeated => &mut self.counts.repeated,
        };
        *count += 1;
        self.counts.rows += 1;
        Some(novelty)
    }

    /// Whether the label sets of any chat are its own, none of them `other`.
    pub fn has_room_for_labels(&self) -> bool {
        self.series_limit.has_room()
    }

    /// Takes in one chat. Returns how it relates to what is known, and the label sets that it belongs to.
    pub fn absorb(&mut self, chat: &Chat) -> (Novelty, Keys) {
        match self.recognize(&chat.id) {
            Some(Novelty::Repeated) => (Novelty::Repeated, Keys::of(chat, self.counting.agents)),
            Some(novelty) => (novelty, self.keys_of_known(chat)),
            None => (Novelty::New, self.absorb_new(chat)),
        }
    }

    /// Takes in a chat that is new. Returns the label sets that it is counted under.
    pub fn absorb_new(&mut self, chat: &Chat) -> Keys {
        self.counts.rows += 1;
        let places = self.sums.places(chat, &mut self.series_limit);
        self.counts.limited += u64::from(places.is_limited);
        self.count(chat, &places);
        self.sums.keys(&places)
    }

    /// The label sets under which a chat is shown that is counted already.
    pub fn keys_of_known(&mut self, chat: &Chat) -> Keys {
        if let Some(keys) = self.sums.keys_of_known(chat) {
            return keys;
        }
        let keys = Keys::of(chat, self.counting.agents);
        for (table, set) in keys.each() {
            if self.base[table].contains_key(set) {
                self.sums.note_existing(table, set);
            }
        }
        let is_added = |table, set: &LabelSet| self.sums.has(table, set);
        self.series_limit.look_up(keys, is_added)
    }

    fn count(&mut self, chat: &Chat, places: &Places) {
        let times = Times {
            opened: chat.opened,
            closed: chat.closed,
            not_before_local: chat.not_before_local(),
        };
        let counts = self.delta.remember(&chat.id, times);
        let first_seen = self.delta.first_seen();
        self.sums.add(chat, places, counts, self.counting, first_seen);
        self.note_texts(chat, places);
        self.note_day(chat, places, counts);
        if let Some(set) = self.sums.set(places, Table::Chats) {
            self.recontacts.note(chat, counts, set);
        }
        for (map, fields) in [
            (&mut self.counts.invalid, chat.invalid),
            (&mut self.counts.absent, chat.absent),
        ] {
            for field in fields.iter() {
                *map.entry(field).or_default() += 1;
            }
        }
        if counts == Counts::No {
            self.counts.remembered += 1;
            return;
        }
        self.counts.counted += 1;
        self.counts.late += u64::from(self.delta.found() == FoundBy::Sweep);
        if let Some(closed) = chat.closed {
            let delay = (first_seen - closed.earliest).num_milliseconds();
            self.counts
                .arrival_delay
                .observe(bounds::ARRIVAL_DELAY, u64::try_from(delay).unwrap_or(0));
        }
    }

    /// The customer of a row, where recontacts are counted.
    pub fn customer_of(&self, row: &Row<'_>) -> Option<Customer> {
        self.base.customers().of_row(row)
    }

    /// Counts the recontacts among the chats of the answer. All times of a skill begin together, at 0.
    fn count_recontacts(&mut self) {
        let Some(recontact) = &self.counting.recontact else {
            return;
        };
        let (limit, limited, touched) = (&mut self.series_limit, &mut self.counts.limited, self.touched);
        let count = |totals: &mut Totals, skill_id: &str, gap_ms: Option<u64>| {
            let mut is_limited = false;
            for (within, ms) in recontact.each() {
                let set = LabelSet::new(Table::Recontacts, [skill_id, within]);
                let is_added = |table, set: &LabelSet| totals[table].contains_key(set);
                let shown = limit.admit(Table::Recontacts, &set, is_added);
                is_limited |= shown != set && skill_id != OTHER;
                let chats = u64::from(gap_ms.is_some_and(|gap| gap <= ms));
                totals.count_set(Table::Recontacts, &shown, touched, chats);
            }
            *limited += u64::from(is_limited);
        };
        let gatherer = std::mem::take(&mut self.recontacts);
        gatherer.finish(self.base, self.delta.totals_mut(), count);
    }

    /// Adds a chat to the day of its close: the poll that found it, if the report does not say. One from before the start of
    /// counting is of its day too, if the report does.
    fn note_day(&mut self, chat: &Chat, places: &Places, counts: Counts) {
        let Some(days) = &mut self.days else { return };
        let first_seen = self.delta.first_seen();
        let found = (counts == Counts::Yes).then_some(first_seen);
        let closed = chat.closed.map(|closed| closed.earliest).or(found);
        if let Some(closed) = closed {
            days.note(chat, closed, first_seen, places.of_day(), self.counting);
        }
    }

    /// Notes the texts of a chat's ids, as far as there is room for them.
    fn note_texts(&mut self, chat: &Chat, places: &Places) {
        let (limit, totals) = (&mut self.series_limit, self.delta.totals_mut());
        let mut admit = |table, id: &str, name: Name| {
            let fits = limit.fits_text(table, id, &name.text, totals);
            if fits {
                totals.add_text(table, id, &name);
            }
            fits
        };
        self.sums
            .note_texts(chat, places, self.counting.agents, self.touched, &mut admit);
    }

    /// Notes a row that is no chat.
    pub fn reject(&mut self, error: NotAChat) {
        self.counts.rows += 1;
        *self.counts.rejected.entry(error).or_default() += 1;
    }

    /// Notes how many distinct keys of its rows no field has.
    pub fn note_unknown_keys(&mut self, keys: u64) {
        self.counts.unknown_keys = (self.counts.rows > 0).then_some(keys);
    }

    /// The answer proved whole.
    pub fn finish(mut self) -> Tallied {
        let mut exemplars = Exemplars::default();
        if let Some(days) = self.days.take() {
            let [skill, agent] = [Table::Chats, Table::Agents].map(|table| self.sums.sets(table));
            let days = days.finish(skill, agent);
            self.delta.totals_mut().add_days(&days);
        }
        self.count_recontacts();
        self.sums
            .finish(self.delta.totals_mut(), self.touched, &mut exemplars);
        Tallied {
            absorbed: self.delta.finish(),
            counts: self.counts,
            exemplars,
        }
    }
}

#[cfg(test)]
mod tests;
