//! First starts, restarts and lost states.

use chrono_tz::America::Bogota;
use simulator::Filter;
use simulator::memory::Fault;
use wolkvox::Reason;

use crate::support::world::{World, hours, minutes};

#[tokio::test(start_paused = true)]
async fn nothing_from_before_the_first_start_is_counted_and_its_label_sets_are_at_0() {
    let mut world = World::at("2026-03-10 15:00:00", Bogota);
    for ago in [1, 5, 600, 1500] {
        let chat = world.closed_ago(minutes(ago));
        world.happen(chat);
    }
    world.start().await;
    world.cycles(20).await;
    assert_eq!(world.committed(), 0);
    assert!(world.shown.has("wolkvox_chats_total{"));
    assert_eq!(world.counted(), 0);
    world.close(3);
    world.cycles(2).await;
    assert_eq!(world.counted(), 3);
}

#[tokio::test(start_paused = true)]
async fn with_count_from_everything_since_is_counted() {
    let mut world = World::at("2026-03-10 15:00:00", Bogota);
    world.config.counting.count_from = Some(world.time.truth() - hours(24 * 40));
    for ago in [
        hours(24 * 41),
        hours(24 * 40),
        hours(24 * 39),
        hours(5),
        minutes(1),
    ] {
        let chat = world.closed_ago(ago);
        world.happen(chat);
    }
    world.start().await;
    world.cycles(3).await;
    assert_eq!(world.counted(), 4);
    world.restart().await;
    world.cycles(15).await;
    assert_eq!(world.counted(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_lost_state_is_a_first_start() {
    let mut world = World::running().await;
    world.close(5);
    world.cycles(2).await;
    assert_eq!(world.counted(), 5);
    world.crash();
    world.disk.lose();
    world.shown.forget_highest();
    world.wait(minutes(30)).await;
    world.start().await;
    world.cycles(15).await;
    assert_eq!(world.counted(), 0);
    world.close(2);
    world.cycles(2).await;
    assert_eq!(world.counted(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_first_cycle_that_fails_does_not_move_the_start_of_counting() {
    let mut world = World::at("2026-03-10 15:00:00", Bogota);
    world
        .server
        .with(|state| state.down = Some(Fault::of(Reason::Auth)));
    let before = world.closed_ago(minutes(2));
    world.happen(before);
    world.start().await;
    world.cycle().await;
    world.close(2);
    world.restart().await;
    world.cycles(3).await;
    world.close(1);
    world.server.with(|state| state.down = None);
    world.cycles(3).await;
    assert_eq!(world.committed(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_crash_in_the_first_cycle_counts_nothing_from_before() {
    let mut world = World::at("2026-03-10 15:00:00", Bogota);
    for ago in [1, 10, 300] {
        let chat = world.closed_ago(minutes(ago));
        world.happen(chat);
    }
    world.start().await;
    world.killed_cycle(std::time::Duration::from_millis(900)).await;
    world.start().await;
    world.cycles(2).await;
    assert_eq!(world.committed(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_first_start_is_taken_in_the_servers_time() {
    for offset in [-120, 120] {
        let mut world = World::at("2026-03-10 15:00:00", Bogota);
        world
            .server
            .with(|state| state.offset = chrono::TimeDelta::seconds(offset));
        world.start().await;
        world.cycle().await;
        // Closed before the start, but its row comes only now.
        let late = world.closed_ago(minutes(6)).delayed(minutes(5));
        world.happen(late);
        let chat = world.closed_ago(minutes(4)).delayed(minutes(4));
        world.happen(chat);
        world.cycles(3).await;
        assert_eq!(world.committed(), 1, "{offset}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_restart_shows_the_stored_totals_at_once() {
    let mut world = World::running().await;
    world.close(7);
    world.cycles(2).await;
    world.crash();
    world.wait(minutes(3)).await;
    world.start().await;
    assert_eq!(world.counted(), 7);
    assert_eq!(world.shown.value("wolkvox_up"), None);
    assert!(
        world
            .shown
            .value("wolkvox_last_success_timestamp_seconds")
            .is_some()
    );
}

#[tokio::test(start_paused = true)]
async fn a_crash_between_commit_and_publication_neither_loses_nor_doubles() {
    let mut world = World::running().await;
    world.close(4);
    world.shown.set_deaf();
    world.cycle().await;
    assert_eq!((world.counted(), world.committed()), (0, 4));
    world.restart().await;
    world.cycles(3).await;
    assert_eq!(world.counted(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_crash_before_the_commit_loses_nothing() {
    for after in [1, 500, 799, 801, 900] {
        let mut world = World::running().await;
        world.close(4);
        world.killed_cycle(std::time::Duration::from_millis(after)).await;
        world.start().await;
        world.cycles(3).await;
        assert_eq!(world.counted(), 4, "killed after {after} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn on_a_server_that_filters_on_opening_the_first_start_counts_what_closes_after_it() {
    let mut world = World::at("2026-03-10 15:00:00", Bogota);
    world.server.with(|state| state.filter = Filter::OpenTime);
    let before = world.closed_ago(minutes(1)).lasting(hours(23));
    world.happen(before);
    let after = world.closed_ago(-minutes(61)).lasting(hours(23));
    world.happen(after);
    world.start().await;
    world.cycles(40).await;
    assert_eq!(world.committed(), 1);
}
