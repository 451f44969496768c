//! Settings that change between two runs.

use std::time::Duration;
use wolkvox_exporter::chats::key::Table;

use chrono::{DateTime, Utc};
use chrono_tz::{America::Bogota, Asia::Tokyo, Europe::Madrid, Pacific::Honolulu, UTC};

use wolkvox::Window;
use wolkvox_exporter::chats::Field;
use wolkvox_exporter::config::{Agents, Objectives};
use wolkvox_exporter::ledger::Ledger;
use wolkvox_exporter::poller::Cycle;

use crate::support::shown::sum;
use crate::support::world::{World, hours, length, minutes};

#[tokio::test(start_paused = true)]
async fn no_change_of_settings_counts_a_chat_twice() {
    let mut world = World::running().await;
    let mut closed = 0;
    let mut run = 0_usize;
    let zones = [Bogota, Tokyo, Honolulu, UTC, Madrid];
    let windows = [minutes(15), minutes(1), hours(20), hours(24 * 9)];
    let lookbacks = [hours(26), minutes(30), hours(24 * 20), hours(3)];
    while run < 30 {
        world.config.server.timezone = zones[run % zones.len()].into();
        world.config.polling.window = length(windows[run % windows.len()]);
        world.config.polling.sweep_lookback = length(lookbacks[run / 2 % lookbacks.len()]);
        world.config.polling.sweep_interval = (!run.is_multiple_of(3)).then_some(Duration::from_secs(1800));
        world.config.polling.poll_interval = Duration::from_secs([300, 60, 900][run % 3]);
        world.restart().await;
        for _ in 0..20 {
            world.close(1);
            closed += 1;
            world.cycle().await;
            assert!(world.committed() <= closed, "run {run}");
        }
        run += 1;
    }
    // With the right zone again, and a look far back, nothing more than what closed.
    world.config.server.timezone = Bogota.into();
    world.config.polling.sweep_interval = Some(Duration::from_secs(3600));
    world.config.polling.sweep_lookback = length(hours(24 * 60));
    world.restart().await;
    world.cycles(3).await;
    assert!(world.committed() <= closed);
}

#[tokio::test(start_paused = true)]
async fn a_longer_look_back_does_not_find_what_was_forgotten() {
    let mut world = World::running().await;
    for _ in 0..72 {
        world.close(1);
        world.cycles(12).await;
    }
    assert_eq!(world.committed(), 72);
    assert!(
        world.disk.committed().seen.floor().is_some(),
        "ids were forgotten"
    );
    assert!(world.disk.committed().seen.len() < 40);
    world.config.polling.sweep_lookback = length(hours(24 * 30));
    world.config.polling.window = length(hours(24 * 10));
    world.restart().await;
    world.cycles(15).await;
    assert_eq!(world.committed(), 72);
}

#[tokio::test(start_paused = true)]
async fn sweeps_off_then_on_again() {
    let mut world = World::running().await;
    world.config.polling.sweep_interval = None;
    world.restart().await;
    for _ in 0..48 {
        world.close(1);
        world.cycles(6).await;
    }
    assert!(
        world.disk.committed().seen.len() < 6,
        "the poll's window is enough"
    );
    world.config.polling.sweep_interval = Some(Duration::from_secs(3600));
    world.restart().await;
    world.cycles(24).await;
    assert_eq!(world.counted(), 48);
}

#[tokio::test(start_paused = true)]
async fn the_ids_of_a_sweeps_reach_are_kept_and_no_more() {
    let mut world = World::running().await;
    for _ in 0..24 * 7 {
        world.close(1);
        world.cycles(12).await;
    }
    let seen = world.disk.committed().seen.len();
    assert!((26..=31).contains(&seen), "{seen}");
    assert_eq!(world.counted(), 24 * 7);
}

#[tokio::test(start_paused = true)]
async fn the_right_zone_after_a_wrong_one_finds_what_closed() {
    for wrong in [UTC, Tokyo, Honolulu] {
        let mut world = World::at("2026-03-10 15:00:00", Bogota);
        // Long ago: read in a wrong zone, a chat of the first hours would seem to be from before the start.
        world.config.counting.count_from = Some(world.time.truth() - hours(24));
        world.config.server.timezone = wrong.into();
        world.start().await;
        for _ in 0..24 {
            world.close(1);
            world.cycle().await;
        }
        world.config.server.timezone = Bogota.into();
        world.restart().await;
        world.cycles(26 * 12).await;
        assert_eq!(world.counted(), 24, "{wrong}");
    }
}

#[tokio::test(start_paused = true)]
async fn another_asa_target_is_for_chats_counted_from_then_on() {
    let mut world = World::running().await;
    let within = |world: &World| world.shown.sum("wolkvox_chat_answered_within_target_total", "");
    // Answered after 12 seconds.
    world.close(3);
    world.cycles(2).await;
    assert_eq!(within(&world), 3.0);
    world.config.counting.asa_target_ms = 10_000;
    world.restart().await;
    assert_eq!(within(&world), 3.0);
    world.close(2);
    world.cycles(2).await;
    assert_eq!((world.counted(), within(&world)), (5, 3.0));
    assert_eq!(world.shown.value("wolkvox_asa_target_seconds"), Some(10.0));
}

#[tokio::test(start_paused = true)]
async fn a_skill_is_held_against_its_own_target_and_the_others_against_the_operations() {
    let mut world = World::running().await;
    let own = Objectives {
        asa_target_ms: Some(10_000),
        service_level_target: Some(0.95),
    };
    world.config.counting.objectives.insert("12".to_owned(), own);
    world.restart().await;
    // Of 20 seconds for the operation, and of 10 for skill 12.
    let answers = [
        ("14", 12, true),
        ("14", 21, false),
        ("12", 12, false),
        ("12", 10, true),
        ("13", 20, true),
    ];
    for (skill, seconds, _) in answers {
        let chat = world
            .closed_ago(minutes(0))
            .with(Field::SkillId, skill)
            .with(Field::Asa, &seconds.to_string());
        world.happen(chat);
    }
    world.cycle().await;
    let latest = world.shown.latest().unwrap();
    world.cycle().await;
    for skill in ["14", "12", "13"] {
        let of_skill = answers.iter().filter(|(id, ..)| *id == skill);
        let within = of_skill.clone().filter(|(.., is_within)| *is_within).count() as f64;
        let part = format!("skill_id={skill:?}");
        assert_eq!(
            world
                .shown
                .sum("wolkvox_chat_answered_within_target_total", &part),
            within,
            "{skill}"
        );
        let ratio = within / of_skill.count() as f64;
        assert_eq!(
            sum(&latest, "wolkvox_window_service_level_ratio", &part),
            ratio,
            "{skill}"
        );
    }
    assert_eq!(
        world.shown.sum("wolkvox_agent_answered_within_target_total", ""),
        3.0
    );
    for (name, operation, skill) in [
        ("wolkvox_asa_target_seconds", 20.0, 10.0),
        ("wolkvox_service_level_target_ratio", 0.8, 0.95),
    ] {
        assert_eq!(world.shown.value(name), Some(operation));
        assert_eq!(world.shown.sum(name, "skill_id=\"12\""), skill);
        assert_eq!(world.shown.sum(name, ""), operation + skill, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn names_of_agents_leave_the_state_with_ids_and_agents_with_off() {
    let mut world = World::running().await;
    let kept = |world: &World| {
        let totals = world.disk.committed().totals;
        (totals.agent_names.len(), totals[Table::Agents].len())
    };
    world.config.counting.agents = Agents::Names;
    world.restart().await;
    world.close(2);
    world.cycles(2).await;
    assert_eq!(kept(&world), (1, 1));
    world.config.counting.agents = Agents::Ids;
    // The first commit comes with the start.
    world.restart().await;
    assert_eq!(kept(&world), (0, 1));
    assert!(!world.shown.has("Ana"));
    assert_eq!(world.shown.sum("wolkvox_agent_chats_total", ""), 2.0);
    world.config.counting.agents = Agents::Off;
    world.shown.let_retire();
    world.restart().await;
    assert_eq!(kept(&world), (0, 0));
    assert!(!world.shown.has("wolkvox_agent_"));
    world.close(1);
    world.cycles(2).await;
    assert_eq!(world.counted(), 3);
    // They come back from 0.
    world.config.counting.agents = Agents::Names;
    world.restart().await;
    world.close(1);
    world.cycles(2).await;
    assert_eq!(world.shown.sum("wolkvox_agent_chats_total", ""), 1.0);
    assert_eq!(world.counted(), 4);
}

/// How a cycle came out, and what it asked for.
async fn asked_in_a_cycle(world: &mut World) -> (Cycle, Vec<Window>) {
    world.server.with(|state| state.asked.clear());
    let cycle = world.cycle().await;
    let asked = world.server.with(|state| std::mem::take(&mut state.asked));
    (cycle, asked.into_iter().map(|(_, window)| window).collect())
}

#[tokio::test(start_paused = true)]
async fn another_zone_is_swept_at_once_and_the_floor_holds() {
    let mut world = World::running().await;
    for _ in 0..60 {
        world.close(1);
        world.cycles(12).await;
    }
    // Tokyo is far ahead: what its time made forgotten cuts the sweeps of all others.
    for (zone, is_cut) in [(Tokyo, false), (Honolulu, true), (UTC, true), (Bogota, true)] {
        world.config.server.timezone = zone.into();
        world.restart().await;
        let local = |at: DateTime<Utc>| at.with_timezone(&zone).naive_local();
        let Ledger { cursors, seen, .. } = world.disk.committed();
        let floor = seen.floor().expect("ids were forgotten");
        let poll_from = local(cursors.poll - minutes(15));
        let sweep_from = local(cursors.sweep - hours(26));
        let (cycle, asked) = asked_in_a_cycle(&mut world).await;
        cycle.poll.expect("the poll succeeds");
        cycle
            .sweep
            .expect("it is swept at once")
            .expect("the sweep succeeds");
        assert_eq!(sweep_from < floor, is_cut, "{zone}");
        let begins: Vec<_> = asked.iter().map(|window| window.date_ini).collect();
        assert_eq!(begins, [poll_from, sweep_from.max(floor)], "{zone}");
        assert_eq!(world.counted(), 60, "{zone}");
    }
    world.cycles(13).await;
    assert_eq!(world.counted(), 60);
}

#[tokio::test(start_paused = true)]
async fn a_zone_below_the_floor_asks_nothing_until_the_time_is_past_it() {
    let mut world = World::running_at("2026-03-10 15:00:00", Tokyo).await;
    world.config.polling.sweep_interval = None;
    world.restart().await;
    for _ in 0..6 {
        world.close(1);
        world.cycles(12).await;
    }
    let floor = world.disk.committed().seen.floor().unwrap();
    world.config.server.timezone = Bogota.into();
    world.restart().await;
    let mut cycles = 0;
    loop {
        let (cycle, asked) = asked_in_a_cycle(&mut world).await;
        assert!(asked.iter().all(|window| window.date_ini >= floor));
        match cycle.poll {
            Ok(_) => break,
            Err(failure) => assert_eq!(failure.reason().as_str(), "bad_request"),
        }
        assert!(asked.is_empty());
        cycles += 1;
    }
    // Tokyo is 14 hours ahead, and the floor was some two hours back.
    assert!((12 * 12..13 * 12).contains(&cycles), "{cycles}");
    world.cycles(12 * 4).await;
    assert_eq!(world.counted(), 6);
}
