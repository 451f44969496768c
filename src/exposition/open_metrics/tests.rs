use super::*;
use crate::exposition::{Format, build};
use crate::metrics::Extra;

const BOTH: Options = Options {
    exemplars: true,
    created: true,
};

fn written(families: &[Family], options: Options) -> String {
    String::from_utf8(crate::exposition::written(families, Format::OpenMetrics, options)).unwrap()
}

#[test]
fn a_counter_loses_total_in_its_family_and_keeps_it_in_its_samples() {
    let family = build::counter(
        "c_seconds_total",
        "C.",
        &[(&[("a", "x")], 17.0), (&[("a", "y")], 0.5)],
    );
    let expected = "# TYPE c_seconds counter\n# UNIT c_seconds seconds\n# HELP c_seconds C.\n\
                    c_seconds_total{a=\"x\"} 17.0\nc_seconds_total{a=\"y\"} 0.5\n";
    assert_eq!(written(&[family], BOTH), expected);
}

#[test]
fn only_base_units_at_the_end_of_the_name_are_declared() {
    for (name, unit) in [
        ("a_bytes", Some("bytes")),
        ("a_ratio", Some("ratio")),
        ("a_characters", None),
        ("seconds", None),
        ("milliseconds", None),
        ("a_seconds_left", None),
    ] {
        let text = written(&[build::gauge(name, "", &[(&[], 1.0)])], BOTH);
        let expected = unit.map_or(String::new(), |unit| format!("# UNIT {name} {unit}\n"));
        assert_eq!(text, format!("# TYPE {name} gauge\n{expected}{name} 1.0\n"));
    }
}

#[test]
fn a_histogram_has_float_bounds_exemplars_and_its_creation_time() {
    let expected = "# TYPE h_seconds histogram\n# UNIT h_seconds seconds\n# HELP h_seconds H.\n\
        h_seconds_bucket{a=\"x\",le=\"5.0\"} 1\n\
        h_seconds_bucket{a=\"x\",le=\"10.0\"} 2 # {conn_id=\"42\"} 7.25 1700000000.007\n\
        h_seconds_bucket{a=\"x\",le=\"+Inf\"} 3 # {conn_id=\"43\"} 7.25 1700000000.007\n\
        h_seconds_count{a=\"x\"} 3\nh_seconds_sum{a=\"x\"} 21.5\nh_seconds_created{a=\"x\"} 1700000000.120\n";
    assert_eq!(written(&[build::histogram_with_exemplars()], BOTH), expected);
}

#[test]
fn exemplars_and_creation_times_are_shown_only_where_switched_on() {
    let plain = written(&[build::histogram_with_exemplars()], Options::default());
    assert!(!plain.contains(" # ") && !plain.contains("_created"), "{plain}");
    let exemplars = written(
        &[build::histogram_with_exemplars()],
        Options {
            exemplars: true,
            created: false,
        },
    );
    assert!(
        exemplars.contains(" # {conn_id") && !exemplars.contains("_created"),
        "{exemplars}"
    );
    let created = written(
        &[build::histogram_with_exemplars()],
        Options {
            exemplars: false,
            created: true,
        },
    );
    assert!(
        !created.contains(" # {conn_id") && created.contains("_created"),
        "{created}"
    );
}

#[test]
fn an_exemplar_may_have_128_characters_and_not_one_more() {
    // The name, conn_id, is seven of them; ñ is one character and two bytes.
    for (length, shown) in [(121, true), (122, false)] {
        let mut family = build::histogram_with_exemplars();
        family.extras[0].exemplars = vec![Some(build::exemplar(&"ñ".repeat(length)))];
        assert_eq!(written(&[family], BOTH).contains(" # {"), shown, "{length}");
    }
}

#[test]
fn an_explicit_infinite_bucket_is_written_once() {
    let explicit = [(5.0, 1), (10.0, 2), (f64::INFINITY, 3)];
    let family = build::histogram("h_seconds", "H.", &[("a", "x")], &explicit, 3, 21.5);
    let implicit = build::histogram("h_seconds", "H.", &[("a", "x")], &explicit[..2], 3, 21.5);
    assert_eq!(written(&[family], BOTH), written(&[implicit], BOTH));
}

#[test]
fn a_summary_is_its_count_and_sum() {
    let mut family = build::summary("s_seconds", "S.", &[("a", "x")], 4, 10.0);
    family.extras = vec![Extra {
        created_ms: Some(-1_500),
        exemplars: Vec::new(),
    }];
    let expected = "# TYPE s_seconds summary\n# UNIT s_seconds seconds\n# HELP s_seconds S.\n\
        s_seconds_count{a=\"x\"} 4\ns_seconds_sum{a=\"x\"} 10.0\ns_seconds_created{a=\"x\"} -1.500\n";
    assert_eq!(written(&[family], BOTH), expected);
}

#[test]
fn help_and_labels_are_escaped() {
    let family = build::gauge(
        "g",
        "a \"b\" \\ c\nd",
        &[(&[("l", "q\" b\\ n\n e\u{1F600}")], 1.0)],
    );
    let expected =
        "# TYPE g gauge\n# HELP g a \\\"b\\\" \\\\ c\\nd\ng{l=\"q\\\" b\\\\ n\\n e\u{1F600}\"} 1.0\n";
    assert_eq!(written(&[family], BOTH), expected);
}

#[test]
fn a_family_without_samples_is_left_out() {
    assert_eq!(written(&[build::counter("a_total", "A.", &[])], BOTH), "");
}

fn stamped(families: &[Family], stamp: &Stamp, known: &[&str]) -> String {
    let mut out = String::new();
    write_stamped(&mut out, families, stamp, |name| !known.contains(&name));
    out
}

#[test]
fn stamped_samples_carry_the_labels_of_the_scrape_first_and_the_time_last() {
    let stamp = Stamp {
        timestamp_ms: 1_700_000_000_007,
        labels: vec![
            ("job".to_owned(), "wolkvox".to_owned()),
            ("instance".to_owned(), "a\"b\\c\n".to_owned()),
        ],
        short_bounds: false,
    };
    let families = [
        build::counter("c_total", "C.", &[(&[("a", "x")], 17.0)]),
        build::gauge("g", "", &[(&[], 0.5)]),
    ];
    assert_eq!(
        stamped(&families, &stamp, &[]),
        "# TYPE c counter\n# HELP c C.\n\
         c_total{job=\"wolkvox\",instance=\"a\\\"b\\\\c\\n\",a=\"x\"} 17.0 1700000000.007\n\
         # TYPE g gauge\n\
         g{job=\"wolkvox\",instance=\"a\\\"b\\\\c\\n\"} 0.5 1700000000.007\n"
    );
}

#[test]
fn the_metadata_of_a_family_is_stamped_only_where_it_is_new() {
    let families = [
        build::counter("c_total", "C.", &[(&[], 1.0)]),
        build::gauge("g", "G.", &[(&[], 2.0)]),
    ];
    let text = stamped(&families, &Stamp::default(), &["c"]);
    assert_eq!(
        text,
        "c_total 1.0 0.000\n# TYPE g gauge\n# HELP g G.\ng 2.0 0.000\n"
    );
}

#[test]
fn stamped_bounds_are_written_as_the_database_stores_those_of_live_scrapes() {
    for (short_bounds, five) in [(false, "5.0"), (true, "5")] {
        let stamp = Stamp {
            timestamp_ms: -1_500,
            labels: Vec::new(),
            short_bounds,
        };
        let ten = five.replace('5', "10");
        // Neither exemplars nor `_created` samples: they have no past.
        assert_eq!(
            stamped(&[build::histogram_with_exemplars()], &stamp, &["h_seconds"]),
            format!(
                "h_seconds_bucket{{a=\"x\",le=\"{five}\"}} 1 -1.500\n\
                 h_seconds_bucket{{a=\"x\",le=\"{ten}\"}} 2 -1.500\n\
                 h_seconds_bucket{{a=\"x\",le=\"+Inf\"}} 3 -1.500\n\
                 h_seconds_count{{a=\"x\"}} 3 -1.500\n\
                 h_seconds_sum{{a=\"x\"}} 21.5 -1.500\n"
            )
        );
    }
}
