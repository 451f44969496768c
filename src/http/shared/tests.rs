use chrono::DateTime;
use tokio::time::{Duration, timeout};

use super::*;
use crate::clock::SystemClock;
use crate::metrics::process::Process;

fn shared() -> Shared {
    let process = Process::register(prometheus::Registry::new()).unwrap();
    let status = Status::new("ventas", "wv0001.example", DateTime::UNIX_EPOCH);
    Shared::new(status, Options::default(), Arc::new(SystemClock), process)
}

fn page() -> Page {
    Page::empty(Options::default())
}

#[tokio::test(start_paused = true)]
async fn a_publication_is_waited_for_until_it_or_a_later_one_was_scraped() {
    let shared = shared();
    let waits = async |number| {
        timeout(Duration::from_secs(60), shared.scraped(number))
            .await
            .is_err()
    };
    let first = shared.publish(page());
    shared.answered(0);
    assert!(waits(first).await, "the page before does not count");
    shared.answered(first);
    assert!(!waits(first).await);
    let second = shared.publish(page());
    assert!(waits(second).await);
    shared.answered(second);
    shared.answered(first);
    assert!(
        !waits(second).await,
        "an older answer that ends later takes nothing back"
    );
    assert_eq!(shared.scrapes(), 4);
}

#[tokio::test]
async fn a_scrape_wakes_the_one_that_waits() {
    let shared = Arc::new(shared());
    let number = shared.publish(page());
    let waiting = tokio::spawn({
        let shared = Arc::clone(&shared);
        async move { shared.scraped(number).await }
    });
    tokio::task::yield_now().await;
    shared.answered(number);
    waiting.await.unwrap();
}
