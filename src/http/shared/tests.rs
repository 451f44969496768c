use tokio::time::{Duration, timeout};

use super::*;
use crate::clock::SystemClock;
use crate::exposition::{Encoding, Format, build};
use crate::http::status::tests::started as status;
use crate::metrics::process::Process;
use crate::metrics::published;

fn shared() -> Shared {
    let process = Process::register(prometheus::Registry::new()).unwrap();
    Shared::new(Options::default(), Arc::new(SystemClock), process)
}

fn page(value: f64) -> Page {
    let family = build::gauge("value", "", &[(&[], value)]);
    Page::new(published([family]), None, Options::default())
}

fn text(scrape: &Scrape) -> String {
    let answer = scrape.exposition.answer(Format::Text, Encoding::Identity, &[]);
    String::from_utf8(answer.chunks.into_iter().flatten().collect()).unwrap()
}

async fn waits(operation: &Operation, number: u64) -> bool {
    timeout(Duration::from_secs(60), operation.scraped(number))
        .await
        .is_err()
}

#[tokio::test(start_paused = true)]
async fn a_publication_is_waited_for_until_it_or_a_later_one_was_scraped() {
    let shared = shared();
    let operation = shared.insert(status("ventas"), None);
    shared.answered(&shared.scrape_all());
    let first = operation.publish(page(1.0));
    assert!(waits(&operation, first).await, "nothing was shown of it");
    let older = shared.scrape_all();
    shared.answered(&older);
    assert!(!waits(&operation, first).await);
    let second = operation.publish(page(2.0));
    assert!(waits(&operation, second).await);
    shared.answered(&shared.scrape_all());
    shared.answered(&older);
    assert!(
        !waits(&operation, second).await,
        "an older answer that ends later takes nothing back"
    );
    assert_eq!(shared.scrapes(), 4);
}

#[tokio::test]
async fn a_scrape_wakes_the_one_that_waits() {
    let shared = shared();
    let operation = shared.insert(status("ventas"), None);
    let number = operation.publish(page(1.0));
    let waiting = tokio::spawn({
        let operation = Arc::clone(&operation);
        async move { operation.scraped(number).await }
    });
    tokio::task::yield_now().await;
    shared.answered(&shared.scrape_all());
    waiting.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_scrape_counts_for_the_operations_that_it_showed_and_for_no_other() {
    let shared = shared();
    let [a, b] = ["a", "b"].map(|name| shared.insert(status(name), None));
    a.publish(page(1.0));
    let before_b = shared.scrape_all();
    b.publish(page(2.0));
    shared.answered(&before_b);
    shared.answered(&shared.scrape_none());
    assert_eq!((waits(&a, 1).await, waits(&b, 1).await), (false, true));
    shared.answered(&shared.scrape_one("b").unwrap());
    assert!(!waits(&b, 1).await);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_woken_by_a_scrape_of_the_predecessor() {
    let shared = shared();
    let old = shared.insert(status("ventas"), None);
    for value in [1.0, 2.0, 3.0] {
        old.publish(page(value));
    }
    let of_the_old = shared.scrape_all();
    let new = shared.insert(status("ventas"), None);
    let of_the_page_that_stayed = shared.scrape_all();
    assert!(text(&of_the_page_that_stayed).contains("value 3\n"));
    let number = new.publish(page(4.0));
    for scrape in [of_the_old, of_the_page_that_stayed] {
        shared.answered(&scrape);
    }
    assert!(waits(&new, number).await);
    old.publish(page(5.0));
    let scrape = shared.scrape_all();
    assert!(
        text(&scrape).contains("value 4\n"),
        "nobody sees what the old one publishes"
    );
    shared.answered(&scrape);
    assert!(!waits(&new, number).await);
}

#[test]
fn operations_are_shown_by_name_whenever_they_come_and_go() {
    let shared = shared();
    let mut operations = Vec::new();
    for (name, value) in [("c", 3.0), ("a", 1.0), ("b", 2.0)] {
        let operation = shared.insert(status(name), None);
        operation.publish(page(value));
        operations.push(operation);
    }
    let shown = || text(&shared.scrape_all()).replace("# TYPE value gauge\n", "");
    assert_eq!(shown(), "value 1\nvalue 2\nvalue 3\n");
    shared.remove(&operations[1]);
    assert_eq!(shown(), "value 2\nvalue 3\n");
    assert_eq!(shared.scrape_one("a").unwrap_err(), NotShown::Unknown);
    let replaced = shared.insert(status("c"), None);
    shared.remove(&operations[0]);
    assert_eq!(
        shown(),
        "value 2\nvalue 3\n",
        "what was replaced is not removed again"
    );
    replaced.withdraw();
    assert_eq!(shown(), "value 2\n");
}

#[test]
fn an_operation_alone_is_shown_once_it_has_published_and_while_it_is_held() {
    let shared = shared();
    let operation = shared.insert(status("ventas"), None);
    let shown = || shared.scrape_one("ventas").map(|scrape| text(&scrape));
    assert_eq!(shown(), Err(NotShown::Starting));
    operation.publish(page(1.0));
    assert!(shown().unwrap().ends_with("value 1\n"));
    operation.withdraw();
    assert_eq!(shown(), Err(NotShown::NotHeld));
    operation.publish_next(|before| Page::following(before, published([]), None));
    assert_eq!(shown(), Ok(String::new()));
}

#[tokio::test(start_paused = true)]
async fn what_was_shown_under_a_claim_stays_when_the_operation_begins_again_under_it_and_no_longer() {
    let shared = shared();
    let lease = tokio::sync::watch::Sender::new(None);
    let hold = |claim| {
        let at = Instant::now() + Duration::from_secs(10);
        lease.send_replace(Some(leases::Until { at, claim }));
    };
    let begin = || shared.insert(status("ventas"), Some(lease.subscribe()));
    let is_shown = || shared.scrape_one("ventas").is_ok();
    hold(1);
    let first = begin();
    first.publish_under(1);
    first.publish(page(1.0));
    let second = begin();
    assert!(is_shown());
    second.publish_under(1);
    assert!(is_shown() && second.is_held());
    let third = begin();
    hold(2);
    assert!(!is_shown());
    third.publish_under(2);
    assert!(!is_shown());
}

#[tokio::test(start_paused = true)]
async fn a_page_is_shown_while_its_lease_lasts_and_only_under_the_claim_that_published_it() {
    let shared = shared();
    let lease = tokio::sync::watch::Sender::new(None);
    let until = |seconds: u64, claim: u64| {
        let at = Instant::now() + Duration::from_secs(seconds);
        lease.send_replace(Some(leases::Until { at, claim }));
    };
    let operation = shared.insert(status("ventas"), Some(lease.subscribe()));
    let is_shown = || shared.scrape_one("ventas").is_ok();
    until(10, 1);
    operation.publish_under(1);
    assert!(!is_shown(), "nothing was published yet");
    operation.publish(page(1.0));
    assert!(is_shown() && operation.is_held());
    tokio::time::advance(Duration::from_secs(11)).await;
    assert!(!is_shown() && !operation.is_held(), "the lease is out");
    until(10, 1);
    assert!(is_shown(), "it is back");
    lease.send_replace(None);
    assert!(!is_shown(), "another replica holds it");
    until(10, 2);
    assert!(!is_shown(), "what another one showed since then may be newer");
    operation.publish_under(2);
    assert!(!is_shown());
    operation.publish(page(1.0));
    assert!(is_shown());
}
