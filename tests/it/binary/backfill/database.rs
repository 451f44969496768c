//! The past in real databases.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::TimeDelta;
use chrono_tz::America::Bogota;
use simulator::{SimulatedChat, Totals, Truth};

use super::{file, small, write};
use crate::support::operation::{OPERATION, Operation};
use crate::support::truth::{Group, bucket, groups, utc};
use crate::support::tsdb::{self, Database};

async fn assert_equals_truth(database: &Database, at: f64, truth: &BTreeMap<String, Group>, label: &str) {
    let prefix = if label == "agent_id" {
        "wolkvox_agent"
    } else {
        "wolkvox_chat"
    };
    let chats = if label == "agent_id" {
        "wolkvox_agent_chats_total"
    } else {
        "wolkvox_chats_total"
    };
    let counts = database
        .query(&format!("sum by ({label}) ({chats})"), at, label)
        .await;
    let expected: BTreeMap<_, _> = truth
        .iter()
        .map(|(name, group)| (name.clone(), group.chats as f64))
        .collect();
    assert_eq!(counts, expected, "chats by {label}");
    let (sum, count) = (
        format!("{prefix}_asa_seconds_sum"),
        format!("{prefix}_asa_seconds_count"),
    );
    let mean = format!("sum by ({label}) ({sum}) / sum by ({label}) ({count})");
    let mean = database.query(&mean, at, label).await;
    let level =
        format!("sum by ({label}) ({prefix}_answered_within_target_total) / sum by ({label}) ({count})");
    let level = database.query(&level, at, label).await;
    for (name, group) in truth.iter().filter(|(_, group)| !group.asa_ms.is_empty()) {
        assert!(
            (mean[name] - group.asa_mean()).abs() < 1e-6,
            "ASA mean of {label} {name}"
        );
        assert!(
            (level[name] - group.service_level()).abs() < 1e-9,
            "service level of {label} {name}"
        );
    }
    if label == "agent_id" {
        return;
    }
    for percent in [50, 90, 99] {
        let quantile = format!(
            "histogram_quantile(0.{percent}, sum by ({label}, le) (wolkvox_chat_asa_seconds_bucket))"
        );
        let quantile = database.query(&quantile, at, label).await;
        for (name, group) in truth {
            let (low, high) = bucket(group.asa_percentile(percent));
            let shown = quantile[name];
            assert!(
                (low..=high).contains(&shown),
                "p{percent} of {label} {name}: {shown} is not in {low} to {high}"
            );
        }
    }
}

/// Each label set of the families that count who wrote, openings, and agents by skill.
async fn assert_equals_truth_per_key(database: &Database, at: f64, chats: &[SimulatedChat]) {
    let truth = Truth::of(chats, 30);
    let conversations = truth.conversations.iter().map(|((skill, kind, outcome), chats)| {
        let key = format!("{skill}|{kind}|{}", outcome.as_str());
        (key, *chats)
    });
    let hours = truth.opening_hours(&Bogota).into_iter();
    let hours = hours.map(|((skill, hour), chats)| (format!("{skill}|{hour:02}"), chats));
    let agents = |of: fn(&Totals) -> u64| {
        let agents = truth.agents.iter();
        agents
            .map(|((agent, outcome), totals)| (format!("{agent}|{}", outcome.as_str()), of(totals)))
            .collect()
    };
    let by_skill = |of: fn(&Totals) -> u64| {
        let agent_skills = truth
            .agent_skills
            .iter()
            .map(|((agent, skill, outcome), totals)| {
                let key = format!("{agent}|{skill}|{}", outcome.as_str());
                (key, of(totals))
            });
        agent_skills.collect()
    };
    let families: [(&str, &str, BTreeMap<String, u64>); 9] = [
        (
            "chat_conversations_total",
            r#""skill_id", "kind", "outcome""#,
            conversations.collect(),
        ),
        ("chat_openings_total", r#""skill_id", "hour""#, hours.collect()),
        (
            "agent_skill_chats_total",
            r#""agent_id", "skill_id", "outcome""#,
            by_skill(|of| of.chats),
        ),
        (
            "agent_skill_answered_within_target_total",
            r#""agent_id", "skill_id", "outcome""#,
            by_skill(|of| of.within_target),
        ),
        (
            "agent_unanswered_total",
            r#""agent_id", "outcome""#,
            agents(|of| of.unanswered),
        ),
        (
            "agent_transfers_total",
            r#""agent_id", "outcome""#,
            agents(|of| of.transfers),
        ),
        (
            "agent_customer_spoke_last_total",
            r#""agent_id", "outcome""#,
            agents(|of| of.customer_spoke_last),
        ),
        (
            "agent_negative_feelings_total",
            r#""agent_id", "outcome""#,
            agents(|of| of.negative_feelings),
        ),
        (
            "agent_response_seconds_count",
            r#""agent_id", "outcome""#,
            agents(|of| of.average_response.count),
        ),
    ];
    for (name, labels, mut expected) in families {
        let query = format!(r#"sum by (key) (label_join(wolkvox_{name}, "key", "|", {labels})) > 0"#);
        let shown = database.query(&query, at, "key").await;
        expected.retain(|_, value| *value > 0);
        assert!(!expected.is_empty(), "{name}");
        let expected: BTreeMap<_, _> = expected
            .into_iter()
            .map(|(key, value)| (key, value as f64))
            .collect();
        assert_eq!(shown, expected, "{name}");
    }
}

/// Recontacts per skill and time.
async fn assert_recontacts(database: &Database, at: f64, known: &[SimulatedChat], chats: &[SimulatedChat]) {
    for hours in [24, 72] {
        let query = format!(r#"sum by (skill_id) (wolkvox_chat_recontacts_total{{within="{hours}h"}}) > 0"#);
        let shown = database.query(&query, at, "skill_id").await;
        let truth = Truth::recontacts(known, chats, hours * 3600);
        assert!(truth.values().sum::<u64>() > 50, "{truth:?}");
        let truth = truth.into_iter().map(|(skill, chats)| (skill, chats as f64));
        assert_eq!(shown, truth.collect::<BTreeMap<_, _>>(), "within {hours} h");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_weeks_in_prometheus_and_victoria_metrics_equal_the_truth() {
    let operation = Operation::start(small()).await.with("RECONTACT", "24h,72h");
    let directory = tempfile::tempdir().unwrap();
    let file = file(&directory);
    write(&operation, "2026-03-02", "2026-03-30", "4h", &file).await;
    let (from, to) = (utc("2026-03-02T05:00:00Z"), utc("2026-03-30T05:00:00Z"));
    let chats = operation.handle().truth(from, to - TimeDelta::seconds(1));
    assert!(chats.len() > 5000, "{} chats", chats.len());
    // What is read before the range, to know of customers and of long chats.
    let known = operation
        .handle()
        .truth(from - TimeDelta::hours(26), to - TimeDelta::seconds(1));
    let by_skill = groups(&chats, |chat| chat.skill_id.clone());
    let by_agent = groups(&chats, |chat| chat.agent.id.clone());
    let at = to.timestamp() as f64;

    let prometheus = Database::prometheus(tsdb::blocks(Path::new(&file)).await, "[]").await;
    let victoria = Database::victoria_metrics("[]").await;
    victoria.import(Path::new(&file)).await;
    for database in [&prometheus, &victoria] {
        assert_equals_truth(database, at, &by_skill, "skill_id").await;
        assert_equals_truth(database, at, &by_agent, "agent_id").await;
        assert_equals_truth_per_key(database, at, &chats).await;
        assert_recontacts(database, at, &known, &chats).await;
        let up = database
            .query("wolkvox_up{job=\"wolkvox\",instance=\"one\"}", at, "operation")
            .await;
        assert_eq!(up, BTreeMap::from([(OPERATION.to_owned(), 1.0)]));
    }
    // All begins at 0, so that increase() counts all of it.
    let increase = "sum by (skill_id) (increase(wolkvox_chats_total[29d]))";
    let increase = prometheus.query(increase, at, "skill_id").await;
    for (skill, group) in &by_skill {
        assert!(
            (increase[skill] - group.chats as f64).abs() < 1e-6,
            "increase of {skill}"
        );
    }
    // One day in the middle, by what a dashboard would ask.
    let day = utc("2026-03-11T05:00:00Z");
    let of_day = chats
        .iter()
        .filter(|chat| (day - TimeDelta::days(1) < chat.closed) && chat.closed <= day);
    let shown = "sum(wolkvox_chats_total) - sum(wolkvox_chats_total offset 1d)";
    let shown = prometheus.query(shown, day.timestamp() as f64, "").await;
    assert_eq!(shown[""], of_day.count() as f64);
}
