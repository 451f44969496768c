use std::sync::mpsc;

use tokio::sync::Mutex;

use super::*;

/// Held by each test that makes calls: one of them leaves no thread for others.
pub(crate) static THREADS: Mutex<()> = Mutex::const_new(());

#[tokio::test]
async fn what_a_call_gives_comes_back_and_a_panic_is_an_error() {
    let _threads = THREADS.lock().await;
    assert_eq!(run("sum", || 1 + 1).await.unwrap(), 2);
    let panicked = run("panic", || assert_eq!(1, 2, "on purpose")).await;
    assert!(matches!(panicked, Err(Error::Panicked)), "{panicked:?}");
}

#[test]
fn calls_that_do_not_come_back_are_bounded_in_number_and_do_not_hold_up_the_end() {
    let _threads = THREADS.blocking_lock();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (unblock, blocked) = mpsc::channel::<()>();
    let blocked = std::sync::Arc::new(std::sync::Mutex::new(blocked));
    let refused = runtime.block_on(async {
        (0..=MOST_AT_ONCE).find_map(|_| {
            let blocked = std::sync::Arc::clone(&blocked);
            start("blocked", move || drop(blocked.lock().map(|end| end.recv()))).err()
        })
    });
    drop(runtime);
    assert!(
        matches!(refused, Some(Error::TooMany(MOST_AT_ONCE))),
        "{refused:?}"
    );
    drop(unblock);
    while AT_ONCE.load(Ordering::Relaxed) > 0 {
        thread::yield_now();
    }
}
