use std::sync::{Arc, Barrier, Mutex, mpsc};

use super::*;
use crate::tests::THREADS;

#[tokio::test]
async fn more_calls_than_may_be_made_at_once_wait_and_are_all_made() {
    static CALLS: Queue = Queue::new("counted", 4);
    let _threads = THREADS.lock().await;
    // A fifth call at once would find no partner, and the fourth of each round waits for three others.
    let round = Arc::new(Barrier::new(4));
    let calls: Vec<_> = (0..200)
        .map(|number| {
            let round = Arc::clone(&round);
            tokio::spawn(CALLS.run(move || {
                round.wait();
                number
            }))
        })
        .collect();
    for (number, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await.unwrap().unwrap(), number);
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_calls_that_do_not_come_back_is_told_so() {
    static CALLS: Queue = Queue::new("hanging", 2);
    let _threads = THREADS.lock().await;
    let (unblock, blocked) = mpsc::channel::<()>();
    let blocked = Arc::new(Mutex::new(blocked));
    for _ in 0..2 {
        let blocked = Arc::clone(&blocked);
        let turn = CALLS.turn().await.unwrap();
        // Given up: the call goes on, and so does its turn.
        let given_up = turn.run(move || drop(blocked.lock().map(|end| end.recv())));
        assert!(timeout(Duration::from_millis(1), given_up).await.is_err());
    }
    let refused = CALLS.run(|| ()).await;
    assert!(matches!(refused, Err(Error::TooMany(2))), "{refused:?}");
    drop(unblock);
    tokio::time::resume();
    assert!(CALLS.run(|| ()).await.is_ok());
}
