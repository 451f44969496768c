//! The check of what was committed: it must see each way in which a line of versions can be broken.

use proptest::prelude::*;

use super::row::{self, MINE, NEW, commit, settle};
use crate::support::postgres::Postgres;
use crate::support::postgres::history::{self, Break, Change, breaks};

/// What an operation's row holds after a commit of this version under this lease.
fn at(version: i64, lease: &str) -> Change {
    Change {
        operation: "ventas".to_owned(),
        lease: lease.to_owned(),
        epoch: 1,
        version,
        state: format!("state {version}"),
        removed: false,
    }
}

/// Of one operation.
fn found(changes: &[Change]) -> Vec<Break> {
    breaks(changes).into_iter().map(|(_, found)| found).collect()
}

#[test]
fn claims_commits_settled_ones_and_leases_given_back_are_one_line() {
    let claimed = Change {
        epoch: 2,
        ..at(2, "b")
    };
    let later = Change {
        epoch: 2,
        ..at(3, "c")
    };
    let line = [
        at(0, ""),
        at(0, "a"),
        at(1, "a"),
        at(2, "a"),
        at(2, ""),
        claimed,
        later,
    ];
    assert_eq!(found(&line), []);
}

#[test]
fn operations_have_lines_of_their_own() {
    let other = |version| Change {
        operation: "soporte".to_owned(),
        ..at(version, "a")
    };
    assert_eq!(breaks(&[at(7, "a"), other(3), at(8, "a"), other(4)]), []);
    assert_eq!(
        breaks(&[at(7, "a"), other(3), at(8, "a"), other(5)]),
        [("soporte", Break::Skipped(3, 5))]
    );
}

#[test]
fn a_version_that_is_missing_is_seen() {
    assert_eq!(found(&[at(1, "a"), at(3, "a")]), [Break::Skipped(1, 3)]);
}

#[test]
fn a_version_that_comes_twice_is_seen() {
    let other = Change {
        state: "another state".to_owned(),
        ..at(2, "b")
    };
    assert_eq!(found(&[at(1, "a"), at(2, "a"), other]), [Break::Twice(2)]);
}

#[test]
fn a_version_that_goes_back_is_seen() {
    assert_eq!(found(&[at(1, "a"), at(2, "a"), at(1, "b")]), [Break::Back(2, 1)]);
}

#[test]
fn a_lease_that_comes_back_is_seen() {
    let returned = [Break::LeaseReturned("a".to_owned())];
    assert_eq!(found(&[at(1, "a"), at(1, "b"), at(2, "a")]), returned);
    assert_eq!(found(&[at(1, "a"), at(1, ""), at(1, "a")]), returned);
}

#[test]
fn fewer_claims_are_seen() {
    let fewer = Change {
        epoch: 0,
        ..at(1, "b")
    };
    assert_eq!(found(&[at(1, "a"), fewer]), [Break::EpochBack(1, 0)]);
}

#[test]
fn a_row_that_is_removed_is_seen() {
    let removed = Change {
        removed: true,
        ..at(1, "a")
    };
    assert_eq!(found(&[at(1, "a"), removed]), [Break::Removed]);
}

proptest! {
    /// A commit that is taken out of a line, or written a second time, or put in the place of the one after it, is seen.
    #[test]
    fn a_line_with_one_fault_is_not_whole(length in 3_i64..30, fault in 1_usize..28, kind in 0..3) {
        let mut line: Vec<_> = (0..length).map(|version| at(version, "a")).collect();
        prop_assert_eq!(found(&line), []);
        let fault = fault.min(line.len() - 2);
        match kind {
            0 => drop(line.remove(fault)),
            1 => line.insert(fault + 1, Change { state: "another".to_owned(), ..line[fault].clone() }),
            _ => line.swap(fault, fault + 1),
        }
        prop_assert!(!found(&line).is_empty());
    }
}

#[tokio::test]
async fn the_trigger_records_each_change_that_was_committed_and_no_other() {
    let server = Postgres::start().await;
    row::create(&server).await;
    // The role of the store has no rights on what is recorded.
    server.create_role("runner").await;
    server
        .run("grant select, insert, update on wolkvox_operation to runner")
        .await;
    history::install(&server).await;
    let client = crate::support::postgres::connect(&server.url("runner"))
        .await
        .unwrap();

    assert_eq!(commit(&client, MINE, 0).await.unwrap(), Some(1));
    assert_eq!(settle(&client, MINE, NEW).await.unwrap(), Some(1));
    assert_eq!(commit(&client, MINE, 1).await.unwrap(), None);
    assert_eq!(commit(&client, NEW, 1).await.unwrap(), Some(2));
    let renewal = "update wolkvox_operation set lease_until = now()";
    client.batch_execute(renewal).await.unwrap();
    client
        .batch_execute("begin; update wolkvox_operation set version = 9; rollback")
        .await
        .unwrap();

    let changes = history::changes(&server).await;
    let seen: Vec<_> = changes
        .iter()
        .map(|change| (change.version, change.lease.as_str()))
        .collect();
    assert_eq!(seen, [(0, MINE), (1, MINE), (1, NEW), (2, NEW)]);
    history::assert_unbroken(&server).await;

    server.run("update wolkvox_operation set version = 4").await;
    assert_eq!(
        breaks(&history::changes(&server).await),
        [("ventas", Break::Skipped(2, 4))]
    );
}
