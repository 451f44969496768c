#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use tokio::time::Instant;

use super::*;
use crate::overview::ReplicaRow;

const LEASE: Duration = Duration::from_secs(60);
const FORMAT: i32 = 3;

fn id(number: usize) -> Uuid {
    Uuid::from_u128(number as u128 + 1)
}

/// Groups of two operations each, by who holds them; and so many replicas that live.
fn overview(holders: &[Option<usize>], live: usize) -> Overview {
    let row = |(group, holder): (usize, &Option<usize>), which: &str| OperationRow {
        operation: format!("{group:03}{which}"),
        group: format!("g{group:03}"),
        holder: holder.map(id),
        lease_left: holder.map(|_| LEASE),
        moved_to: None,
    };
    let operations = holders
        .iter()
        .enumerate()
        .flat_map(|one| ["a", "b"].map(|which| row(one, which)));
    let replicas = (0..live).map(|number| ReplicaRow {
        id: id(number),
        url: format!("http://{number}"),
        config_hash: String::new(),
        format: FORMAT,
        lease: LEASE,
        seen_ago: Duration::ZERO,
    });
    Overview {
        at: Instant::now(),
        operations: operations.collect(),
        replicas: replicas.collect(),
    }
}

fn standing(replica: usize) -> Standing<'static> {
    Standing {
        replica: id(replica),
        hash: "",
        format: FORMAT,
        claims: Claims::All,
        reach: Reach::Answered,
    }
}

#[test]
fn a_replica_alone_claims_all_and_of_several_each_a_share() {
    let idle = [None; 10];
    assert_eq!(plan(&overview(&idle, 1), standing(0)).claim, 10);
    assert_eq!(plan(&overview(&idle, 3), standing(0)).claim, 4);
    let held = [Some(0), Some(0), None, None, Some(1)];
    assert_eq!(plan(&overview(&held, 2), standing(0)).claim, 1);
}

#[test]
fn what_is_too_much_is_given_back_a_part_at_a_time() {
    let all = [Some(0); 24];
    let plan = plan(&overview(&all, 3), standing(0));
    // 16 too many.
    assert_eq!(plan.give_back, ["g022", "g023"]);
    assert_eq!(plan.claim, 0);
}

#[test]
fn after_an_outage_nothing_is_claimed_but_the_rest_of_what_is_held() {
    let mut overview = overview(&[Some(0), None], 1);
    overview.operations[1].lease_left = None;
    let standing = Standing {
        claims: Claims::None,
        ..standing(0)
    };
    let plan = plan(&overview, standing);
    assert_eq!((plan.claim, plan.rest), (0, vec!["000b".to_owned()]));
}

#[test]
fn whom_wolkvox_refuses_gives_all_back_if_another_lives() {
    let held = [Some(0), Some(0), Some(1)];
    let refused = Standing {
        reach: Reach::Refused,
        ..standing(0)
    };
    let plan_of = |live| plan(&overview(&held, live), refused);
    assert_eq!(plan_of(2).give_back, ["g000", "g001"]);
    assert_eq!(plan_of(2).claim, 0);
    assert!(plan_of(1).give_back.is_empty());
}

#[test]
fn replicas_with_other_settings_or_that_wolkvox_refuses_are_not_counted_on() {
    let all = [Some(0); 8];
    let mut overview = overview(&all, 3);
    assert!(!plan(&overview, standing(0)).give_back.is_empty());
    for replica in &mut overview.replicas[1..] {
        replica.config_hash = "other".to_owned();
    }
    assert!(plan(&overview, standing(0)).give_back.is_empty());
    let refused = Standing {
        reach: Reach::Refused,
        ..standing(0)
    };
    // Nobody else would take them.
    assert!(plan(&overview, refused).give_back.is_empty());
}

#[test]
fn a_replica_lives_for_as_long_as_its_own_lease_says() {
    let all = [Some(0); 8];
    let mut overview = overview(&all, 2);
    let is_counted_on =
        |overview: &Overview, replica| !plan(overview, standing(replica)).give_back.is_empty();
    overview.replicas[1].seen_ago = 2 * LEASE;
    assert!(!is_counted_on(&overview, 0));
    overview.replicas[1].lease = 3 * LEASE;
    assert!(is_counted_on(&overview, 0));
    overview.replicas[1].lease = LEASE / 4;
    overview.replicas[1].seen_ago = LEASE / 2;
    assert!(!is_counted_on(&overview, 0));
}

#[test]
fn a_replica_of_an_older_version_is_not_counted_on_where_it_can_not_read_what_this_one_writes() {
    let all = [Some(0); 8];
    let mut overview = overview(&all, 2);
    overview.replicas[1].format = FORMAT - 1;
    assert!(plan(&overview, standing(0)).give_back.is_empty());
    // The newer one can read what the older one writes.
    let held_by_the_older = [Some(1); 8];
    overview.operations = self::overview(&held_by_the_older, 2).operations;
    let older = Standing {
        format: FORMAT - 1,
        ..standing(1)
    };
    assert!(!plan(&overview, older).give_back.is_empty());
}

#[test]
fn an_operation_that_was_moved_is_neither_claimed_nor_counted() {
    let mut overview = overview(&[None, None], 1);
    for row in &mut overview.operations[..2] {
        row.moved_to = Some("/elsewhere".to_owned());
    }
    assert_eq!(plan(&overview, standing(0)).claim, 1);
}

#[test]
fn of_two_replicas_that_hold_parts_of_a_group_one_gives_its_part_back() {
    let mut overview = overview(&[Some(0)], 2);
    overview.operations[1].holder = Some(id(1));
    assert_eq!(plan(&overview, standing(0)).give_back, Vec::<String>::new());
    assert_eq!(plan(&overview, standing(1)).give_back, ["g000"]);
}

/// Replicas that do what they plan, one after another, until none does anything more.
fn settle(holders: &mut [Option<usize>], live: usize) -> usize {
    for round in 0..1000 {
        let before = holders.to_vec();
        for replica in 0..live {
            let plan = plan(&overview(holders, live), standing(replica));
            for group in &plan.give_back {
                let number: usize = group[1..].parse().unwrap();
                holders[number] = None;
            }
            let idle: Vec<_> = (0..holders.len())
                .filter(|group| holders[*group].is_none())
                .collect();
            for group in idle.into_iter().take(plan.claim) {
                holders[group] = Some(replica);
            }
        }
        if before == holders {
            return round;
        }
    }
    usize::MAX
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn replicas_come_to_rest_with_all_groups_held_and_none_above_its_share(
        held in proptest::collection::vec(proptest::option::of(0..6_usize), 1..60),
        live in 1..6_usize,
    ) {
        // What a dead replica held is out.
        let mut holders: Vec<_> = held.into_iter().map(|holder| holder.filter(|holder| *holder < live)).collect();
        let rounds = settle(&mut holders, live);
        prop_assert!(rounds < 100, "{rounds} rounds");
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        for holder in &holders {
            prop_assert!(holder.is_some(), "{holders:?}");
            *counts.entry(holder.unwrap()).or_default() += 1;
        }
        let share = holders.len().div_ceil(live);
        prop_assert!(counts.values().all(|count| *count <= share), "{counts:?}");
        let groups: BTreeSet<_> = counts.keys().collect();
        prop_assert!(groups.iter().all(|holder| **holder < live));
    }
}
