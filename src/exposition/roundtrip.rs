//! Both formats read back to what was written, whatever stands in the labels.

use proptest::prelude::*;

use super::{Options, build, open_metrics, text};
use crate::metrics::{Exemplar, Extra, Family};
use exposition_reader::{Exposition, Sample, parse};

/// Text that tries to break out of its quotes.
fn hostile() -> impl Strategy<Value = String> {
    let special = prop_oneof![
        Just("\"".to_owned()),
        Just("\\".to_owned()),
        Just("\n".to_owned()),
        Just("\r".to_owned()),
        Just("\u{0}".to_owned()),
        Just("\u{7f}".to_owned()),
        Just("\u{85}".to_owned()),
        Just("\u{2028}".to_owned()),
        Just("\u{fffd}".to_owned()),
        Just("\u{1F600}".to_owned()),
        Just("\"} 1\nforged_total{a=\"".to_owned()),
        Just("\\\"} 1\n# EOF\n".to_owned()),
        any::<char>().prop_map(String::from),
        "[a-z ]{1,4}",
    ];
    proptest::collection::vec(special, 0..8).prop_map(|parts| parts.concat())
}

fn families(label: &str, help: &str, value: f64) -> Vec<Family> {
    let labels = [("operation", "ventas"), ("skill_id", label)];
    let mut histogram = build::histogram("h_seconds", help, &labels, &[(0.1, 1), (5.0, 2)], 3, value);
    let exemplar = Exemplar {
        labels: vec![("conn_id".into(), label.into())],
        value,
        timestamp_ms: Some(1_500),
    };
    histogram.extras = vec![Extra {
        created_ms: Some(1_250),
        exemplars: vec![Some(exemplar)],
    }];
    vec![
        build::counter("c_total", help, &[(&labels, value), (&[], 1.0)]),
        build::gauge("g", help, &[(&labels, -value)]),
        histogram,
        build::summary("s_seconds", help, &labels, 9, value),
    ]
}

type SampleValues = Vec<(String, Vec<(String, String)>, f64)>;

/// All samples by name and labels, bounds as numbers, in an order that doesn't depend on the format.
fn comparable(exposition: &Exposition) -> SampleValues {
    let mut values: SampleValues = exposition.samples.iter().map(comparable_sample).collect();
    values.sort_by(|one, other| one.partial_cmp(other).unwrap());
    values
}

fn comparable_sample(sample: &Sample) -> (String, Vec<(String, String)>, f64) {
    let bound = |value: &str| value.parse::<f64>().unwrap().to_string();
    let labels = sample.labels.iter().map(|(name, value)| {
        (
            name.clone(),
            if name == "le" { bound(value) } else { value.clone() },
        )
    });
    (sample.name.clone(), labels.collect(), sample.value)
}

fn expected(label: &str, value: f64) -> SampleValues {
    let both = vec![
        ("operation".to_owned(), "ventas".to_owned()),
        ("skill_id".to_owned(), label.to_owned()),
    ];
    let bucket = |le: &str| {
        both.iter()
            .cloned()
            .chain([("le".to_owned(), le.to_owned())])
            .collect()
    };
    let mut values = vec![
        ("c_total".to_owned(), both.clone(), value),
        ("c_total".to_owned(), Vec::new(), 1.0),
        ("g".to_owned(), both.clone(), -value),
        ("h_seconds_bucket".to_owned(), bucket("0.1"), 1.0),
        ("h_seconds_bucket".to_owned(), bucket("5"), 2.0),
        ("h_seconds_bucket".to_owned(), bucket("inf"), 3.0),
        ("h_seconds_count".to_owned(), both.clone(), 3.0),
        ("h_seconds_sum".to_owned(), both.clone(), value),
        ("s_seconds_count".to_owned(), both.clone(), 9.0),
        ("s_seconds_sum".to_owned(), both.clone(), value),
    ];
    values.sort_by(|one, other| one.partial_cmp(other).unwrap());
    values
}

fn finite() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>().prop_filter("finite", |value| value.is_finite()),
        (0_u32..9).prop_map(f64::from)
    ]
}

proptest! {
    #[test]
    fn text_reads_back_to_the_same_samples(label in hostile(), help in hostile(), value in finite()) {
        let mut out = String::new();
        text::write(&mut out, &families(&label, &help, value));
        let read = parse(&out);
        prop_assert_eq!(comparable(&read), expected(&label, value));
        prop_assert!(!read.ended);
    }

    #[test]
    fn openmetrics_reads_back_to_the_same_samples(label in hostile(), help in hostile(), value in finite()) {
        let mut out = String::new();
        open_metrics::write(&mut out, &families(&label, &help, value), Options::default());
        let read = parse(&out);
        prop_assert_eq!(comparable(&read), expected(&label, value));
        prop_assert!(!read.ended);
    }

    #[test]
    fn exemplars_and_creation_times_read_back(label in hostile(), value in finite()) {
        let mut out = String::new();
        open_metrics::write(&mut out, &families(&label, "", value), Options { exemplars: true, created: true });
        let read = parse(&out);
        let exemplars: Vec<_> = read.samples.iter().filter_map(|sample| sample.exemplar.clone()).collect();
        let expected = (vec![("conn_id".to_owned(), label.clone())], value, Some(1.5));
        prop_assert_eq!(exemplars, if label.chars().count() <= 121 { vec![expected] } else { Vec::new() });
        let created: Vec<_> = read.samples.iter().filter(|sample| sample.name.ends_with("_created")).collect();
        prop_assert_eq!(created.len(), 1);
        prop_assert_eq!(created[0].value.to_bits(), 1.25_f64.to_bits());
    }
}
