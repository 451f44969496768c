//! Families in `OpenMetrics` 1.0.
//!
//! The numbers are written the way Go's client does it: floats always with a point or an exponent (`17.0`), counts of
//! histograms and summaries as integers.

use std::fmt::Write as _;

use prometheus::proto::{Metric, MetricType};

use super::Options;
use crate::metrics::{Exemplar, Extra, Family};

/// Ends an exposition; nothing may follow.
pub const EOF: &str = "# EOF\n";

/// Units a family's name may end in. Others that a name ends in (`_characters`) are no base units.
const UNITS: [&str; 3] = ["seconds", "bytes", "ratio"];

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
pub fn write_stamped(out: &mut String, families: &[Family], stamp: &Stamp, is_new: impl FnMut(&str) -> bool) {
    write_all(out, families, Options::default(), Some(stamp), is_new);
}

/// Appends the families that have samples, without [`EOF`].
pub(super) fn write(out: &mut String, families: &[Family], options: Options) {
    write_all(out, families, options, None, |_| true);
}

fn write_all(
    out: &mut String,
    families: &[Family],
    options: Options,
    stamp: Option<&Stamp>,
    mut is_new: impl FnMut(&str) -> bool,
) {
    // One buffer for the labels of all metrics: a histogram writes them twenty times.
    let mut labels = String::new();
    let mut end = String::new();
    let mut first = String::new();
    if let Some(stamp) = stamp {
        end.push(' ');
        push_seconds(&mut end, stamp.timestamp_ms);
        for (name, value) in &stamp.labels {
            write_label(&mut first, name, value);
        }
    }
    end.push('\n');
    for family in families {
        let kind = match family.proto.get_field_type() {
            MetricType::COUNTER => "counter",
            MetricType::GAUGE => "gauge",
            MetricType::HISTOGRAM => "histogram",
            MetricType::SUMMARY => "summary",
            MetricType::UNTYPED => continue,
        };
        if family.proto.get_metric().is_empty() {
            continue;
        }
        let name = family_name(family);
        if is_new(name) {
            write_metadata(out, name, kind, family.proto.help());
        }
        for (index, metric) in family.proto.get_metric().iter().enumerate() {
            labels.clone_from(&first);
            for pair in metric.get_label() {
                write_label(&mut labels, pair.name(), pair.value());
            }
            let sample = Samples {
                name,
                labels: &labels,
                extra: family.extras.get(index),
                options,
                end: &end,
                short_bounds: stamp.is_some_and(|stamp| stamp.short_bounds),
            };
            sample.write(out, family.proto.get_field_type(), metric);
        }
    }
}

/// The name of the family: a counter's goes without the `_total` that its samples have.
fn family_name(family: &Family) -> &str {
    let name = family.proto.name();
    if family.proto.get_field_type() != MetricType::COUNTER {
        return name;
    }
    debug_assert!(name.ends_with("_total"), "the counter {name} must end in _total");
    name.strip_suffix("_total").unwrap_or(name)
}

fn write_metadata(out: &mut String, name: &str, kind: &str, help: &str) {
    line(out, &["# TYPE ", name, " ", kind]);
    let unit = UNITS
        .into_iter()
        .find(|unit| name.strip_suffix(unit).is_some_and(|rest| rest.ends_with('_')));
    if let Some(unit) = unit {
        line(out, &["# UNIT ", name, " ", unit]);
    }
    if !help.is_empty() {
        out.push_str("# HELP ");
        out.push_str(name);
        out.push(' ');
        push_escaped(out, help);
        out.push('\n');
    }
}

fn line(out: &mut String, parts: &[&str]) {
    for part in parts {
        out.push_str(part);
    }
    out.push('\n');
}

/// Writes the samples of one metric.
struct Samples<'a> {
    name: &'a str,
    /// The metric's labels as they stand between the braces, without them.
    labels: &'a str,
    extra: Option<&'a Extra>,
    options: Options,
    /// What follows a value: the timestamp, if there is one, and the line's end.
    end: &'a str,
    short_bounds: bool,
}

impl Samples<'_> {
    fn write(&self, out: &mut String, kind: MetricType, metric: &Metric) {
        match kind {
            MetricType::COUNTER => {
                self.float(out, "_total", metric.get_counter().get_value());
                self.created(out);
            }
            MetricType::GAUGE => self.float(out, "", metric.get_gauge().get_value()),
            MetricType::HISTOGRAM => self.histogram(out, metric),
            MetricType::SUMMARY => {
                let summary = metric.get_summary();
                self.integer(out, "_count", summary.sample_count());
                self.float(out, "_sum", summary.sample_sum());
                self.created(out);
            }
            MetricType::UNTYPED => {}
        }
    }

    fn histogram(&self, out: &mut String, metric: &Metric) {
        let histogram = metric.get_histogram();
        let finite = histogram
            .get_bucket()
            .iter()
            .filter(|bucket| bucket.upper_bound().is_finite());
        let mut index = 0;
        for bucket in finite {
            self.bucket(out, index, bucket.upper_bound(), bucket.cumulative_count());
            index += 1;
        }
        self.bucket(out, index, f64::INFINITY, histogram.get_sample_count());
        self.integer(out, "_count", histogram.get_sample_count());
        self.float(out, "_sum", histogram.get_sample_sum());
        self.created(out);
    }

    fn bucket(&self, out: &mut String, index: usize, upper_bound: f64, count: u64) {
        out.push_str(self.name);
        out.push_str("_bucket{");
        out.push_str(self.labels);
        out.push_str(if self.labels.is_empty() { "le=\"" } else { ",le=\"" });
        if self.short_bounds && upper_bound.is_finite() {
            push_display(out, upper_bound);
        } else {
            push_float(out, upper_bound);
        }
        out.push_str("\"} ");
        push_display(out, count);
        out.push_str(self.end.trim_end_matches('\n'));
        if self.options.exemplars {
            let exemplar = self.extra.and_then(|extra| extra.exemplars.get(index)?.as_ref());
            if let Some(exemplar) = exemplar.filter(|exemplar| fits(exemplar)) {
                write_exemplar(out, exemplar);
            }
        }
        out.push('\n');
    }

    fn created(&self, out: &mut String) {
        let created = self
            .extra
            .and_then(|extra| extra.created_ms)
            .filter(|_| self.options.created);
        if let Some(created) = created {
            self.head(out, "_created");
            push_seconds(out, created);
            out.push_str(self.end);
        }
    }

    fn float(&self, out: &mut String, suffix: &str, value: f64) {
        self.head(out, suffix);
        push_float(out, value);
        out.push_str(self.end);
    }

    fn integer(&self, out: &mut String, suffix: &str, value: u64) {
        self.head(out, suffix);
        push_display(out, value);
        out.push_str(self.end);
    }

    /// A sample up to its value.
    fn head(&self, out: &mut String, suffix: &str) {
        out.push_str(self.name);
        out.push_str(suffix);
        if !self.labels.is_empty() {
            out.push('{');
            out.push_str(self.labels);
            out.push('}');
        }
        out.push(' ');
    }
}

fn fits(exemplar: &Exemplar) -> bool {
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
        write_label(&mut labels, name, value);
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

/// Appends a label to the ones that `labels` has.
fn write_label(labels: &mut String, name: &str, value: &str) {
    if !labels.is_empty() {
        labels.push(',');
    }
    labels.push_str(name);
    labels.push_str("=\"");
    push_escaped(labels, value);
    labels.push('"');
}

/// What `OpenMetrics` escapes in label values and, unlike the text format, also in HELP.
fn push_escaped(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.find(['\\', '"', '\n']) {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        out.push_str(match special.as_bytes()[0] {
            b'\\' => "\\\\",
            b'"' => "\\\"",
            _ => "\\n",
        });
        rest = &special[1..];
    }
    out.push_str(rest);
}

/// The shortest digits that read back as the same float.
fn push_float(out: &mut String, value: f64) {
    if value.is_nan() {
        out.push_str("NaN");
    } else if value.is_infinite() {
        out.push_str(if value > 0.0 { "+Inf" } else { "-Inf" });
    } else {
        // `Debug`, unlike `Display`, keeps the point (`5.0`) and writes 1e300 with an exponent.
        push_display(out, format_args!("{value:?}"));
    }
}

/// Milliseconds as seconds, without a float in between.
fn push_seconds(out: &mut String, milliseconds: i64) {
    let sign = if milliseconds < 0 { "-" } else { "" };
    let milliseconds = milliseconds.unsigned_abs();
    push_display(
        out,
        format_args!("{sign}{}.{:03}", milliseconds / 1000, milliseconds % 1000),
    );
}

fn push_display(out: &mut String, value: impl std::fmt::Display) {
    let written = write!(out, "{value}");
    debug_assert!(written.is_ok(), "a String takes everything");
}

#[cfg(test)]
mod tests;
