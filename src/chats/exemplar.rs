//! Examples of what the histograms count: per bucket the newest chat. In memory only.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::key::ChatKey;
use super::measure::Measures;
use crate::chats::chat::{Chat, ConnId};
use crate::metrics::histogram::bucket_of;

/// A chat that a bucket counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// The chat.
    pub id: ConnId,
    /// The observed time, milliseconds.
    pub milliseconds: u64,
    /// When the chat was closed, else first seen.
    pub at: DateTime<Utc>,
}

/// Examples per bucket, the last for `+Inf`; bounds as in [`super::bounds`].
pub type Buckets = Vec<Option<Example>>;

/// Examples for the histograms of one label set.
pub type Examples = Measures<Buckets>;

/// Examples per label set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exemplars(BTreeMap<ChatKey, Examples>);

impl Exemplars {
    /// The examples of a label set.
    pub fn get(&self, key: &ChatKey) -> Option<&Examples> {
        self.0.get(key)
    }

    /// Drops the examples of label sets that are no longer there.
    pub fn retain(&mut self, is_there: impl Fn(&ChatKey) -> bool) {
        self.0.retain(|key, _| is_there(key));
    }

    /// Notes a chat that was counted.
    pub fn note(&mut self, chat: &Chat, key: &ChatKey, first_seen: DateTime<Utc>) {
        let examples = self.0.entry(key.clone()).or_default();
        let at = chat.closed.map_or(first_seen, |closed| closed.earliest);
        for (measure, buckets) in examples.as_mut().each() {
            if let Some(milliseconds) = measure.of(chat) {
                let bounds = measure.bounds();
                let example = Example {
                    id: chat.id.clone(),
                    milliseconds,
                    at,
                };
                put(
                    buckets,
                    bounds.len() + 1,
                    bucket_of(bounds, milliseconds),
                    example,
                );
            }
        }
    }

    /// Takes in the examples of another answer.
    pub fn add(&mut self, other: Exemplars) {
        for (key, others) in other.0 {
            let mine = self.0.entry(key).or_default();
            for ((_, buckets), (_, other)) in mine.as_mut().each().into_iter().zip(others.each()) {
                let len = other.len();
                for (index, example) in other.into_iter().enumerate() {
                    if let Some(example) = example {
                        put(buckets, len, index, example);
                    }
                }
            }
        }
    }
}

/// The newest chat of a bucket stays.
fn put(buckets: &mut Buckets, len: usize, index: usize, example: Example) {
    buckets.resize(len, None);
    if buckets[index].as_ref().is_none_or(|known| example.at >= known.at) {
        buckets[index] = Some(example);
    }
}
