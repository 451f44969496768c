use proptest::prelude::*;

use super::*;
use Encoding::{Gzip, Identity};
use Format::{OpenMetrics, Protobuf, Text};

#[test]
fn formats_are_chosen_by_quality_then_name_then_order() {
    for (accept, expected) in [
        // Prometheus 2.
        (
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
                 text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            OpenMetrics,
        ),
        // Prometheus 3.
        (
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
                 application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,\
                 text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
            OpenMetrics,
        ),
        // Prometheus 3 with PrometheusText0.0.4 alone.
        ("text/plain;version=0.0.4;q=0.5,*/*;q=0.1", Text),
        // Versions that we don't speak.
        (
            "application/openmetrics-text;version=2.0.0,text/plain;version=0.0.4;q=0.5",
            Text,
        ),
        (
            "application/openmetrics-text;version=2.0.0,application/openmetrics-text;version=1.0.0;q=0.4",
            OpenMetrics,
        ),
        (
            "application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            Text,
        ),
        // Prometheus 2 with native histograms.
        (
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,\
                 application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;q=0.75,\
                 text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            Protobuf,
        ),
        // Prometheus 3 with scrape_protocols that begin with PrometheusProto.
        (
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,\
                 application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
                 application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,\
                 text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
            Protobuf,
        ),
        // The same with PrometheusProto behind OpenMetrics.
        (
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
                 application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.5,*/*;q=0.1",
            OpenMetrics,
        ),
        // Prometheus 3 with PrometheusText1.0.0 alone, and with it before OpenMetrics.
        (
            "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.2,*/*;q=0.1",
            Text,
        ),
        (
            "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=1.0.0;q=0.5",
            Text,
        ),
        (
            "Application/VND.google.protobuf; Proto=\"io.prometheus.client.MetricFamily\"; Encoding=delimited",
            Protobuf,
        ),
        // Protobuf that we don't speak.
        (
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text,*/*;q=0.1",
            Text,
        ),
        (
            "application/vnd.google.protobuf;proto=some.Other;encoding=delimited",
            Text,
        ),
        ("application/vnd.google.protobuf", Text),
        (
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0,*/*",
            Text,
        ),
        ("", Text),
        ("*/*", Text),
        (
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            Text,
        ),
        ("application/openmetrics-text", OpenMetrics),
        (
            "Application/OpenMetrics-Text; Version=\"1.0.0\" ; Q=0.5",
            OpenMetrics,
        ),
        ("application/openmetrics-text, */*", OpenMetrics),
        ("application/openmetrics-text,text/plain", OpenMetrics),
        ("text/plain,application/openmetrics-text", Text),
        ("application/openmetrics-text;q=0", Text),
        ("application/openmetrics-text;q=0,text/plain;q=0", Text),
        ("text/plain;q=0,*/*", OpenMetrics),
        ("application/*", OpenMetrics),
        ("text/*,application/openmetrics-text;q=0.9", Text),
        // Unreadable elements are passed over.
        ("application/openmetrics-text;q=2,text/plain;q=0.1", Text),
        ("application/openmetrics-text;q=NaN", Text),
        (";;;,,q=1,=;=", Text),
    ] {
        assert_eq!(Format::negotiate([accept]), expected, "{accept}");
    }
}

#[test]
fn several_header_lines_are_one_list() {
    assert_eq!(
        Format::negotiate(["text/plain;q=0.5", "application/openmetrics-text"]),
        OpenMetrics
    );
    assert_eq!(Format::negotiate([]), Text);
    assert_eq!(Encoding::negotiate(["br", "gzip"]), Gzip);
}

#[test]
fn gzip_is_sent_to_those_who_want_it() {
    for (accept, expected) in [
        ("gzip", Gzip),
        ("gzip, deflate, br", Gzip),
        ("GZip;q=0.001", Gzip),
        ("x-gzip", Gzip),
        ("*", Gzip),
        ("gzip;q=0.5", Gzip),
        ("gzip, identity", Gzip),
        ("identity;q=0.5, gzip;q=1.0", Gzip),
        ("", Identity),
        ("identity", Identity),
        ("br, deflate", Identity),
        ("gzip;q=0", Identity),
        ("gzip;q=0.000, *", Identity),
        ("identity, gzip;q=0.5", Identity),
        ("*;q=0", Identity),
        ("gzip;q=x", Identity),
    ] {
        assert_eq!(Encoding::negotiate([accept]), expected, "{accept}");
    }
    assert_eq!(Encoding::negotiate([]), Identity);
}

proptest! {
    #[test]
    fn garbage_never_panics(lines in proptest::collection::vec("[ -~]{0,40}|[a-z*/;=,.q0-9 \"]{0,40}", 0..4)) {
        let _ = Format::negotiate(lines.iter().map(String::as_str));
        let _ = Encoding::negotiate(lines.iter().map(String::as_str));
    }
}
