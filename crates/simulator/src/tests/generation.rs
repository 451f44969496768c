use std::collections::HashSet;

use super::*;

const DAY: TimeDelta = TimeDelta::days(1);

#[test]
fn the_same_seed_gives_the_same_chats() {
    let (from, to) = (utc("2026-03-10T00:00:00Z"), utc("2026-03-11T00:00:00Z"));
    let chats = Simulator::new(Settings::default()).truth(from, to);
    assert_eq!(chats, Simulator::new(Settings::default()).truth(from, to));
    let other = Settings {
        seed: 2,
        ..Settings::default()
    };
    assert_ne!(chats, Simulator::new(other).truth(from, to));
}

/// If this fails, every chat of every seed has changed: demos and recorded tests no longer match.
#[test]
fn the_chats_of_a_seed_never_change() {
    let from = utc("2026-03-10T15:00:00Z");
    let chats = Simulator::new(Settings::default()).truth(from, from + TimeDelta::minutes(10));
    let reported: Vec<String> = chats
        .iter()
        .take(3)
        .map(|chat| {
            format!(
                "{} {} {} {:?}",
                chat.conn_id, chat.closed, chat.agent.id, chat.asa_ms
            )
        })
        .collect();
    assert_eq!(
        reported,
        [
            "29552502000000 2026-03-10 15:00:40 UTC 1001 Some(12000)",
            "29552580000000 2026-03-10 15:01:20 UTC 1005 Some(46000)",
            "29552546000000 2026-03-10 15:01:41 UTC 1005 Some(1000)",
        ]
    );
}

#[test]
fn a_chat_does_not_depend_on_the_window_it_is_found_in() {
    let simulator = Simulator::new(Settings::default());
    let (from, to) = (utc("2026-03-10T00:00:00Z"), utc("2026-03-11T00:00:00Z"));
    let whole = simulator.truth(from, to);
    for minutes in [1, 7, 61, 600] {
        let mut parts = Vec::new();
        let mut start = from;
        while start <= to {
            let end = (start + TimeDelta::minutes(minutes)).min(to);
            parts.extend(simulator.truth(start, end));
            start = end + TimeDelta::seconds(1);
        }
        assert_eq!(parts, whole, "cut into {minutes} minutes");
    }
}

#[test]
fn no_id_is_used_twice_in_sixty_days() {
    let bursts = Bursts {
        per_day: 20.0,
        ..Settings::default().bursts
    };
    let simulator = Simulator::new(Settings {
        chats_per_hour: 120.0,
        bursts,
        ..Settings::default()
    });
    let to = utc("2026-03-31T00:00:00Z");
    let entries = simulator.entries(Filter::CloseTime, (to - DAY * 60).timestamp(), to.timestamp());
    let ids: HashSet<u64> = entries
        .iter()
        .filter_map(|entry| match entry {
            model::Entry::Planned(plan) => Some(plan.id),
            model::Entry::Added(_) => None,
        })
        .collect();
    assert!(ids.len() > 150_000, "{} chats", ids.len());
    assert_eq!(ids.len(), entries.len());
}

#[test]
fn the_rate_is_the_configured_one() {
    let bursts = Bursts {
        per_day: 0.0,
        ..Settings::default().bursts
    };
    for rate in [60.0, 3000.0, 60_000.0] {
        let simulator = Simulator::new(Settings {
            chats_per_hour: rate,
            bursts,
            ..Settings::default()
        });
        let from = utc("2026-03-10T00:00:00Z").timestamp();
        let chats = simulator
            .entries(Filter::OpenTime, from, from + 6 * 3600 - 1)
            .len() as f64;
        assert!(
            (chats / (6.0 * rate) - 1.0).abs() < 0.2,
            "{chats} chats in 6 hours at {rate}"
        );
    }
}

#[test]
fn a_rhythm_changes_the_rate_by_local_time() {
    fn mornings(local: chrono::NaiveDateTime) -> f64 {
        f64::from(u8::from(chrono::Timelike::hour(&local) < 12))
    }
    let bursts = Bursts {
        per_day: 0.0,
        ..Settings::default().bursts
    };
    let simulator = Simulator::new(Settings {
        rhythm: mornings,
        bursts,
        ..Settings::default()
    });
    // Bogotá is five hours behind.
    let (noon, midnight) = (
        utc("2026-03-10T17:00:00Z").timestamp(),
        utc("2026-03-11T05:00:00Z").timestamp(),
    );
    assert_eq!(simulator.entries(Filter::OpenTime, noon, midnight - 1).len(), 0);
    assert!(
        !simulator
            .entries(Filter::OpenTime, midnight, midnight + 3600)
            .is_empty()
    );
}

#[test]
fn a_demo_day_has_something_of_everything() {
    let simulator = Simulator::new(Settings::demo());
    let from = utc("2026-03-10T00:00:00Z");
    let chats = simulator.truth(from, from + TimeDelta::hours(6));
    let truth = Truth::of(&chats, 20);
    assert_eq!(truth.all.chats, chats.len() as u64);
    for outcome in [Outcome::Coded, Outcome::Timeout, Outcome::Uncoded] {
        assert!(
            chats.iter().any(|chat| chat.outcome == outcome),
            "{}",
            outcome.as_str()
        );
    }
    assert!(truth.all.asa.count < truth.all.chats && truth.all.asa.count * 10 > truth.all.chats * 8);
    assert!(truth.all.within_target > 0 && truth.all.transfers > 0);
    let feelings: BTreeSet<&str> = truth
        .feelings
        .keys()
        .map(|(_, feeling, _)| feeling.as_str())
        .collect();
    assert_eq!(feelings.len(), 6, "{feelings:?}");
    let speakers: BTreeSet<&str> = truth
        .last_speakers
        .keys()
        .map(|(_, who, _)| who.as_str())
        .collect();
    assert_eq!(
        speakers.into_iter().collect::<Vec<_>>(),
        ["agent", "bot", "customer", "unknown"]
    );
    for agent in ["chat_bot", "ROUTER_1", "1001"] {
        assert!(chats.iter().any(|chat| chat.agent.id == agent), "{agent}");
    }
    assert!(chats.iter().any(|chat| chat.skill_id == "0"));
    assert!(
        chats
            .iter()
            .any(|chat| chat.visible - chat.closed > TimeDelta::minutes(2))
    );
}

#[test]
fn a_mass_sending_shares_second_agent_and_skill_and_times_out_in_one_burst() {
    let bursts = Bursts {
        per_day: 24.0,
        size: Span::new(50, 226),
        answered_share: 0.0,
    };
    let settings = Settings {
        chats_per_hour: 0.0,
        bursts,
        ..Settings::default()
    };
    let from = utc("2026-03-10T00:00:00Z");
    let chats = Simulator::new(settings).truth(from, from + TimeDelta::hours(6));
    let first = chats.first().unwrap();
    let sending: Vec<_> = chats.iter().filter(|chat| chat.opened == first.opened).collect();
    assert!((50..=226).contains(&sending.len()), "{} chats", sending.len());
    for chat in sending {
        assert_eq!((&chat.agent, &chat.skill_id), (&first.agent, &first.skill_id));
        assert_eq!(chat.outcome, Outcome::Timeout);
        assert!((23 * 3600..=23 * 3600 + 5).contains(&chat.duration()));
    }
}

#[test]
fn the_truth_counts_an_id_once() {
    let one = chat("900000001", "2026-03-10T10:00:00Z", 5);
    let two = SimulatedChat {
        asa_ms: None,
        channel: " WhatsApp ".to_owned(),
        ..chat("900000002", "2026-03-10T10:00:00Z", 1)
    };
    let truth = Truth::of([&one, &one, &two], 12);
    assert_eq!(truth.all.chats, 2);
    assert_eq!(
        truth.all.asa,
        Tally {
            count: 1,
            sum: 12_000
        }
    );
    assert_eq!((truth.all.within_target, truth.all.duration.sum), (1, 360_000));
    let key = Key {
        channel: "whatsapp".to_owned(),
        skill_id: "12".to_owned(),
        outcome: Outcome::Coded,
    };
    assert_eq!(truth.chats[&key].chats, 2);
    assert_eq!(truth.dispositions[&("12".to_owned(), "101".to_owned())], 2);
}
