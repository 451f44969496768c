use std::io::{Read as _, Write as _};
use std::time::Duration;

use flate2::read::GzDecoder;
use proptest::prelude::*;

use super::*;
use crate::exposition::build;

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
    let page = Page::render(
        &gauge("main"),
        Some((&gauge("window"), expires)),
        Options::default(),
    );
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
    let page = Page::render(&gauge("main"), Some((&gauge("window"), now)), Options::default());
    for format in [Format::Text, Format::OpenMetrics] {
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
    let page = Page::render(&gauge("main"), Some((&gauge("window"), now)), Options::default());
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
    let page = Page::render(&gauge("main"), None, Options::default());
    for (encoding, main) in [(Encoding::Identity, 0), (Encoding::Gzip, 1)] {
        let [first, second] = [(); 2].map(|()| page.answer(Format::Text, encoding, Instant::now(), &[]));
        assert_eq!(first.chunks[main].as_ptr(), second.chunks[main].as_ptr());
    }
}

proptest! {
    #[test]
    fn parts_of_any_content_join_to_one_member(contents in proptest::collection::vec(any::<Vec<u8>>(), 0..4)) {
        let parts: Vec<_> = contents.iter().map(|content| Blocks::continued(content).unwrap()).collect();
        let last = Blocks::last(b"end").unwrap();
        let mut member = gzip::HEADER.to_vec();
        for blocks in parts.iter().chain([&last]) {
            member.write_all(&blocks.bytes).unwrap();
        }
        member.write_all(&gzip::trailer(parts.iter().chain([&last]))).unwrap();
        prop_assert_eq!(unzipped(&member), [contents.concat(), b"end".to_vec()].concat());
    }
}
