use super::*;
use crate::support::postgres::proxy::{Fault, Proxy};
use crate::support::postgres::url_through;
use crate::support::process::wait_for;

/// A server that has lost the commits after the first one, as after a failover to a standby that was behind; and the way of its
/// replica to it.
async fn behind(fault: Option<Fault>) -> (Postgres, Proxy, Running, Hold) {
    let mut server = Postgres::start().await;
    record(&server).await;
    let proxy = Proxy::before(server.address()).await;
    let running = Running::start(&url_through(proxy.address(), OWNER), &["a"]);
    let hold = running.holds("a").await;
    hold.read().await.unwrap();
    commit(&hold, "one").await;
    let copy = server.take_copy().await;
    let hold = running.holds("a").await;
    hold.read().await.unwrap();
    commit(&hold, "two").await;
    commit(&hold, "three").await;
    if let Some(fault) = fault {
        proxy.order(fault);
    }
    server.put_back(&copy).await;
    (server, proxy, running, hold)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_holder_that_survives_writes_again_what_the_database_lost() {
    let (server, _proxy, running, _) = behind(None).await;
    // Another one, which claims what is free.
    let other = Running::start(&server.url(OWNER), &["a"]);
    wait_for("what was lost", || async {
        (stored(&server, "a").await == "three").then_some(())
    })
    .await;
    let hold = running.holds("a").await;
    assert_eq!(hold.read().await.unwrap().as_deref(), Some(&b"three"[..]));
    commit(&hold, "four").await;
    assert_eq!(stored(&server, "a").await, "four");
    assert_eq!(server.rows("select version from wolkvox_operation").await, ["4"]);
    assert_eq!(other.takeovers(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_starts_after_a_failover_leaves_the_time_of_a_lease_to_who_held_what_was_lost() {
    let (server, proxy, running, _) = behind(None).await;
    proxy.refuse();
    proxy.cut();
    // It is taken for dead, and what it holds looks free.
    server
        .run("update wolkvox_operation set lease_until = now(); update wolkvox_replica set seen = now() - interval '5 minutes'")
        .await;
    let other = Running::start_with(&server.url(OWNER), LEASE * 4, &["a", "new"]);
    // What was never held is claimed at once.
    other.holds("new").await;
    proxy.pass();
    wait_for("what was lost", || async {
        (stored(&server, "a").await == "three").then_some(())
    })
    .await;
    let hold = running.holds("a").await;
    commit(&hold, "four").await;
    assert_eq!(stored(&server, "a").await, "four");
    assert_eq!((other.takeovers(), running.fenced()), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_that_is_written_again_twice_is_not_written_over_what_was_committed_in_between() {
    let (server, proxy, running, _) = behind(Some(Fault::Late)).await;
    proxy.met().await;
    let hold = running.holds("a").await;
    wait_for("what was lost", || async {
        (stored(&server, "a").await == "three").then_some(())
    })
    .await;
    assert_eq!(hold.read().await.unwrap().as_deref(), Some(&b"three"[..]));
    commit(&hold, "four").await;
    assert_eq!(proxy.deliver().await.as_deref(), Some("UPDATE 0"));
    assert_eq!(stored(&server, "a").await, "four");
    assert_eq!(running.fenced(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_one_the_older_copy_goes_on() {
    let (server, _proxy, running, _) = behind(None).await;
    drop(running);
    // It may have written its newer state before it died: then there is nothing older.
    server
        .run("update wolkvox_operation set state = 'one', version = 1, lease = gen_random_uuid(), lease_until = now()")
        .await;
    let other = Running::start(&server.url(OWNER), &["a"]);
    let hold = other.holds("a").await;
    assert_eq!(hold.read().await.unwrap().as_deref(), Some(&b"one"[..]));
}
