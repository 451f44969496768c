//! Labels, help and values that break out of their places: what was written must read back equal.

#![no_main]

use std::sync::Arc;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use tokio::time::Instant;
use wolkvox_exporter::exposition::{Encoding, Exposition, Format, Options, Page, build};
use wolkvox_exporter::metrics::{Exemplar, Extra, published};

#[derive(Debug, Arbitrary)]
struct Input {
    labels: [String; 2],
    exemplar: String,
    help: String,
    value: f64,
    count: u64,
    created_ms: Option<i64>,
}

type Sample = (String, Vec<(String, String)>, u64);

fuzz_target!(|input: Input| {
    let labels = [
        ("skill_id", input.labels[0].as_str()),
        ("agent_id", input.labels[1].as_str()),
    ];
    let mut histogram = build::histogram(
        "h_seconds",
        &input.help,
        &labels,
        &[(0.1, 1)],
        input.count,
        input.value,
    );
    histogram.extras = vec![Extra {
        created_ms: input.created_ms,
        exemplars: vec![Some(Exemplar {
            labels: vec![("conn_id".to_owned(), input.exemplar.clone())],
            value: input.value,
            timestamp_ms: None,
        })],
    }];
    let families = [
        build::counter("c_total", &input.help, &[(&labels, input.value)]),
        build::gauge("g", &input.help, &[(&labels, input.value)]),
        histogram,
    ];
    let options = Options {
        exemplars: true,
        created: true,
    };
    let page = Page::new(published(families), None, options);
    let exposition = Exposition::of(vec![Arc::new(page)], options, Instant::now());
    for format in Format::ALL {
        let chunks = exposition.answer(format, Encoding::Identity, &[]).chunks;
        let bytes: Vec<u8> = chunks.into_iter().flatten().collect();
        let read = if format == Format::Protobuf {
            exposition_reader::protobuf::exposition(&bytes)
        } else {
            exposition_reader::parse(&String::from_utf8(bytes).expect("text"))
        };
        assert_eq!(read.ended, format == Format::OpenMetrics);
        let is_created = |sample: &&exposition_reader::Sample| sample.name.ends_with("_created");
        let mut samples: Vec<Sample> = read
            .samples
            .iter()
            .filter(|sample| !is_created(sample))
            .map(comparable)
            .collect();
        let mut expected = expected(&input);
        samples.sort();
        expected.sort();
        assert_eq!(samples, expected);
        let exemplars: Vec<_> = read
            .samples
            .iter()
            .filter_map(|sample| sample.exemplar.as_ref())
            .collect();
        assert!(exemplars.len() <= 1);
        for (labels, value, timestamp) in exemplars {
            assert_eq!(*labels, [("conn_id".to_owned(), input.exemplar.clone())]);
            assert_eq!((bits(*value), *timestamp), (bits(input.value), None));
        }
    }
});

fn expected(input: &Input) -> Vec<Sample> {
    let labels = vec![
        ("skill_id".to_owned(), input.labels[0].clone()),
        ("agent_id".to_owned(), input.labels[1].clone()),
    ];
    let with_bound = |bound: &str| {
        let mut labels = labels.clone();
        labels.push(("le".to_owned(), bound.to_owned()));
        labels
    };
    #[allow(clippy::cast_precision_loss)] // The reader of the test knows floats alone.
    let count = bits(input.count as f64);
    vec![
        ("c_total".to_owned(), labels.clone(), bits(input.value)),
        ("g".to_owned(), labels.clone(), bits(input.value)),
        ("h_seconds_bucket".to_owned(), with_bound("0.1"), bits(1.0)),
        ("h_seconds_bucket".to_owned(), with_bound("+Inf"), count),
        ("h_seconds_count".to_owned(), labels.clone(), count),
        ("h_seconds_sum".to_owned(), labels.clone(), bits(input.value)),
    ]
}

fn comparable(sample: &exposition_reader::Sample) -> Sample {
    (sample.name.clone(), sample.labels.clone(), bits(sample.value))
}

/// All that is not a number is one and the same.
fn bits(value: f64) -> u64 {
    if value.is_nan() {
        f64::NAN.to_bits()
    } else {
        value.to_bits()
    }
}
