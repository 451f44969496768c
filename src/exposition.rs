//! Families → bytes, and which bytes a scraper asked for.
//!
//! Text 0.0.4 comes from the encoder of the `prometheus` crate; OpenMetrics 1.0, which it doesn't write, is ours. A
//! [`Page`] holds both, plain and compressed, rendered once per publication; a scrape only adds the small live tail.

mod gzip;
mod negotiate;
mod open_metrics;
mod page;
mod text;

#[cfg(any(test, fuzzing))]
pub mod build;
#[cfg(test)]
mod roundtrip;

pub use open_metrics::{EOF, Stamp, write_stamped};
pub use page::{Page, Rendered};

/// What OpenMetrics shows beyond the samples of the text format. Text 0.0.4 has neither.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// Histogram buckets carry the exemplars that their family has.
    pub exemplars: bool,
    /// Counters, histograms and summaries are followed by a `_created` sample where their start is known.
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

/// An exposition format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Prometheus' text format 0.0.4, which everything reads.
    Text,
    /// `OpenMetrics` 1.0, which Prometheus asks for by default.
    OpenMetrics,
}

impl Format {
    /// The value of `Content-Type`.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}
