//! How many series there are: the limit, and what is dropped after long without a chat.

use chrono::TimeDelta;
use simulator::memory::Fault;
use wolkvox::Reason;
use wolkvox_exporter::chats::Field;
use wolkvox_exporter::chats::key::Table;

use crate::support::world::{World, hours, length, minutes};

/// A chat of this skill and agent closes now.
fn close_with(world: &mut World, skill: &str, agent: &str) {
    let chat = world
        .closed_ago(minutes(0))
        .with(Field::SkillId, skill)
        .with(Field::AgentId, agent);
    world.happen(chat);
}

fn chats(world: &World, skill: &str) -> f64 {
    world
        .shown
        .sum("wolkvox_chats_total", &format!("skill_id=\"{skill}\""))
}

fn days(days: i64) -> TimeDelta {
    hours(24 * days)
}

#[tokio::test(start_paused = true)]
async fn past_the_limit_new_label_sets_are_other_and_nothing_that_exists_is_dropped() {
    let mut world = World::running().await;
    world.config.counting.max_series = 600;
    world.restart().await;
    close_with(&mut world, "1", "3001");
    world.cycles(2).await;
    for skill in 100..140 {
        close_with(&mut world, &skill.to_string(), &format!("9{skill}"));
    }
    close_with(&mut world, "1", "3001");
    world.cycles(2).await;
    assert_eq!(world.counted(), 42);
    assert_eq!(chats(&world, "1"), 2.0);
    let other = chats(&world, "other");
    assert!(other > 30.0, "{other} chats of other skills");
    assert_eq!(world.shown.sum("wolkvox_chats_total", "channel=\"other\""), other);
    assert!(world.shown.sum("wolkvox_series_limited_total", "") >= other);
    assert!(world.shown.sum("wolkvox_agent_chats_total", "agent_id=\"other\"") > 1.0);
    // Beyond the limit only the label sets of `other` themselves.
    let series = world.shown.value("wolkvox_series").unwrap();
    let fixed = 250.0;
    assert!(series < 600.0 + fixed, "{series}");
    let gauges = world.shown.latest().unwrap();
    assert!(gauges.keys().any(|line| line.contains("skill_id=\"other\"")));
    assert!(!gauges.keys().any(|line| line.contains("skill_id=\"139\"")));
}

#[tokio::test(start_paused = true)]
async fn with_a_lower_limit_what_was_admitted_stays_and_goes_on() {
    let mut world = World::running().await;
    for skill in 1..20 {
        close_with(&mut world, &skill.to_string(), "3001");
    }
    world.cycles(2).await;
    world.config.counting.max_series = 1;
    world.restart().await;
    for skill in 1..20 {
        close_with(&mut world, &skill.to_string(), "3001");
    }
    close_with(&mut world, "77", "3001");
    world.cycles(2).await;
    for skill in 1..20 {
        assert_eq!(chats(&world, &skill.to_string()), 2.0);
    }
    assert_eq!((chats(&world, "77"), chats(&world, "other")), (0.0, 1.0));
}

/// A running exporter that drops what had no chat for 30 days; skills 1 and 2 have had one.
async fn retiring() -> World {
    let mut world = World::running().await;
    world.config.counting.retire_after = Some(length(days(30)));
    world.restart().await;
    close_with(&mut world, "1", "3001");
    close_with(&mut world, "2", "3002");
    world.cycles(2).await;
    world
}

#[tokio::test(start_paused = true)]
async fn what_had_no_chat_for_long_is_dropped_and_returns_at_0() {
    for restarts in [false, true] {
        let mut world = retiring().await;
        world.shown.let_retire();
        for day in 1..=31 {
            assert!(day > 30 || chats(&world, "1") == 1.0, "day {day}");
            close_with(&mut world, "2", "3002");
            world.wait(days(1)).await;
            if restarts && day % 10 == 0 {
                world.restart().await;
            }
            world.cycle().await;
        }
        assert!(!world.shown.has("skill_id=\"1\"") && !world.shown.has("agent_id=\"3001\""));
        let agents = world.disk.committed().totals[Table::Agents].clone();
        assert!(
            agents
                .keys()
                .all(|set| set.get(Table::Agents, "agent_id") != Some("3001"))
        );
        assert_eq!(chats(&world, "2"), 32.0);
        if restarts {
            world.restart().await;
            assert!(!world.shown.has("skill_id=\"1\""));
        }
        close_with(&mut world, "1", "3001");
        world.cycle().await;
        assert!(world.shown.has("skill_id=\"1\"") && world.shown.has("agent_id=\"3001\""));
        assert_eq!(chats(&world, "1"), 0.0, "zero first");
        world.cycle().await;
        assert_eq!(chats(&world, "1"), 1.0);
        assert_eq!(world.shown.sum("wolkvox_agent_chats_total", "\"3001\""), 1.0);
    }
}

/// An outage of so many days; on its second day a chat of skill 2 closes. `stops` the exporter, or it polls in vain.
async fn outage(world: &mut World, length: i64, stops: bool) {
    if stops {
        world.crash();
    }
    world
        .server
        .with(|state| state.down = Some(Fault::of(Reason::Connect)));
    for day in 1..=length {
        world.wait(days(1)).await;
        if day == 2 {
            close_with(world, "2", "3002");
        }
        if !stops {
            world.cycle().await;
        }
    }
    if stops {
        world.start().await;
        // Whatever has to be read first: until it is, nobody knows what had no chat.
        world.cycles(2).await;
    }
    assert_eq!((chats(world, "1"), chats(world, "2")), (1.0, 1.0));
    world.server.with(|state| state.down = None);
    world.good_cycle().await;
}

#[tokio::test(start_paused = true)]
async fn a_longer_outage_drops_only_what_had_no_chat_in_it_either() {
    for stops in [true, false] {
        let mut world = retiring().await;
        world.shown.let_retire();
        outage(&mut world, 40, stops).await;
        assert_eq!(chats(&world, "2"), 2.0, "{stops}");
        assert!(!world.shown.has("skill_id=\"1\""), "{stops}");
        world.cycles(2).await;
        assert_eq!(chats(&world, "2"), 2.0, "{stops}");
    }
}

#[tokio::test(start_paused = true)]
async fn neither_an_outage_nor_a_clock_that_runs_ahead_drops_what_lives() {
    for stops in [true, false] {
        let mut world = retiring().await;
        for skew in [days(90), TimeDelta::zero()] {
            world.time.skew(skew);
            world.cycles(3).await;
            assert_eq!(chats(&world, "1"), 1.0);
        }
        outage(&mut world, 20, stops).await;
        assert_eq!((chats(&world, "1"), chats(&world, "2")), (1.0, 2.0), "{stops}");
    }
}

/// A chat closes now whose labels are its own, and as long as can be.
fn close_with_long_labels(world: &mut World, number: usize) {
    let own = format!("{number:08}{}", "😀".repeat(120));
    let fields = [
        Field::Channel,
        Field::SkillId,
        Field::AgentId,
        Field::CodAct,
        Field::DescriptionCodAct,
    ];
    let chat = world.closed_ago(minutes(0));
    world.happen(
        fields
            .into_iter()
            .fold(chat, |chat, field| chat.with(field, &own)),
    );
}

#[tokio::test(start_paused = true)]
async fn labels_take_16_mib_at_the_most_and_those_of_the_state_are_among_them() {
    let mut world = World::running().await;
    let bytes = |world: &World| world.disk.committed().totals.label_bytes();
    // The label sets of `other` take some.
    let most = 16 * 1024 * 1024 + 10_000;
    for number in 0..400 {
        close_with_long_labels(&mut world, number);
    }
    world.cycles(2).await;
    let limited = |world: &World| world.shown.sum("wolkvox_series_limited_total", "");
    assert_eq!(world.counted(), 400);
    assert!(limited(&world) > 50.0, "{} are limited", limited(&world));
    assert!(
        (most / 2..most).contains(&bytes(&world)),
        "{} bytes",
        bytes(&world)
    );
    world.restart().await;
    for number in 1000..1100 {
        close_with_long_labels(&mut world, number);
    }
    world.cycles(2).await;
    assert_eq!((world.counted(), limited(&world)), (500, 100.0));
    assert!(bytes(&world) < most, "{} bytes", bytes(&world));
    // What exists goes on.
    close_with_long_labels(&mut world, 0);
    world.cycles(2).await;
    let first = format!("skill_id=\"00000000{}\"", "😀".repeat(120));
    assert_eq!(world.shown.sum("wolkvox_chats_total", &first), 2.0);
}
