//! The names of skills that Wolkvox lists.

use chrono_tz::America::Bogota;
use simulator::memory::{Chat, Fault};
use wolkvox::Reason;

use crate::support::world::{World, hours, length, minutes};

/// An exporter that reads the list, at 10:00 in Bogotá. Its settings name skill 12 "Sales".
fn world() -> World {
    let mut world = World::at("2026-03-10 15:00:00", Bogota);
    world.config.counting.skill_catalogue = true;
    world.server.with(|state| {
        state.skills = vec![("12", "Ventas"), ("13", "Soporte")];
    });
    let before = world.time.truth() - minutes(10);
    world.happen(Chat::new("before", before));
    world
}

async fn running() -> World {
    let mut world = world();
    world.start().await;
    world.good_cycle().await;
    world
}

fn shows(world: &World, id: &str, name: &str) -> bool {
    world
        .shown
        .has(&format!("skill_id=\"{id}\",skill_name=\"{name}\""))
}

fn listed(world: &World) -> usize {
    world.server.with(|state| state.listed.len())
}

/// Goes on for so many hours, a cycle each five minutes.
async fn go_on(world: &mut World, hours: u32) {
    for _ in 0..12 * hours {
        world.good_cycle().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_wolkvox_lists_is_shown_and_the_settings_win() {
    let mut world = world();
    world.start().await;
    assert!(shows(&world, "12", "Sales") && !shows(&world, "13", "Soporte"));
    world.good_cycle().await;
    assert!(shows(&world, "12", "Sales") && shows(&world, "13", "Soporte"));
    assert!(!world.shown.has("Ventas"));
}

#[tokio::test(start_paused = true)]
async fn without_the_setting_no_list_is_asked_for() {
    let mut world = world();
    world.config.counting.skill_catalogue = false;
    world.start().await;
    go_on(&mut world, 30).await;
    assert!(listed(&world) == 0 && shows(&world, "12", "Sales"));
}

#[tokio::test(start_paused = true)]
async fn the_list_is_read_once_a_local_day_and_after_a_start_and_each_call_counts() {
    let mut world = running().await;
    go_on(&mut world, 13).await;
    assert_eq!(listed(&world), 1);
    world
        .server
        .with(|state| state.skills = vec![("13", "Soporte"), ("14", "Cobros")]);
    // It is past midnight in Bogotá.
    go_on(&mut world, 2).await;
    assert!(listed(&world) == 2 && shows(&world, "14", "Cobros"));
    let midnight = world.time.truth() - hours(1);
    world.restart().await;
    assert!(!shows(&world, "14", "Cobros"));
    world.good_cycle().await;
    assert!(listed(&world) == 3 && shows(&world, "14", "Cobros"));
    go_on(&mut world, 20).await;
    assert_eq!(listed(&world), 3);
    // The first calls of the day were made at its midnight, an hour before the restart.
    let start = midnight.date_naive().and_hms_opt(5, 0, 0).unwrap().and_utc();
    let calls = world.server.with(|state| {
        let asked = state.asked.iter().filter(|(at, _)| *at >= start).count();
        asked + state.listed.iter().filter(|at| **at >= start).count()
    });
    let today = world.shown.value("wolkvox_api_requests_today");
    assert_eq!(today.map(|today| today.round() as usize), Some(calls));
}

#[tokio::test(start_paused = true)]
async fn a_list_that_fails_keeps_the_names_and_is_asked_for_again_a_few_times_a_day() {
    for fault in [
        Fault::status(404),
        Fault::of(Reason::Forbidden),
        Fault::of(Reason::NotJson),
        Fault::half(),
    ] {
        let mut world = running().await;
        world.server.with(|state| state.lists_down = Some(fault));
        // To the end of the next local day.
        go_on(&mut world, 37).await;
        assert!(shows(&world, "13", "Soporte"));
        assert_eq!(world.shown.sum("wolkvox_poll_failures_total", ""), 0.0);
        let calls = world.server.with(|state| state.listed.clone());
        assert_eq!(calls.len(), 5);
        assert!(calls.windows(2).all(|pair| pair[1] - pair[0] >= hours(1)));
        world.server.with(|state| {
            state.lists_down = None;
            state.skills = vec![("13", "Otro")];
        });
        go_on(&mut world, 2).await;
        assert!(listed(&world) == 6 && shows(&world, "13", "Otro"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_without_names_keeps_those_that_are_known() {
    let mut world = running().await;
    world.server.with(|state| state.skills.clear());
    go_on(&mut world, 24).await;
    assert!(listed(&world) == 2 && shows(&world, "13", "Soporte"));
}

#[tokio::test(start_paused = true)]
async fn a_list_that_does_not_come_to_its_end_delays_no_poll() {
    let mut world = world();
    world.server.with(|state| state.list_takes = length(hours(2)));
    world.start().await;
    go_on(&mut world, 3).await;
    assert_eq!(listed(&world), 3);
    let asked = world.server.with(|state| state.asked.clone());
    assert!(asked.windows(2).all(|pair| pair[1].0 - pair[0].0 <= minutes(5)));
    assert_eq!(world.shown.sum("wolkvox_poll_failures_total", ""), 0.0);
    assert_eq!(
        world
            .shown
            .sum("wolkvox_api_requests_total", "code=\"none\"")
            .round() as usize,
        3
    );
}

#[tokio::test(start_paused = true)]
async fn where_polls_fail_no_list_is_asked_for() {
    let mut world = world();
    world.server.with(|state| state.down = Some(Fault::status(404)));
    world.start().await;
    world.cycles(40).await;
    assert_eq!(listed(&world), 0);
    world.server.with(|state| state.down = None);
    world.cycle().await;
    assert_eq!(listed(&world), 1);
}
