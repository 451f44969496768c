//! The gauges of the present day.

use chrono_tz::{America::Bogota, America::Santiago, Europe::Madrid, Tz};
use simulator::memory::{Chat, Fault};
use wolkvox::Reason;

use crate::support::shown::{Series, sum};
use crate::support::world::{World, hours, minutes, utc};

fn today(world: &World) -> Option<Series> {
    world.shown.today(&world.time)
}

/// Chats of today, and since when they are all of them; `None` where nothing is shown.
fn chats(world: &World) -> Option<(f64, f64)> {
    let series = today(world)?;
    let start = series["wolkvox_today_start_timestamp_seconds{operation=\"ventas\"}"];
    Some((sum(&series, "wolkvox_today_chats", ""), start))
}

fn seconds(text: &str) -> f64 {
    utc(text).timestamp() as f64
}

#[tokio::test(start_paused = true)]
async fn chats_from_before_the_start_of_counting_are_of_today_and_survive_a_restart() {
    let mut world = World::at("2026-03-10 15:00:00", Bogota);
    // Midnight is at 05:00 UTC.
    for (id, closed) in [
        ("yesterday", "04:59:59"),
        ("midnight", "05:00:00"),
        ("morning", "13:00:00"),
    ] {
        world.happen(Chat::new(id, utc(&format!("2026-03-10 {closed}"))));
    }
    world.start().await;
    assert_eq!(chats(&world), None, "nothing was read yet");
    world.good_cycle().await;
    assert_eq!(chats(&world), Some((2.0, seconds("2026-03-10 05:00:00"))));
    world.close(3);
    world.good_cycle().await;
    assert_eq!(chats(&world).unwrap().0, 5.0);
    world.restart().await;
    assert_eq!(chats(&world), None, "it is as old as the last poll");
    world.good_cycle().await;
    // Rows that are read again add nothing.
    assert_eq!(chats(&world), Some((5.0, seconds("2026-03-10 05:00:00"))));
    let series = today(&world).unwrap();
    let skill = |name: &str| {
        series[&format!("wolkvox_today_{name}{{operation=\"ventas\",skill_id=\"7\",outcome=\"coded\"}}")]
    };
    assert_eq!(skill("asa_mean_seconds"), 12.0);
    assert_eq!(skill("answered_within_target"), 5.0);
    assert_eq!(skill("service_level_ratio"), 1.0);
    assert_eq!(
        series["wolkvox_today_agent_chats{operation=\"ventas\",agent_id=\"2001\",outcome=\"coded\"}"],
        5.0
    );
}

#[tokio::test(start_paused = true)]
async fn without_sweeps_the_first_day_begins_with_the_first_poll_and_the_next_at_midnight() {
    let mut world = World::at("2026-03-10 15:00:00", Bogota);
    world.config.polling.sweep_interval = None;
    world.happen(Chat::new("morning", utc("2026-03-10 13:00:00")));
    world.happen(Chat::new("window", utc("2026-03-10 14:50:00")));
    world.start().await;
    world.good_cycle().await;
    assert_eq!(chats(&world), Some((1.0, seconds("2026-03-10 14:45:00"))));
    while world.time.truth() < utc("2026-03-11 05:10:00") {
        world.good_cycle().await;
    }
    assert_eq!(chats(&world), Some((0.0, seconds("2026-03-11 05:00:00"))));
}

/// A chat a minute for an hour before midnight and an hour after it, and some that are found late. Polls come every five minutes.
async fn over_midnight(zone: Tz, midnight: &str) {
    let midnight = utc(midnight);
    let mut world = World::at(&(midnight - minutes(58)).format("%F %T").to_string(), zone);
    for minute in -60..60 {
        let closed = midnight + minutes(minute);
        world.happen(Chat::new((1000 + minute).to_string(), closed));
        world.happen(Chat::new((2000 + minute).to_string(), closed).delayed(minutes(100)));
    }
    world.start().await;
    while world.time.truth() < midnight - minutes(5) {
        world.good_cycle().await;
        assert!(chats(&world).unwrap().1 < midnight.timestamp() as f64);
    }
    let before = chats(&world);
    assert!(before.is_some_and(|(chats, _)| chats >= 50.0), "{before:?}");
    // Yesterday's are gone at midnight, whether there was a poll or not.
    world
        .wait((midnight - world.time.truth()) - chrono::TimeDelta::seconds(1))
        .await;
    assert_eq!(chats(&world), before);
    world.wait(chrono::TimeDelta::seconds(1)).await;
    assert_eq!(chats(&world), None);
    let start = midnight.timestamp() as f64;
    while world.time.truth() < midnight + hours(3) {
        world.good_cycle().await;
        assert_eq!(chats(&world).unwrap().1, start);
        assert!(chats(&world).unwrap().0 <= 120.0);
        world.restart().await;
        world.good_cycle().await;
    }
    // Those that were found late count on the day on which they closed.
    world.cycles(14).await;
    assert_eq!(chats(&world), Some((120.0, start)), "{zone}");
}

#[tokio::test(start_paused = true)]
async fn at_midnight_a_day_ends_also_without_a_poll_and_late_rows_are_of_the_day_of_their_close() {
    over_midnight(Bogota, "2026-03-10 05:00:00").await;
}

#[tokio::test(start_paused = true)]
async fn the_midnights_before_and_after_a_change_of_the_clocks_are_right() {
    over_midnight(Madrid, "2026-03-28 23:00:00").await;
    over_midnight(Madrid, "2026-03-29 22:00:00").await;
    over_midnight(Madrid, "2026-10-25 23:00:00").await;
    // The clocks skip midnight, and repeat the hour before it.
    over_midnight(Santiago, "2026-09-06 04:00:00").await;
    over_midnight(Santiago, "2026-04-05 04:00:00").await;
}

#[tokio::test(start_paused = true)]
async fn today_is_withdrawn_with_the_latest_window() {
    let mut world = World::running().await;
    world
        .server
        .with(|state| state.down = Some(Fault::of(Reason::Timeout)));
    world.cycle().await;
    assert!(today(&world).is_some());
    world.cycle().await;
    assert_eq!((today(&world), world.shown.latest()), (None, None));
    world.server.with(|state| state.down = None);
    world.cycle().await;
    assert!(today(&world).is_some());
}

#[tokio::test(start_paused = true)]
async fn a_chat_of_yesterday_that_is_counted_today_is_not_of_today() {
    let mut world = World::running().await;
    let before = chats(&world).unwrap().0;
    // It closed the evening before, and its row appears now.
    let late = world.closed_ago(hours(12)).delayed(hours(12) + minutes(1));
    world.happen(late);
    let counted = world.counted();
    world.cycles(14).await;
    // It closed before counting began, too: it is found, and neither counted nor of today.
    assert_eq!((chats(&world).unwrap().0, world.counted()), (before, counted));
}
