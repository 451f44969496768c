//! A metric family as a value: the `prometheus` crate's data model, and what only OpenMetrics can say.

use prometheus::proto::{
    Bucket, Counter, Gauge, Histogram as HistogramProto, LabelPair, Metric, MetricFamily, MetricType, Summary,
};

use super::rows::{Meta, Point, Row, Rows};
use super::spec::{Kind, Spec, seconds};
use crate::metrics::histogram::{Histogram, SumCount};
use chrono::{DateTime, Utc};

/// A metric family with its samples.
#[derive(Debug, Clone, Default, PartialEq)]
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
        proto.set_field_type(spec.kind.metric_type());
        Family {
            proto,
            extras: Vec::new(),
        }
    }

    /// The rows of a family as a value.
    pub fn of(rows: &dyn Rows) -> Family {
        if let Some(family) = rows.downcast::<Family>() {
            return family.clone();
        }
        let meta = rows.meta();
        let mut family = Family::default();
        family.proto.set_name(meta.name.to_owned());
        family.proto.set_help(meta.help.to_owned());
        family.proto.set_field_type(meta.kind);
        rows.each(&mut |row| {
            let labels = row.labels.iter().map(|(name, value)| label(name, value));
            let mut metric = Metric::from_label(labels.collect());
            set_point(&mut metric, meta.kind, row.point);
            family.proto.mut_metric().push(metric);
            family.extras.push(Extra {
                created_ms: row.created_ms,
                exemplars: (row.exemplars)(),
            });
        });
        family
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
        debug_assert_eq!(
            spec.label_names().count(),
            values.len(),
            "{}: a value for each label",
            spec.name
        );
        let pairs = spec.label_names().zip(values);
        let labels = pairs.map(|(name, value)| label(name, value)).collect();
        let mut metric = Metric::from_label(labels);
        set_point(
            &mut metric,
            spec.kind.metric_type(),
            sample.point(spec.kind, &mut Vec::new()),
        );
        self.proto.mut_metric().push(metric);
        self.extras.push(extra);
    }

    /// How many sample lines it has in the text format.
    pub fn sample_lines(&self) -> usize {
        let lines = |metric: &Metric| match self.proto.get_field_type() {
            MetricType::HISTOGRAM => finite(metric.get_histogram()).count() + 3,
            MetricType::SUMMARY => 2,
            _ => 1,
        };
        self.proto.get_metric().iter().map(lines).sum()
    }
}

impl Rows for Family {
    fn meta(&self) -> Meta<'_> {
        Meta {
            name: self.proto.name(),
            help: self.proto.help(),
            kind: self.proto.get_field_type(),
        }
    }

    fn lines(&self) -> usize {
        self.sample_lines()
    }

    fn each(&self, visit: &mut dyn FnMut(Row<'_>)) {
        let kind = self.proto.get_field_type();
        let (mut labels, mut buckets) = (Vec::new(), Vec::new());
        for (index, metric) in self.proto.get_metric().iter().enumerate() {
            labels.clear();
            labels.extend(metric.get_label().iter().map(|pair| (pair.name(), pair.value())));
            let extra = self.extras.get(index);
            visit(Row {
                labels: &labels,
                point: point(metric, kind, &mut buckets),
                created_ms: extra.and_then(|extra| extra.created_ms),
                exemplars: &|| extra.map(|extra| extra.exemplars.clone()).unwrap_or_default(),
            });
        }
    }

    fn are_those_of(&self, other: &dyn Rows) -> bool {
        other.downcast::<Family>() == Some(self)
    }

    fn proto(&self) -> Option<&MetricFamily> {
        Some(&self.proto)
    }
}

/// The buckets but for `+Inf`, which is the count.
fn finite(histogram: &HistogramProto) -> impl Iterator<Item = &Bucket> {
    let buckets = histogram.get_bucket().iter();
    buckets.filter(|bucket| bucket.upper_bound().is_finite())
}

fn point<'a>(metric: &Metric, kind: MetricType, buckets: &'a mut Vec<(f64, u64)>) -> Point<'a> {
    match kind {
        MetricType::COUNTER => Point::Number(metric.get_counter().get_value()),
        MetricType::GAUGE | MetricType::UNTYPED => Point::Number(metric.get_gauge().get_value()),
        MetricType::HISTOGRAM => {
            let histogram = metric.get_histogram();
            let pair = |bucket: &Bucket| (bucket.upper_bound(), bucket.cumulative_count());
            buckets.clear();
            buckets.extend(finite(histogram).map(pair));
            Point::Histogram {
                buckets,
                count: histogram.get_sample_count(),
                sum: histogram.get_sample_sum(),
            }
        }
        MetricType::SUMMARY => Point::Summary {
            count: metric.get_summary().sample_count(),
            sum: metric.get_summary().sample_sum(),
        },
    }
}

fn set_point(metric: &mut Metric, kind: MetricType, point: Point<'_>) {
    match point {
        Point::Number(value) if kind == MetricType::COUNTER => {
            let mut counter = Counter::default();
            counter.set_value(value);
            metric.set_counter(counter);
        }
        Point::Number(value) => {
            let mut gauge = Gauge::default();
            gauge.set_value(value);
            metric.set_gauge(gauge);
        }
        Point::Histogram { buckets, count, sum } => {
            let bucket = |(bound, count): &(f64, u64)| {
                let mut bucket = Bucket::default();
                bucket.set_upper_bound(*bound);
                bucket.set_cumulative_count(*count);
                bucket
            };
            let mut histogram = HistogramProto::default();
            histogram.set_bucket(buckets.iter().map(bucket).collect());
            histogram.set_sample_count(count);
            histogram.set_sample_sum(sum);
            metric.set_histogram(histogram);
        }
        Point::Summary { count, sum } => {
            let mut summary = Summary::default();
            summary.set_sample_count(count);
            summary.set_sample_sum(sum);
            metric.set_summary(summary);
        }
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

impl<'a> Sample<'a> {
    /// The value in seconds; `buckets` is where those of a histogram are kept.
    pub fn point(self, kind: Kind, buckets: &'a mut Vec<(f64, u64)>) -> Point<'a> {
        match (self, kind) {
            (Sample::Number(value), _) => Point::Number(value),
            (Sample::Histogram(histogram), Kind::Histogram(bounds)) => {
                let mut cumulative = 0;
                buckets.clear();
                buckets.extend(bounds.iter().zip(&histogram.buckets).map(|(bound, count)| {
                    cumulative += count;
                    (seconds(*bound), cumulative)
                }));
                Point::Histogram {
                    buckets,
                    count: histogram.count(),
                    sum: seconds(histogram.sum_ms),
                }
            }
            (Sample::Histogram(histogram), _) => {
                debug_assert!(false, "{histogram:?} is no value of a {}", kind.as_str());
                Point::Number(f64::NAN)
            }
            (Sample::SumCount(sum_count), _) => Point::Summary {
                count: sum_count.count,
                sum: seconds(sum_count.sum_ms),
            },
        }
    }
}
