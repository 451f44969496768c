//! A metric family as a value: the `prometheus` crate's data model, and what only OpenMetrics can say.

use prometheus::proto::{
    Bucket, Counter, Gauge, Histogram as HistogramProto, LabelPair, Metric, MetricFamily, MetricType, Summary,
};

use super::spec::{Kind, Spec, seconds};
use crate::metrics::histogram::{Histogram, SumCount};
use chrono::{DateTime, Utc};

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

/// A sample's value.
#[derive(Debug, Clone, Copy)]
pub enum Sample<'a> {
    /// Of a counter or a gauge.
    Number(f64),
    /// Of a histogram.
    Histogram(&'a Histogram),
    /// Of a summary without quantiles.
    SumCount(SumCount),
}

impl From<u64> for Sample<'_> {
    fn from(count: u64) -> Self {
        Sample::Number(count as f64)
    }
}

impl Family {
    /// An empty family. With an operation, every metric gets it as its first label.
    pub fn new(spec: &Spec) -> Family {
        let mut proto = MetricFamily::default();
        proto.set_name(spec.name.to_owned());
        proto.set_help(spec.help.to_owned());
        proto.set_field_type(match spec.kind {
            Kind::Counter => MetricType::COUNTER,
            Kind::Gauge => MetricType::GAUGE,
            Kind::Histogram(_) => MetricType::HISTOGRAM,
            Kind::Summary => MetricType::SUMMARY,
        });
        Family {
            proto,
            extras: Vec::new(),
        }
    }

    /// A family with at most one sample and no label but the operation.
    pub fn single(spec: &Spec, operation: &str, value: Option<f64>) -> Family {
        let mut family = Family::new(spec);
        if let Some(value) = value {
            family.push(spec, &[operation], Sample::Number(value), Extra::default());
        }
        family
    }

    /// Adds one metric; `values` are those of the family's labels, `operation` first where it has one.
    pub fn push(&mut self, spec: &Spec, values: &[&str], sample: Sample<'_>, extra: Extra) {
        let operation = spec.is_per_operation().then_some("operation");
        let names = operation.into_iter().chain(spec.labels.iter().copied());
        debug_assert_eq!(
            names.clone().count(),
            values.len(),
            "{}: a value for each label",
            spec.name
        );
        let labels = names
            .zip(values)
            .map(|(name, value)| label(name, value))
            .collect();
        let mut metric = Metric::from_label(labels);
        set_value(&mut metric, spec.kind, sample);
        self.proto.mut_metric().push(metric);
        self.extras.push(extra);
    }

    /// How many sample lines it has in the text format.
    pub fn sample_lines(&self) -> usize {
        let lines = |metric: &Metric| match self.proto.get_field_type() {
            MetricType::HISTOGRAM => metric.get_histogram().get_bucket().len() + 3,
            MetricType::SUMMARY => 2,
            _ => 1,
        };
        self.proto.get_metric().iter().map(lines).sum()
    }
}

/// A time as Prometheus writes it: seconds since the epoch.
pub fn seconds_of(at: DateTime<Utc>) -> f64 {
    at.timestamp_millis() as f64 / 1000.0
}

fn label(name: &str, value: &str) -> LabelPair {
    let mut pair = LabelPair::default();
    pair.set_name(name.to_owned());
    pair.set_value(value.to_owned());
    pair
}

fn set_value(metric: &mut Metric, kind: Kind, sample: Sample<'_>) {
    match (kind, sample) {
        (Kind::Counter, Sample::Number(value)) => {
            let mut counter = Counter::default();
            counter.set_value(value);
            metric.set_counter(counter);
        }
        (Kind::Gauge, Sample::Number(value)) => {
            let mut gauge = Gauge::default();
            gauge.set_value(value);
            metric.set_gauge(gauge);
        }
        (Kind::Histogram(bounds), Sample::Histogram(histogram)) => {
            metric.set_histogram(histogram_proto(bounds, histogram));
        }
        (Kind::Summary, Sample::SumCount(sum_count)) => {
            let mut summary = Summary::default();
            summary.set_sample_sum(seconds(sum_count.sum_ms));
            summary.set_sample_count(sum_count.count);
            metric.set_summary(summary);
        }
        (kind, sample) => debug_assert!(false, "{sample:?} is no value of a {}", kind.as_str()),
    }
}

fn histogram_proto(bounds: &[u64], histogram: &Histogram) -> HistogramProto {
    let mut cumulative = 0;
    let bucket = |(bound, count): (&u64, &u64)| {
        cumulative += count;
        let mut bucket = Bucket::default();
        bucket.set_upper_bound(seconds(*bound));
        bucket.set_cumulative_count(cumulative);
        bucket
    };
    let buckets = bounds.iter().zip(&histogram.buckets).map(bucket).collect();
    let mut proto = HistogramProto::default();
    proto.set_bucket(buckets);
    proto.set_sample_sum(seconds(histogram.sum_ms));
    proto.set_sample_count(histogram.count());
    proto
}
