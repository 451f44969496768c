//! What groups of simulated chats should add up to.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use simulator::{Outcome, SimulatedChat};

pub(crate) fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// What a group of chats should add up to.
#[derive(Debug, Default, Clone)]
pub(crate) struct Group {
    pub(crate) chats: u64,
    pub(crate) coded: u64,
    pub(crate) within_target: u64,
    /// Sorted, milliseconds.
    pub(crate) asa_ms: Vec<u64>,
    pub(crate) duration_ms: u64,
}

impl Group {
    pub(crate) fn asa_mean(&self) -> f64 {
        self.asa_ms.iter().sum::<u64>() as f64 / 1000.0 / self.asa_ms.len() as f64
    }

    pub(crate) fn service_level(&self) -> f64 {
        self.within_target as f64 / self.asa_ms.len() as f64
    }

    /// By nearest rank, seconds.
    pub(crate) fn asa_percentile(&self, percent: usize) -> f64 {
        let rank = (self.asa_ms.len() * percent).div_ceil(100);
        self.asa_ms[rank.max(1) - 1] as f64 / 1000.0
    }
}

/// Adds up by a label. The target is 30 s.
pub(crate) fn groups<'a>(
    chats: impl IntoIterator<Item = &'a SimulatedChat>,
    label: impl Fn(&SimulatedChat) -> String,
) -> BTreeMap<String, Group> {
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for chat in chats {
        let group = groups.entry(label(chat)).or_default();
        group.chats += 1;
        group.coded += u64::from(chat.outcome == Outcome::Coded);
        group.within_target += u64::from(chat.asa_ms.is_some_and(|asa| asa <= 30_000));
        group.asa_ms.extend(chat.asa_ms);
        group.duration_ms += chat.duration() * 1000;
    }
    for group in groups.values_mut() {
        group.asa_ms.sort_unstable();
    }
    groups
}

/// Bounds of the ASA's buckets, seconds.
const BOUNDS: [f64; 16] = [
    5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 240.0, 300.0, 600.0, 1800.0, 3600.0,
];

/// The bucket that holds a value.
pub(crate) fn bucket(value: f64) -> (f64, f64) {
    let at = BOUNDS.partition_point(|bound| *bound < value);
    let low = at.checked_sub(1).map_or(0.0, |below| BOUNDS[below]);
    (low, BOUNDS.get(at).copied().unwrap_or(f64::INFINITY))
}
