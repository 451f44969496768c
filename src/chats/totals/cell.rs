//! What a label set has of one measure.

use serde::{Serialize, Serializer};

use crate::metrics::family::Sample;
use crate::metrics::histogram::{Histogram, SumCount};
use crate::metrics::spec::Kind;

/// The value of one measure. Sums are whole milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Of a counter.
    Count(u64),
    /// Of a histogram.
    Histogram(Histogram),
    /// Of a summary.
    Summary(SumCount),
}

impl Cell {
    /// Nothing counted.
    pub fn zero(kind: Kind) -> Cell {
        match kind {
            Kind::Counter | Kind::Gauge => Cell::Count(0),
            Kind::Histogram(bounds) => Cell::Histogram(Histogram::new(bounds)),
            Kind::Summary => Cell::Summary(SumCount::default()),
        }
    }

    /// Takes in what one chat adds.
    pub(in crate::chats) fn take(&mut self, kind: Kind, value: u64) {
        match (self, kind) {
            (Cell::Count(count), _) => *count += value,
            (Cell::Histogram(histogram), Kind::Histogram(bounds)) => histogram.observe(bounds, value),
            (Cell::Histogram(_), _) => debug_assert!(false, "a histogram has bounds"),
            (Cell::Summary(sum_count), _) => sum_count.observe(Some(value)),
        }
    }

    /// Adds another value of the same measure.
    pub(super) fn add(&mut self, other: &Cell) {
        match (self, other) {
            (Cell::Count(mine), Cell::Count(theirs)) => *mine += theirs,
            (Cell::Histogram(mine), Cell::Histogram(theirs)) => mine.add(theirs),
            (Cell::Summary(mine), Cell::Summary(theirs)) => mine.add(theirs),
            _ => debug_assert!(false, "values of one measure are of one kind"),
        }
    }

    /// How much was counted or observed.
    pub fn count(&self) -> u64 {
        match self {
            Cell::Count(count) => *count,
            Cell::Histogram(histogram) => histogram.count(),
            Cell::Summary(sum_count) => sum_count.count,
        }
    }

    /// The value as it is shown.
    pub fn sample(&self) -> Sample<'_> {
        match self {
            Cell::Count(count) => (*count).into(),
            Cell::Histogram(histogram) => Sample::Histogram(histogram),
            Cell::Summary(sum_count) => Sample::SumCount(*sum_count),
        }
    }
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Cell::Count(count) => count.serialize(serializer),
            Cell::Histogram(histogram) => histogram.serialize(serializer),
            Cell::Summary(sum_count) => sum_count.serialize(serializer),
        }
    }
}
