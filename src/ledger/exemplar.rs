//! Examples of what the histograms count: per bucket the newest chat. In memory only.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::bounds;
use super::totals::{ChatKey, bucket_of};
use crate::chat::{Chat, ConnId};

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

/// Examples per bucket, the last for `+Inf`; bounds as in [`bounds`].
pub type Buckets = Vec<Option<Example>>;

/// Examples for the histograms of one label set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)] // One per histogram of the contract.
pub struct Examples {
    pub asa: Buckets,
    pub duration: Buckets,
    pub time_on_agent: Buckets,
    pub agent_response: Buckets,
}

/// Examples per label set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exemplars(BTreeMap<ChatKey, Examples>);

impl Exemplars {
    /// The examples of a label set.
    pub fn get(&self, key: &ChatKey) -> Option<&Examples> {
        self.0.get(key)
    }

    /// Notes a chat that was counted.
    pub fn note(&mut self, chat: &Chat, key: &ChatKey, first_seen: DateTime<Utc>) {
        let examples = self.0.entry(key.clone()).or_default();
        let at = chat.closed.map_or(first_seen, |closed| closed.earliest);
        for (buckets, bounds, value) in [
            (&mut examples.asa, bounds::ASA, chat.asa_ms),
            (&mut examples.duration, bounds::DURATION, chat.duration_ms),
            (
                &mut examples.time_on_agent,
                bounds::TIME_ON_AGENT,
                chat.time_on_agent_ms,
            ),
            (
                &mut examples.agent_response,
                bounds::AGENT_RESPONSE,
                chat.agent_response_ms,
            ),
        ] {
            if let Some(milliseconds) = value {
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
            for (buckets, other) in [
                (&mut mine.asa, others.asa),
                (&mut mine.duration, others.duration),
                (&mut mine.time_on_agent, others.time_on_agent),
                (&mut mine.agent_response, others.agent_response),
            ] {
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
