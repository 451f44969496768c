//! A family as it was published, whose rows are made when somebody asks for them.

use std::any::Any;
use std::fmt::Debug;
use std::ops::Bound;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use prometheus::proto::{MetricFamily, MetricType};

use super::family::{Exemplar, Family};

/// What the rows of a family have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meta<'a> {
    /// The name in the text format: a counter's ends in `_total`.
    pub name: &'a str,
    /// The HELP text, unescaped.
    pub help: &'a str,
    /// The type.
    pub kind: MetricType,
}

/// The value of one row, in the family's unit.
#[derive(Debug, Clone, Copy)]
pub enum Point<'a> {
    /// Of a counter or a gauge.
    Number(f64),
    /// Of a histogram.
    Histogram {
        /// Finite upper bounds and cumulative counts.
        buckets: &'a [(f64, u64)],
        /// How much was observed, what lies beyond the last bound included.
        count: u64,
        /// The sum of what was observed.
        sum: f64,
    },
    /// Of a summary without quantiles.
    Summary {
        /// How much was observed.
        count: u64,
        /// The sum of what was observed.
        sum: f64,
    },
}

/// One metric of a family.
pub struct Row<'a> {
    /// Names and values, in the order in which they are shown.
    pub labels: &'a [(&'a str, &'a str)],
    /// The value.
    pub point: Point<'a>,
    /// When the counter, histogram or summary started at 0: milliseconds since the epoch.
    pub created_ms: Option<i64>,
    /// Makes the examples of the histogram's buckets, that of `+Inf` last; empty where there are none.
    pub exemplars: &'a dyn Fn() -> Vec<Option<Exemplar>>,
}

/// A family of one operation, as it was when it was published. Its rows are the same each time that they are made.
pub trait Rows: Any + Debug + Send + Sync {
    /// Name, type and help.
    fn meta(&self) -> Meta<'_>;

    /// How many sample lines it has in the text format, without making them.
    fn lines(&self) -> usize;

    /// Makes the rows, in their order.
    fn each(&self, visit: &mut dyn FnMut(Row<'_>));

    /// Whether these are the rows of the other one, so that its bytes can be kept. Costs less than to make them.
    fn are_those_of(&self, other: &dyn Rows) -> bool;

    /// The family in the data model of the `prometheus` crate, where it is kept in it.
    fn proto(&self) -> Option<&MetricFamily> {
        None
    }
}

impl dyn Rows {
    /// As the type that it is.
    pub fn downcast<T: Rows>(&self) -> Option<&T> {
        (self as &dyn Any).downcast_ref()
    }
}

/// From one time to another, of which either may be open.
pub type Period = (Bound<DateTime<Utc>>, Bound<DateTime<Utc>>);

/// Families whose samples follow from the time of day. They change between two publications, and cost nothing while they
/// don't.
pub trait TimedRows: Debug + Send + Sync {
    /// The time by the clock that they go by.
    fn now(&self) -> DateTime<Utc>;

    /// The families at a time, and the period around it in which they are the same.
    fn at(&self, now: DateTime<Utc>) -> (Vec<Arc<dyn Rows>>, Period);
}

/// Families that are there as values, to be published.
pub fn published(families: impl IntoIterator<Item = Family>) -> Vec<Arc<dyn Rows>> {
    families
        .into_iter()
        .map(|family| Arc::new(family) as Arc<dyn Rows>)
        .collect()
}

/// Published families as values.
pub fn values(families: &[Arc<dyn Rows>]) -> Vec<Family> {
    families.iter().map(|rows| Family::of(&**rows)).collect()
}

/// What has no examples.
pub(crate) fn no_exemplars() -> Vec<Option<Exemplar>> {
    Vec::new()
}
