//! The calls of a day: what is left out where they would not last, and that no chat is lost by it.

use std::collections::BTreeMap;

use chrono::{FixedOffset, NaiveDate, TimeDelta};

use super::pause;
use crate::support::world::{World, hours, minutes};

/// Runs the loop for a while; the calls of each day in Bogotá.
async fn run(world: &mut World, time: TimeDelta) -> BTreeMap<NaiveDate, usize> {
    let bogota = FixedOffset::west_opt(5 * 3600).unwrap();
    let mut days = BTreeMap::new();
    for at in pause::run(world, time).await {
        *days.entry(at.with_timezone(&bogota).date_naive()).or_default() += 1;
    }
    days
}

/// At midnight in Bogotá.
async fn limited_to(limit: u64) -> World {
    let mut world = World::running_at("2026-03-10 05:00:00", chrono_tz::America::Bogota).await;
    world.config.polling.api_daily_limit = Some(limit);
    world.restart().await;
    world
}

#[tokio::test(start_paused = true)]
async fn polls_become_rarer_where_the_calls_of_a_day_do_not_last_and_the_reserve_is_kept() {
    for limit in [120, 250, 300] {
        let mut world = limited_to(limit).await;
        let days = run(&mut world, hours(72)).await;
        let whole: Vec<usize> = days.values().copied().take(3).collect();
        let ours = usize::try_from(limit).unwrap() * 9 / 10;
        for calls in &whole {
            assert!(*calls <= ours + 2, "{calls} calls a day of {limit}: {days:?}");
            assert!(*calls > ours * 9 / 10, "{calls} calls a day of {limit}: {days:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn with_calls_for_polls_and_sweeps_nothing_is_left_out() {
    let mut world = limited_to(400).await;
    let days = run(&mut world, hours(48)).await;
    // 288 polls and 24 sweeps.
    assert!(
        days.values().take(2).all(|calls| (311..=314).contains(calls)),
        "{days:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_row_that_comes_late_is_found_within_a_day_however_few_calls_there_are() {
    let mut world = limited_to(200).await;
    run(&mut world, hours(6)).await;
    world.start().await;
    let before = world.committed();
    // It shows up two hours after its close: no poll can find it.
    let late = world.closed_ago(TimeDelta::zero()).delayed(hours(2));
    world.happen(late);
    run(&mut world, hours(12)).await;
    assert_eq!(world.committed(), before, "sweeps are left out");
    world.start().await;
    run(&mut world, hours(18)).await;
    assert_eq!(world.committed(), before + 1);
    let oldest = world.disk.committed().cursors.sweep;
    assert!(world.server.now() - oldest < hours(26), "ids are forgotten again");
}

#[tokio::test(start_paused = true)]
async fn no_chat_is_lost_while_polls_are_rare_and_the_interval_in_effect_is_shown() {
    let mut world = limited_to(60).await;
    let before = world.committed();
    for _ in 0..24 {
        world.close(3);
        world.wait(minutes(7)).await;
        run(&mut world, hours(2)).await;
        world.start().await;
    }
    let slowed = world.shown.value("wolkvox_api_slowdown");
    let interval = world.shown.value("wolkvox_poll_interval_seconds");
    assert_eq!(slowed, Some(2.0));
    assert!(interval.is_some_and(|interval| interval > 300.0), "{interval:?}");
    world.config.polling.api_daily_limit = None;
    world.restart().await;
    world.cycles(3).await;
    assert_eq!(world.committed(), before + 24 * 3);
    assert_eq!(world.shown.value("wolkvox_api_slowdown"), None, "without a limit");
    assert_eq!(world.shown.value("wolkvox_poll_interval_seconds"), Some(300.0));
}
