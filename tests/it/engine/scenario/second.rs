//! A second of the report that can't be read: it hides its own chats only, and only until it can.

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use chrono_tz::America::Bogota;
use simulator::memory::{Chat, Fault};
use wolkvox::{Error, Reason};

use crate::support::world::{World, hours, minutes};

/// An answer that begins and never ends.
fn stalled() -> Fault {
    Fault::at_the_end(Error::new(Reason::Timeout, "scripted").with_status(200))
}

/// Each way in which one row can make the server, or us, fail.
fn faults() -> Vec<Fault> {
    let whole = Fault::at_the_end;
    vec![
        Fault::status(500),
        Fault::half(),
        whole(Error::new(Reason::NotJson, "scripted")),
        whole(Error::new(Reason::TooLarge, "scripted")),
        whole(Error::new(Reason::TooManyRows, "scripted")),
        whole(Error::new(Reason::Timeout, "scripted").with_status(200)),
    ]
}

fn seconds(seconds: i64) -> TimeDelta {
    TimeDelta::seconds(seconds)
}

/// Chats close in each second from 20 before to 20 after this one, which can't be read any more.
fn poison(world: &mut World, second: DateTime<Utc>, fault: &Fault) {
    for ago in -20..=20 {
        let chat = Chat::new(format!("{second}{ago}"), second + seconds(ago));
        world.happen(chat);
    }
    world
        .server
        .with(|state| state.poison.push((second, fault.clone())));
}

/// A minute ago, by the server's clock.
fn a_minute_ago(world: &World) -> DateTime<Utc> {
    (world.server.now() - minutes(1)).with_nanosecond(0).unwrap()
}

fn skipped(world: &World) -> f64 {
    world.shown.sum("wolkvox_report_seconds_skipped_total", "")
}

#[tokio::test(start_paused = true)]
async fn it_is_passed_over_after_its_third_failure_and_counts_when_it_can_be_read() {
    for (fault, end_is_exclusive) in faults()
        .into_iter()
        .flat_map(|fault| [(fault.clone(), false), (fault, true)])
    {
        let mut world = World::running().await;
        world
            .server
            .with(|state| state.end_is_exclusive = end_is_exclusive);
        let second = a_minute_ago(&world);
        poison(&mut world, second, &fault);
        for _ in 0..12 {
            world.cycle().await;
            world.close(1);
        }
        let reason = fault.error.as_ref().unwrap().reason().as_str();
        let what = format!("{reason} {end_is_exclusive}");
        assert_eq!(skipped(&world), 1.0, "{what}");
        world.cycle().await.poll.expect("polls succeed again");
        // Where `date_end` is exclusive, what closes at the cycle is in the next one.
        world.cycle().await;
        assert_eq!(
            world.counted(),
            40 + 12,
            "{what}: all but the chat of that second"
        );
        world.server.with(|state| state.poison.clear());
        world.cycles(13).await;
        assert_eq!(world.counted(), 41 + 12, "{what}: the sweep found it");
        assert_eq!(skipped(&world), 1.0, "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_can_be_read_again_in_time_is_not_passed_over() {
    for fault in faults() {
        let mut world = World::running().await;
        let second = a_minute_ago(&world);
        poison(&mut world, second, &fault);
        world.cycles(2).await;
        world.server.with(|state| state.poison.clear());
        world.good_cycle().await;
        assert_eq!(world.counted(), 41);
        world.cycles(20).await;
        assert_eq!((world.counted(), skipped(&world)), (41, 0.0));
    }
}

#[tokio::test(start_paused = true)]
async fn two_of_them_are_passed_over_each_for_itself() {
    let mut world = World::running().await;
    let second = a_minute_ago(&world);
    poison(&mut world, second, &Fault::status(500));
    poison(&mut world, second - minutes(3), &Fault::half());
    world.cycles(40).await;
    assert_eq!((world.counted(), skipped(&world)), (80, 2.0));
    world.cycle().await.poll.expect("polls succeed again");
}

#[tokio::test(start_paused = true)]
async fn one_within_a_backlog_of_days_does_not_hold_the_rest_up() {
    let mut world = World::running().await;
    world.crash();
    for _ in 0..72 {
        world.close(2);
        world.wait(hours(1)).await;
    }
    let second = a_minute_ago(&world) - hours(30);
    poison(&mut world, second, &Fault::half());
    world.start().await;
    world.cycles(12).await;
    assert_eq!((world.counted(), skipped(&world)), (144 + 40, 1.0));
}

#[tokio::test(start_paused = true)]
async fn after_a_restart_sweeps_still_ask_for_what_was_passed_over() {
    let mut world = World::running().await;
    let second = a_minute_ago(&world);
    poison(&mut world, second, &Fault::status(500));
    world.cycles(12).await;
    assert_eq!(skipped(&world), 1.0);
    world.restart().await;
    world.cycles(30).await;
    assert_eq!(world.counted(), 40);
    world.cycle().await.poll.expect("polls succeed again");
    world.server.with(|state| state.poison.clear());
    world.cycles(13).await;
    assert_eq!(world.counted(), 41);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_fails_every_call_is_not_searched_through_at_each_cycle() {
    let mut world = World::running().await;
    world.close(5);
    world.server.with(|state| state.down = Some(Fault::status(503)));
    let asked = world.server.with(|state| state.asked.len());
    world.cycles(96).await;
    // One more call a cycle: the same again at first, and then a small question.
    let calls = world.server.with(|state| state.asked.len()) - asked;
    assert_eq!(calls, 2 * 96);
    world.server.with(|state| state.down = None);
    world.good_cycle().await;
    assert_eq!((world.counted(), skipped(&world)), (5, 0.0));
}

#[tokio::test(start_paused = true)]
async fn those_that_follow_one_another_are_passed_over_together() {
    for end_is_exclusive in [false, true] {
        for gap in [1, 2, 3, 5] {
            for fault in [Fault::half(), Fault::status(500)] {
                let mut world = World::running().await;
                world
                    .server
                    .with(|state| state.end_is_exclusive = end_is_exclusive);
                let first = world.server.now() - minutes(1);
                for number in 0..4 {
                    let second = first + TimeDelta::seconds(number * gap);
                    let chat = Chat::new(format!("in {second}"), second);
                    world.happen(chat);
                    world
                        .server
                        .with(|state| state.poison.push((second, fault.clone())));
                }
                for _ in 0..40 {
                    world.close(1);
                    world.cycle().await;
                }
                assert!(
                    world.counted() >= 39,
                    "{gap} s, exclusive {end_is_exclusive}: {}",
                    world.counted()
                );
                world.good_cycle().await;
                world.server.with(|state| state.poison.clear());
                world.cycles(13).await;
                assert_eq!(world.counted(), 44, "{gap} s, exclusive {end_is_exclusive}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn those_that_stall_one_after_the_other_are_passed_over_too() {
    for count in [2, 3, 5] {
        let mut world = World::running().await;
        let first = world.server.now() - minutes(1);
        for number in 0..count {
            let second = first + TimeDelta::seconds(number * 2);
            world.server.with(|state| state.poison.push((second, stalled())));
        }
        for _ in 0..30 {
            world.close(1);
            world.cycle().await;
        }
        world.good_cycle().await;
        assert_eq!(world.counted(), 30, "{count} in a row");
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_fails_a_sweep_is_found_though_polls_fail_for_other_reasons_in_between() {
    let mut world = World::running().await;
    world.cycles(13).await;
    let second = world.server.now() - hours(10);
    world
        .server
        .with(|state| state.poison.push((second, Fault::status(500))));
    for cycle in 0..120 {
        if cycle % 3 == 2 {
            let refused = Some(Fault::of(Reason::Forbidden));
            world.server.with(|state| state.script.push_back(refused));
        }
        world.close(1);
        world.cycle().await;
    }
    let swept = world.disk.committed().cursors.sweep;
    assert!(world.server.now() - swept < hours(3), "swept up to {swept}");
}

#[tokio::test(start_paused = true)]
async fn a_search_ends_wherever_in_a_second_it_begins() {
    for fault in [Fault::status(503), Fault::of(Reason::NotJson), Fault::half()] {
        let mut world = World::at("2026-03-10 15:00:00", Bogota);
        // A first start has the fraction of the second in which it is made.
        world.wait(TimeDelta::milliseconds(500)).await;
        world.server.with(|state| state.down = Some(fault));
        world.start().await;
        for _ in 0..13 {
            let asked = world.server.with(|state| state.asked.len());
            assert!(world.cycle().await.poll.is_err());
            let asked = world.server.with(|state| state.asked.len()) - asked;
            assert!(asked <= 6, "{asked} calls in one cycle");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stalling_second_a_day_back_does_not_keep_sweeps_from_their_end() {
    for ago in [10, 20, 22] {
        let mut world = World::running().await;
        world.cycles(13).await;
        let second = world.server.now() - hours(ago);
        world.server.with(|state| state.poison.push((second, stalled())));
        world.restart().await;
        world.cycles(40).await;
        let swept = world.disk.committed().cursors.sweep;
        assert!(
            world.server.now() - swept < hours(3),
            "{ago} h back: swept up to {swept}"
        );
    }
}
