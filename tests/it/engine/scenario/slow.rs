//! A server that is slow, or answers nothing to long ranges.

use std::time::Duration;

use simulator::memory::Fault;
use wolkvox::Reason;

use crate::support::world::{World, hours, length, minutes};

#[tokio::test(start_paused = true)]
async fn a_server_that_answers_short_ranges_only_is_asked_for_those() {
    let mut world = World::running().await;
    world.cycles(13).await;
    world.server.with(|state| state.silent_above = Some(hours(6)));
    let late = world.closed_ago(minutes(50));
    world.happen(late);
    world.restart().await;
    world.cycles(60).await;
    assert_eq!(world.counted(), 1);
    let swept = world.disk.committed().cursors.sweep;
    assert!(world.server.now() - swept < hours(3), "swept up to {swept}");
    for (window, first) in [
        (minutes(15), None),
        (hours(24), None),
        (minutes(15), Some(Fault::half())),
    ] {
        let mut world = World::running().await;
        world.config.polling.window = length(window);
        world.config.polling.sweep_interval = None;
        world.restart().await;
        world.good_cycle().await;
        world.crash();
        for _ in 0..20 {
            world.close(2);
            world.wait(hours(24)).await;
        }
        world.server.with(|state| {
            state.silent_above = Some(hours(6));
            state.script.push_back(first.clone());
        });
        world.start().await;
        world.cycles(12).await;
        for _ in 0..30 {
            world.good_cycle().await;
        }
        assert_eq!(world.counted(), 40, "with a window of {window}, {first:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn after_weeks_without_an_answer_the_backlog_costs_few_calls() {
    for reason in [Reason::Connect, Reason::Timeout, Reason::BadRequest] {
        let mut world = World::running().await;
        world.config.polling.sweep_interval = None;
        world.config.polling.poll_interval = Duration::from_secs(3600);
        world.restart().await;
        world.server.with(|state| state.down = Some(Fault::of(reason)));
        world.cycles(45 * 24).await;
        world.server.with(|state| state.down = None);
        let asked = world.server.with(|state| state.asked.len());
        world.good_cycle().await;
        let asked = world.server.with(|state| state.asked.len()) - asked;
        assert!(asked <= 100, "{reason:?}: {asked} calls for 45 days");
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_sweep_gives_way_to_polls_and_goes_on_after_them() {
    let mut world = World::running().await;
    world.cycles(13).await;
    let late = world.closed_ago(minutes(50));
    world.happen(late);
    world.server.with(|state| {
        state.silent_above = Some(hours(2));
        state.takes = Duration::from_secs(60);
    });
    world.cycles(6).await;
    let mut polled = world.time.truth();
    for _ in 0..48 {
        world.cycle().await;
        let now = world.time.truth();
        assert!(now - polled <= minutes(8), "no poll from {polled} to {now}");
        polled = now;
        let latest = world.shown.latest().expect("the window is shown");
        let ends = latest["wolkvox_window_end_timestamp_seconds{operation=\"ventas\"}"];
        let success = world.shown.value("wolkvox_last_success_timestamp_seconds");
        let success = success.expect("there was one");
        assert!(
            (success - ends).abs() < 150.0,
            "the success is as old as the window"
        );
    }
    assert_eq!(world.counted(), 1);
    let swept = world.disk.committed().cursors.sweep;
    assert!(world.server.now() - swept < hours(3), "swept up to {swept}");
}
