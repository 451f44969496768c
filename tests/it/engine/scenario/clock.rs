//! Clocks that are wrong.

use std::time::Duration;

use chrono::TimeDelta;
use chrono_tz::America::Bogota;
use chrono_tz::Asia::Tokyo;
use simulator::memory::Fault;
use wolkvox::Reason;

use crate::support::world::{World, hours, minutes, utc};

/// Chats close while our clock is off; they count once, also after it is right again, an outage and a restart.
async fn jump(skew: TimeDelta, sweeps: bool) {
    let mut world = World::running().await;
    if !sweeps {
        world.config.polling.sweep_interval = None;
        world.restart().await;
    }
    let mut closed = 0;
    for round in 0..3 {
        world.time.skew(skew);
        for _ in 0..3 {
            world.close(2);
            closed += 2;
            world.cycle().await;
            assert_offset(&world, -skew);
        }
        if round == 1 {
            world.restart().await;
            world.cycle().await;
        }
        world.time.skew(TimeDelta::zero());
        if round == 2 {
            world
                .server
                .with(|state| state.down = Some(Fault::of(Reason::Timeout)));
            world.cycles(3).await;
            world.close(2);
            closed += 2;
            world.cycles(6).await;
            world.server.with(|state| state.down = None);
        }
        world.cycles(3).await;
        assert_offset(&world, TimeDelta::zero());
    }
    assert_eq!(world.counted(), closed, "{skew}");
}

/// It is shown how far the server's clock is ahead of ours.
fn assert_offset(world: &World, offset: TimeDelta) {
    let shown = world.shown.value("wolkvox_api_clock_offset_seconds").unwrap();
    let off = shown - offset.num_seconds() as f64;
    assert!(off.abs() < 1.5, "{shown} for {offset}");
}

#[tokio::test(start_paused = true)]
async fn our_clock_jumps_and_comes_back() {
    for skew in [
        hours(-240),
        hours(-30),
        hours(-2),
        minutes(-3),
        minutes(3),
        hours(2),
        hours(30),
        hours(240),
    ] {
        for sweeps in [true, false] {
            jump(skew, sweeps).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_clock_that_is_off_by_two_minutes_or_two_days() {
    for offset in [minutes(-2), minutes(2), hours(-48), hours(48)] {
        let mut world = World::at("2026-03-10 15:00:00", Bogota);
        world.server.with(|state| state.offset = offset);
        world.start().await;
        world.cycle().await;
        for _ in 0..15 {
            world.close(2);
            world.cycle().await;
        }
        world.crash();
        world.close(3);
        world.wait(hours(1)).await;
        world.start().await;
        world.cycles(2).await;
        assert_eq!(world.counted(), 33, "{offset}");
        assert_offset(&world, offset);
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_without_a_date_is_taken_to_have_our_clock() {
    let mut world = World::at("2026-03-10 15:00:00", Bogota);
    world.server.with(|state| state.sends_date = false);
    world.start().await;
    world.cycle().await;
    for _ in 0..15 {
        world.close(1);
        world.cycle().await;
    }
    world.cycle().await;
    assert_eq!(world.counted(), 15);
}

#[tokio::test(start_paused = true)]
async fn a_first_start_with_a_clock_far_ahead_leaves_no_cursor_in_the_future() {
    let mut world = World::at("2026-03-10 15:00:00", Bogota);
    world.config.polling.sweep_interval = None;
    world.time.skew(hours(72));
    world.start().await;
    world.cycles(3).await;
    world.time.skew(TimeDelta::zero());
    world.crash();
    world.close(3);
    world.wait(hours(1)).await;
    world.start().await;
    world.cycles(3).await;
    assert_eq!(world.counted(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_date_from_long_ago_does_not_have_years_asked_for_again() {
    let mut world = World::running().await;
    world.cycles(3).await;
    world.server.with(|state| state.offset = hours(-24 * 365));
    world.cycle().await;
    world.server.with(|state| state.offset = TimeDelta::zero());
    world.cycle().await;
    let asked = world.server.with(|state| state.asked.len());
    world.restart().await;
    world.cycles(3).await;
    assert!(world.server.with(|state| state.asked.len()) - asked <= 4);
}

#[tokio::test(start_paused = true)]
async fn a_first_answer_whose_date_is_ahead_does_not_put_off_the_start_of_counting() {
    let mut world = World::at("2026-03-10 15:00:00", Bogota);
    world.server.with(|state| state.offset = hours(24 * 20));
    world.start().await;
    world.cycle().await;
    world.server.with(|state| state.offset = TimeDelta::zero());
    for _ in 0..20 {
        world.close(1);
        world.cycle().await;
    }
    world.cycle().await;
    assert_eq!(world.counted(), 20);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_before_the_first_answer_does_not_move_the_start_of_counting() {
    for skew in [-72, 5, 72] {
        // During the pause before the retry of the first call, or between the first two cycles.
        for calls_fail in [1, 2] {
            let mut world = World::at("2026-03-10 15:00:00", Bogota);
            for ago in [2, 10, 30, 60] {
                let before = world.closed_ago(hours(ago));
                world.happen(before);
            }
            world.time.skew(hours(skew));
            world.server.with(|state| {
                state
                    .script
                    .extend(vec![Some(Fault::of(Reason::Connect)); calls_fail]);
            });
            world.start().await;
            let time = world.time.clone();
            let set = async {
                tokio::time::sleep(Duration::from_secs(5)).await;
                time.skew(TimeDelta::zero());
            };
            tokio::join!(world.cycle(), set);
            for _ in 0..40 {
                world.close(1);
                world.cycle().await;
            }
            world.cycle().await;
            assert_eq!(world.counted(), 40, "{skew} h, {calls_fail}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_absurd_date_costs_no_calls_and_moves_nothing() {
    for (years, runs_before) in [
        (10, true),
        (-10, true),
        (-56, true),
        (10, false),
        (-10, false),
        (-56, false),
    ] {
        let mut world = World::at("2026-03-10 15:00:00", Bogota);
        if runs_before {
            world.start().await;
            world.cycles(20).await;
            world.crash();
        }
        world
            .server
            .with(|state| state.date_is_off_by = hours(24 * 365 * years));
        world.start().await;
        let asked = world.server.with(|state| state.asked.len());
        world.cycle().await;
        for _ in 0..20 {
            world.close(1);
            world.cycle().await;
        }
        world.cycle().await;
        assert_eq!(world.counted(), 20, "{years} years");
        let asked = world.server.with(|state| state.asked.len()) - asked;
        assert!(asked <= 22 + 3, "{years} years: {asked} calls in 22 cycles");
        let reported = world.shown.value("wolkvox_api_clock_offset_seconds").unwrap();
        assert!(reported.abs() > 300e6, "{reported}");
    }
}

#[tokio::test(start_paused = true)]
async fn where_our_clock_runs_ahead_over_a_months_end_no_cursor_does() {
    let mut world = World::at("2026-03-30 15:00:00", Bogota);
    world.config.polling.sweep_interval = None;
    world.start().await;
    world.cycle().await;
    world.time.skew(hours(72));
    world.cycles(3).await;
    assert!(world.disk.committed().cursors.poll <= world.server.now());
    world.crash();
    world.time.skew(TimeDelta::zero());
    world.close(3);
    world.wait(hours(3)).await;
    world.start().await;
    world.cycles(2).await;
    assert_eq!(world.counted(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_date_at_the_end_of_time_leaves_a_state_that_can_be_read() {
    let mut world = World::at("2026-03-10 15:00:00", Tokyo);
    let end = utc("9999-12-31 23:59:00") - world.server.now();
    // Before this program was written, so that nothing speaks against the Date.
    world.time.skew(hours(-24 * 365));
    world.server.with(|state| state.date_is_off_by = end);
    world.start().await;
    world.close(1);
    world.killed_cycle(Duration::from_secs(3600)).await;
    world.start().await;
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_starts_in_1970_asks_for_no_more_than_others_and_counts_the_same() {
    for comes_right_after in [0, 4] {
        let mut world = World::at("2026-03-10 15:00:00", Bogota);
        world.time.skew(hours(-24 * 365 * 56));
        world.start().await;
        let mut closed = 0;
        for cycle in 0..8 {
            if cycle == comes_right_after {
                world.time.skew(TimeDelta::zero());
            }
            world.cycle().await;
            world.close(2);
            closed += 2;
        }
        world.restart().await;
        world.cycles(2).await;
        assert_eq!(world.counted(), closed);
        let asked = world.server.with(|state| state.asked.len());
        assert!(asked <= 10 + 3, "{asked} calls in 10 cycles");
    }
}

#[tokio::test(start_paused = true)]
async fn a_start_in_1970_counts_nothing_from_before_whatever_comes_before_the_first_answer() {
    for sends_date in [true, false] {
        for restarts in [true, false] {
            let mut world = World::at("2026-03-10 15:00:00", Bogota);
            for days in 1..40 {
                let before = world.closed_ago(hours(24 * days));
                world.happen(before);
            }
            world.server.with(|state| state.sends_date = sends_date);
            world.time.skew(hours(-24 * 365 * 56));
            world
                .server
                .with(|state| state.script.extend(vec![Some(Fault::of(Reason::Connect)); 2]));
            world.start().await;
            world.cycle().await;
            if restarts {
                world.crash();
            }
            world.time.skew(TimeDelta::zero());
            if restarts {
                world.start().await;
            }
            world.cycle().await;
            for _ in 0..5 {
                world.close(1);
                world.cycle().await;
            }
            world.cycle().await;
            assert_eq!(world.counted(), 5, "Date {sends_date}, restarted {restarts}");
            let asked = world.server.with(|state| state.asked.len());
            assert!(asked <= 12, "{asked} calls");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_first_start_with_a_clock_weeks_ahead_counts_what_closes() {
    for days in [20, 40, 300] {
        let mut world = World::at("2026-03-10 15:00:00", Bogota);
        world.time.skew(hours(24 * days));
        world.start().await;
        world.cycle().await;
        for _ in 0..20 {
            world.close(1);
            world.cycle().await;
        }
        world.cycle().await;
        assert_eq!(world.counted(), 20, "{days} days");
    }
}

#[tokio::test(start_paused = true)]
async fn a_chat_that_closes_in_the_watermarks_second_is_counted() {
    for exclusive in [false, true] {
        for milliseconds in [0, 1, 400, 999] {
            let mut world = World::running().await;
            world.server.with(|state| state.end_is_exclusive = exclusive);
            let watermark = world.disk.committed().cursors.poll;
            for seconds in 0..=1 {
                let at = watermark + TimeDelta::seconds(seconds) + TimeDelta::milliseconds(milliseconds);
                let ago = world.server.now() - at;
                let chat = world.closed_ago(ago);
                world.happen(chat);
            }
            // Nothing but the watermark's own second lies between the two.
            world.config.polling.window = Duration::ZERO;
            world.config.polling.sweep_interval = None;
            world.restart().await;
            world.cycles(3).await;
            assert_eq!(world.counted(), 2, "{exclusive} {milliseconds}");
        }
    }
}
