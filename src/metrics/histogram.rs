//! How times are added up: whole milliseconds in `u64`. A float that changes in its last digit when it is
//! stored and read would look like a counter reset.

use serde::{Deserialize, Serialize};

use super::spec::seconds;

/// A histogram over milliseconds. The bounds are those of its family.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Histogram {
    /// Observations per bucket (not cumulative); the last one is `+Inf`.
    pub buckets: Vec<u64>,
    /// The sum of what was observed, milliseconds.
    pub sum_ms: u64,
}

impl Histogram {
    /// An empty histogram with a bucket per bound and one for the rest.
    pub fn new(bounds: &[u64]) -> Histogram {
        Histogram {
            buckets: vec![0; bounds.len() + 1],
            sum_ms: 0,
        }
    }

    /// Counts one observation; a bucket includes its bound.
    pub fn observe(&mut self, bounds: &[u64], milliseconds: u64) {
        self.buckets[bucket_of(bounds, milliseconds)] += 1;
        self.sum_ms += milliseconds;
    }

    /// How much was observed.
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// Adds the observations of another histogram with the same bounds.
    pub fn add(&mut self, other: &Histogram) {
        for (mine, theirs) in self.buckets.iter_mut().zip(&other.buckets) {
            *mine += theirs;
        }
        self.sum_ms += other.sum_ms;
    }
}

/// The index of the bucket that counts an observation.
pub fn bucket_of(bounds: &[u64], milliseconds: u64) -> usize {
    bounds.partition_point(|bound| *bound < milliseconds)
}

/// The sum and the count of a summary without quantiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SumCount {
    /// The sum of what was observed, milliseconds.
    pub sum_ms: u64,
    /// How much was observed.
    pub count: u64,
}

impl SumCount {
    /// Counts one observation, if there is one.
    pub fn observe(&mut self, milliseconds: Option<u64>) {
        if let Some(milliseconds) = milliseconds {
            self.sum_ms += milliseconds;
            self.count += 1;
        }
    }

    /// The mean in seconds; `None` where nothing was observed.
    pub fn mean_seconds(&self) -> Option<f64> {
        (self.count > 0).then(|| seconds(self.sum_ms) / self.count as f64)
    }

    /// The share of a part of what was observed; `None` where nothing was.
    pub fn share(&self, part: u64) -> Option<f64> {
        (self.count > 0).then(|| part as f64 / self.count as f64)
    }

    /// Adds what another one observed.
    pub fn add(&mut self, other: &SumCount) {
        self.sum_ms += other.sum_ms;
        self.count += other.count;
    }
}
