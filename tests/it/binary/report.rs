//! `report`.

use chrono::TimeDelta;
use serde_json::Value;
use simulator::{Filter, Settings};

use crate::support::operation::Operation;
use crate::support::process::{Variables, command, output};
use crate::support::truth::{groups, utc};

const MARCH: [&str; 7] = [
    "report",
    "--from",
    "2026-03-02",
    "--to",
    "2026-03-09",
    "--pace",
    "0s",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_report_equals_the_truth_per_skill_agent_channel_and_day() {
    let operation = Operation::start(Settings::believable()).await;
    let from = utc("2026-03-02T05:00:00Z");
    let chats = operation
        .handle()
        .truth(from, from + TimeDelta::days(7) - TimeDelta::seconds(1));
    for (by, truth) in [
        ("skill", groups(&chats, |chat| chat.skill_id.clone())),
        ("agent", groups(&chats, |chat| chat.agent.id.clone())),
        ("channel", groups(&chats, |chat| chat.channel.clone())),
        (
            "day",
            groups(&chats, |chat| {
                (chat.closed - TimeDelta::hours(5)).date_naive().to_string()
            }),
        ),
    ] {
        let text = operation
            .print(&[&MARCH[..], &["--by", by, "--format", "json"]].concat())
            .await;
        let json: Value = serde_json::from_str(&text).unwrap();
        let lines = json["lines"].as_array().unwrap();
        assert_eq!(lines.len(), truth.len(), "{by}");
        for line in lines {
            let group = &truth[line["name"].as_str().unwrap()];
            assert_eq!(line["chats"], group.chats);
            assert_eq!(line["coded"], group.coded);
            if group.asa_ms.is_empty() {
                continue;
            }
            let number = |key: &str| line[key].as_f64().unwrap();
            assert!((number("asa_mean_seconds") - group.asa_mean()).abs() < 1e-6);
            assert!((number("asa_p90_seconds") - group.asa_percentile(90)).abs() < 1e-9);
            assert!((number("service_level") - group.service_level()).abs() < 1e-9);
            let duration = group.duration_ms as f64 / 1000.0 / group.chats as f64;
            assert!((number("duration_mean_seconds") - duration).abs() < 1e-6);
        }
        assert_eq!(json["total"]["chats"], chats.len());
    }
    // The range alone showed that the server goes by the closing time.
    assert_eq!(operation.handle().requests().len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_filters_on_the_opening_time_is_asked_for_the_eve_as_well() {
    let operation = Operation::start(Settings::believable()).await;
    let arguments = [&MARCH[..], &["--format", "csv"]].concat();
    let by_close = operation.print(&arguments).await;
    operation.handle().set_filter(Filter::OpenTime);
    let by_open = operation.print(&arguments).await;
    assert_eq!(by_close, by_open);
    assert!(by_close.starts_with("skill,chats,coded,timeouts,asa_mean_seconds,"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_table_ends_with_all_chats_and_an_empty_range_says_so() {
    let operation = Operation::start(Settings::believable()).await;
    let table = operation.print(&MARCH).await;
    assert!(table.starts_with("skill"), "{table}");
    assert!(table.lines().last().unwrap().starts_with("all"), "{table}");
    let reversed = operation
        .run(&["report", "--from", "2026-03-09", "--to", "2026-03-02"])
        .await;
    assert_eq!(reversed.status.code(), Some(64));
    let said = String::from_utf8_lossy(&reversed.stderr);
    assert!(said.contains("nothing between"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_several_operations_is_named_and_its_skills_have_their_own_targets() {
    let operation = Operation::start(Settings::believable()).await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("operations.toml");
    let text = format!(
        "[[operation]]\nname = \"ventas\"\nbase_url = \"{}\"\ntoken_file = \"token\"\n[operation.skills]\n12 = {{ asa_target = \"10s\" }}\n\n[[operation]]\nserver = \"0020\"\ntoken_file = \"other\"\n",
        operation.base_url()
    );
    std::fs::write(&file, text).unwrap();
    std::fs::write(directory.path().join("token"), operation.token()).unwrap();
    let variables: Variables = [("WOLKVOX_OPERATIONS_FILE".to_owned(), file.display().to_string())].into();
    let unnamed = output(command(MARCH, &variables)).await;
    assert_eq!(unnamed.status.code(), Some(64));
    let said = String::from_utf8(unnamed.stderr).unwrap();
    assert!(
        said.contains("name it with --operation NAME. They are: ventas, 0020"),
        "{said}"
    );

    let named = [&MARCH[..], &["--operation", "ventas", "--format", "json"]].concat();
    let printed = output(command(named, &variables)).await;
    let json: Value = serde_json::from_slice(&printed.stdout).unwrap();
    let from = utc("2026-03-02T05:00:00Z");
    let chats = operation
        .handle()
        .truth(from, from + TimeDelta::days(7) - TimeDelta::seconds(1));
    let mut told = 0;
    for line in json["lines"].as_array().unwrap() {
        let skill = line["name"].as_str().unwrap();
        let target = if skill == "12" { 10_000 } else { 30_000 };
        let asa: Vec<_> = chats
            .iter()
            .filter(|chat| chat.skill_id == skill)
            .filter_map(|chat| chat.asa_ms)
            .collect();
        if asa.is_empty() {
            continue;
        }
        let level = asa.iter().filter(|asa| **asa <= target).count() as f64 / asa.len() as f64;
        assert!(
            (line["service_level"].as_f64().unwrap() - level).abs() < 1e-9,
            "{skill}"
        );
        told += u32::from(skill == "12");
    }
    assert_eq!(told, 1);
}
