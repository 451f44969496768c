use exposition_reader::protobuf::{self, MetricFamily, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::exposition::{Format, build, written};
use crate::metrics::{Extra, Family};

fn read(families: &[Family], options: Options) -> Vec<MetricFamily> {
    protobuf::families(&written(families, Format::Protobuf, options))
}

const EXEMPLARS: Options = Options {
    exemplars: true,
    created: false,
};

#[test]
fn a_family_has_its_name_help_type_and_base_unit() {
    let families = [
        build::counter("c_seconds_total", "Seconds \"of\" \\ c.\n", &[(&[], 1.0)]),
        build::gauge("g", "", &[(&[], 2.0)]),
    ];
    let [counter, gauge] = &read(&families, EXEMPLARS)[..] else {
        panic!("two families")
    };
    assert_eq!(counter.name(), "c_seconds_total");
    assert_eq!(counter.help(), "Seconds \"of\" \\ c.\n");
    assert_eq!(
        counter.r#type,
        Some(0),
        "Go's client sends it too, although it is 0"
    );
    assert_eq!((counter.unit(), gauge.unit.as_deref()), ("seconds", None));
}

#[test]
fn each_label_set_says_when_it_started_also_where_created_samples_are_off() {
    let extra = |created_ms| Extra {
        created_ms,
        exemplars: Vec::new(),
    };
    let mut counter = build::counter("c_total", "", &[(&[("a", "x")], 1.0), (&[("a", "y")], 2.0)]);
    counter.extras = vec![extra(Some(1_700_000_000_120)), extra(Some(-1_500))];
    let mut summary = build::summary("s_seconds", "", &[], 4, 10.0);
    summary.extras = vec![extra(Some(0))];
    let families = read(
        &[counter, summary, build::histogram_with_exemplars()],
        Options::default(),
    );
    let counters = families[0]
        .metric
        .iter()
        .map(|metric| metric.counter.clone().unwrap());
    let created: Vec<_> = counters
        .map(|counter| counter.created_timestamp.unwrap())
        .collect();
    let at = |seconds, nanos| Timestamp { seconds, nanos };
    assert_eq!(created, [at(1_700_000_000, 120_000_000), at(-2, 500_000_000)]);
    let summary = families[1].metric[0].summary.clone().unwrap();
    assert_eq!(summary.created_timestamp, Some(at(0, 0)));
    let histogram = families[2].metric[0].histogram.as_ref().unwrap();
    assert_eq!(histogram.created_timestamp, Some(at(1_700_000_000, 120_000_000)));
}

#[test]
fn the_infinite_bucket_is_there_only_for_its_exemplar() {
    let buckets = |options| {
        let families = read(&[build::histogram_with_exemplars()], options);
        let histogram = families[0].metric[0].histogram.clone().unwrap();
        let bucket = histogram.bucket.into_iter();
        let ids = bucket.map(|bucket| {
            let exemplar = bucket.exemplar;
            (
                bucket.upper_bound.unwrap(),
                exemplar.map(|exemplar| exemplar.label[0].value().to_owned()),
            )
        });
        ids.collect::<Vec<_>>()
    };
    assert_eq!(buckets(Options::default()), [(5.0, None), (10.0, None)]);
    let id = |id: &str| Some(id.to_owned());
    assert_eq!(
        buckets(EXEMPLARS),
        [(5.0, None), (10.0, id("42")), (f64::INFINITY, id("43"))]
    );
}

#[test]
fn an_exemplar_that_openmetrics_would_not_take_is_left_out() {
    for (length, shown) in [(121, true), (122, false)] {
        let mut family = build::histogram_with_exemplars();
        family.extras[0].exemplars = vec![Some(build::exemplar(&"ñ".repeat(length)))];
        let read = read(&[family], EXEMPLARS);
        let bucket = &read[0].metric[0].histogram.as_ref().unwrap().bucket[0];
        assert_eq!(bucket.exemplar.is_some(), shown, "{length}");
    }
}

#[test]
fn a_family_without_samples_is_left_out() {
    assert_eq!(read(&[build::counter("a_total", "A.", &[])], EXEMPLARS), []);
}

proptest! {
    #[test]
    fn integers_and_lengths_of_any_size_are_read_back(count in any::<u64>(), length in 0_usize..40_000) {
        let value = "x".repeat(length);
        let family = build::histogram("h_seconds", &value, &[("a", &value)], &[(1.0, count / 2)], count, 0.5);
        let families = read(&[family], EXEMPLARS);
        prop_assert_eq!(families[0].help().len(), length);
        let metric = &families[0].metric[0];
        prop_assert_eq!(metric.label[0].value().len(), length);
        let histogram = metric.histogram.as_ref().unwrap();
        prop_assert_eq!(histogram.sample_count(), count);
        prop_assert_eq!(histogram.bucket[0].cumulative_count(), count / 2);
    }
}
