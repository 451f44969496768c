use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use wolkvox::{Answer, Row, RowError};

use super::*;

/// Counts the calls at once.
#[derive(Debug, Default)]
struct Counter {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Source for Counter {
    async fn report<S: Sink>(&self, _: &Window, _: &mut S) -> Exchange {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_secs(1)).await;
        self.now.fetch_sub(1, Ordering::SeqCst);
        Exchange {
            status: Some(200),
            date: None,
            bytes: 0,
            duration: Duration::from_secs(1),
            result: Ok(Answer::default()),
        }
    }
}

struct Nothing;

impl Sink for Nothing {
    fn begin(&mut self, _: Option<DateTime<Utc>>) {}
    fn row(&mut self, _: Result<Row<'_>, RowError>) {}
}

fn window() -> Window {
    let at = DateTime::UNIX_EPOCH;
    Window {
        from: at,
        to: at,
        date_ini: at.naive_utc(),
        date_end: at.naive_utc(),
    }
}

async fn most_at_once(groups: [&Arc<Group>; 3]) -> usize {
    let counter = Arc::new(Counter::default());
    let sources = groups.map(|group| InTurn::new(Arc::clone(&counter), Arc::clone(group)));
    let window = window();
    let call = |source: usize| {
        let source = &sources[source];
        let window = &window;
        async move { source.report(window, &mut Nothing).await.result.unwrap() }
    };
    tokio::join!(call(0), call(1), call(2), call(0), call(1));
    counter.most.load(Ordering::SeqCst)
}

#[tokio::test(start_paused = true)]
async fn operations_of_a_group_call_one_after_another_and_groups_side_by_side() {
    let mut groups = Groups::default();
    let shared = groups.get("shared");
    assert_eq!(most_at_once([&shared, &shared, &groups.get("shared")]).await, 1);
    let others = ["a", "b", "c"].map(|name| groups.get(name));
    assert_eq!(most_at_once(others.each_ref()).await, 3);
}

#[test]
fn a_group_is_the_same_for_as_long_as_somebody_is_in_it() {
    let mut groups = Groups::default();
    let first = groups.get("a");
    assert!(Arc::ptr_eq(&first, &groups.get("a")));
    drop(first);
    groups.get("b");
    assert!(!groups.0.contains_key("a"), "it went with its last operation");
}
