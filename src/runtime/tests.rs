use std::time::{Duration, Instant};

use super::*;

#[test]
fn the_end_does_not_wait_for_a_call_that_is_blocked() {
    let (unblock, blocked) = std::sync::mpsc::channel::<()>();
    let begun = Instant::now();
    block_on(async {
        drop(tokio::task::spawn_blocking(move || {
            blocked.recv_timeout(Duration::from_secs(60))
        }));
    })
    .unwrap();
    assert!(begun.elapsed() < Duration::from_secs(30));
    drop(unblock);
}

#[test]
fn where_threads_are_plenty_all_workers_are_started() {
    assert_eq!(workers(2).unwrap(), 2);
}
