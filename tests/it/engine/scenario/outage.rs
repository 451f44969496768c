//! What can't be read for a while.

use std::time::Duration;

use chrono::TimeDelta;
use simulator::memory::Fault;
use wolkvox::Reason;

use crate::support::world::{World, hours, minutes};

async fn down_for(time: TimeDelta, every: TimeDelta) {
    let mut world = World::running().await;
    world.crash();
    let mut closed = 0;
    let mut waited = TimeDelta::zero();
    while waited < time {
        world.close(3);
        closed += 3;
        world.wait(every).await;
        waited += every;
    }
    world.start().await;
    world.cycles(3).await;
    assert_eq!(world.counted(), closed);
}

#[tokio::test(start_paused = true)]
async fn ten_minutes_down() {
    down_for(minutes(10), minutes(1)).await;
}

#[tokio::test(start_paused = true)]
async fn three_days_down() {
    down_for(hours(72), hours(1)).await;
}

#[tokio::test(start_paused = true)]
async fn fifty_days_down() {
    down_for(hours(24 * 50), hours(12)).await;
}

#[tokio::test(start_paused = true)]
async fn a_token_revoked_for_an_hour() {
    let mut world = World::running().await;
    world
        .server
        .with(|state| state.down = Some(Fault::of(Reason::Auth)));
    let asked = world.server.with(|state| state.asked.len());
    for _ in 0..12 {
        world.close(2);
        let cycle = world.cycle().await;
        assert_eq!(cycle.poll.unwrap_err().reason().as_str(), "auth");
    }
    assert_eq!(world.shown.value("wolkvox_up"), Some(0.0));
    assert_eq!(
        world.server.with(|state| state.asked.len()) - asked,
        12,
        "one call a cycle"
    );
    assert!(world.shown.sum("wolkvox_poll_failures_total", "\"auth\"") > 11.0);
    world.server.with(|state| state.down = None);
    world.cycles(2).await;
    assert_eq!(world.counted(), 24);
    assert_eq!(world.shown.value("wolkvox_up"), Some(1.0));
}

/// Wolkvox fails each call for three days, in which a chat closes every hour. One good cycle makes up for it. Returns how
/// many calls each cycle made.
async fn three_days_of(fault: &Fault) -> Vec<usize> {
    let mut world = World::running().await;
    world.config.polling.sweep_interval = None;
    world.config.polling.poll_interval = Duration::from_secs(900);
    world.restart().await;
    let reason = fault.error.as_ref().unwrap().reason().as_str();
    let failures = |world: &World| {
        let part = format!("reason=\"{reason}\"");
        world.shown.sum("wolkvox_poll_failures_total", &part) as usize
    };
    world.server.with(|state| state.down = Some(fault.clone()));
    let mut calls = Vec::new();
    for cycle in 0..72 * 4 {
        if cycle % 4 == 0 {
            world.close(1);
        }
        world.server.with(|state| state.asked.clear());
        let failure = world.cycle().await.poll.unwrap_err();
        calls.push(world.server.with(|state| state.asked.len()));
        assert_eq!(failure.reason().as_str(), reason);
        assert_eq!(failures(&world), calls.len());
    }
    assert_eq!(
        (world.committed(), world.shown.value("wolkvox_up")),
        (0, Some(0.0))
    );
    world.server.with(|state| state.down = None);
    world.good_cycle().await;
    assert_eq!((world.counted(), world.committed()), (72, 72), "{reason}");
    assert_eq!(failures(&world), calls.len());
    calls
}

#[tokio::test(start_paused = true)]
async fn three_days_of_any_failure_cost_few_calls_and_one_good_cycle_makes_up_for_them() {
    for fault in Reason::ALL.map(Fault::of).into_iter().chain([Fault::status(503)]) {
        let calls = three_days_of(&fault).await;
        let (most, all) = (calls.iter().max().unwrap(), calls.iter().sum::<usize>());
        assert!(*most <= 6, "{fault:?}: {most} calls in one cycle");
        assert!(
            all <= 3 * calls.len(),
            "{fault:?}: {all} calls in {} cycles",
            calls.len()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_fails_after_half_its_rows_counts_nothing() {
    let mut world = World::running().await;
    world.close(10);
    world.server.with(|state| state.down = Some(Fault::half()));
    world.cycles(3).await;
    assert_eq!(world.committed(), 0);
    assert_eq!(world.shown.value("wolkvox_report_rows_total"), Some(1.0));
    world.server.with(|state| state.down = None);
    world.cycles(2).await;
    assert_eq!(world.counted(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_shows_nothing_new_and_then_all() {
    let mut world = World::running().await;
    world.close(2);
    world.cycles(2).await;
    world.disk.set_full(true);
    for _ in 0..5 {
        world.close(3);
        let cycle = world.cycle().await;
        assert_eq!(cycle.poll.unwrap_err().reason().as_str(), "state");
        assert_eq!(world.counted(), 2);
    }
    assert!(world.shown.sum("wolkvox_poll_failures_total", "\"state\"") >= 5.0);
    assert!(world.shown.value("wolkvox_state_commit_failures_total").unwrap() >= 5.0);
    world.disk.set_full(false);
    world.cycles(2).await;
    assert_eq!(world.counted(), 17);
}

#[tokio::test(start_paused = true)]
async fn a_crash_with_a_full_disk_loses_nothing() {
    let mut world = World::running().await;
    world.disk.set_full(true);
    world.close(5);
    world.cycles(3).await;
    world.crash();
    world.disk.set_full(false);
    world.start().await;
    world.cycles(2).await;
    assert_eq!(world.counted(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_chunk_that_was_answered_survives_the_failure_of_the_next() {
    let mut world = World::running().await;
    world.rest(minutes(1)).await;
    world.crash();
    world.close(3);
    world.wait(hours(24 * 50)).await;
    world.close(4);
    world
        .server
        .with(|state| state.script.extend([None, Some(Fault::of(Reason::Timeout))]));
    world.start().await;
    assert!(world.cycle().await.poll.is_err());
    assert_eq!((world.counted(), world.committed()), (3, 3));
    world.restart().await;
    world.cycles(2).await;
    assert_eq!(world.counted(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_failed_sweep_is_due_again_at_the_next_cycle() {
    let mut world = World::running().await;
    world.cycles(11).await;
    world
        .server
        .with(|state| state.script.extend([None, Some(Fault::of(Reason::Timeout))]));
    let cycle = world.cycle().await;
    assert!(cycle.poll.is_ok() && cycle.sweep.unwrap().is_err());
    assert_eq!(world.shown.value("wolkvox_up"), Some(1.0));
    assert!(world.cycle().await.sweep.unwrap().is_ok());
    assert!(world.cycle().await.sweep.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_that_is_killed_leaves_no_trace() {
    let mut world = World::running().await;
    world.server.with(|state| state.takes = Duration::from_secs(50));
    world.close(2);
    for _ in 0..4 {
        world.killed_cycle(Duration::from_secs(40)).await;
        world.start().await;
    }
    assert_eq!(world.committed(), 0);
    world.cycles(2).await;
    assert_eq!(world.counted(), 2);
}
