//! Examples of what the histograms count: per bucket the newest chat. In memory only.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::chat::Chat;
#[cfg(test)]
use super::key::Keys;
use super::key::{LabelSet, PerTable, Table};
use super::totals::Totals;
use crate::config::Counting;
use crate::ledger::Id;
use crate::metrics::histogram::bucket_of;

/// A chat that a bucket counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// The chat.
    pub id: Id,
    /// The observed time, milliseconds.
    pub milliseconds: u64,
    /// When the chat was closed, else first seen.
    pub at: DateTime<Utc>,
}

/// Examples per bucket, the last for `+Inf`; bounds as in `bounds.rs`. Empty for what is no histogram.
pub type Buckets = Vec<Option<Example>>;

/// Examples per label set of a table, and measure of it. Clones share the label sets until one of them changes.
pub type Examples = BTreeMap<LabelSet, Arc<Vec<Buckets>>>;

/// Examples of all tables. A clone costs next to nothing: what changes is copied when it does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exemplars(PerTable<Arc<Examples>>);

impl Exemplars {
    /// The examples of a table, to be kept: they stay as they are now. The same `Arc` is the same content.
    pub fn share(&self, table: Table) -> Arc<Examples> {
        Arc::clone(&self.0[table as usize])
    }

    /// Drops the examples of label sets that are no longer there.
    pub fn retain(&mut self, totals: &Totals) {
        for (table, examples) in Table::ALL.into_iter().zip(&mut self.0) {
            if examples.keys().any(|set| !totals[table].contains_key(set)) {
                Arc::make_mut(examples).retain(|set, _| totals[table].contains_key(set));
            }
        }
    }

    /// Notes a chat that was counted.
    #[cfg(test)]
    pub(crate) fn note(&mut self, chat: &Chat, keys: &Keys, counting: &Counting, first_seen: DateTime<Utc>) {
        let at = chat.closed.map_or(first_seen, |closed| closed.earliest);
        for (table, set) in keys.each().filter(|(table, _)| table.has_histograms()) {
            self::note(self.of(table, set), table, chat, counting, at);
        }
    }

    /// Puts in the examples of a label set, by the measures of its table.
    pub(super) fn insert(&mut self, table: Table, set: &LabelSet, examples: Vec<Buckets>) {
        *self.of(table, set) = examples;
    }

    /// Takes in the examples of another answer.
    pub fn add(&mut self, other: Exemplars) {
        for (table, examples) in Table::ALL.into_iter().zip(other.0) {
            for (set, others) in Arc::unwrap_or_clone(examples) {
                let others = Arc::unwrap_or_clone(others);
                for (buckets, others) in self.of(table, &set).iter_mut().zip(others) {
                    let len = others.len();
                    for (index, example) in others.into_iter().enumerate() {
                        let Some(example) = example else { continue };
                        let bucket = bucket(buckets, len, index);
                        if is_newer(bucket.as_ref(), example.at) {
                            *bucket = Some(example);
                        }
                    }
                }
            }
        }
    }

    fn of(&mut self, table: Table, set: &LabelSet) -> &mut Vec<Buckets> {
        let empty = || Arc::new(vec![Buckets::new(); table.measures().len()]);
        let examples = Arc::make_mut(&mut self.0[table as usize]);
        Arc::make_mut(examples.entry(set.clone()).or_insert_with(empty))
    }
}

/// Notes a chat that was counted in the examples of a label set. `at` is when it was closed, else first seen.
pub(super) fn note(
    examples: &mut [Buckets],
    table: Table,
    chat: &Chat,
    counting: &Counting,
    at: DateTime<Utc>,
) {
    for (measure, buckets) in table.measures().iter().zip(examples) {
        let Some((bounds, milliseconds)) = measure.bounds().zip(measure.of(chat, counting)) else {
            continue;
        };
        let bucket = bucket(buckets, bounds.len() + 1, bucket_of(bounds, milliseconds));
        if is_newer(bucket.as_ref(), at) {
            *bucket = Some(Example {
                id: chat.id.clone(),
                milliseconds,
                at,
            });
        }
    }
}

fn bucket(buckets: &mut Buckets, len: usize, index: usize) -> &mut Option<Example> {
    buckets.resize(len, None);
    &mut buckets[index]
}

/// The newest chat of a bucket stays.
fn is_newer(known: Option<&Example>, at: DateTime<Utc>) -> bool {
    known.is_none_or(|known| at >= known.at)
}
