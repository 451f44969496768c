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
        group: name(group),
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
        refused: Vec::new(),
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
        refused: const { &BTreeMap::new() },
    }
}

/// Groups that can't be polled, for this reason.
fn refused(groups: impl IntoIterator<Item = usize>, why: Refusal) -> BTreeMap<String, Refusal> {
    groups.into_iter().map(|group| (name(group), why)).collect()
}

fn name(group: usize) -> String {
    format!("g{group:03}")
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
    assert_eq!(plan.give_back, ["g023", "g022"]);
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
    // Who has just begun claims what was given back.
    let beginning = Standing {
        claims: Claims::GivenBack,
        ..standing
    };
    assert_eq!(self::plan(&overview, beginning).claim, 1);
}

#[test]
fn what_can_not_be_reached_from_a_replica_goes_to_one_that_lives_and_does_not_say_the_same() {
    let held = [Some(0), Some(0), Some(1)];
    let refused = refused(0..3, Refusal::Unreachable);
    let standing = Standing {
        refused: &refused,
        ..standing(0)
    };
    let plan_of = |live| plan(&overview(&held, live), standing);
    assert_eq!(plan_of(2).give_back, ["g000", "g001"]);
    assert_eq!(plan_of(2).left.len(), 3);
    assert!(plan_of(1).give_back.is_empty());
    assert!(plan_of(1).left.is_empty());
    let mut overview = overview(&held, 2);
    overview.replicas[1].refused = vec![name(0)];
    assert_eq!(plan(&overview, standing).give_back, ["g001"]);
    // Those of other settings may mean another Wolkvox.
    overview.replicas[1].config_hash = "other".to_owned();
    assert!(plan(&overview, standing).give_back.is_empty());
}

#[test]
fn one_group_alone_goes_to_a_replica_that_can_reach_it_and_something_else_comes_back_for_it() {
    let refusals = refused([1], Refusal::Unreachable);
    let mut overview = overview(&[Some(0), Some(0), Some(1), Some(1)], 2);
    let refusing = Standing {
        refused: &refusals,
        ..standing(0)
    };
    assert_eq!(plan(&overview, refusing).give_back, ["g001"]);
    // Nobody holds it now, and the other one knows that it has to.
    for row in &mut overview.operations[2..4] {
        row.lease_left = None;
    }
    overview.replicas[0].refused = vec![name(1)];
    let other = plan(&overview, standing(1));
    assert_eq!(other.claim, 0);
    assert_eq!(other.beyond, BTreeSet::from([name(1)]));
    for row in &mut overview.operations[2..4] {
        (row.holder, row.lease_left) = (Some(id(1)), Some(LEASE));
    }
    assert_eq!(plan(&overview, standing(1)).give_back, ["g003"]);
    assert_eq!(plan(&overview, refusing).claim, 1);
}

#[test]
fn what_does_not_fit_the_settings_goes_to_a_replica_with_others() {
    let refusals = refused([0], Refusal::Unfit);
    let mut overview = overview(&[Some(0), Some(1)], 2);
    let unfit = Standing {
        refused: &refusals,
        ..standing(0)
    };
    assert!(plan(&overview, unfit).give_back.is_empty());
    overview.replicas[1].config_hash = "other".to_owned();
    assert_eq!(plan(&overview, unfit).give_back, ["g000"]);
}

#[test]
fn replicas_with_other_settings_are_not_counted_on() {
    let all = [Some(0); 8];
    let mut overview = overview(&all, 3);
    assert!(!plan(&overview, standing(0)).give_back.is_empty());
    for replica in &mut overview.replicas[1..] {
        replica.config_hash = "other".to_owned();
    }
    assert!(plan(&overview, standing(0)).give_back.is_empty());
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

/// Replicas that do what they plan, one after another, until none does anything more. Each refuses some groups.
fn settle(holders: &mut [Option<usize>], refused_by: &[BTreeSet<usize>]) -> usize {
    for round in 0..1000 {
        let before = holders.to_vec();
        for replica in 0..refused_by.len() {
            let mut overview = overview(holders, refused_by.len());
            for (row, refused) in overview.replicas.iter_mut().zip(refused_by) {
                row.refused = refused.iter().map(|group| name(*group)).collect();
            }
            let refused = refused(refused_by[replica].iter().copied(), Refusal::Unreachable);
            let standing = Standing {
                refused: &refused,
                ..standing(replica)
            };
            let plan = plan(&overview, standing);
            for group in &plan.give_back {
                let number: usize = group[1..].parse().unwrap();
                holders[number] = None;
            }
            let idle = |holders: &[Option<usize>]| -> Vec<usize> {
                (0..holders.len())
                    .filter(|group| holders[*group].is_none())
                    .collect()
            };
            let claimable = idle(holders)
                .into_iter()
                .filter(|group| !plan.left.contains(&name(*group)));
            for group in claimable.take(plan.claim) {
                holders[group] = Some(replica);
            }
            if plan.claim == 0 {
                let mut beyond = idle(holders).into_iter();
                if let Some(group) = beyond.find(|group| plan.beyond.contains(&name(*group))) {
                    holders[group] = Some(replica);
                }
            }
        }
        if before == holders {
            return round;
        }
    }
    usize::MAX
}

/// How many groups each replica holds, where all are held.
fn counts(holders: &[Option<usize>]) -> Option<BTreeMap<usize, usize>> {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for holder in holders {
        *counts.entry((*holder)?).or_default() += 1;
    }
    Some(counts)
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
        let rounds = settle(&mut holders, &vec![BTreeSet::new(); live]);
        prop_assert!(rounds < 100, "{rounds} rounds");
        let counts = counts(&holders);
        prop_assert!(counts.is_some(), "{holders:?}");
        let share = holders.len().div_ceil(live);
        prop_assert!(counts.iter().flatten().all(|(holder, count)| *holder < live && *count <= share), "{holders:?}");
    }

    #[test]
    fn whatever_replicas_can_not_poll_they_come_to_rest_and_each_group_is_held_by_one_that_can(
        held in proptest::collection::vec(proptest::option::of(0..5_usize), 1..30),
        refused in proptest::collection::vec(proptest::collection::btree_set(0..30_usize, 0..30), 1..5),
    ) {
        let live = refused.len();
        let mut holders: Vec<_> = held.into_iter().map(|holder| holder.filter(|holder| *holder < live)).collect();
        let refused: Vec<BTreeSet<usize>> = refused.into_iter().map(|groups| groups.into_iter().filter(|group| *group < holders.len()).collect()).collect();
        let rounds = settle(&mut holders, &refused);
        prop_assert!(rounds < 200, "{rounds} rounds: {holders:?}");
        for (group, holder) in holders.iter().enumerate() {
            prop_assert!(holder.is_some(), "{group} is not held: {holders:?}");
            let can_none = refused.iter().all(|refused| refused.contains(&group));
            prop_assert!(can_none || !refused[holder.unwrap()].contains(&group), "{group}: {holders:?}");
        }
    }
}
