//! Families in Prometheus' text format 0.0.4.
//!
//! What is kept in the data model of the `prometheus` crate is written by its encoder. The totals are written here, row by
//! row, to the same bytes: their model would cost more than they do.

use prometheus::TextEncoder;
use prometheus::proto::{MetricFamily, MetricType};

use super::label::{self, Bounds};
use super::number::{push_integer, push_short};
use crate::metrics::rows::{Meta, Point, Row, Rows};

/// Appends what comes before the samples of a family.
pub(super) fn write_head(out: &mut String, meta: Meta<'_>) {
    if !meta.help.is_empty() {
        out.push_str("# HELP ");
        out.push_str(meta.name);
        out.push(' ');
        label::push_escaped_help(out, meta.help);
        out.push('\n');
    }
    let kind = match meta.kind {
        MetricType::COUNTER => "counter",
        MetricType::GAUGE => "gauge",
        MetricType::HISTOGRAM => "histogram",
        MetricType::SUMMARY => "summary",
        MetricType::UNTYPED => "untyped",
    };
    for part in ["# TYPE ", meta.name, " ", kind, "\n"] {
        out.push_str(part);
    }
}

/// Appends the samples of a family that has some.
pub(super) fn write_samples(out: &mut String, rows: &dyn Rows) {
    if let Some(family) = rows.proto() {
        out.push_str(samples(&encoded(family)));
        return;
    }
    let name = rows.meta().name;
    let mut writer = Writer {
        name,
        labels: String::new(),
        bounds: Bounds::default(),
    };
    rows.each(&mut |row| writer.write(out, &row));
}

/// The family with its head.
fn encoded(family: &MetricFamily) -> String {
    let mut out = String::new();
    let finite = without_infinite_buckets(family);
    let family = finite.as_ref().unwrap_or(family);
    let written = TextEncoder::new().encode_utf8(std::slice::from_ref(family), &mut out);
    debug_assert!(
        written.is_ok(),
        "only a family without a name or a sample is refused: {written:?}"
    );
    out
}

/// What follows the head: no sample begins with `#`.
fn samples(mut text: &str) -> &str {
    while let Some((_, rest)) = text.split_once('\n').filter(|(line, _)| line.starts_with('#')) {
        text = rest;
    }
    text
}

/// The encoder adds `le="+Inf"` by itself; an explicit one it would write as `le="inf"`, which is another bucket to
/// Prometheus. `None` where there is nothing to take out.
fn without_infinite_buckets(family: &MetricFamily) -> Option<MetricFamily> {
    let explicit = family.get_metric().iter().any(|metric| {
        metric
            .get_histogram()
            .get_bucket()
            .iter()
            .any(|bucket| bucket.upper_bound().is_infinite())
    });
    if !explicit {
        return None;
    }
    let mut family = family.clone();
    for metric in family.mut_metric() {
        let mut histogram = metric.get_histogram().clone();
        let finite = histogram
            .get_bucket()
            .iter()
            .filter(|bucket| bucket.upper_bound().is_finite());
        histogram.set_bucket(finite.cloned().collect());
        metric.set_histogram(histogram);
    }
    Some(family)
}

/// Writes rows; what they have in common is kept.
struct Writer<'a> {
    name: &'a str,
    /// The labels of the row as they stand between the braces.
    labels: String,
    bounds: Bounds,
}

impl Writer<'_> {
    fn write(&mut self, out: &mut String, row: &Row<'_>) {
        self.labels.clear();
        for (name, value) in row.labels {
            label::write(&mut self.labels, name, value);
        }
        match row.point {
            Point::Number(value) => self.number(out, "", value),
            Point::Histogram { buckets, count, sum } => {
                for (index, (bound, below)) in buckets.iter().enumerate() {
                    self.bucket(out, index, *bound, *below);
                }
                self.bucket(out, buckets.len(), f64::INFINITY, count);
                self.number(out, "_sum", sum);
                self.number(out, "_count", count as f64);
            }
            Point::Summary { count, sum } => {
                self.number(out, "_sum", sum);
                self.number(out, "_count", count as f64);
            }
        }
    }

    fn bucket(&mut self, out: &mut String, index: usize, bound: f64, below: u64) {
        let bound = self.bounds.text(index, bound, |out, bound| {
            if bound.is_infinite() {
                out.push_str("+Inf");
            } else {
                push_short(out, bound);
            }
        });
        label::push_bucket_head(out, self.name, &self.labels, bound);
        // The encoder of the `prometheus` crate makes floats of counts.
        if below < 1 << f64::MANTISSA_DIGITS {
            push_integer(out, below);
        } else {
            push_short(out, below as f64);
        }
        out.push('\n');
    }

    fn number(&self, out: &mut String, suffix: &str, value: f64) {
        label::push_head(out, self.name, suffix, &self.labels);
        push_short(out, value);
        out.push('\n');
    }
}

#[cfg(test)]
mod tests;
