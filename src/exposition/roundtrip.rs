//! All formats read back to what was written, whatever stands in the labels. And what is written from rows is what the
//! encoder of the `prometheus` crate writes.

use proptest::prelude::*;

use super::{Format, Options, build, samples, written};
use crate::metrics::{Exemplar, Extra, Family, Meta, Row, Rows};
use exposition_reader::{Exposition, Sample, parse, protobuf};

/// A family that is not in the model of the `prometheus` crate.
#[derive(Debug)]
struct OnlyRows(Family);

impl Rows for OnlyRows {
    fn meta(&self) -> Meta<'_> {
        self.0.meta()
    }

    fn lines(&self) -> usize {
        self.0.lines()
    }

    fn each(&self, visit: &mut dyn FnMut(Row<'_>)) {
        self.0.each(visit);
    }

    fn are_those_of(&self, _: &dyn Rows) -> bool {
        false
    }
}

fn text_of(families: &[Family], format: Format, options: Options) -> String {
    String::from_utf8(written(families, format, options)).unwrap()
}

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
        let read = parse(&text_of(&families(&label, &help, value), Format::Text, Options::default()));
        prop_assert_eq!(comparable(&read), expected(&label, value));
        prop_assert!(!read.ended);
    }

    #[test]
    fn openmetrics_reads_back_to_the_same_samples(label in hostile(), help in hostile(), value in finite()) {
        let read = parse(&text_of(&families(&label, &help, value), Format::OpenMetrics, Options::default()));
        prop_assert_eq!(comparable(&read), expected(&label, value));
        prop_assert!(!read.ended);
    }

    #[test]
    fn exemplars_and_creation_times_read_back(label in hostile(), value in finite()) {
        let both = Options { exemplars: true, created: true };
        let families = families(&label, "", value);
        for read in [
            parse(&text_of(&families, Format::OpenMetrics, both)),
            protobuf::exposition(&written(&families, Format::Protobuf, both)),
        ] {
        let exemplars: Vec<_> = read.samples.iter().filter_map(|sample| sample.exemplar.clone()).collect();
        let expected = (vec![("conn_id".to_owned(), label.clone())], value, Some(1.5));
        prop_assert_eq!(exemplars, if label.chars().count() <= 121 { vec![expected] } else { Vec::new() });
        let created: Vec<_> = read.samples.iter().filter(|sample| sample.name.ends_with("_created")).collect();
        prop_assert_eq!(created.len(), 1);
        prop_assert_eq!(created[0].value.to_bits(), 1.25_f64.to_bits());
        }
    }

    #[test]
    fn protobuf_reads_back_to_the_same_samples(label in hostile(), help in hostile(), value in finite()) {
        let families = families(&label, &help, value);
        let mut read = protobuf::exposition(&written(&families, Format::Protobuf, Options::default()));
        for family in &families {
            let key = |keyword: &str| (keyword.to_owned(), family.proto.name().to_owned());
            prop_assert_eq!(&read.metadata[&key("HELP")], &help);
        }
        read.samples.retain(|sample| !sample.name.ends_with("_created"));
        prop_assert_eq!(comparable(&read), expected(&label, value));
    }

    #[test]
    fn rows_are_written_as_the_encoder_of_the_crate_writes_its_model(
        label in hostile(), help in hostile(), value in any::<f64>(), count in any::<u64>(),
    ) {
        let mut families = families(&label, &help, value);
        families.push(build::histogram("i_seconds", &help, &[], &[(0.5, count / 3), (1e20, count)], count, value));
        for family in families {
            let options = Options::default();
            let encoded = samples(Format::Text, &family, options);
            let own = samples(Format::Text, &OnlyRows(family.clone()), options);
            prop_assert_eq!(String::from_utf8(own).unwrap(), String::from_utf8(encoded).unwrap());
            let whole = text_of(std::slice::from_ref(&family), Format::Text, options);
            let mut direct = String::new();
            prometheus::TextEncoder::new().encode_utf8(&[family.proto], &mut direct).unwrap();
            prop_assert_eq!(whole, direct);
        }
    }
}
