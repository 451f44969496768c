//! Rows that come late, say little, or look alike.

use simulator::Filter;
use wolkvox_exporter::chats::Field;
use wolkvox_exporter::chats::key::Table;
use wolkvox_exporter::config::Agents;

use crate::support::world::{World, hours, minutes};

#[tokio::test(start_paused = true)]
async fn chats_of_23_hours_on_a_server_that_filters_on_opening_are_found_by_the_sweep() {
    let mut world = World::running().await;
    world.server.with(|state| state.filter = Filter::OpenTime);
    for ahead in [10, 200, 900] {
        let chat = world.closed_ago(-minutes(ahead)).lasting(hours(23));
        world.happen(chat);
    }
    world.cycles(16 * 12).await;
    assert_eq!(world.counted(), 3);
    assert_eq!(world.shown.value("wolkvox_chats_late_total"), Some(3.0));
    world.restart().await;
    world.cycles(30 * 12).await;
    assert_eq!(world.counted(), 3);
}

#[tokio::test(start_paused = true)]
async fn rows_without_a_close_time_and_of_23_hours_count_once() {
    for filter in [Filter::CloseTime, Filter::OpenTime] {
        let mut world = World::running().await;
        world.cycles(13).await;
        world.server.with(|state| state.filter = filter);
        for _ in 0..4 {
            let chat = world.closed_ago(minutes(0)).lasting(hours(23)).without_close();
            world.happen(chat);
            let chat = world
                .closed_ago(minutes(0))
                .lasting(hours(23))
                .without_any_close();
            world.happen(chat);
            world.cycles(7).await;
        }
        world.cycles(30 * 12).await;
        assert_eq!(world.counted(), 8, "{filter:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn late_rows_are_found_by_the_sweep_and_counted_once() {
    let mut world = World::running().await;
    for delay in [1, 14, 40, 300, 1400] {
        let chat = world.closed_ago(minutes(0)).delayed(minutes(delay));
        world.happen(chat);
    }
    world.cycles(26 * 12).await;
    assert_eq!(world.counted(), 5);
    assert_eq!(world.shown.value("wolkvox_chats_late_total"), Some(3.0));
    assert_eq!(
        world
            .shown
            .sum("wolkvox_chat_arrival_delay_seconds_count", "operation"),
        5.0
    );
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_chats_alike_in_all_but_the_id_is_counted_in_full() {
    let mut world = World::running().await;
    world.close(226);
    world.cycles(2).await;
    assert_eq!(world.counted(), 226);
}

#[tokio::test(start_paused = true)]
async fn the_same_id_twice_in_one_answer_counts_once() {
    let mut world = World::running().await;
    let chat = world.closed_ago(minutes(0));
    world.happen(chat.clone());
    world.happen(chat.with(Field::SkillId, "8"));
    world.cycle().await;
    assert_eq!(world.shown.value("wolkvox_report_rows_repeated_total"), Some(1.0));
    world.cycles(2).await;
    assert_eq!(world.committed(), 1);
    assert!(!world.shown.has("skill_id=\"8\""));
}

#[tokio::test(start_paused = true)]
async fn a_row_without_an_id_is_rejected_and_the_others_count() {
    let mut world = World::running().await;
    for id in ["", "-", "0", " 0 "] {
        let chat = world.closed_ago(minutes(0)).with(Field::ConnId, id);
        world.happen(chat);
    }
    let chat = world.closed_ago(minutes(0)).with(Field::ConnId, &"9".repeat(65));
    world.happen(chat);
    let chat = world.closed_ago(minutes(0)).with(Field::ConnId, "  77  ");
    world.happen(chat);
    let chat = world.closed_ago(minutes(0)).with(Field::ConnId, "77");
    world.happen(chat);
    world.cycle().await;
    let rejected = |reason: &str| world.shown.sum("wolkvox_report_rows_rejected_total", reason);
    assert_eq!(
        (rejected("\"no_conn_id\""), rejected("\"bad_conn_id\"")),
        (4.0, 1.0)
    );
    assert_eq!(world.committed(), 1);
}

#[tokio::test(start_paused = true)]
async fn skill_1_with_agent_12_and_skill_11_with_agent_2_stay_apart() {
    let mut world = World::running().await;
    for (skill, agent, count) in [("1", "12", 3), ("11", "2", 4)] {
        for _ in 0..count {
            let chat = world
                .closed_ago(minutes(0))
                .with(Field::SkillId, skill)
                .with(Field::AgentId, agent);
            world.happen(chat);
        }
    }
    world.cycles(2).await;
    let chats = |part| world.shown.sum("wolkvox_chats_total", part);
    assert_eq!((chats("skill_id=\"1\""), chats("skill_id=\"11\"")), (3.0, 4.0));
    let agents = |part| world.shown.sum("wolkvox_agent_chats_total", part);
    assert_eq!((agents("agent_id=\"12\""), agents("agent_id=\"2\"")), (3.0, 4.0));
}

#[tokio::test(start_paused = true)]
async fn labels_of_any_text_stay_apart() {
    let mut world = World::running().await;
    for skill in ["a\"b", "a\\b", "a\nb", "ñ", "a,b=\"c\"", "0", "-"] {
        let chat = world.closed_ago(minutes(0)).with(Field::SkillId, skill);
        world.happen(chat);
    }
    world.cycles(2).await;
    assert_eq!(world.counted(), 7);
    assert_eq!(
        world.shown.sum("wolkvox_chats_total", "skill_id=\"unknown\""),
        1.0
    );
    assert_eq!(world.shown.sum("wolkvox_chats_total", "skill_id=\"0\""), 1.0);
}

#[tokio::test(start_paused = true)]
async fn of_agents_only_what_is_allowed_is_kept_and_shown() {
    for (agents, ids, names) in [
        (Agents::Off, false, false),
        (Agents::Ids, true, false),
        (Agents::Names, true, true),
    ] {
        let mut world = World::running().await;
        world.config.counting.agents = agents;
        world.restart().await;
        world.close(2);
        world.cycles(2).await;
        let totals = world.disk.committed().totals;
        assert_eq!(world.shown.has("wolkvox_agent_chats_total"), ids, "{agents:?}");
        assert_eq!(!totals[Table::Agents].is_empty(), ids, "{agents:?}");
        assert_eq!(
            world
                .shown
                .has("wolkvox_agent_info{operation=\"ventas\",agent_id=\"2001\",agent_name=\"Ana\"}"),
            names
        );
        assert_eq!(!totals.agent_names.is_empty(), names, "{agents:?}");
        assert_eq!(
            world
                .shown
                .latest()
                .unwrap()
                .keys()
                .any(|line| line.starts_with("wolkvox_window_agent")),
            ids
        );
    }
}
