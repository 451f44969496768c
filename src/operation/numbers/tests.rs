use std::time::Duration;

use super::*;
use crate::chats::key::Table;
use crate::chats::totals::Name;
use crate::config::tests::with;
use crate::metrics::histogram::SumCount;

fn set(table: Table, values: &[&str]) -> LabelSet {
    LabelSet::new(table, values.iter().copied())
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// The label set of a skill and an outcome.
fn skill(id: &str, outcome: &str) -> LabelSet {
    set(Table::Chats, &["", id, outcome]).without_first()
}

/// Two skills over two channels, and agents with and without a name.
fn latest() -> Latest {
    let channel = |channel, id, outcome| set(Table::Chats, &[channel, id, outcome]);
    let agent = |id, outcome| set(Table::Agents, &[id, outcome]);
    let answered = |count, within, unanswered| SkillWindow {
        asa: SumCount {
            sum_ms: count * 30_000,
            count,
        },
        answered_within_target: within,
        unanswered,
        ..SkillWindow::default()
    };
    let mut asa = crate::metrics::histogram::Histogram::new(bounds::ASA);
    asa.observe(bounds::ASA, 30_000);
    Latest {
        start: at("2026-03-10T14:30:00.5Z"),
        end: at("2026-03-10T15:00:00.5Z"),
        chats: [
            (channel("web", "7", "coded"), 2),
            (channel("whatsapp", "7", "coded"), 1),
            (channel("whatsapp", "7", "timeout"), 4),
            (channel("web", "8", "coded"), 10),
        ]
        .into(),
        agents: [
            (agent("1001", "coded"), 3),
            (agent("1001", "timeout"), 1),
            (agent("1002", "coded"), 9),
        ]
        .into(),
        skills: [
            (skill("7", "coded"), answered(3, 1, 0)),
            (skill("7", "timeout"), answered(1, 1, 2)),
            (skill("8", "coded"), answered(10, 5, 1)),
        ]
        .into(),
        asa,
    }
}

fn published(expires: Instant) -> Published {
    let config = with(&[("WOLKVOX_ASA_TARGET", "20s")]).unwrap();
    let name = Name {
        text: "Ana".to_owned(),
        as_of_ms: 0,
    };
    Published {
        settings: Arc::new(Settings::of(config.operation())),
        latest: Some((Arc::new(latest()), expires)),
        today: None,
        skill_names: Arc::new([("8".to_owned(), "Ventas".to_owned())].into()),
        agent_names: Arc::new([("1001".to_owned(), name)].into()),
    }
}

#[tokio::test(start_paused = true)]
async fn the_window_is_put_together_by_skill_and_by_agent_whatever_channel_and_outcome() {
    let window = published(Instant::now() + Duration::from_secs(1))
        .window()
        .unwrap();
    let skills: Vec<_> = window
        .skills
        .iter()
        .map(|skill| {
            let sums = &skill.sums;
            let counts = (sums.chats, sums.timeouts, sums.answered, sums.unanswered);
            (skill.skill_id.as_str(), skill.name.as_deref(), counts)
        })
        .collect();
    assert_eq!(
        skills,
        [("8", Some("Ventas"), (10, 0, 10, 1)), ("7", None, (7, 4, 4, 2))]
    );
    assert_eq!(window.skills[0].sums.service_level, Some(0.5));
    assert_eq!(window.total.chats, 17);
    assert_eq!(window.total.service_level, Some(0.5));
    assert_eq!(window.total.asa_mean_seconds, Some(30.0));
    let agents: Vec<_> = window
        .agents
        .iter()
        .map(|agent| (agent.agent_id.as_str(), agent.name.as_deref(), agent.chats))
        .collect();
    assert_eq!(agents, [("1002", None, 9), ("1001", Some("Ana"), 4)]);
    let waited: Vec<_> = window.asa.iter().filter(|bucket| bucket.chats > 0).collect();
    assert_eq!((waited.len(), waited[0].up_to_seconds), (1, Some(30.0)));
    assert_eq!(window.asa.last().unwrap().up_to_seconds, None);
    assert_eq!(window.from, at("2026-03-10T14:30:00Z"));
}

#[tokio::test(start_paused = true)]
async fn a_window_that_is_too_old_is_not_shown() {
    let published = published(Instant::now() + Duration::from_secs(10));
    assert!(published.window().is_some());
    tokio::time::advance(Duration::from_secs(10)).await;
    assert_eq!(published.window(), None);
}

#[test]
fn quarters_without_a_chat_are_among_those_with_one() {
    let day = today::Day {
        quarters: [
            ((1, Outcome::Coded), 3),
            ((3, Outcome::Coded), 2),
            ((3, Outcome::Timeout), 1),
        ]
        .map(|(quarter, chats)| {
            let sums = DaySums {
                chats,
                ..DaySums::default()
            };
            (quarter, sums)
        })
        .into(),
        ..today::Day::default()
    };
    let shown = ShownDay {
        midnight: at("2026-03-10T05:00:00Z"),
        start: at("2026-03-10T05:00:00Z"),
        day: Arc::new(day),
    };
    let quarters = quarters(&shown, chrono_tz::America::Bogota.into());
    let quarters: Vec<_> = quarters
        .iter()
        .map(|quarter| (quarter.begins.as_str(), quarter.sums.chats, quarter.sums.timeouts))
        .collect();
    assert_eq!(
        quarters,
        [("00:00", 0, 0), ("00:15", 3, 0), ("00:30", 0, 0), ("00:45", 3, 1)]
    );
}
