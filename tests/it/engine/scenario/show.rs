//! What is shown, and when.

use std::time::Duration;

use chrono_tz::America::Bogota;
use simulator::memory::{Chat, Fault};
use tokio::time::Instant;
use wolkvox::Reason;
use wolkvox_exporter::chats::Field;

use crate::support::shown::{Series, sum};
use crate::support::world::{World, minutes, utc};

#[tokio::test(start_paused = true)]
async fn a_new_label_set_is_0_for_a_poll_interval() {
    let mut world = with_a_new_skill().await;
    world.cycle().await;
    assert_eq!((of_skill_9(&world), world.committed()), ((true, 0.0), 1));
    world.cycle().await;
    assert_eq!(of_skill_9(&world), (true, 1.0));
}

#[tokio::test(start_paused = true)]
async fn zero_first_ends_with_a_cycle_whose_poll_failed_but_not_with_one_whose_commit_did() {
    let mut world = World::running().await;
    let chat = world.closed_ago(minutes(0)).with(Field::SkillId, "9");
    world.happen(chat);
    world.cycle().await;
    world.disk.set_full(true);
    world.cycles(3).await;
    assert_eq!(world.shown.sum("wolkvox_chats_total", "\"9\""), 0.0);
    world.disk.set_full(false);
    world
        .server
        .with(|state| state.down = Some(Fault::of(Reason::Auth)));
    world.cycle().await;
    assert_eq!(world.shown.sum("wolkvox_chats_total", "\"9\""), 1.0);
}

/// What is shown of skill 9: whether it is there, and its chats.
fn of_skill_9(world: &World) -> (bool, f64) {
    (
        world.shown.has("skill_id=\"9\""),
        world.shown.sum("wolkvox_chats_total", "\"9\""),
    )
}

/// A running exporter whose next cycle finds a chat of a new skill.
async fn with_a_new_skill() -> World {
    let mut world = World::running().await;
    let chat = world.closed_ago(minutes(0)).with(Field::SkillId, "9");
    world.happen(chat);
    world
}

#[tokio::test(start_paused = true)]
async fn what_was_stored_and_not_shown_before_a_crash_is_0_after_the_restart() {
    let mut world = with_a_new_skill().await;
    world.shown.set_deaf();
    world.cycle().await;
    assert_eq!((of_skill_9(&world), world.committed()), ((false, 0.0), 1));
    world.restart().await;
    assert_eq!(of_skill_9(&world), (true, 0.0));
    world.rest(minutes(5)).await;
    assert_eq!(of_skill_9(&world), (true, 0.0));
    world.rest(minutes(1)).await;
    assert_eq!(of_skill_9(&world), (true, 1.0));
    world.rest(minutes(5)).await;
    assert_eq!(world.shown.increase("wolkvox_chats_total"), 1.0);
}

#[tokio::test(start_paused = true)]
async fn a_0_that_was_shown_for_less_than_an_interval_is_0_after_each_restart() {
    let mut world = with_a_new_skill().await;
    world.killed_cycle(Duration::from_secs(250)).await;
    assert_eq!(of_skill_9(&world), (true, 0.0));
    for _ in 0..3 {
        world.start().await;
        assert_eq!(of_skill_9(&world), (true, 0.0));
        world.rest(minutes(4)).await;
        world.crash();
    }
    world.start().await;
    world.rest(minutes(6)).await;
    assert_eq!(of_skill_9(&world), (true, 1.0));
    world.restart().await;
    assert_eq!(of_skill_9(&world), (true, 1.0), "what was shown is shown at once");
}

#[tokio::test(start_paused = true)]
async fn a_family_that_begins_is_0_after_a_crash_that_kept_it_from_being_shown() {
    let mut world = World::running().await;
    world.close(2);
    world.cycles(2).await;
    let chat = world
        .closed_ago(minutes(0))
        .with(Field::AgentResponse, "00:00:07");
    world.happen(chat);
    world.shown.set_deaf();
    world.cycle().await;
    world.restart().await;
    let response = |world: &World| world.shown.sum("wolkvox_chat_agent_response_seconds_count", "");
    assert!(world.shown.has("wolkvox_chat_agent_response_seconds_count"));
    assert_eq!(response(&world), 0.0);
    world.rest(minutes(6)).await;
    assert_eq!(response(&world), 1.0);
}

#[tokio::test(start_paused = true)]
async fn after_a_slow_commit_a_0_stands_for_an_interval_although_the_next_cycle_follows_at_once() {
    let mut world = with_a_new_skill().await;
    world.disk.slow(1, Duration::from_secs(400));
    for _ in 0..2 {
        world.step(Instant::now() + Duration::from_secs(300)).await;
        assert_eq!(of_skill_9(&world), (true, 0.0));
    }
    world.rest(minutes(4)).await;
    assert_eq!(of_skill_9(&world), (true, 0.0));
    world.rest(minutes(1)).await;
    assert_eq!(of_skill_9(&world), (true, 1.0));
}

#[tokio::test(start_paused = true)]
async fn a_0_ends_after_an_interval_also_while_no_cycle_comes_and_costs_no_call() {
    let mut world = with_a_new_skill().await;
    world.cycle().await;
    let calls = world.server.with(|state| state.asked.len());
    let commits = |world: &World| world.shown.value("wolkvox_state_commits_total").unwrap();
    let before = commits(&world);
    world.rest(minutes(60)).await;
    assert_eq!(of_skill_9(&world), (true, 1.0));
    assert_eq!(world.server.with(|state| state.asked.len()), calls);
    assert_eq!(commits(&world), before + 1.0);
}

#[tokio::test(start_paused = true)]
async fn while_the_end_of_a_0_cannot_be_committed_it_stays_and_is_tried_once_between_cycles() {
    let mut world = with_a_new_skill().await;
    world.cycle().await;
    world.disk.set_full(true);
    world.rest(minutes(30)).await;
    assert_eq!(of_skill_9(&world), (true, 0.0));
    world.cycle().await;
    assert_eq!(of_skill_9(&world), (true, 0.0));
    assert_eq!(
        world.shown.value("wolkvox_state_commit_failures_total"),
        Some(2.0),
        "one between the cycles, one of the cycle"
    );
    world.crash();
    world.disk.set_full(false);
    world.start().await;
    assert_eq!(of_skill_9(&world), (true, 0.0));
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_shows_anew_what_is_known_ends_no_0() {
    let mut world = with_a_new_skill().await;
    world.cycle().await;
    let fault = Fault::of(Reason::Concurrency);
    world.server.with(|state| state.down = Some(fault));
    world.shown.record();
    world.step(Instant::now() + Duration::from_secs(300)).await;
    let recorded = world.shown.recorded();
    let is_pause = |shown: &Series| sum(shown, "wolkvox_api_pauses_total", "") > 0.0;
    let during: Vec<_> = recorded.iter().filter(|(shown, _)| is_pause(shown)).collect();
    assert!(during.len() >= 2, "one in the cycle, one at its end");
    assert_eq!(sum(&during[0].0, "wolkvox_chats_total", "\"9\""), 0.0);
}

#[tokio::test(start_paused = true)]
async fn a_recovered_state_is_0_for_a_poll_interval_so_that_increase_sees_it() {
    let mut world = World::at("2026-03-10 15:00:00", Bogota);
    world.recoveries = 1;
    let shown = |world: &World| world.shown.sum("wolkvox_state_recoveries_total", "");
    world.start().await;
    assert_eq!(shown(&world), 0.0);
    // A first start polls at once: its publication is too early to have been scraped before.
    world.cycle().await;
    assert_eq!(shown(&world), 0.0);
    world
        .server
        .with(|state| state.down = Some(Fault::of(Reason::Auth)));
    world.cycle().await;
    assert_eq!(shown(&world), 1.0);
    world.cycles(3).await;
    assert_eq!(shown(&world), 1.0);
}

#[tokio::test(start_paused = true)]
async fn what_a_failed_commit_held_back_is_0_when_it_is_first_shown() {
    // The publication itself holds it against the rule.
    let mut world = World::running().await;
    world.disk.set_full(true);
    let chat = world.closed_ago(minutes(0)).with(Field::SkillId, "9");
    world.happen(chat);
    world.cycles(2).await;
    assert!(!world.shown.has("skill_id=\"9\""));
    world.disk.set_full(false);
    world.cycle().await;
    assert_eq!(world.shown.sum("wolkvox_chats_total", "\"9\""), 0.0);
    world.cycle().await;
    assert_eq!(world.shown.sum("wolkvox_chats_total", "\"9\""), 1.0);
}

#[tokio::test(start_paused = true)]
async fn a_family_that_the_server_begins_to_send_starts_at_0() {
    let mut world = World::running().await;
    world.close(2);
    world.cycles(2).await;
    assert!(!world.shown.has("wolkvox_chat_agent_response_seconds"));
    for _ in 0..2 {
        let chat = world
            .closed_ago(minutes(0))
            .with(Field::AgentResponse, "00:00:07")
            .with(Field::Transfer, "si");
        world.happen(chat);
    }
    world.cycle().await;
    let response = |world: &World| world.shown.sum("wolkvox_chat_agent_response_seconds_count", "");
    assert!(world.shown.has("wolkvox_chat_agent_response_seconds_count"));
    assert_eq!(response(&world), 0.0);
    world.cycle().await;
    assert_eq!(response(&world), 2.0);
    assert_eq!(world.shown.sum("wolkvox_chat_transfers_total", ""), 2.0);
}

#[tokio::test(start_paused = true)]
async fn a_new_label_set_in_the_first_chunk_is_still_0_in_the_last() {
    let mut world = World::running().await;
    world.crash();
    let chat = world.closed_ago(minutes(0)).with(Field::SkillId, "9");
    world.happen(chat);
    world.wait(minutes(60 * 24 * 70)).await;
    world.start().await;
    world.cycle().await;
    assert_eq!(world.shown.sum("wolkvox_chats_total", "\"9\""), 0.0);
    world.cycle().await;
    assert_eq!(world.shown.sum("wolkvox_chats_total", "\"9\""), 1.0);
}

#[tokio::test(start_paused = true)]
async fn the_latest_window_has_means_maximum_and_ratio() {
    let mut world = World::running().await;
    world.cycle().await;
    for (asa, duration, agent) in [
        ("5", "60", "30"),
        ("00:00:25", "120", "-"),
        ("20", "00:03:00", "90"),
    ] {
        let chat = world
            .closed_ago(minutes(1))
            .with(Field::Asa, asa)
            .with(Field::ChatDuration, duration)
            .with(Field::TimeOnAgent, agent);
        world.happen(chat);
    }
    let chat = world
        .closed_ago(minutes(1))
        .with(Field::SkillId, "8")
        .with(Field::Asa, "-");
    world.happen(chat);
    let old = world.closed_ago(minutes(16)).with(Field::SkillId, "6");
    world.happen(old);
    world.cycle().await;
    let latest = world.shown.latest().unwrap();
    let skill = |name: &str| {
        latest
            .get(&format!(
                "wolkvox_window_{name}{{operation=\"ventas\",skill_id=\"7\",outcome=\"coded\"}}"
            ))
            .copied()
    };
    assert_eq!(skill("asa_mean_seconds"), Some(50.0 / 3.0));
    assert_eq!(skill("asa_max_seconds"), Some(25.0));
    assert_eq!(skill("duration_mean_seconds"), Some(120.0));
    assert_eq!(skill("time_on_agent_mean_seconds"), Some(60.0));
    assert_eq!(skill("service_level_ratio"), Some(2.0 / 3.0));
    assert!(!latest.keys().any(|line| line.contains("skill_id=\"6\"")));
    let without_asa = |line: &&String| line.contains("skill_id=\"8\"") && line.contains("asa");
    assert_eq!(latest.keys().find(without_asa), None);
    let [start, end] = ["start", "end"]
        .map(|edge| latest[&format!("wolkvox_window_{edge}_timestamp_seconds{{operation=\"ventas\"}}")]);
    assert_eq!(end - start, 900.0);
}

#[tokio::test(start_paused = true)]
async fn the_latest_window_is_withdrawn_two_intervals_after_the_last_success() {
    let mut world = World::running().await;
    world.cycle().await;
    world
        .server
        .with(|state| state.down = Some(Fault::of(Reason::Timeout)));
    world.cycle().await;
    assert!(
        world.shown.latest().is_some(),
        "ten minutes less a second after the success"
    );
    world.cycle().await;
    assert!(world.shown.latest().is_none());
    world.server.with(|state| state.down = None);
    world.cycle().await;
    assert!(world.shown.latest().is_some());
}

#[tokio::test(start_paused = true)]
async fn the_latest_window_at_a_months_end_comes_from_both_chunks() {
    // 23:58 in Bogotá, the last of April.
    let mut world = World::running_at("2026-05-01 04:58:00", Bogota).await;
    world.happen(Chat::new("april", utc("2026-05-01 04:57:00")));
    world.happen(Chat::new("may", utc("2026-05-01 05:01:00")));
    world.good_cycle().await;
    let latest = world.shown.latest().unwrap();
    let chats: f64 = latest
        .iter()
        .filter(|(line, _)| line.starts_with("wolkvox_window_chats{"))
        .map(|(_, value)| value)
        .sum();
    assert_eq!(chats, 3.0, "one from before the start, one in each month");
}

#[tokio::test(start_paused = true)]
async fn a_catch_up_that_fails_shows_no_latest_window() {
    let mut world = World::running().await;
    world.crash();
    world.wait(minutes(60 * 24 * 70)).await;
    world
        .server
        .with(|state| state.script.extend([None, Some(Fault::of(Reason::Timeout))]));
    world.start().await;
    world.cycle().await;
    assert!(world.shown.latest().is_none());
}

#[tokio::test(start_paused = true)]
async fn requests_today_begin_anew_at_the_operations_midnight_and_survive_restarts() {
    // 23:40 in Bogotá.
    let mut world = World::running_at("2026-03-11 04:40:00", Bogota).await;
    let today = |world: &World| world.shown.value("wolkvox_api_requests_today").unwrap();
    assert_eq!(today(&world), 2.0, "a poll and a sweep");
    world.cycles(2).await;
    assert_eq!(today(&world), 4.0);
    world.restart().await;
    assert_eq!(today(&world), 4.0);
    world.cycle().await;
    assert_eq!(today(&world), 6.0);
    // 00:00
    world.cycle().await;
    assert_eq!(today(&world), 1.0);
}

#[tokio::test(start_paused = true)]
async fn exemplars_and_created_times_are_in_the_families() {
    let mut world = World::running().await;
    world.close(1);
    world.cycles(2).await;
    let families = world.shown.families();
    let family = families
        .iter()
        .find(|family| family.proto.name() == "wolkvox_chat_asa_seconds")
        .unwrap();
    let extra = &family.extras[0];
    // 12 s: the third bucket.
    assert_eq!(
        extra.exemplars[2].as_ref().unwrap().labels[0],
        ("conn_id".to_owned(), "100001".to_owned())
    );
    assert_eq!(extra.exemplars.iter().flatten().count(), 1);
    let created = extra.created_ms.unwrap();
    world.restart().await;
    let families = world.shown.families();
    let family = families
        .iter()
        .find(|family| family.proto.name() == "wolkvox_chat_asa_seconds")
        .unwrap();
    assert_eq!(
        family.extras[0].created_ms,
        Some(created),
        "it survives a restart"
    );
    assert!(
        family.extras[0].exemplars.iter().flatten().next().is_none(),
        "they are in memory only"
    );
}

#[tokio::test(start_paused = true)]
async fn a_chat_in_the_second_that_two_chunks_share_is_once_in_the_latest_window() {
    let mut world = World::running().await;
    for ago in 0..240 {
        let chat = world.closed_ago(chrono::TimeDelta::seconds(ago));
        world.happen(chat);
    }
    let fault = Fault::of(Reason::TooManyRows);
    world.server.with(|state| state.limit = Some((130, fault)));
    world.cycle().await;
    let latest = world.shown.latest().expect("the poll is good");
    let chats = latest
        .iter()
        .filter(|(series, _)| series.starts_with("wolkvox_window_chats{"));
    assert_eq!(chats.map(|(_, chats)| chats).sum::<f64>(), 241.0);
}
