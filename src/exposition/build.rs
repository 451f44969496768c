//! Families for tests and fuzzers.

use prometheus::proto::{
    Bucket, Counter, Gauge, Histogram, LabelPair, Metric, MetricFamily, MetricType, Summary,
};

use crate::metrics::{Exemplar, Extra, Family};

/// Names and values.
pub type Labels<'a> = &'a [(&'a str, &'a str)];

fn metric(labels: Labels) -> Metric {
    let pairs = labels.iter().map(|(name, value)| {
        let mut pair = LabelPair::default();
        pair.set_name((*name).to_owned());
        pair.set_value((*value).to_owned());
        pair
    });
    Metric::from_label(pairs.collect())
}

fn family(name: &str, help: &str, kind: MetricType, metrics: Vec<Metric>) -> Family {
    let mut proto = MetricFamily::default();
    proto.set_name(name.to_owned());
    proto.set_help(help.to_owned());
    proto.set_field_type(kind);
    proto.set_metric(metrics);
    Family {
        proto,
        extras: Vec::new(),
    }
}

/// A counter, with its samples.
pub fn counter(name: &str, help: &str, samples: &[(Labels, f64)]) -> Family {
    let metrics = samples.iter().map(|(labels, value)| {
        let mut counter = Counter::default();
        counter.set_value(*value);
        let mut metric = metric(labels);
        metric.set_counter(counter);
        metric
    });
    family(name, help, MetricType::COUNTER, metrics.collect())
}

/// A gauge, with its samples.
pub fn gauge(name: &str, help: &str, samples: &[(Labels, f64)]) -> Family {
    let metrics = samples.iter().map(|(labels, value)| {
        let mut gauge = Gauge::default();
        gauge.set_value(*value);
        let mut metric = metric(labels);
        metric.set_gauge(gauge);
        metric
    });
    family(name, help, MetricType::GAUGE, metrics.collect())
}

/// A histogram of one series: its buckets are upper bounds and cumulative counts.
pub fn histogram(
    name: &str,
    help: &str,
    labels: Labels,
    buckets: &[(f64, u64)],
    count: u64,
    sum: f64,
) -> Family {
    let buckets = buckets.iter().map(|(upper_bound, count)| {
        let mut bucket = Bucket::default();
        bucket.set_upper_bound(*upper_bound);
        bucket.set_cumulative_count(*count);
        bucket
    });
    let mut histogram = Histogram::default();
    histogram.set_bucket(buckets.collect());
    histogram.set_sample_count(count);
    histogram.set_sample_sum(sum);
    let mut metric = metric(labels);
    metric.set_histogram(histogram);
    family(name, help, MetricType::HISTOGRAM, vec![metric])
}

/// A summary of one series, without quantiles.
pub fn summary(name: &str, help: &str, labels: Labels, count: u64, sum: f64) -> Family {
    let mut summary = Summary::default();
    summary.set_sample_count(count);
    summary.set_sample_sum(sum);
    let mut metric = metric(labels);
    metric.set_summary(summary);
    family(name, help, MetricType::SUMMARY, vec![metric])
}

/// The exemplar of a chat.
pub fn exemplar(id: &str) -> Exemplar {
    Exemplar {
        labels: vec![("conn_id".into(), id.into())],
        value: 7.25,
        timestamp_ms: Some(1_700_000_000_007),
    }
}

/// A histogram of two bounds with a creation time, and exemplars in its last two buckets.
pub fn histogram_with_exemplars() -> Family {
    let mut family = histogram("h_seconds", "H.", &[("a", "x")], &[(5.0, 1), (10.0, 2)], 3, 21.5);
    family.extras = vec![Extra {
        created_ms: Some(1_700_000_000_120),
        exemplars: vec![None, Some(exemplar("42")), Some(exemplar("43"))],
    }];
    family
}
