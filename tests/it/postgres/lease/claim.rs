use std::collections::BTreeMap;
use std::time::Duration;

use leases::Reach;

use super::*;
use crate::support::postgres::proxy::Proxy;
use crate::support::process::{wait_for, wait_until};

/// Which replica holds each operation, as the database has it: nobody where the lease is out.
async fn holders(server: &Postgres) -> BTreeMap<String, (String, String)> {
    let rows = server
        .rows("select grp, operation, coalesce(holder::text, '') from wolkvox_operation where lease_until > now() order by 1, 2")
        .await;
    rows.iter()
        .map(|row| {
            let mut parts = row.split('|').map(str::to_owned);
            let (group, operation) = (parts.next().unwrap(), parts.next().unwrap());
            (operation, (group, parts.next().unwrap()))
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_is_held_by_one_replica_however_many_claim_at_once() {
    let server = server().await;
    let names: Vec<String> = (0..12)
        .map(|number| format!("op{number:02} of group{}", number / 3))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for _ in 0..8 {
        let url = server.url(OWNER);
        let replicas: Vec<_> = (0..6).map(|_| Running::start(&url, &names)).collect();
        wait_for("all operations", || async {
            (holders(&server).await.len() == names.len()).then_some(())
        })
        .await;
        let mut by_group: BTreeMap<String, String> = BTreeMap::new();
        for (operation, (group, holder)) in holders(&server).await {
            let first = by_group.entry(group).or_insert_with(|| holder.clone());
            assert_eq!(*first, holder, "{operation} is held apart from its group");
        }
        for replica in &replicas {
            replica.replica.leave().await;
        }
        drop(replicas);
        server
            .run("update wolkvox_operation set lease = null, lease_until = '-infinity', holder = null")
            .await;
    }
    history::assert_unbroken(&server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_come_to_fair_shares_and_one_that_dies_is_replaced() {
    let server = server().await;
    let names = ["a", "b", "c", "d", "e", "f"];
    let url = server.url(OWNER);
    let first = Running::start(&url, &names);
    for name in names {
        first.holds(name).await;
    }
    let second = Running::start(&url, &names);
    // The first one gives back what is too much when its operations have come to the end of a cycle.
    for name in names {
        obey(first.holds(name).await);
    }
    let held = |running: &Running| {
        let is_held = |name: &&&str| running.replica.lease(name).unwrap().until().borrow().is_some();
        names.iter().filter(is_held).count()
    };
    wait_until("fair shares", || (held(&first), held(&second)) == (3, 3)).await;
    assert_eq!((first.fenced(), second.fenced()), (0, 0));
    drop(first);
    wait_until("all that the other one held", || held(&second) == names.len()).await;
    assert_eq!(second.takeovers(), names.len() as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rest_of_a_group_is_claimed_by_who_holds_the_others() {
    let server = server().await;
    let url = server.url(OWNER);
    let names = ["a of one", "b of one", "c of two", "d of three"];
    let first = Running::start(&url, &names);
    for name in ["a", "b", "c", "d"] {
        first.holds(name).await;
    }
    let lost = first.holds("b").await;
    let _second = Running::start(&url, &names);
    // As somebody does who takes one operation by hand.
    server
        .run("update wolkvox_operation set lease = gen_random_uuid(), lease_until = now() where operation = 'b'")
        .await;
    lost.lost().await;
    first.holds("b").await;
    assert_eq!(first.fenced(), 1);
}

/// Gives back what it is asked for, as an operation does at the end of a cycle.
fn obey(hold: Hold) {
    tokio::spawn(async move {
        hold.asked_back().await;
        hold.give_back().await;
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_that_one_replica_can_not_reach_goes_to_another_and_stays_there() {
    let server = server().await;
    let url = server.url(OWNER);
    // Of two groups the second one would go to make up the shares.
    let names = ["a of first", "b of first", "c of second"];
    let first = Running::start(&url, &names);
    let (a, b, c) = (
        first.holds("a").await,
        first.holds("b").await,
        first.holds("c").await,
    );
    // One of several operations is enough.
    a.lease().note_cycle(Reach::Answered);
    for _ in 0..5 {
        b.lease().note_cycle(Reach::Refused);
        c.lease().note_cycle(Reach::Answered);
    }
    let still = tokio::time::timeout(LEASE, b.asked_back()).await;
    assert!(still.is_err(), "there is nobody else");
    for hold in [a, b, c] {
        obey(hold);
    }
    let second = Running::start(&url, &names);
    second.holds("a").await;
    second.holds("b").await;
    // Its share is what the other one can have.
    first.holds("c").await;
    let again = tokio::time::timeout(LEASE, first.holds("b")).await;
    assert!(again.is_err(), "{again:?}");
    assert_eq!((first.fenced(), second.fenced()), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operation_that_does_not_fit_the_settings_goes_to_a_replica_with_others() {
    let server = server().await;
    let url = server.url(OWNER);
    let first = Running::start(&url, &["a"]);
    let hold = first.holds("a").await;
    hold.lease().note_unfit();
    obey(hold);
    let second = Running::start(&url, &["a"]);
    let early = tokio::time::timeout(LEASE, second.holds("a")).await;
    assert!(early.is_err(), "its settings are the same: {early:?}");
    second.replica.configure(&members(&["a"]), "other");
    second.holds("a").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_that_was_lost_stays_lost_when_the_operation_is_claimed_again() {
    let server = server().await;
    let running = Running::start(&server.url(OWNER), &["a"]);
    let old = running.holds("a").await;
    old.read().await.unwrap();
    commit(&old, "one").await;
    server
        .run("update wolkvox_operation set lease = gen_random_uuid(), version = version + 1, state = 'of another', lease_until = now()")
        .await;
    old.lost().await;
    let new = running.holds("a").await;
    let late = old.commit(b"from before".to_vec()).await;
    assert!(matches!(late, Err(leases::LeaseError::Fenced)), "{late:?}");
    assert_eq!(new.read().await.unwrap().as_deref(), Some(&b"of another"[..]));
    commit(&new, "two").await;
    assert_eq!(stored(&server, "a").await, "two");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_of_a_later_format_is_not_claimed() {
    let server = server().await;
    server
        .run("insert into wolkvox_operation (operation, grp, state_format, version) values ('a', 'a', 2, 1)")
        .await;
    let running = Running::start(&server.url(OWNER), &["a", "b"]);
    running.holds("b").await;
    let waited = tokio::time::timeout(Duration::from_secs(2), running.holds("a")).await;
    assert!(waited.is_err(), "{waited:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_replica_gives_back_is_claimed_long_before_the_others_look_again() {
    /// A third of it is longer than this test may take.
    const LONG: Duration = Duration::from_secs(3600);
    let server = server().await;
    let url = server.url(OWNER);
    let first = Running::start_with(&url, LONG, &["a", "b"]);
    first.holds("a").await;
    first.holds("b").await;
    let second = Running::start_with(&url, LONG, &["a", "b"]);
    wait_until("a round", || second.replica.is_reached()).await;
    first.replica.leave().await;
    drop(first);
    wait_until("what was given back", || {
        let is_held = |name| second.replica.lease(name).unwrap().until().borrow().is_some();
        is_held("a") && is_held("b")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_takes_the_connection_and_says_nothing_keeps_nobody_from_the_next_one() {
    let server = server().await;
    let hangs = Proxy::before(server.address()).await;
    hangs.hang();
    let right = server.url(OWNER);
    let at = server.address().to_string();
    let both = right.replace(&at, &format!("{},{at}", hangs.address()));
    let running = Running::start_with(&both, LEASE * 4, &["a"]);
    let hold = running.holds("a").await;
    hold.read().await.unwrap();
    commit(&hold, "one").await;
    assert!(hangs.open() > 0, "it was asked first");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn groups_that_come_together_come_to_one_replica() {
    let server = server().await;
    let url = server.url(OWNER);
    let apart = ["a", "b"];
    let (first, second) = (Running::start(&url, &["a"]), Running::start(&url, &["b"]));
    let (a, b) = (first.holds("a").await, second.holds("b").await);
    for hold in [a, b] {
        obey(hold);
    }
    for running in [&first, &second] {
        running
            .replica
            .configure(&members(&["a of both", "b of both"]), "other");
    }
    wait_for("one holder", || async {
        let holders = holders(&server).await;
        let of = |name: &str| holders.get(name).map(|(_, holder)| holder.clone());
        (of("a").is_some() && of("a") == of("b")).then_some(())
    })
    .await;
    assert_eq!(apart.len(), holders(&server).await.len());
}
