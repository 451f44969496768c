use std::future::pending;
use std::panic::AssertUnwindSafe;
use std::sync::mpsc;

use futures_util::FutureExt as _;
use tokio::time::{advance, sleep};

use super::*;

const LIMIT: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn a_task_that_waits_for_hours_is_not_busy() {
    let busy = Arc::new(Busy::default());
    let watching = Arc::clone(&busy);
    tokio::spawn(async move { watching.watch("ventas", pending::<()>()).await });
    sleep(Duration::from_secs(7200)).await;
    assert_eq!(busy.longer_than(LIMIT), None);
}

/// Its thread is held in it: this test's own goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_never_comes_back_from_computing_is_found_by_name() {
    let busy = Arc::new(Busy::default());
    let (release, held) = mpsc::channel::<()>();
    let (begun, begins) = tokio::sync::oneshot::channel();
    let watching = Arc::clone(&busy);
    let stuck = tokio::spawn(async move {
        let work = async move {
            begun.send(()).unwrap();
            let _ = held.recv();
        };
        watching.watch("ventas", work).await;
    });
    begins.await.unwrap();
    while busy.longer_than(Duration::ZERO).is_none() {
        sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(busy.longer_than(Duration::ZERO).unwrap(), "ventas");
    assert_eq!(busy.longer_than(Duration::from_secs(3600)), None);
    drop(release);
    stuck.await.unwrap();
    assert_eq!(busy.longer_than(Duration::ZERO), None);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_panicked_is_not_busy_any_more() {
    let busy = Busy::default();
    let work = busy.watch("ventas", async { panic!("on purpose") });
    let work: Result<(), _> = AssertUnwindSafe(work).catch_unwind().await;
    assert!(work.is_err());
    advance(2 * LIMIT).await;
    assert_eq!(busy.longer_than(LIMIT), None);
}
