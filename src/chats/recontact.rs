//! Chats whose customer had closed another one shortly before. Of a customer nothing is kept but a keyed hash of the id or the
//! phone, with the times of the closes. Whoever holds the state has the key too, and could try out phones: it stays personal data.

mod stored;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use wolkvox::{Row, Value};

use super::chat::{Chat, is_no_id, trimmed};
use super::field::Field;
use super::key::{LabelSet, Table};
use super::totals::Totals;
use crate::config::Recontact;
use crate::ledger::Counts;
use crate::ledger::state::random;

/// A chat that is read now may have been opened about a day ago: closes are kept for so much longer than is looked back.
const KEPT_BESIDES: TimeDelta = TimeDelta::hours(26);
/// As many closes are kept, of the newest. The report decides how many there are.
const MOST_CLOSES: usize = 250_000;

/// A customer: eight bytes of a keyed hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Customer(u64);

/// What customers are hashed with. It stays in the state.
#[derive(Clone, PartialEq, Eq)]
struct Key([u8; 32]);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Key {
    fn new() -> std::io::Result<Key> {
        random().map(Key)
    }

    /// The customer of a text. An id and a phone of the same digits are different customers.
    fn customer(&self, field: Field, text: &str) -> Customer {
        let hash = Sha256::new()
            .chain_update(self.0)
            .chain_update(field.name())
            .chain_update([0])
            .chain_update(text)
            .finalize();
        let bytes = hash.first_chunk::<8>().copied().unwrap_or_default();
        Customer(u64::from_be_bytes(bytes))
    }
}

/// The closes of customers, each with how many chats closed at that time: milliseconds since the epoch.
type Closes = BTreeMap<(Customer, i64), u32>;

/// When customers closed chats.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Customers {
    /// `None` where recontacts are not counted.
    key: Option<Key>,
    closes: Closes,
}

impl Customers {
    /// The customer of a row, by its id, else by its phone. `None` where it has neither, or nothing is counted.
    pub fn of_row(&self, row: &Row<'_>) -> Option<Customer> {
        let key = self.key.as_ref()?;
        let mut fields = [Field::CustomerId, Field::CustomerPhone].into_iter();
        fields.find_map(|field| match row.get(field) {
            Value::Text(text) => {
                let text = trimmed(text);
                (!is_no_id(text)).then(|| key.customer(field, text))
            }
            Value::Absent | Value::Unreadable => None,
        })
    }

    /// How many closes are kept.
    pub fn len(&self) -> usize {
        self.closes.len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.closes.is_empty()
    }

    fn add(&mut self, customer: Customer, closed_ms: i64) {
        *self.closes.entry((customer, closed_ms)).or_default() += 1;
    }

    /// The customer's latest close up to a time, but for one chat's own close.
    fn latest(&self, customer: Customer, up_to_ms: i64, own_ms: Option<i64>) -> Option<i64> {
        let range = (customer, i64::MIN)..=(customer, up_to_ms);
        let mut closes = self.closes.range(range).rev();
        let is_other = |((_, at), chats): &(&(Customer, i64), &u32)| Some(*at) != own_ms || **chats > 1;
        closes.find(is_other).map(|((_, at), _)| *at)
    }

    fn has_old(&self, before_ms: i64) -> bool {
        self.closes.len() > MOST_CLOSES || self.closes.keys().any(|(_, at)| *at < before_ms)
    }

    fn forget(&mut self, before_ms: i64) {
        self.closes.retain(|(_, at), _| *at >= before_ms);
        let excess = self.closes.len().saturating_sub(MOST_CLOSES);
        if excess > 0 {
            let mut times: Vec<i64> = self.closes.keys().map(|(_, at)| *at).collect();
            let (_, newest_to_go, _) = times.select_nth_unstable(excess - 1);
            let newest_to_go = *newest_to_go;
            self.closes.retain(|(_, at), _| *at > newest_to_go);
        }
    }
}

/// A chat that counts and whose customer and opening are known.
#[derive(Debug)]
struct Asked {
    customer: Customer,
    opened_ms: i64,
    closed_ms: Option<i64>,
    skill_id: Box<str>,
}

/// Gathers the chats of one answer. Only when it ends are they looked at: its rows come in any order.
#[derive(Debug, Default)]
pub(super) struct Gatherer {
    closes: Vec<(Customer, i64)>,
    asked: Vec<Asked>,
}

impl Gatherer {
    /// Takes in a new chat that is counted under this label set of [`Table::Chats`].
    pub(super) fn note(&mut self, chat: &Chat, counts: Counts, set: &LabelSet) {
        let Some(customer) = chat.customer else { return };
        let closed_ms = chat.closed.map(|closed| closed.earliest.timestamp_millis());
        self.closes.extend(closed_ms.map(|closed| (customer, closed)));
        let opened = chat.opened.filter(|_| counts == Counts::Yes);
        let skill_id = set.get(Table::Chats, "skill_id");
        if let (Some(opened), Some(skill_id)) = (opened, skill_id) {
            self.asked.push(Asked {
                customer,
                opened_ms: opened.earliest.timestamp_millis(),
                closed_ms,
                skill_id: skill_id.into(),
            });
        }
    }

    /// Adds the closes to those of the answer's totals, and hands each chat that counts to `count`: its skill, and how long after
    /// an earlier close it was opened, if there is one.
    pub(super) fn finish(
        self,
        base: &Totals,
        totals: &mut Totals,
        mut count: impl FnMut(&mut Totals, &str, Option<u64>),
    ) {
        if self.closes.is_empty() && self.asked.is_empty() {
            return;
        }
        let new = Arc::make_mut(&mut totals.customers);
        for (customer, closed_ms) in self.closes {
            new.add(customer, closed_ms);
        }
        let new = Arc::clone(&totals.customers);
        for asked in self.asked {
            // What was known before is another chat's, whenever it closed.
            let known = base.customers.latest(asked.customer, asked.opened_ms, None);
            let same_answer = new.latest(asked.customer, asked.opened_ms, asked.closed_ms);
            let gap = known
                .max(same_answer)
                .map(|latest| asked.opened_ms.abs_diff(latest));
            count(totals, &asked.skill_id, gap);
        }
    }
}

impl Totals {
    /// When customers closed chats.
    pub fn customers(&self) -> &Arc<Customers> {
        &self.customers
    }

    /// A poller goes on with these settings. What they no longer ask for is removed: without recontacts all that is known of
    /// customers, and the totals of durations that are not set.
    ///
    /// # Errors
    /// The system gave no random bytes for a key.
    pub fn begin_recontacts(&mut self, recontact: Option<&Recontact>) -> std::io::Result<()> {
        let is_set = |within: &str| recontact.is_some_and(|set| set.has(within));
        self.keep_sets(Table::Recontacts, |set| {
            set.get(Table::Recontacts, "within").is_some_and(is_set)
        });
        if recontact.is_none() {
            self.customers = Arc::default();
        } else if self.customers.key.is_none() {
            self.customers = Arc::new(Customers {
                key: Some(Key::new()?),
                closes: Closes::new(),
            });
        }
        Ok(())
    }

    /// Drops the closes that no later chat is compared with.
    pub fn forget_closes_before(&mut self, now: DateTime<Utc>, recontact: &Recontact) {
        let kept = TimeDelta::try_milliseconds(i64::try_from(recontact.longest_ms()).unwrap_or(i64::MAX));
        let before = kept.and_then(|kept| now.checked_sub_signed(kept + KEPT_BESIDES));
        let before_ms = before.map_or(i64::MIN, |before| before.timestamp_millis());
        if self.customers.has_old(before_ms) {
            Arc::make_mut(&mut self.customers).forget(before_ms);
        }
    }

    /// Adds the closes of an answer.
    pub(super) fn add_closes(&mut self, other: &Customers) {
        if other.is_empty() {
            return;
        }
        let mine = Arc::make_mut(&mut self.customers);
        for (key, chats) in &other.closes {
            *mine.closes.entry(*key).or_default() += chats;
        }
    }
}

#[cfg(test)]
mod tests;
