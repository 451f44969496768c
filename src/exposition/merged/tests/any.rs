//! Any publications of any operations, and any bytes.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// The families that there are, in their order; then those of the window.
const FAMILIES: usize = 5;
const WINDOW_FAMILIES: usize = 2;

/// What an operation publishes: the value of each family that it has, and when its window expires.
#[derive(Debug, Clone)]
struct Published {
    main: Vec<Option<u8>>,
    window: Option<(Vec<Option<u8>>, u64)>,
}

fn publications() -> impl Strategy<Value = Published> {
    let values = |count| proptest::collection::vec(proptest::option::of(0_u8..3), count);
    let window = proptest::option::of((values(WINDOW_FAMILIES), 0_u64..8));
    (values(FAMILIES), window).prop_map(|(main, window)| Published { main, window })
}

/// What happens between two scrapes.
#[derive(Debug, Clone)]
enum Step {
    Publish(u8, Published),
    Remove(u8),
    Pass,
}

/// Steps, and which formats and encodings are asked for after each.
fn steps() -> impl Strategy<Value = Vec<(Step, Vec<(usize, usize)>)>> {
    let step = prop_oneof![
        4 => (0_u8..4, publications()).prop_map(|(at, published)| Step::Publish(at, published)),
        1 => (0_u8..4).prop_map(Step::Remove),
        2 => Just(Step::Pass),
    ];
    let asked = proptest::collection::vec((0..Format::ALL.len(), 0..Encoding::ALL.len()), 0..3);
    proptest::collection::vec((step, asked), 1..12)
}

/// A family of some operations with their values. `sizes` are those of the samples and of the head.
fn family(name: &str, values: &[(u8, u8)], sizes: (usize, usize)) -> Family {
    let padding = "x".repeat(1 + sizes.0 * 50_000);
    let operations: Vec<String> = values
        .iter()
        .map(|(operation, _)| operation.to_string())
        .collect();
    let labels: Vec<_> = operations
        .iter()
        .map(|operation| [("operation", operation.as_str()), ("l", &padding)])
        .collect();
    let samples: Vec<(build::Labels, f64)> = labels
        .iter()
        .zip(values)
        .map(|(labels, (_, value))| (&labels[..], f64::from(*value)))
        .collect();
    build::gauge(name, &"Help. ".repeat(1 + sizes.1 * 12_000), &samples)
}

/// The families of one operation.
fn families_of(operation: u8, values: &[Option<u8>], word: &str, sizes: &[(usize, usize)]) -> Vec<Family> {
    let one = |(place, value): (usize, &Option<u8>)| {
        Some(family(
            &format!("{word}_{place}"),
            &[(operation, (*value)?)],
            sizes[place],
        ))
    };
    values.iter().enumerate().filter_map(one).collect()
}

/// The families of all operations, each put together by hand.
fn put_together(operations: &[(u8, &[Option<u8>])], word: &str, sizes: &[(usize, usize)]) -> Vec<Family> {
    let names: Vec<String> = (0..FAMILIES).map(|place| format!("{word}_{place}")).collect();
    let names_of = |values: &[Option<u8>]| {
        let places = (0..values.len()).filter(|place| values[*place].is_some());
        places.map(|place| names[place].as_str()).collect()
    };
    let order = order::union(operations.iter().map(|(_, values)| names_of(values)));
    let of = |name: &str| {
        let place = names.iter().position(|one| one == name).unwrap();
        let values = operations.iter();
        let values: Vec<(u8, u8)> = values
            .filter_map(|(operation, values)| Some((*operation, values[place]?)))
            .collect();
        family(name, &values, sizes[place])
    };
    order.into_iter().map(of).collect()
}

/// The samples of an exposition, as a strict reader sees them.
fn read(format: Format, bytes: &[u8]) -> Vec<(String, f64)> {
    let read = match format {
        Format::Protobuf => exposition_reader::protobuf::exposition(bytes),
        Format::Text | Format::OpenMetrics => exposition_reader::parse(std::str::from_utf8(bytes).unwrap()),
    };
    let sample = |sample: exposition_reader::Sample| (sample.name + &sample.labels[0].1, sample.value);
    read.samples.into_iter().map(sample).collect()
}

/// The same of gauges.
fn samples(families: &[Family]) -> Vec<(String, f64)> {
    let mut samples = Vec::new();
    for family in families {
        for metric in family.proto.get_metric() {
            let name = family.proto.name().to_owned() + metric.get_label()[0].value();
            samples.push((name, metric.get_gauge().get_value()));
        }
    }
    samples
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn operations_are_merged_by_family_whatever_was_kept_from_before(
        steps in steps(), sizes in proptest::collection::vec((0_usize..3, 0_usize..3), FAMILIES),
    ) {
        let begun = Instant::now();
        let latest = Latest::new(Options::default());
        let mut operations: BTreeMap<u8, (Published, Arc<Page>)> = BTreeMap::new();
        for ((step, asked), second) in steps.into_iter().zip(0..) {
            match step {
                Step::Publish(operation, shown) => {
                    let empty = Arc::new(Page::empty(Options::default()));
                    let before = operations.get(&operation).map_or(empty, |(_, page)| Arc::clone(page));
                    let main = published(families_of(operation, &shown.main, "main", &sizes));
                    let window = shown.window.as_ref().map(|(values, expires)| {
                        let families = families_of(operation, values, "window", &sizes);
                        (published(families), begun + Duration::from_secs(*expires))
                    });
                    let page = Arc::new(Page::following(&before, main, window));
                    operations.insert(operation, (shown, page));
                }
                Step::Remove(operation) => drop(operations.remove(&operation)),
                Step::Pass => {}
            }
            let pages: Vec<_> = operations.values().map(|(_, page)| Arc::clone(page)).collect();
            let exposition = latest.of(pages, begun + Duration::from_secs(second));
            let main: Vec<(u8, &[Option<u8>])> = operations.iter().map(|(operation, (shown, _))| (*operation, &shown.main[..])).collect();
            let windows: Vec<(u8, &[Option<u8>])> = operations
                .iter()
                .filter_map(|(operation, (shown, _))| {
                    let (values, expires) = shown.window.as_ref()?;
                    (second < *expires).then_some((*operation, &values[..]))
                })
                .collect();
            let mut shown = put_together(&main, "main", &sizes);
            shown.extend(put_together(&windows, "window", &sizes));
            shown.extend(gauge("tail"));
            for (format, encoding) in asked {
                let (format, encoding) = (Format::ALL[format], Encoding::ALL[encoding]);
                let mut expected = crate::exposition::written(&shown, format, Options::default());
                expected.extend_from_slice(format.end().as_bytes());
                let answer = scraped(&exposition, format, encoding);
                prop_assert!(answer == expected, "second {second}, {format:?}, {encoding:?}");
                prop_assert_eq!(read(format, &answer), samples(&shown));
            }
        }
    }

    #[test]
    fn parts_of_any_content_join_to_one_member(
        contents in proptest::collection::vec(any::<Vec<u8>>(), 0..4),
        length in prop_oneof![0_usize..300, 65_530_usize..65_540, 131_065_usize..131_075],
    ) {
        let end = vec![7; length];
        let parts: Vec<_> = contents.iter().map(|content| Blocks::continued([&content[..]]).unwrap()).collect();
        let last = Blocks::last(&end);
        let mut member = gzip::HEADER.to_vec();
        for blocks in parts.iter().chain([&last]) {
            member.write_all(&blocks.bytes).unwrap();
        }
        member.write_all(&gzip::trailer(parts.iter().chain([&last]))).unwrap();
        prop_assert_eq!(unzipped(&member), [contents.concat(), end].concat());
    }
}
