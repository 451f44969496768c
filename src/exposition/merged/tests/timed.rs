//! What follows from the time of day.

use std::ops::Bound;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use chrono::{DateTime, Utc};

use super::*;
use crate::metrics::TimedRows;
use crate::metrics::rows::Period;

/// A shop that is open in every other minute, by a clock that the test sets.
#[derive(Debug, Default)]
struct Shop {
    second: AtomicI64,
    asked: AtomicUsize,
}

impl Shop {
    fn set(&self, second: i64) {
        self.second.store(second, Ordering::Relaxed);
    }

    /// How often it was asked what is shown.
    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl TimedRows for Shop {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.second.load(Ordering::Relaxed), 0).unwrap()
    }

    fn at(&self, now: DateTime<Utc>) -> (Vec<Arc<dyn Rows>>, Period) {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let minute = now.timestamp().div_euclid(60);
        let second = |at| DateTime::from_timestamp(at, 0).unwrap();
        let families = if minute % 2 == 0 {
            published(gauge("open"))
        } else {
            Vec::new()
        };
        let from = Bound::Included(second(minute * 60));
        (families, (from, Bound::Excluded(second(minute * 60 + 60))))
    }
}

fn page(shop: &Arc<Shop>) -> Page {
    let rows: Arc<dyn TimedRows> = Arc::<Shop>::clone(shop);
    Page::new(published(gauge("main")), None, Options::default()).with_timed(Some(rows))
}

fn is_open(exposition: &Exposition) -> bool {
    let text = String::from_utf8(scraped(exposition, Format::Text, Encoding::Identity)).unwrap();
    assert_eq!(
        text.into_bytes(),
        scraped(exposition, Format::Text, Encoding::Gzip)
    );
    let text = String::from_utf8(scraped(exposition, Format::Text, Encoding::Identity)).unwrap();
    assert!(text.contains("\nmain{") && text.contains("\ntail{"), "{text}");
    text.contains("\nopen{")
}

#[test]
fn a_change_of_the_time_of_day_is_shown_by_the_next_scrape_without_a_publication() {
    let shop = Arc::new(Shop::default());
    let pages = vec![Arc::new(page(&shop))];
    let latest = Latest::new(Options::default());
    // Also where a clock is put back.
    for (second, open) in [
        (0, true),
        (59, true),
        (60, false),
        (119, false),
        (120, true),
        (100, false),
    ] {
        shop.set(second);
        assert_eq!(
            is_open(&latest.of(pages.clone(), Instant::now())),
            open,
            "{second}"
        );
    }
}

#[test]
fn while_it_does_not_change_scrapes_share_one_exposition_and_it_is_asked_once() {
    let shop = Arc::new(Shop::default());
    let pages = vec![Arc::new(page(&shop))];
    let latest = Latest::new(Options::default());
    let first = latest.of(pages.clone(), Instant::now());
    shop.set(59);
    assert!(Arc::ptr_eq(&first, &latest.of(pages.clone(), Instant::now())));
    // The next publication of the same operation goes on with it.
    let next = vec![Arc::new(Page::following(
        &pages[0],
        published(gauge("main")),
        None,
    ))];
    let second = latest.of(next.clone(), Instant::now());
    assert!(is_open(&second) && !Arc::ptr_eq(&first, &second));
    assert_eq!(shop.asked(), 1);
    shop.set(60);
    assert!(!is_open(&latest.of(next, Instant::now())));
    assert_eq!(shop.asked(), 2);
}

#[test]
fn a_page_with_other_hours_or_with_none_shows_nothing_of_those_before() {
    let (old, new) = (Arc::new(Shop::default()), Arc::new(Shop::default()));
    old.set(0);
    new.set(60);
    let before = page(&old);
    let of = |timed| {
        let page = Page::following(&before, published(gauge("main")), None).with_timed(timed);
        is_open(&alone(page, Instant::now()))
    };
    assert!(!of(Some(Arc::<Shop>::clone(&new) as Arc<dyn TimedRows>)));
    assert!(!of(None));
}

#[test]
fn what_is_withdrawn_with_the_window_follows_the_time_of_day_until_then() {
    let shop = Arc::new(Shop::default());
    let now = Instant::now();
    let expires = now + std::time::Duration::from_secs(60);
    let of = |before: &Page, has_window: bool| {
        let window = has_window.then(|| (published(gauge("window")), expires));
        let rows: Arc<dyn TimedRows> = Arc::<Shop>::clone(&shop);
        Page::following(before, published(gauge("main")), window).with_timed_window(Some(rows))
    };
    let first = of(&Page::empty(Options::default()), true);
    let pages = vec![Arc::new(of(&first, true))];
    let latest = Latest::new(Options::default());
    assert!(is_open(&latest.of(pages.clone(), now)));
    shop.set(60);
    assert!(!is_open(&latest.of(pages.clone(), now)));
    shop.set(0);
    assert!(is_open(&latest.of(pages.clone(), now)));
    assert!(!is_open(&latest.of(pages, expires)));
    // Without a window nothing is shown that goes with it.
    assert!(!is_open(&alone(of(&first, false), now)));
}

#[test]
fn operations_with_and_without_it_stand_beside_each_other() {
    let (one, other) = (Arc::new(Shop::default()), Arc::new(Shop::default()));
    let plain = Arc::new(Page::new(published(gauge("main")), None, Options::default()));
    let pages = vec![Arc::new(page(&one)), plain, Arc::new(page(&other))];
    let latest = Latest::new(Options::default());
    let count = |exposition: &Exposition| {
        let text = String::from_utf8(scraped(exposition, Format::OpenMetrics, Encoding::Identity)).unwrap();
        (
            text.matches("\nopen{").count(),
            text.matches("# TYPE open ").count(),
        )
    };
    assert_eq!(count(&latest.of(pages.clone(), Instant::now())), (2, 1));
    other.set(60);
    assert_eq!(count(&latest.of(pages.clone(), Instant::now())), (1, 1));
    one.set(60);
    assert_eq!(count(&latest.of(pages, Instant::now())), (0, 0));
}
