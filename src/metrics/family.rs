//! A metric family as a value: the `prometheus` crate's data model, and what only OpenMetrics can say.

use prometheus::proto::MetricFamily;

/// A metric family with its samples.
#[derive(Debug, Clone, Default)]
pub struct Family {
    /// Name, help, type and metrics. The name is that of the text format: a counter's ends in `_total`.
    pub proto: MetricFamily,
    /// What OpenMetrics adds, one entry per metric of `proto` in its order; empty where there is nothing to add.
    pub extras: Vec<Extra>,
}

/// What only OpenMetrics can say of one metric.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Extra {
    /// When the counter, histogram or summary started at 0: milliseconds since the epoch.
    pub created_ms: Option<i64>,
    /// One entry per bucket of the histogram, that of `+Inf` last; empty where there are none.
    pub exemplars: Vec<Option<Exemplar>>,
}

/// An example of what a bucket counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Exemplar {
    /// Label names and values; together at most 128 characters (OpenMetrics 1.0).
    pub labels: Vec<(String, String)>,
    /// The observed value, in the family's unit.
    pub value: f64,
    /// When it was observed: milliseconds since the epoch.
    pub timestamp_ms: Option<i64>,
}
