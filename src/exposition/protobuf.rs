//! Families in Prometheus' protobuf format: messages `io.prometheus.client.MetricFamily`, each behind its length.
//!
//! The few messages are written by hand from the rows, without a model in between. The numbers of the fields are those of
//! `metrics.proto` in <https://github.com/prometheus/client_model>; the tests read with types that `prost` makes.

use prometheus::proto::MetricType;

use super::Options;
use super::open_metrics::{family_name, fits};
use crate::metrics::Exemplar;
use crate::metrics::rows::{Meta, Point, Row, Rows};
use crate::metrics::spec::unit;

/// The numbers of the fields, by their messages.
mod family {
    pub(super) const NAME: u32 = 1;
    pub(super) const HELP: u32 = 2;
    pub(super) const TYPE: u32 = 3;
    pub(super) const METRIC: u32 = 4;
    pub(super) const UNIT: u32 = 5;
}
mod metric {
    pub(super) const LABEL: u32 = 1;
    pub(super) const GAUGE: u32 = 2;
    pub(super) const COUNTER: u32 = 3;
    pub(super) const SUMMARY: u32 = 4;
    pub(super) const HISTOGRAM: u32 = 7;
}
mod label {
    pub(super) const NAME: u32 = 1;
    pub(super) const VALUE: u32 = 2;
}
mod gauge {
    pub(super) const VALUE: u32 = 1;
}
mod counter {
    pub(super) const VALUE: u32 = 1;
    pub(super) const CREATED_TIMESTAMP: u32 = 3;
}
mod summary {
    pub(super) const SAMPLE_COUNT: u32 = 1;
    pub(super) const SAMPLE_SUM: u32 = 2;
    pub(super) const CREATED_TIMESTAMP: u32 = 4;
}
mod histogram {
    pub(super) const SAMPLE_COUNT: u32 = 1;
    pub(super) const SAMPLE_SUM: u32 = 2;
    pub(super) const BUCKET: u32 = 3;
    pub(super) const CREATED_TIMESTAMP: u32 = 15;
}
mod bucket {
    pub(super) const CUMULATIVE_COUNT: u32 = 1;
    pub(super) const UPPER_BOUND: u32 = 2;
    pub(super) const EXEMPLAR: u32 = 3;
}
mod exemplar {
    pub(super) const LABEL: u32 = 1;
    pub(super) const VALUE: u32 = 2;
    pub(super) const TIMESTAMP: u32 = 3;
}
mod timestamp {
    pub(super) const SECONDS: u32 = 1;
    pub(super) const NANOS: u32 = 2;
}

/// How a field's value is encoded.
#[derive(Debug, Clone, Copy)]
enum Wire {
    Varint = 0,
    Fixed64 = 1,
    Delimited = 2,
}

/// What comes before the metrics of a family, which take so many bytes: the length of the message, and its other fields.
pub(super) fn write_head(out: &mut Vec<u8>, meta: Meta<'_>, metrics: usize) {
    let mut head = Vec::new();
    put_bytes(&mut head, family::NAME, meta.name.as_bytes());
    put_bytes(&mut head, family::HELP, meta.help.as_bytes());
    put_integer(
        &mut head,
        family::TYPE,
        match meta.kind {
            MetricType::COUNTER => 0,
            MetricType::GAUGE => 1,
            MetricType::SUMMARY => 2,
            MetricType::UNTYPED => 3,
            MetricType::HISTOGRAM => 4,
        },
    );
    if let Some(unit) = unit(family_name(meta)) {
        put_bytes(&mut head, family::UNIT, unit.as_bytes());
    }
    put_varint(out, (head.len() + metrics) as u64);
    out.extend_from_slice(&head);
}

/// Appends the metrics of a family. When each started at 0 is always there, exemplars where they are switched on.
pub(super) fn write_samples(out: &mut Vec<u8>, rows: &dyn Rows, options: Options) {
    let kind = rows.meta().kind;
    rows.each(&mut |row| put_message(out, family::METRIC, |out| put_metric(out, kind, &row, options)));
}

fn put_metric(out: &mut Vec<u8>, kind: MetricType, row: &Row<'_>, options: Options) {
    for (name, value) in row.labels {
        put_label(out, metric::LABEL, name, value);
    }
    match row.point {
        Point::Number(value) if kind == MetricType::COUNTER => put_message(out, metric::COUNTER, |out| {
            put_float(out, counter::VALUE, value);
            put_created(out, counter::CREATED_TIMESTAMP, row);
        }),
        Point::Number(value) => put_message(out, metric::GAUGE, |out| put_float(out, gauge::VALUE, value)),
        Point::Summary { count, sum } => put_message(out, metric::SUMMARY, |out| {
            put_integer(out, summary::SAMPLE_COUNT, count);
            put_float(out, summary::SAMPLE_SUM, sum);
            put_created(out, summary::CREATED_TIMESTAMP, row);
        }),
        Point::Histogram { buckets, count, sum } => put_message(out, metric::HISTOGRAM, |out| {
            put_integer(out, histogram::SAMPLE_COUNT, count);
            put_float(out, histogram::SAMPLE_SUM, sum);
            put_buckets(out, row, buckets, count, options);
            put_created(out, histogram::CREATED_TIMESTAMP, row);
        }),
    }
}

/// The finite buckets. As in Go's client, that of `+Inf` is there only for its exemplar: it is the count.
fn put_buckets(out: &mut Vec<u8>, row: &Row<'_>, buckets: &[(f64, u64)], count: u64, options: Options) {
    let exemplars = if options.exemplars {
        (row.exemplars)()
    } else {
        Vec::new()
    };
    let exemplar = |index: usize| exemplars.get(index)?.as_ref().filter(|exemplar| fits(exemplar));
    let infinite = exemplar(buckets.len()).map(|_| (f64::INFINITY, count));
    for (index, (bound, below)) in buckets.iter().chain(&infinite).enumerate() {
        put_message(out, histogram::BUCKET, |out| {
            put_integer(out, bucket::CUMULATIVE_COUNT, *below);
            put_float(out, bucket::UPPER_BOUND, *bound);
            if let Some(exemplar) = exemplar(index) {
                put_message(out, bucket::EXEMPLAR, |out| put_exemplar(out, exemplar));
            }
        });
    }
}

fn put_exemplar(out: &mut Vec<u8>, exemplar: &Exemplar) {
    for (name, value) in &exemplar.labels {
        put_label(out, exemplar::LABEL, name, value);
    }
    put_float(out, exemplar::VALUE, exemplar.value);
    if let Some(timestamp) = exemplar.timestamp_ms {
        put_timestamp(out, exemplar::TIMESTAMP, timestamp);
    }
}

fn put_created(out: &mut Vec<u8>, field: u32, row: &Row<'_>) {
    if let Some(created) = row.created_ms {
        put_timestamp(out, field, created);
    }
}

#[allow(clippy::cast_sign_loss)] // Two's complement is how the format has negative numbers.
fn put_timestamp(out: &mut Vec<u8>, field: u32, milliseconds: i64) {
    let seconds = milliseconds.div_euclid(1000) as u64;
    let nanos = milliseconds.rem_euclid(1000) as u64 * 1_000_000;
    put_message(out, field, |out| {
        // A message of proto3: 0 is not sent.
        for (field, value) in [(timestamp::SECONDS, seconds), (timestamp::NANOS, nanos)] {
            if value != 0 {
                put_integer(out, field, value);
            }
        }
    });
}

fn put_label(out: &mut Vec<u8>, field: u32, name: &str, value: &str) {
    put_message(out, field, |out| {
        put_bytes(out, label::NAME, name.as_bytes());
        put_bytes(out, label::VALUE, value.as_bytes());
    });
}

/// A message within a message. Its length is known once it was written; room for the usual length, a byte, is left for it.
fn put_message(out: &mut Vec<u8>, field: u32, write: impl FnOnce(&mut Vec<u8>)) {
    put_key(out, field, Wire::Delimited);
    let start = out.len();
    out.push(0);
    write(out);
    let length = out.len() - start - 1;
    // Below 128 a length is one byte.
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => out[start] = short,
        _ => {
            let mut long = Vec::with_capacity(10);
            put_varint(&mut long, length as u64);
            out.splice(start..=start, long);
        }
    }
}

fn put_bytes(out: &mut Vec<u8>, field: u32, bytes: &[u8]) {
    put_key(out, field, Wire::Delimited);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn put_integer(out: &mut Vec<u8>, field: u32, value: u64) {
    put_key(out, field, Wire::Varint);
    put_varint(out, value);
}

fn put_float(out: &mut Vec<u8>, field: u32, value: f64) {
    put_key(out, field, Wire::Fixed64);
    out.extend_from_slice(&value.to_le_bytes());
}

fn put_key(out: &mut Vec<u8>, field: u32, wire: Wire) {
    put_varint(out, u64::from(field << 3 | wire as u32));
}

/// Seven bits a byte, the lowest first; the highest bit says that more follow.
fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            return out.push(low);
        }
        out.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests;
