use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use super::*;
use crate::exposition::build;
use crate::metrics::{Meta, Row, published};

fn bytes(rendered: &Rendered) -> Vec<u8> {
    rendered.chunks.iter().flatten().copied().collect()
}

/// Reads one gzip member, and nothing may follow it.
fn unzipped(bytes: &[u8]) -> Vec<u8> {
    let mut decoder = GzDecoder::new(bytes);
    let mut plain = Vec::new();
    decoder
        .read_to_end(&mut plain)
        .expect("a whole member with the right checksum and length");
    assert!(decoder.into_inner().is_empty(), "something follows the member");
    plain
}

/// One page alone, as it is shown at that moment.
fn alone(page: Page, now: Instant) -> Exposition {
    Exposition::of(vec![Arc::new(page)], Options::default(), now)
}

fn gauge(name: &str) -> Vec<Family> {
    vec![build::gauge(name, "Help.", &[(&[("operation", "ventas")], 1.5)])]
}

#[test]
fn the_window_is_shown_until_its_instant_and_not_after() {
    let now = Instant::now();
    let expires = now + Duration::from_secs(60);
    let window = Some((published(gauge("window")), expires));
    let page = Arc::new(Page::new(published(gauge("main")), window, Options::default()));
    for format in [Format::Text, Format::OpenMetrics] {
        let latest = Latest::new(Options::default());
        let text = |at| {
            let exposition = latest.of(vec![Arc::clone(&page)], at);
            String::from_utf8(bytes(&exposition.answer(
                format,
                Encoding::Identity,
                &gauge("tail"),
            )))
            .unwrap()
        };
        let names = |text: &str| ["\nmain{", "\nwindow{", "\ntail{"].map(|name| text.contains(name));
        assert_eq!(names(&text(now)), [true, true, true]);
        assert_eq!(names(&text(expires)), [true, false, true]);
    }
}

#[test]
fn gzip_is_one_member_with_the_same_content() {
    let now = Instant::now();
    let window = Some((published(gauge("window")), now));
    let page = Arc::new(Page::new(published(gauge("main")), window, Options::default()));
    for format in Format::ALL {
        for at in [now - Duration::from_millis(1), now] {
            let exposition = Exposition::of(vec![Arc::clone(&page)], Options::default(), at);
            for (tail, live) in [("tail", "live"), ("", "live"), ("tail", ""), ("", "")] {
                let [tail, live] =
                    [tail, live].map(|name| if name.is_empty() { Vec::new() } else { gauge(name) });
                let tail = Tail::new(tail, Options::default());
                let zipped = exposition.answer_with(&tail, format, Encoding::Gzip, &live);
                let plain = exposition.answer_with(&tail, format, Encoding::Identity, &live);
                assert!((zipped.encoding, plain.encoding) == (Encoding::Gzip, Encoding::Identity));
                assert_eq!(unzipped(&bytes(&zipped)), bytes(&plain));
            }
        }
    }
}

#[test]
fn openmetrics_ends_once_and_text_never() {
    let now = Instant::now();
    let window = Some((published(gauge("window")), now));
    let page = Page::new(published(gauge("main")), window, Options::default());
    let exposition = alone(page, now);
    let ends = |format| {
        let answer = exposition.answer(format, Encoding::Identity, &gauge("tail"));
        let text = String::from_utf8(bytes(&answer)).unwrap();
        (text.matches("# EOF\n").count(), text.ends_with("# EOF\n"))
    };
    assert_eq!(ends(Format::OpenMetrics), (1, true));
    assert_eq!(ends(Format::Text), (0, false));
}

#[test]
fn before_anything_was_published_there_is_only_the_tail() {
    let exposition = Exposition::empty(Options::default());
    let rendered = exposition.answer(Format::Text, Encoding::Gzip, &gauge("tail"));
    let text = String::from_utf8(unzipped(&bytes(&rendered))).unwrap();
    assert_eq!(
        text,
        "# HELP tail Help.\n# TYPE tail gauge\ntail{operation=\"ventas\"} 1.5\n"
    );
}

#[test]
fn answers_share_the_memory_of_the_exposition() {
    let page = Page::new(published(gauge("main")), None, Options::default());
    let exposition = alone(page, Instant::now());
    for (encoding, main) in [(Encoding::Identity, 0), (Encoding::Gzip, 1)] {
        let [first, second] = [(); 2].map(|()| exposition.answer(Format::Text, encoding, &[]));
        assert_eq!(first.chunks[main].as_ptr(), second.chunks[main].as_ptr());
    }
}

/// A family whose makings are counted.
#[derive(Debug, Clone)]
struct Counting {
    family: Family,
    made: Arc<AtomicUsize>,
}

impl Counting {
    fn of(family: Family) -> Self {
        let made = Arc::default();
        Self { family, made }
    }

    fn made(&self) -> usize {
        self.made.load(Ordering::Relaxed)
    }

    fn rows(&self) -> Arc<dyn Rows> {
        Arc::new(self.clone())
    }
}

impl Rows for Counting {
    fn meta(&self) -> Meta<'_> {
        self.family.meta()
    }

    fn lines(&self) -> usize {
        self.family.lines()
    }

    fn each(&self, visit: &mut dyn FnMut(Row<'_>)) {
        self.made.fetch_add(1, Ordering::Relaxed);
        // Long enough for others to come in between.
        std::thread::sleep(Duration::from_millis(5));
        self.family.each(visit);
    }

    fn are_those_of(&self, other: &dyn Rows) -> bool {
        let other = other.downcast::<Counting>();
        other.is_some_and(|other| other.family == self.family)
    }
}

fn number(name: &str, value: f64) -> Counting {
    Counting::of(build::gauge(
        name,
        "Help.",
        &[(&[("operation", "ventas")], value)],
    ))
}

fn scraped(exposition: &Exposition, format: Format, encoding: Encoding) -> Vec<u8> {
    let answer = bytes(&exposition.answer(format, encoding, &gauge("tail")));
    match encoding {
        Encoding::Identity => answer,
        Encoding::Gzip => unzipped(&answer),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_rendered_before_a_scrape_and_the_first_scrapes_at_once_render_once() {
    let families = ["a", "b"].map(|operation| {
        let labels = [("operation", operation)];
        Counting::of(build::gauge("main", "Help.", &[(&labels, 1.0)]))
    });
    let page = |family: &Counting| Arc::new(Page::new(vec![family.rows()], None, Options::default()));
    let pages: Vec<_> = families.iter().map(page).collect();
    let latest = Arc::new(Latest::new(Options::default()));
    let made = || families.each_ref().map(Counting::made);
    assert_eq!(made(), [0, 0]);
    for (turn, format) in Format::ALL.into_iter().enumerate() {
        let scrapes = (0..32).map(|scrape| {
            let (latest, pages) = (Arc::clone(&latest), pages.clone());
            tokio::spawn(async move {
                let encoding = Encoding::ALL[scrape % 2];
                let exposition = latest.of(pages, Instant::now());
                exposition.render(format, encoding).await;
                scraped(&exposition, format, encoding)
            })
        });
        let scrapes: Vec<_> = scrapes.collect();
        let mut answers = Vec::new();
        for scrape in scrapes {
            answers.push(scrape.await.unwrap());
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]));
        assert_eq!(made(), [turn + 1; 2], "{format:?}");
    }
}

#[tokio::test]
async fn a_scrape_that_goes_away_while_it_renders_does_not_make_others_begin_anew() {
    let family = number("main", 1.0);
    let page = Page::new(vec![family.rows()], None, Options::default());
    let exposition = Arc::new(alone(page, Instant::now()));
    for _ in 0..3 {
        let scrape = exposition.render(Format::Text, Encoding::Gzip);
        let _ = tokio::time::timeout(Duration::from_millis(1), scrape).await;
    }
    exposition.render(Format::Text, Encoding::Gzip).await;
    assert_eq!(family.made(), 1);
}

#[test]
fn what_has_not_changed_is_not_rendered_again() {
    let (same, other) = (number("same", 1.0), number("other", 1.0));
    let window = Some((
        published(gauge("window")),
        Instant::now() + Duration::from_secs(60),
    ));
    let first = Arc::new(Page::new(
        vec![same.rows(), other.rows()],
        window.clone(),
        Options::default(),
    ));
    let latest = Latest::new(Options::default());
    let shown = latest.of(vec![Arc::clone(&first)], Instant::now());
    for format in Format::ALL {
        scraped(&shown, format, Encoding::Gzip);
    }
    // Made anew, as a publication does.
    let (same_again, changed) = (number("same", 1.0), number("other", 2.0));
    let second = Page::following(&first, vec![same_again.rows(), changed.rows()], window);
    let shown = latest.of(vec![Arc::new(second)], Instant::now());
    for format in Format::ALL {
        for encoding in Encoding::ALL {
            scraped(&shown, format, encoding);
        }
    }
    assert_eq!((same.made(), other.made()), (3, 3));
    assert_eq!((same_again.made(), changed.made()), (0, 3));
}

#[test]
fn a_family_that_stays_is_rendered_once_whichever_page_is_asked_first() {
    let same = number("same", 1.0);
    let first = Page::new(vec![same.rows()], None, Options::default());
    let second = Page::following(&first, vec![same.rows(), number("other", 1.0).rows()], None);
    for page in [second, first] {
        scraped(&alone(page, Instant::now()), Format::Text, Encoding::Identity);
    }
    assert_eq!(same.made(), 1);
}

#[test]
fn all_operations_and_one_of_them_share_what_is_rendered() {
    let families = ["a", "b"].map(|operation| {
        let labels = [("operation", operation)];
        Counting::of(build::gauge("main", "Help.", &[(&labels, 1.0)]))
    });
    let page = |family: &Counting| Arc::new(Page::new(vec![family.rows()], None, Options::default()));
    let pages: Vec<_> = families.iter().map(page).collect();
    let now = Instant::now();
    let of = |pages: &[Arc<Page>]| Exposition::of(pages.to_vec(), Options::default(), now);
    for exposition in [of(&pages[..1]), of(&pages), of(&pages[1..])] {
        scraped(&exposition, Format::Text, Encoding::Gzip);
    }
    assert_eq!(families.map(|family| family.made()), [1, 1]);
}

#[test]
fn bytes_are_kept_over_publications_that_nobody_scrapes() {
    let large = build::gauge("large", &"Help. ".repeat(40_000), &[(&[], 1.0)]);
    let same = Counting::of(large);
    let next = |before: &Page, value| {
        Page::following(before, vec![same.rows(), number("other", value).rows()], None)
    };
    let first = next(&Page::empty(Options::default()), 1.0);
    let third = next(&next(&first, 2.0), 3.0);
    let latest = Latest::new(Options::default());
    let run = |page| {
        let shown = latest.of(vec![Arc::new(page)], Instant::now());
        shown.answer(Format::Text, Encoding::Identity, &[]).chunks[0].clone()
    };
    let (before, after) = (run(first), run(third));
    assert_eq!(before.as_ptr(), after.as_ptr());
    assert_eq!(same.made(), 1);
}

#[test]
fn bytes_are_kept_over_expositions_that_are_never_rendered() {
    let large = build::gauge("large", &"Help. ".repeat(40_000), &[(&[], 1.0)]);
    let page = |value| {
        let families = [large.clone(), number("other", value).family];
        Arc::new(Page::new(published(families), None, Options::default()))
    };
    let latest = Latest::new(Options::default());
    let run = |value| {
        let shown = latest.of(vec![page(value)], Instant::now());
        shown.answer(Format::Text, Encoding::Identity, &[]).chunks[0].clone()
    };
    let before = run(1.0);
    // Another format is asked for in between, and one that nobody waits for.
    let between = latest.of(vec![page(2.0)], Instant::now());
    between.answer(Format::Protobuf, Encoding::Gzip, &[]);
    latest.of(vec![page(3.0)], Instant::now());
    assert_eq!(before.as_ptr(), run(4.0).as_ptr());
}

#[test]
fn nothing_is_made_anew_while_nothing_is_published_and_no_window_expires() {
    let now = Instant::now();
    let expires = now + Duration::from_secs(60);
    let window = Some((published(gauge("window")), expires));
    let page = Arc::new(Page::new(published(gauge("main")), window, Options::default()));
    let latest = Latest::new(Options::default());
    let of = |pages: &[&Arc<Page>], at| latest.of(pages.iter().copied().cloned().collect(), at);
    let first = of(&[&page], now);
    assert!(Arc::ptr_eq(
        &first,
        &of(&[&page], expires - Duration::from_millis(1))
    ));
    let without = of(&[&page], expires);
    assert!(!Arc::ptr_eq(&first, &without));
    assert!(
        Arc::ptr_eq(&first.main, &without.main),
        "only the windows are put together anew"
    );
    assert!(Arc::ptr_eq(
        &without,
        &of(&[&page], expires + Duration::from_secs(60))
    ));
    let same = Arc::new(Page::following(&page, published(gauge("main")), None));
    assert!(!Arc::ptr_eq(&without, &of(&[&same], expires)));
    assert!(!Arc::ptr_eq(&without, &of(&[&page, &same], expires)));
}

#[test]
fn that_a_window_has_expired_is_told_once() {
    let now = Instant::now();
    let window = Some((published(gauge("window")), now));
    let page = Page::new(Vec::new(), window, Options::default());
    assert_eq!(page.newly_expired(now - Duration::from_millis(1)), None);
    let late = Duration::from_millis(1);
    assert_eq!(page.newly_expired(now + late), Some(late));
    assert_eq!(page.newly_expired(now + late), None);
}

#[test]
fn a_page_shows_what_was_published_whenever_it_is_rendered() {
    let first = Page::new(vec![number("main", 1.0).rows()], None, Options::default());
    let second = Page::following(&first, vec![number("main", 2.0).rows()], None);
    let value = |page| {
        let exposition = alone(page, Instant::now());
        let text = String::from_utf8(scraped(&exposition, Format::Text, Encoding::Gzip)).unwrap();
        text.contains("main{operation=\"ventas\"} 1\n")
    };
    assert!(!value(second));
    assert!(value(first), "a scraper that is slow still holds it");
}

/// A page of 40 small families and 4 histograms.
fn believable(at: u32, turn: u32, before: &Page) -> Page {
    let operation = format!("operation-{at}");
    let labels = [("operation", operation.as_str())];
    let small = (0..40).map(|family| {
        let value = (at * 7919 + family * 104_729) % 10_000 + turn;
        let name = format!("family_{family}_total");
        build::counter(&name, "Help.", &[(&labels, f64::from(value))])
    });
    let labels = [labels[0], ("skill_id", "12"), ("outcome", "coded")];
    let histograms = (0..4).map(|family| {
        let bucket = |bucket: u32| {
            let below = bucket * (at * 31 + family) % 5_000 + turn;
            (f64::from(bucket) * 5.0, u64::from(below))
        };
        let buckets: Vec<(f64, u64)> = (1..17).map(bucket).collect();
        let name = format!("histogram_{family}_seconds");
        build::histogram(&name, "Help.", &labels, &buckets, 6_000, f64::from(at) * 1.25)
    });
    Page::following(before, published(small.chain(histograms)), None)
}

/// Pages of many operations.
fn many(operations: u32) -> Vec<Arc<Page>> {
    let empty = Page::empty(Options::default());
    let page = |at| Arc::new(believable(at, 0, &empty));
    (0..operations).map(page).collect()
}

fn assert_is_small(exposition: &Exposition, format: Format, what: &str) {
    let plain = bytes(&exposition.answer(format, Encoding::Identity, &gauge("tail")));
    let joined = bytes(&exposition.answer(format, Encoding::Gzip, &gauge("tail"))).len();
    let mut one = GzEncoder::new(Vec::new(), Compression::default());
    one.write_all(&plain).unwrap();
    let one = one.finish().unwrap().len();
    // The tail is a part of its own.
    let most = one + one / 10 + 100;
    assert!(
        joined <= most,
        "{format:?}, {what}: {joined} bytes, as one stream {one}"
    );
}

#[test]
fn joined_gzip_takes_at_most_a_tenth_more_than_one_stream() {
    for operations in [1, 20, 1_000] {
        let exposition = Exposition::of(many(operations), Options::default(), Instant::now());
        for format in Format::ALL {
            assert_is_small(&exposition, format, &format!("{operations} operations"));
        }
    }
}

#[test]
fn joined_gzip_stays_small_while_operations_publish_one_by_one() {
    let latest = Latest::new(Options::default());
    let mut pages = many(300);
    for turn in 0..12 {
        for (at, page) in (0_u32..).zip(&mut pages).filter(|(at, _)| at % 4 == turn % 4) {
            *page = Arc::new(believable(at, turn * turn * 37, page));
        }
        let exposition = latest.of(pages.clone(), Instant::now());
        assert_is_small(&exposition, Format::Text, &format!("turn {turn}"));
    }
}

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
