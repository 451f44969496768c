mod any;
mod kept;
mod timed;

use std::io::{Read as _, Write as _};
use std::time::Duration;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use super::*;
use crate::exposition::build;
use crate::metrics::published;

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

fn scraped(exposition: &Exposition, format: Format, encoding: Encoding) -> Vec<u8> {
    let answer = bytes(&exposition.answer(format, encoding, &gauge("tail")));
    match encoding {
        Encoding::Identity => answer,
        Encoding::Gzip => unzipped(&answer),
    }
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
