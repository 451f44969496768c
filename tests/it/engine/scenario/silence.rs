//! A report that says that there are no chats: believed, unless it has shown some of that time before.

use std::time::Duration;

use simulator::Filter;
use simulator::memory::{Chat, Fault};

use crate::support::world::{World, hours, is_disbelief, minutes, utc};

/// The poll fails, for its empty answer is not believed.
async fn disbelieved_cycle(world: &mut World) {
    let failure = world.cycle().await.poll.expect_err("the answer hides chats");
    assert!(is_disbelief(&failure), "{failure}");
    assert_eq!(failure.reason().as_str(), "http_status");
}

#[tokio::test(start_paused = true)]
async fn a_silence_longer_than_the_look_back_is_not_believed_and_loses_nothing() {
    for restarts in [false, true] {
        let mut world = World::running().await;
        world.close(3);
        world.good_cycle().await;
        let watermark = world.disk.committed().cursors.poll;
        world.server.with(|state| state.down = Some(Fault::silence()));
        let mut closed = 3;
        for hour in 0..40 {
            world.close(2);
            closed += 2;
            if restarts && hour % 7 == 3 {
                world.restart().await;
            }
            for _ in 0..12 {
                disbelieved_cycle(&mut world).await;
            }
        }
        assert_eq!(world.shown.value("wolkvox_up"), Some(0.0));
        assert_eq!(world.disk.committed().cursors.poll, watermark);
        world.server.with(|state| state.down = None);
        world.good_cycle().await;
        world.good_cycle().await;
        assert_eq!(world.counted(), closed);
    }
}

#[tokio::test(start_paused = true)]
async fn a_sweep_that_finds_nothing_where_chats_are_known_is_due_again() {
    let mut world = World::running().await;
    let late = world.closed_ago(minutes(0)).delayed(hours(25));
    world.happen(late);
    for _ in 0..24 {
        world.close(1);
        world.cycles(12).await;
    }
    // The last hours in which sweeps reach the late row.
    world.close(1);
    for _ in 0..40 {
        world
            .server
            .with(|state| state.script.extend([None, Some(Fault::silence())]));
        let cycle = world.cycle().await;
        assert!(cycle.poll.is_ok());
        if let Some(swept) = cycle.sweep {
            assert!(is_disbelief(&swept.unwrap_err()));
        }
        world.server.with(|state| state.script.clear());
    }
    world.good_cycle().await;
    world.good_cycle().await;
    assert_eq!(world.counted(), 26);
    assert_eq!(world.shown.value("wolkvox_chats_late_total"), Some(1.0));
}

#[tokio::test(start_paused = true)]
async fn a_quiet_night_is_believed() {
    for filter in [Filter::CloseTime, Filter::OpenTime] {
        let mut world = World::running().await;
        world.server.with(|state| state.filter = filter);
        world.close(5);
        for _ in 0..10 * 12 {
            world.good_cycle().await;
        }
        world.close(1);
        world.cycles(2).await;
        assert_eq!(world.counted(), 6);
    }
}

#[tokio::test(start_paused = true)]
async fn chats_of_23_hours_prove_nothing_about_the_latest_window() {
    // Where the report filters on opening, their rows lie a day back.
    for filter in [Filter::CloseTime, Filter::OpenTime] {
        let mut world = World::running().await;
        world.server.with(|state| state.filter = filter);
        for _ in 0..30 {
            let chat = world.closed_ago(minutes(1)).lasting(hours(23));
            world.happen(chat);
            for _ in 0..12 {
                world.good_cycle().await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn deleted_chats_are_waited_for_only_until_the_next_one_closes() {
    let mut world = World::running().await;
    world.close(3);
    world.good_cycle().await;
    world.server.with(|state| {
        state.chats.clear();
        state.has_hidden = true;
    });
    for _ in 0..5 {
        disbelieved_cycle(&mut world).await;
    }
    world.close(1);
    world.good_cycle().await;
    world.good_cycle().await;
    assert_eq!(world.counted(), 4);
}

#[tokio::test(start_paused = true)]
async fn what_fell_out_of_the_report_while_nobody_asked_is_not_waited_for() {
    let mut world = World::running().await;
    world.close(3);
    world.good_cycle().await;
    world.crash();
    for _ in 0..80 {
        world.close(2);
        world.wait(hours(24)).await;
    }
    let kept_since = world.time.truth() - hours(24 * 30);
    world
        .server
        .with(|state| state.chats.retain(|chat| chat.closed > kept_since));
    world.start().await;
    world.good_cycle().await;
    world.good_cycle().await;
    let kept = world.server.with(|state| state.chats.len()) as u64;
    assert_eq!(world.counted(), 3 + kept);
}

#[tokio::test(start_paused = true)]
async fn chats_deleted_before_a_months_end_hold_up_neither_what_follows_nor_the_polls_for_ever() {
    let mut world = World::running_at("2026-05-01 04:30:00", chrono_tz::America::Bogota).await;
    world.close(3);
    world.cycles(2).await;
    world.server.with(|state| {
        state.chats.clear();
        state.has_hidden = true;
    });
    world.crash();
    // May has begun, and the poll has two chunks.
    world.wait(minutes(25)).await;
    world.start().await;
    let mut failed = 0;
    for closed in 1..=40 {
        world.close(1);
        failed += u32::from(world.cycle().await.poll.is_err());
        assert_eq!(world.committed(), 3 + closed, "what May has is counted meanwhile");
    }
    assert!((1..=14).contains(&failed), "{failed} failed polls");
    assert!(world.cycle().await.sweep.is_none_or(|sweep| sweep.is_ok()));
}

#[tokio::test(start_paused = true)]
async fn a_chat_that_closes_at_a_lesser_local_time_than_it_was_opened_proves_nothing() {
    // Opened before the clocks go back, closed after it.
    for (now, closed, zone) in [
        (
            "2026-10-25 00:40:00",
            "2026-10-25 01:10:00",
            chrono_tz::Europe::Madrid,
        ),
        (
            "2026-04-05 02:30:00",
            "2026-04-05 03:10:00",
            chrono_tz::America::Santiago,
        ),
    ] {
        let mut world = World::running_at(now, zone).await;
        let chat = Chat::new("night", utc(closed)).lasting(minutes(18));
        world.happen(chat);
        for _ in 0..120 {
            world.good_cycle().await;
        }
        assert_eq!(world.counted(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn chats_that_were_deleted_at_the_end_of_a_sweep_do_not_hold_it_up() {
    let mut world = World::running().await;
    for _ in 0..24 {
        world.close(1);
        world.cycles(12).await;
    }
    // Sweeps ask in chunks of an hour.
    world.server.with(|state| state.silent_above = Some(minutes(70)));
    for _ in 0..14 {
        world.close(1);
        world.cycle().await;
    }
    let deleted_from = world.server.now() - hours(2);
    world.server.with(|state| {
        state.has_hidden = true;
        state.chats.retain(|chat| chat.closed < deleted_from);
    });
    for _ in 0..6 * 12 {
        world.close(1);
        world.cycle().await;
    }
    let swept = world.disk.committed().cursors.sweep;
    assert!(world.server.now() - swept < hours(3), "swept up to {swept}");
}

#[tokio::test(start_paused = true)]
async fn sweeps_in_short_cycles_wait_for_deleted_chats_no_longer_than_others() {
    // In Bogotá, the evening of April 30.
    let mut world = World::running_at("2026-05-01 02:00:00", chrono_tz::America::Bogota).await;
    for _ in 0..42 {
        world.close(1);
        world.cycle().await;
    }
    let may = world.server.now() - minutes(30);
    world.server.with(|state| {
        state.has_hidden = true;
        state.chats.retain(|chat| chat.closed >= may);
    });
    // A sweep has two chunks, of April and of May, and gives way to the next poll after one of them.
    world.config.polling.poll_interval = Duration::from_secs(1);
    world.config.polling.api_daily_limit = None;
    world.config.polling.window = Duration::from_secs(60);
    world.config.polling.sweep_interval = Some(Duration::from_secs(5));
    world.config.polling.sweep_lookback = Duration::from_secs(3 * 3600);
    world.restart().await;
    let before = world.disk.committed().cursors.sweep;
    let mut failed = 0;
    for _ in 0..300 {
        world.close(1);
        failed += u32::from(world.cycle().await.sweep.is_some_and(|sweep| sweep.is_err()));
    }
    assert!((1..=12).contains(&failed), "{failed} failed sweeps");
    let swept = world.disk.committed().cursors.sweep;
    assert!(
        swept > before.max(world.server.now() - minutes(15)),
        "swept up to {swept}"
    );
}
