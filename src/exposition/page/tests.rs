use std::io::{Read as _, Write as _};
use std::sync::atomic::AtomicUsize;
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

fn gauge(name: &str) -> Vec<Family> {
    vec![build::gauge(name, "Help.", &[(&[("operation", "ventas")], 1.5)])]
}

#[test]
fn the_window_is_shown_until_its_instant_and_not_after() {
    let now = Instant::now();
    let expires = now + Duration::from_secs(60);
    let window = Some((published(gauge("window")), expires));
    let page = Page::new(published(gauge("main")), window, Options::default());
    for format in [Format::Text, Format::OpenMetrics] {
        let text = |at| {
            String::from_utf8(bytes(&page.answer(
                format,
                Encoding::Identity,
                at,
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
    let page = Page::new(published(gauge("main")), window, Options::default());
    for format in Format::ALL {
        for at in [now - Duration::from_millis(1), now] {
            for tail in [gauge("tail"), Vec::new()] {
                let zipped = page.answer(format, Encoding::Gzip, at, &tail);
                let plain = page.answer(format, Encoding::Identity, at, &tail);
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
    let ends = |format| {
        let text = String::from_utf8(bytes(&page.answer(
            format,
            Encoding::Identity,
            now,
            &gauge("tail"),
        )))
        .unwrap();
        (text.matches("# EOF\n").count(), text.ends_with("# EOF\n"))
    };
    assert_eq!(ends(Format::OpenMetrics), (1, true));
    assert_eq!(ends(Format::Text), (0, false));
}

#[test]
fn before_anything_was_published_there_is_only_the_tail() {
    let page = Page::empty(Options::default());
    let rendered = page.answer(Format::Text, Encoding::Gzip, Instant::now(), &gauge("tail"));
    let text = String::from_utf8(unzipped(&bytes(&rendered))).unwrap();
    assert_eq!(
        text,
        "# HELP tail Help.\n# TYPE tail gauge\ntail{operation=\"ventas\"} 1.5\n"
    );
}

#[test]
fn answers_share_the_memory_of_the_page() {
    let page = Page::new(published(gauge("main")), None, Options::default());
    for (encoding, main) in [(Encoding::Identity, 0), (Encoding::Gzip, 1)] {
        let [first, second] = [(); 2].map(|()| page.answer(Format::Text, encoding, Instant::now(), &[]));
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

fn scraped(page: &Page, format: Format, encoding: Encoding) -> Vec<u8> {
    let answer = bytes(&page.answer(format, encoding, Instant::now(), &gauge("tail")));
    match encoding {
        Encoding::Identity => answer,
        Encoding::Gzip => unzipped(&answer),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_rendered_before_a_scrape_and_the_first_scrapes_at_once_render_once() {
    let family = number("main", 1.0);
    let page = Arc::new(Page::new(vec![family.rows()], None, Options::default()));
    assert_eq!(family.made(), 0);
    for (turn, format) in Format::ALL.into_iter().enumerate() {
        let scrapes = (0..32).map(|scrape| {
            let page = Arc::clone(&page);
            tokio::spawn(async move {
                let encoding = Encoding::ALL[scrape % 2];
                page.render(format, encoding).await;
                scraped(&page, format, encoding)
            })
        });
        let scrapes: Vec<_> = scrapes.collect();
        let mut answers = Vec::new();
        for scrape in scrapes {
            answers.push(scrape.await.unwrap());
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]));
        assert_eq!(family.made(), turn + 1, "{format:?}");
    }
}

#[tokio::test]
async fn a_scrape_that_goes_away_while_it_renders_does_not_make_others_begin_anew() {
    let family = number("main", 1.0);
    let page = Arc::new(Page::new(vec![family.rows()], None, Options::default()));
    for _ in 0..3 {
        let scrape = page.render(Format::Text, Encoding::Gzip);
        let _ = tokio::time::timeout(Duration::from_millis(1), scrape).await;
    }
    page.render(Format::Text, Encoding::Gzip).await;
    assert_eq!(family.made(), 1);
}

#[test]
fn what_has_not_changed_is_not_rendered_again() {
    let (same, other) = (number("same", 1.0), number("other", 1.0));
    let window = Some((
        published(gauge("window")),
        Instant::now() + Duration::from_secs(60),
    ));
    let first = Page::new(
        vec![same.rows(), other.rows()],
        window.clone(),
        Options::default(),
    );
    for format in Format::ALL {
        scraped(&first, format, Encoding::Gzip);
    }
    // Made anew, as a publication does.
    let (same_again, changed) = (number("same", 1.0), number("other", 2.0));
    let second = Page::following(&first, vec![same_again.rows(), changed.rows()], window);
    for format in Format::ALL {
        for encoding in Encoding::ALL {
            scraped(&second, format, encoding);
        }
    }
    assert_eq!((same.made(), other.made()), (3, 3));
    assert_eq!((same_again.made(), changed.made()), (0, 3));
}

#[test]
fn bytes_are_kept_over_publications_that_nobody_scrapes() {
    let large = build::gauge("large", &"Help. ".repeat(40_000), &[(&[], 1.0)]);
    let same = Counting::of(large);
    let pages = |before: &Page, value| {
        Page::following(before, vec![same.rows(), number("other", value).rows()], None)
    };
    let first = pages(&Page::empty(Options::default()), 1.0);
    let run = |page: &Page| {
        page.answer(Format::Text, Encoding::Identity, Instant::now(), &[])
            .chunks[0]
            .clone()
    };
    let before = run(&first);
    let after = run(&pages(&pages(&first, 2.0), 3.0));
    assert_eq!(before.as_ptr(), after.as_ptr());
    assert_eq!(same.made(), 1);
}

#[test]
fn a_page_shows_what_was_published_whenever_it_is_rendered() {
    let first = Page::new(vec![number("main", 1.0).rows()], None, Options::default());
    let second = Page::following(&first, vec![number("main", 2.0).rows()], None);
    let value = |page: &Page| {
        let text = String::from_utf8(scraped(page, Format::Text, Encoding::Gzip)).unwrap();
        text.contains("main{operation=\"ventas\"} 1\n")
    };
    assert!(!value(&second));
    assert!(value(&first), "a scraper that is slow still holds it");
}

#[test]
fn operations_that_follow_each_other_are_one_family() {
    let of = |operation: &str| build::counter("c_total", "C.", &[(&[("operation", operation)], 1.0)]);
    let both = build::counter(
        "c_total",
        "C.",
        &[(&[("operation", "a")], 1.0), (&[("operation", "b")], 1.0)],
    );
    let merged = Page::new(published([of("a"), of("b")]), None, Options::default());
    let whole = Page::new(published([both]), None, Options::default());
    for format in Format::ALL {
        assert_eq!(
            scraped(&merged, format, Encoding::Gzip),
            scraped(&whole, format, Encoding::Gzip)
        );
    }
}

/// A page of many operations: 40 small families and 4 histograms of each.
fn many_operations(operations: usize) -> Vec<Arc<dyn Rows>> {
    let names: Vec<String> = (0..operations)
        .map(|operation| format!("operation-{operation}"))
        .collect();
    let mut families = Vec::new();
    for family in 0..40 {
        let of = |(at, name): (usize, &String)| {
            let value = (at * 7919 + family * 104_729) % 10_000;
            let labels = [("operation", name.as_str())];
            build::counter(
                &format!("family_{family}_total"),
                "Help.",
                &[(&labels, value as f64)],
            )
        };
        families.extend(names.iter().enumerate().map(of));
    }
    for family in 0..4_u64 {
        for (at, name) in names.iter().enumerate() {
            let buckets: Vec<(f64, u64)> = (1_u32..17)
                .map(|bucket| {
                    (
                        f64::from(bucket) * 5.0,
                        u64::from(bucket) * (at as u64 * 31 + family) % 5_000,
                    )
                })
                .collect();
            let labels = [
                ("operation", name.as_str()),
                ("skill_id", "12"),
                ("outcome", "coded"),
            ];
            let name = format!("histogram_{family}_seconds");
            families.push(build::histogram(
                &name,
                "Help.",
                &labels,
                &buckets,
                6_000,
                at as f64 * 1.25,
            ));
        }
    }
    published(families)
}

#[test]
fn joined_gzip_takes_at_most_a_tenth_more_than_one_stream() {
    for operations in [1, 20, 1_000] {
        let page = Page::new(many_operations(operations), None, Options::default());
        for format in Format::ALL {
            let now = Instant::now();
            let plain = bytes(&page.answer(format, Encoding::Identity, now, &gauge("tail")));
            let joined = bytes(&page.answer(format, Encoding::Gzip, now, &gauge("tail"))).len();
            let mut one = GzEncoder::new(Vec::new(), Compression::default());
            one.write_all(&plain).unwrap();
            let one = one.finish().unwrap().len();
            // The tail is a part of its own.
            let most = one + one / 10 + 100;
            assert!(
                joined <= most,
                "{format:?}, {operations} operations: {joined} bytes, as one stream {one}"
            );
        }
    }
}

/// Publications one after another: values of families, by their place. Some change, some do not, some are not there.
fn publications() -> impl Strategy<Value = Vec<Vec<Option<u8>>>> {
    let value = proptest::option::of(0_u8..3);
    proptest::collection::vec(proptest::collection::vec(value, 4), 1..5)
}

/// Which page is asked for which format and encoding.
fn scrapes() -> impl Strategy<Value = Vec<(usize, usize, usize)>> {
    proptest::collection::vec((0_usize..5, 0..Format::ALL.len(), 0..Encoding::ALL.len()), 0..12)
}

proptest! {
    #[test]
    fn a_page_gives_the_bytes_of_its_publication_in_whatever_order_it_is_asked(
        publications in publications(), scrapes in scrapes(), sizes in proptest::collection::vec(0_usize..3, 4),
    ) {
        let families = |values: &[Option<u8>]| {
            let family = |(place, value): (usize, &Option<u8>)| {
                let help = "Help. ".repeat(1 + sizes[place] * 15_000);
                let name = format!("family_{place}");
                Some(build::gauge(&name, &help, &[(&[("a", "x")], f64::from((*value)?))]))
            };
            values.iter().enumerate().filter_map(family).collect::<Vec<_>>()
        };
        let mut pages = vec![Page::empty(Options::default())];
        for values in &publications {
            let next = Page::following(pages.last().unwrap(), published(families(values)), None);
            pages.push(next);
            // Some are asked for before the next is published, some after, and some never.
            let before = scrapes.iter().filter(|(page, ..)| *page == pages.len() - 1);
            for (_, format, encoding) in before {
                scraped(pages.last().unwrap(), Format::ALL[*format], Encoding::ALL[*encoding]);
            }
        }
        for (page, format, encoding) in scrapes {
            let at = page % pages.len();
            let (format, encoding) = (Format::ALL[format], Encoding::ALL[encoding]);
            let mut shown = at.checked_sub(1).map(|at| families(&publications[at])).unwrap_or_default();
            shown.extend(gauge("tail"));
            let mut expected = crate::exposition::written(&shown, format, Options::default());
            expected.extend_from_slice(format.end().as_bytes());
            prop_assert!(scraped(&pages[at], format, encoding) == expected, "page {at}, {format:?}, {encoding:?}");
        }
    }

    #[test]
    fn parts_of_any_content_join_to_one_member(contents in proptest::collection::vec(any::<Vec<u8>>(), 0..4)) {
        let parts: Vec<_> = contents.iter().map(|content| Blocks::continued([&content[..]]).unwrap()).collect();
        let tails = Tails::default();
        let last = (0..3).map(|_| tails.last(b"end").unwrap()).last().unwrap();
        let mut member = gzip::HEADER.to_vec();
        for blocks in parts.iter().chain([&last]) {
            member.write_all(&blocks.bytes).unwrap();
        }
        member.write_all(&gzip::trailer(parts.iter().chain([&last]))).unwrap();
        prop_assert_eq!(unzipped(&member), [contents.concat(), b"end".to_vec()].concat());
    }
}
