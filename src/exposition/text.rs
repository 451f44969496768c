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
mod tests {
    use crate::exposition::build;
    use crate::metrics::Family;

    fn written(families: &[Family]) -> String {
        let mut out = String::new();
        super::write(&mut out, families);
        out
    }

    #[test]
    fn a_family_without_samples_is_left_out() {
        let families = [
            build::counter("a_total", "A.", &[]),
            build::gauge("b", "B.", &[(&[], 2.5)]),
        ];
        assert_eq!(written(&families), "# HELP b B.\n# TYPE b gauge\nb 2.5\n");
    }

    #[test]
    fn an_explicit_infinite_bucket_is_written_once_and_as_prometheus_reads_it() {
        let implicit = build::histogram("h_seconds", "H.", &[], &[(5.0, 1), (10.0, 2)], 3, 21.5);
        let explicit = build::histogram(
            "h_seconds",
            "H.",
            &[],
            &[(5.0, 1), (10.0, 2), (f64::INFINITY, 3)],
            3,
            21.5,
        );
        let text = written(&[explicit]);
        assert!(text.contains("h_seconds_bucket{le=\"5\"} 1\n"), "{text}");
        assert!(text.contains("h_seconds_bucket{le=\"+Inf\"} 3\n"), "{text}");
        assert_eq!(text, written(&[implicit]));
    }
}
