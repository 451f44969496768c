//! Families in Prometheus' text format 0.0.4, through the encoder of the `prometheus` crate.

use prometheus::TextEncoder;
use prometheus::proto::{MetricFamily, MetricType};

use crate::metrics::Family;

/// Appends the families that have samples; a family without any is left out (the encoder would refuse it).
pub(super) fn write(out: &mut String, families: &[Family]) {
    let encoder = TextEncoder::new();
    for family in families.iter().map(|family| &family.proto) {
        if family.get_metric().is_empty() || family.get_field_type() == MetricType::UNTYPED {
            continue;
        }
        let finite = without_infinite_buckets(family);
        let family = finite.as_ref().unwrap_or(family);
        let written = encoder.encode_utf8(std::slice::from_ref(family), out);
        debug_assert!(
            written.is_ok(),
            "only a family without a name is refused: {written:?}"
        );
    }
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

#[cfg(test)]
mod tests;
