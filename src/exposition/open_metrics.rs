//! Families in `OpenMetrics` 1.0.
//!
//! The numbers are written the way Go's client does it: floats always with a point or an exponent (`17.0`), counts of
//! histograms and summaries as integers.

use prometheus::proto::MetricType;

use super::Options;
use super::label::{self, Bounds};
use super::number::{push_float, push_integer, push_seconds, push_short};
use crate::metrics::rows::{Meta, Point, Row, Rows};
use crate::metrics::spec::unit;
use crate::metrics::{Exemplar, Family};

/// Ends an exposition; nothing may follow.
pub const EOF: &str = "# EOF\n";

/// The most that the names and values of an exemplar's labels may have together, in characters.
const EXEMPLAR_CHARS: usize = 128;

/// What the samples of a past instant carry besides their own labels and value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stamp {
    /// When the samples were so: milliseconds since the epoch.
    pub timestamp_ms: i64,
    /// Names and values of labels that come before the families' own.
    pub labels: Vec<(String, String)>,
    /// Whether bucket bounds are written as the text format does (`5`) instead of as `OpenMetrics` does (`5.0`).
    pub short_bounds: bool,
}

/// Appends the samples of the families as they were at an instant, without [`EOF`]. The metadata of a family is
/// written only if `is_new` says so of its name.
pub fn write_stamped(
    out: &mut String,
    families: &[Family],
    stamp: &Stamp,
    mut is_new: impl FnMut(&str) -> bool,
) {
    for family in families.iter().filter(|family| family.lines() > 0) {
        let meta = family.meta();
        if is_new(family_name(meta)) {
            write_head(out, meta);
        }
        Writer::stamped(family_name(meta), stamp).write_all(out, family);
    }
}

/// Appends what comes before the samples of a family.
pub(super) fn write_head(out: &mut String, meta: Meta<'_>) {
    let name = family_name(meta);
    let kind = match meta.kind {
        MetricType::COUNTER => "counter",
        MetricType::GAUGE => "gauge",
        MetricType::HISTOGRAM => "histogram",
        MetricType::SUMMARY => "summary",
        MetricType::UNTYPED => "unknown",
    };
    line(out, &["# TYPE ", name, " ", kind]);
    if let Some(unit) = unit(name) {
        line(out, &["# UNIT ", name, " ", unit]);
    }
    if !meta.help.is_empty() {
        out.push_str("# HELP ");
        out.push_str(name);
        out.push(' ');
        label::push_escaped(out, meta.help);
        out.push('\n');
    }
}

/// Appends the samples of a family.
pub(super) fn write_samples(out: &mut String, rows: &dyn Rows, options: Options) {
    Writer::new(family_name(rows.meta()), options).write_all(out, rows);
}

/// The name of the family: a counter's goes without the `_total` that its samples have.
pub(super) fn family_name(meta: Meta<'_>) -> &str {
    let name = meta.name;
    if meta.kind != MetricType::COUNTER {
        return name;
    }
    debug_assert!(name.ends_with("_total"), "the counter {name} must end in _total");
    name.strip_suffix("_total").unwrap_or(name)
}

fn line(out: &mut String, parts: &[&str]) {
    for part in parts {
        out.push_str(part);
    }
    out.push('\n');
}

/// Writes rows; what they have in common is kept.
struct Writer<'a> {
    name: &'a str,
    options: Options,
    /// Labels that come before those of the rows.
    first: String,
    /// The row's labels as they stand between the braces.
    labels: String,
    /// What follows a value: the timestamp, if there is one.
    end: String,
    short_bounds: bool,
    bounds: Bounds,
}

impl<'a> Writer<'a> {
    fn new(name: &'a str, options: Options) -> Self {
        Self {
            name,
            options,
            first: String::new(),
            labels: String::new(),
            end: String::new(),
            short_bounds: false,
            bounds: Bounds::default(),
        }
    }

    fn stamped(name: &'a str, stamp: &Stamp) -> Self {
        let mut writer = Self::new(name, Options::default());
        writer.end.push(' ');
        push_seconds(&mut writer.end, stamp.timestamp_ms);
        for (name, value) in &stamp.labels {
            label::write(&mut writer.first, name, value);
        }
        writer.short_bounds = stamp.short_bounds;
        writer
    }

    fn write_all(mut self, out: &mut String, rows: &dyn Rows) {
        let is_counter = rows.meta().kind == MetricType::COUNTER;
        rows.each(&mut |row| self.write(out, is_counter, &row));
    }

    fn write(&mut self, out: &mut String, is_counter: bool, row: &Row<'_>) {
        self.labels.clone_from(&self.first);
        for (name, value) in row.labels {
            label::write(&mut self.labels, name, value);
        }
        match row.point {
            Point::Number(value) if is_counter => {
                self.float(out, "_total", value);
                self.created(out, row);
            }
            Point::Number(value) => self.float(out, "", value),
            Point::Histogram { buckets, count, sum } => {
                self.buckets(out, row, buckets, count);
                self.integer(out, "_count", count);
                self.float(out, "_sum", sum);
                self.created(out, row);
            }
            Point::Summary { count, sum } => {
                self.integer(out, "_count", count);
                self.float(out, "_sum", sum);
                self.created(out, row);
            }
        }
    }

    fn buckets(&mut self, out: &mut String, row: &Row<'_>, buckets: &[(f64, u64)], count: u64) {
        let exemplars = if self.options.exemplars {
            (row.exemplars)()
        } else {
            Vec::new()
        };
        let infinite = (f64::INFINITY, count);
        for (index, (bound, below)) in buckets.iter().chain([&infinite]).enumerate() {
            self.bucket(out, index, *bound, *below);
            if let Some(exemplar) = exemplars
                .get(index)
                .and_then(Option::as_ref)
                .filter(|one| fits(one))
            {
                write_exemplar(out, exemplar);
            }
            out.push('\n');
        }
    }

    /// A bucket without the end of its line.
    fn bucket(&mut self, out: &mut String, index: usize, bound: f64, below: u64) {
        let is_short = self.short_bounds && bound.is_finite();
        let push = if is_short { push_short } else { push_float };
        let bound = self.bounds.text(index, bound, push);
        label::push_bucket_head(out, self.name, &self.labels, bound);
        push_integer(out, below);
        out.push_str(&self.end);
    }

    fn created(&self, out: &mut String, row: &Row<'_>) {
        if let Some(created) = row.created_ms.filter(|_| self.options.created) {
            self.head(out, "_created");
            push_seconds(out, created);
            self.end(out);
        }
    }

    fn float(&self, out: &mut String, suffix: &str, value: f64) {
        self.head(out, suffix);
        push_float(out, value);
        self.end(out);
    }

    fn integer(&self, out: &mut String, suffix: &str, value: u64) {
        self.head(out, suffix);
        push_integer(out, value);
        self.end(out);
    }

    fn end(&self, out: &mut String) {
        out.push_str(&self.end);
        out.push('\n');
    }

    /// A sample up to its value.
    fn head(&self, out: &mut String, suffix: &str) {
        label::push_head(out, self.name, suffix, &self.labels);
    }
}

/// Whether an exemplar is as short as it must be.
pub(super) fn fits(exemplar: &Exemplar) -> bool {
    let chars = |text: &str| text.chars().count();
    let total: usize = exemplar
        .labels
        .iter()
        .map(|(name, value)| chars(name) + chars(value))
        .sum();
    total <= EXEMPLAR_CHARS
}

fn write_exemplar(out: &mut String, exemplar: &Exemplar) {
    let mut labels = String::new();
    for (name, value) in &exemplar.labels {
        label::write(&mut labels, name, value);
    }
    out.push_str(" # {");
    out.push_str(&labels);
    out.push_str("} ");
    push_float(out, exemplar.value);
    if let Some(timestamp) = exemplar.timestamp_ms {
        out.push(' ');
        push_seconds(out, timestamp);
    }
}

#[cfg(test)]
mod tests;
