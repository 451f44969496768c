use std::time::Duration;

use leases::LeaseError;

use super::*;
use crate::support::postgres::proxy::{Fault, Proxy};
use crate::support::postgres::{PgBouncer, url_through};
use crate::support::process::wait_until;

/// A replica that reaches its server through a proxy, and holds `a` with one commit.
async fn through_a_proxy(server: &Postgres) -> (Proxy, Running, Hold) {
    let proxy = Proxy::before(server.address()).await;
    let running = Running::start(&url_through(proxy.address(), OWNER), &["a"]);
    let hold = running.holds("a").await;
    assert_eq!(hold.read().await.unwrap(), None);
    commit(&hold, "one").await;
    (proxy, running, hold)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_answer_is_lost_is_found_to_be_there() {
    let server = server().await;
    let (proxy, running, hold) = through_a_proxy(&server).await;
    proxy.order(Fault::DropAnswer);
    commit(&hold, "two").await;
    assert_eq!((running.unknown(), running.fenced()), (1, 0));
    assert_eq!(stored(&server, "a").await, "two");
    commit(&hold, "three").await;
    assert_eq!(server.rows("select version from wolkvox_operation").await, ["3"]);
    history::assert_unbroken(&server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_never_arrives_is_sent_again() {
    let server = server().await;
    let (proxy, running, hold) = through_a_proxy(&server).await;
    proxy.order(Fault::Swallow);
    commit(&hold, "two").await;
    assert_eq!((running.unknown(), running.fenced()), (1, 0));
    assert_eq!(stored(&server, "a").await, "two");
    assert_eq!(server.rows("select version from wolkvox_operation").await, ["2"]);
    history::assert_unbroken(&server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_arrives_after_the_question_was_settled_changes_nothing() {
    let server = server().await;
    let (proxy, running, hold) = through_a_proxy(&server).await;
    proxy.order(Fault::Late);
    commit(&hold, "two").await;
    commit(&hold, "three").await;
    assert_eq!(proxy.deliver().await.as_deref(), Some("UPDATE 0"));
    assert_eq!(stored(&server, "a").await, "three");
    assert_eq!((running.unknown(), running.fenced()), (1, 0));
    history::assert_unbroken(&server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_drops_a_commit_on_the_way_does_not_forget_it() {
    let server = server().await;
    let (proxy, running, hold) = through_a_proxy(&server).await;
    for (round, fault) in [Fault::DropAnswer, Fault::Swallow, Fault::Late]
        .into_iter()
        .enumerate()
    {
        proxy.delay(Duration::from_millis(300));
        proxy.order(fault);
        let dropped =
            tokio::time::timeout(Duration::from_millis(100), hold.commit(b"dropped".to_vec())).await;
        assert!(dropped.is_err(), "{dropped:?}");
        proxy.met().await;
        proxy.delay(Duration::ZERO);
        let read = hold.read().await.unwrap();
        let is_there = fault == Fault::DropAnswer;
        assert_eq!(read.as_deref() == Some(&b"dropped"[..]), is_there, "{fault:?}");
        commit(&hold, &format!("round {round}")).await;
        assert_eq!(stored(&server, "a").await, format!("round {round}"));
    }
    assert_eq!(proxy.deliver().await.as_deref(), Some("UPDATE 0"));
    assert_eq!(running.fenced(), 0);
    history::assert_unbroken(&server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_taken_over_while_a_commit_was_on_the_way_is_fenced_and_the_late_commit_changes_nothing() {
    let server = server().await;
    let (proxy, running, hold) = through_a_proxy(&server).await;
    // The question whether it arrived is held up until the way is cut.
    proxy.delay(Duration::from_millis(500));
    proxy.order(Fault::Late);
    let late = tokio::spawn({
        let hold = hold.clone();
        async move { hold.commit(b"late".to_vec()).await }
    });
    proxy.met().await;
    proxy.refuse();
    proxy.cut();
    proxy.delay(Duration::ZERO);
    let other = Running::start(&server.url(OWNER), &["a"]);
    let taken = other.holds("a").await;
    assert_eq!(taken.read().await.unwrap().as_deref(), Some(&b"one"[..]));
    commit(&taken, "of the other one").await;
    assert_eq!(proxy.deliver().await.as_deref(), Some("UPDATE 0"));
    proxy.pass();
    let late = late.await.unwrap();
    assert!(
        matches!(late, Err(LeaseError::Fenced | LeaseError::Unsettled(_))),
        "{late:?}"
    );
    let again = hold.commit(b"again".to_vec()).await;
    assert!(matches!(again, Err(LeaseError::Fenced)), "{again:?}");
    assert_eq!(stored(&server, "a").await, "of the other one");
    assert_eq!((running.fenced(), other.takeovers()), (1, 1));
    history::assert_unbroken(&server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn renewals_beside_commits_never_fence_their_own_replica() {
    let server = server().await;
    let lease = Duration::from_millis(600);
    let names = ["a", "b", "c"];
    let running = Running::start_with(&server.url(OWNER), lease, &names);
    let mut commits = Vec::new();
    for name in names {
        let hold = running.holds(name).await;
        hold.read().await.unwrap();
        commits.push(tokio::spawn(async move {
            for number in 0..400 {
                commit(&hold, &format!("{number}")).await;
            }
        }));
    }
    for task in commits {
        task.await.unwrap();
    }
    assert_eq!((running.fenced(), running.unknown()), (0, 0));
    history::assert_unbroken(&server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_that_take_longer_than_a_lease_hold_up_no_renewal() {
    const LONG: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
    let server = server().await;
    let proxy = Proxy::before(server.address()).await;
    let names: Vec<&str> = LONG.into_iter().chain(["short"]).collect();
    let running = Running::start(&url_through(proxy.address(), OWNER), &names);
    let short = running.holds("short").await;
    let mut holds = Vec::new();
    for name in LONG {
        holds.push(running.holds(name).await);
    }
    proxy.keep_marked();
    let commits = holds
        .into_iter()
        .map(|hold| tokio::spawn(async move { hold.commit(b"long".to_vec()).await }));
    let commits: Vec<_> = commits.collect();
    // As many of them as have a connection.
    wait_until("commits on the way", || proxy.marked() >= 4).await;
    let lost = tokio::time::timeout(LEASE * 2, short.lost()).await;
    assert!(lost.is_err(), "it was renewed meanwhile");
    proxy.pass_marked();
    for task in commits {
        // What was settled meanwhile was not committed.
        let _ = task.await.unwrap();
    }
    commit(&short, "one").await;
    assert_eq!(running.fenced(), 0);
    history::assert_unbroken(&server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_go_through_pgbouncer_in_transaction_mode() {
    let server = server().await;
    let pooler = PgBouncer::before(&server, &[]).await;
    let url = url_through(pooler.address(), OWNER);
    let names = ["a", "b", "c", "d", "e"];
    let running = Running::start(&url, &names);
    let mut commits = Vec::new();
    for name in names {
        let hold = running.holds(name).await;
        hold.read().await.unwrap();
        commits.push(tokio::spawn(async move {
            for number in 0..50 {
                commit(&hold, &format!("{number}")).await;
            }
            assert_eq!(hold.read().await.unwrap().as_deref(), Some(&b"49"[..]));
        }));
    }
    for task in commits {
        task.await.unwrap();
    }
    assert_eq!((running.fenced(), running.unknown()), (0, 0));
    history::assert_unbroken(&server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_was_stopped_at_once_or_hung_goes_on_with_the_same_holder() {
    let mut server = server().await;
    let running = Running::start(&server.url(OWNER), &["a"]);
    let hold = running.holds("a").await;
    hold.read().await.unwrap();
    commit(&hold, "one").await;
    server.stop_at_once().await;
    let failed = tokio::time::timeout(LEASE, hold.commit(b"two".to_vec())).await;
    assert!(!matches!(failed, Ok(Ok(()))), "{failed:?}");
    hold.lost().await;
    server.start_again().await;
    let hold = running.holds("a").await;
    assert_eq!(hold.read().await.unwrap().as_deref(), Some(&b"one"[..]));
    commit(&hold, "three").await;
    server.pause().await;
    hold.lost().await;
    server.resume();
    let hold = running.holds("a").await;
    hold.read().await.unwrap();
    commit(&hold, "four").await;
    assert_eq!(running.fenced(), 0);
    history::assert_unbroken(&server).await;
}
