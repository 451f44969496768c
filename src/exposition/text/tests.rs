use crate::exposition::{Format, Options, build};
use crate::metrics::Family;

fn written(families: &[Family]) -> String {
    let bytes = crate::exposition::written(families, Format::Text, Options::default());
    String::from_utf8(bytes).unwrap()
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
