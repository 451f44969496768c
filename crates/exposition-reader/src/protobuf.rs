//! The protobuf format: messages of `metrics.proto`, each behind its length.
//!
//! The types are those of <https://github.com/prometheus/client_model>, `io/prometheus/client/metrics.proto` (Copyright 2013
//! Prometheus Team, Apache License 2.0), with the names and numbers of its fields. Native histograms and what else the
//! exporter never sends are left out: a message with such a field would not encode to the bytes that it was read from, and
//! [`families`] refuses it.

#![allow(missing_docs)] // The names are those of the fields.

use prost::Message;

use crate::{Exposition, Labels, Sample};

#[derive(Clone, PartialEq, Message)]
pub struct LabelPair {
    #[prost(string, optional, tag = "1")]
    pub name: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub value: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum MetricType {
    Counter = 0,
    Gauge = 1,
    Summary = 2,
    Untyped = 3,
    Histogram = 4,
    GaugeHistogram = 5,
}

#[derive(Clone, PartialEq, Message)]
pub struct Gauge {
    #[prost(double, optional, tag = "1")]
    pub value: Option<f64>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Counter {
    #[prost(double, optional, tag = "1")]
    pub value: Option<f64>,
    #[prost(message, optional, tag = "2")]
    pub exemplar: Option<Exemplar>,
    #[prost(message, optional, tag = "3")]
    pub created_timestamp: Option<Timestamp>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Summary {
    #[prost(uint64, optional, tag = "1")]
    pub sample_count: Option<u64>,
    #[prost(double, optional, tag = "2")]
    pub sample_sum: Option<f64>,
    #[prost(message, optional, tag = "4")]
    pub created_timestamp: Option<Timestamp>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Histogram {
    #[prost(uint64, optional, tag = "1")]
    pub sample_count: Option<u64>,
    #[prost(double, optional, tag = "2")]
    pub sample_sum: Option<f64>,
    #[prost(message, repeated, tag = "3")]
    pub bucket: Vec<Bucket>,
    #[prost(message, optional, tag = "15")]
    pub created_timestamp: Option<Timestamp>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Bucket {
    #[prost(uint64, optional, tag = "1")]
    pub cumulative_count: Option<u64>,
    #[prost(double, optional, tag = "2")]
    pub upper_bound: Option<f64>,
    #[prost(message, optional, tag = "3")]
    pub exemplar: Option<Exemplar>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Exemplar {
    #[prost(message, repeated, tag = "1")]
    pub label: Vec<LabelPair>,
    #[prost(double, optional, tag = "2")]
    pub value: Option<f64>,
    #[prost(message, optional, tag = "3")]
    pub timestamp: Option<Timestamp>,
}

/// `google.protobuf.Timestamp`, whose fields are always there: 0 is not sent.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct Timestamp {
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

impl Timestamp {
    /// Milliseconds since the epoch.
    pub fn milliseconds(&self) -> i64 {
        self.seconds * 1000 + i64::from(self.nanos / 1_000_000)
    }
}

#[derive(Clone, PartialEq, Message)]
pub struct Metric {
    #[prost(message, repeated, tag = "1")]
    pub label: Vec<LabelPair>,
    #[prost(message, optional, tag = "2")]
    pub gauge: Option<Gauge>,
    #[prost(message, optional, tag = "3")]
    pub counter: Option<Counter>,
    #[prost(message, optional, tag = "4")]
    pub summary: Option<Summary>,
    #[prost(message, optional, tag = "7")]
    pub histogram: Option<Histogram>,
}

#[derive(Clone, PartialEq, Message)]
pub struct MetricFamily {
    #[prost(string, optional, tag = "1")]
    pub name: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub help: Option<String>,
    #[prost(enumeration = "MetricType", optional, tag = "3")]
    pub r#type: Option<i32>,
    #[prost(message, repeated, tag = "4")]
    pub metric: Vec<Metric>,
    #[prost(string, optional, tag = "5")]
    pub unit: Option<String>,
}

/// Reads all families. Nothing in them may be unknown or there without need.
pub fn families(mut bytes: &[u8]) -> Vec<MetricFamily> {
    let mut families = Vec::new();
    while !bytes.is_empty() {
        let before = bytes.len();
        let family = MetricFamily::decode_length_delimited(&mut bytes).expect("a message behind its length");
        let read = before - bytes.len();
        let length = family.encode_length_delimited_to_vec().len();
        assert_eq!(read, length, "something of {:?} is unknown", family.name);
        families.push(family);
    }
    families
}

/// What the text format would say of these families, with `_created` samples as OpenMetrics has them.
pub fn exposition(bytes: &[u8]) -> Exposition {
    let mut exposition = Exposition::default();
    for family in families(bytes) {
        let (name, kind) = (family.name(), family.r#type());
        let words = [
            ("TYPE", format!("{kind:?}").to_lowercase()),
            ("HELP", family.help().to_owned()),
        ];
        for (keyword, text) in words {
            let known = exposition
                .metadata
                .insert((keyword.to_owned(), name.to_owned()), text);
            assert!(known.is_none(), "{name} is there twice");
        }
        for metric in &family.metric {
            Samples {
                name,
                labels: labels(&metric.label),
                to: &mut exposition.samples,
            }
            .read(kind, metric);
        }
    }
    exposition
}

fn labels(pairs: &[LabelPair]) -> Labels {
    let pair = |pair: &LabelPair| {
        (
            pair.name.clone().expect("a name"),
            pair.value.clone().expect("a value"),
        )
    };
    pairs.iter().map(pair).collect()
}

/// The samples of one metric.
struct Samples<'a> {
    name: &'a str,
    labels: Labels,
    to: &'a mut Vec<Sample>,
}

impl Samples<'_> {
    fn read(&mut self, kind: MetricType, metric: &Metric) {
        let kinds = [
            metric.counter.is_some(),
            metric.gauge.is_some(),
            metric.summary.is_some(),
            metric.histogram.is_some(),
        ];
        assert_eq!(
            kinds.iter().filter(|is_there| **is_there).count(),
            1,
            "{metric:?}"
        );
        match kind {
            MetricType::Counter => {
                let counter = metric.counter.as_ref().expect("a counter");
                self.put("", counter.value.expect("a value"));
                self.created(
                    self.name.strip_suffix("_total").expect("_total"),
                    counter.created_timestamp,
                );
            }
            MetricType::Gauge => {
                let gauge = metric.gauge.as_ref().expect("a gauge");
                self.put("", gauge.value.expect("a value"));
            }
            MetricType::Summary => {
                let summary = metric.summary.as_ref().expect("a summary");
                self.put("_sum", summary.sample_sum.expect("a sum"));
                self.put("_count", summary.sample_count.expect("a count") as f64);
                self.created(self.name, summary.created_timestamp);
            }
            MetricType::Histogram => self.histogram(metric.histogram.as_ref().expect("a histogram")),
            MetricType::Untyped | MetricType::GaugeHistogram => panic!("{} is a {kind:?}", self.name),
        }
    }

    fn histogram(&mut self, histogram: &Histogram) {
        let count = histogram.sample_count.expect("a count");
        let mut last = Bucket {
            cumulative_count: Some(count),
            upper_bound: Some(f64::INFINITY),
            exemplar: None,
        };
        for bucket in &histogram.bucket {
            if bucket.upper_bound == Some(f64::INFINITY) {
                assert_eq!(bucket.cumulative_count, Some(count), "{bucket:?}");
                last.exemplar.clone_from(&bucket.exemplar);
            } else {
                self.bucket(bucket);
            }
        }
        self.bucket(&last);
        self.put("_sum", histogram.sample_sum.expect("a sum"));
        self.put("_count", count as f64);
        self.created(self.name, histogram.created_timestamp);
    }

    fn bucket(&mut self, bucket: &Bucket) {
        let bound = bucket.upper_bound.expect("a bound");
        let bound = if bound.is_infinite() {
            "+Inf".to_owned()
        } else {
            bound.to_string()
        };
        self.put("_bucket", bucket.cumulative_count.expect("a count") as f64);
        let sample = self.to.last_mut().expect("a sample");
        sample.labels.push(("le".to_owned(), bound));
        sample.exemplar = bucket.exemplar.as_ref().map(|exemplar| {
            let timestamp = exemplar
                .timestamp
                .map(|timestamp| timestamp.milliseconds() as f64 / 1000.0);
            (
                labels(&exemplar.label),
                exemplar.value.expect("a value"),
                timestamp,
            )
        });
    }

    fn created(&mut self, name: &str, created: Option<Timestamp>) {
        if let Some(created) = created {
            self.to.push(Sample {
                name: format!("{name}_created"),
                labels: self.labels.clone(),
                value: created.milliseconds() as f64 / 1000.0,
                exemplar: None,
            });
        }
    }

    fn put(&mut self, suffix: &str, value: f64) {
        self.to.push(Sample {
            name: format!("{}{suffix}", self.name),
            labels: self.labels.clone(),
            value,
            exemplar: None,
        });
    }
}
