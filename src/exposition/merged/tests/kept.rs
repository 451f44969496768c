//! What is rendered, and when: no bytes are made twice.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::metrics::{Meta, Row};

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
