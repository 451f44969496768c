//! Families → bytes, and which bytes a scraper asked for.
//!
//! Text 0.0.4 comes from the encoder of the `prometheus` crate where its model holds the family; all else is written here
//! from rows: the totals, OpenMetrics 1.0 and protobuf. A [`Page`] holds what one publication of an operation shows. An
//! [`Exposition`] merges the pages of some operations. It renders what a scrape asks for, once; a scrape only adds the small
//! live tail.

mod gzip;
mod label;
mod merged;
mod negotiate;
mod number;
mod open_metrics;
mod page;
mod protobuf;
mod text;

#[cfg(any(test, fuzzing))]
pub mod build;
#[cfg(test)]
mod roundtrip;

pub use merged::{Exposition, Latest, Rendered, Tail};
pub use open_metrics::{EOF, Stamp, write_stamped};
pub use page::Page;

use crate::metrics::{Meta, Rows};

/// What is shown beyond the samples of the text format, which has neither.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// In OpenMetrics and protobuf: histogram buckets carry the exemplars that their family has.
    pub exemplars: bool,
    /// In OpenMetrics: counters, histograms and summaries are followed by a `_created` sample where their start is known.
    /// Protobuf has a field for it, always.
    pub created: bool,
}

/// How the bytes of an exposition are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// As they are.
    Identity,
    /// One gzip member.
    Gzip,
}

impl Encoding {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Identity, Self::Gzip];
}

/// An exposition format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Prometheus' text format 0.0.4, which everything reads.
    Text,
    /// `OpenMetrics` 1.0, which Prometheus asks for by default.
    OpenMetrics,
    /// Prometheus' protobuf format, which it asks for where it is to know when each counter started.
    Protobuf,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Text, Self::OpenMetrics, Self::Protobuf];

    /// The value of `Content-Type`.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Protobuf => {
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
            }
        }
    }

    /// What ends an exposition.
    fn end(self) -> &'static str {
        match self {
            Self::OpenMetrics => EOF,
            Self::Text | Self::Protobuf => "",
        }
    }
}

/// What comes before the samples of a family. `length` is how many bytes these take.
fn head(format: Format, meta: Meta<'_>, length: usize) -> Vec<u8> {
    let mut text = String::new();
    match format {
        Format::Text => text::write_head(&mut text, meta),
        Format::OpenMetrics => open_metrics::write_head(&mut text, meta),
        Format::Protobuf => {
            let mut bytes = Vec::new();
            protobuf::write_head(&mut bytes, meta, length);
            return bytes;
        }
    }
    text.into_bytes()
}

/// The samples of a family, without its head.
fn samples(format: Format, rows: &dyn Rows, options: Options) -> Vec<u8> {
    let mut text = String::new();
    match format {
        Format::Text => text::write_samples(&mut text, rows),
        Format::OpenMetrics => open_metrics::write_samples(&mut text, rows, options),
        Format::Protobuf => {
            let mut bytes = Vec::new();
            protobuf::write_samples(&mut bytes, rows, options);
            return bytes;
        }
    }
    text.into_bytes()
}

/// Appends the families that have samples, each with its head.
fn write<'a>(
    out: &mut Vec<u8>,
    families: impl IntoIterator<Item = &'a dyn Rows>,
    format: Format,
    options: Options,
) {
    for rows in families.into_iter().filter(|rows| rows.lines() > 0) {
        let samples = samples(format, rows, options);
        out.extend_from_slice(&head(format, rows.meta(), samples.len()));
        out.extend_from_slice(&samples);
    }
}

/// The whole of these families.
#[cfg(test)]
fn written(families: &[crate::metrics::Family], format: Format, options: Options) -> Vec<u8> {
    let mut out = Vec::new();
    let rows = families.iter().map(|family| family as &dyn Rows);
    write(&mut out, rows, format, options);
    out
}
