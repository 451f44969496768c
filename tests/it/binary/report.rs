//! `report`.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use simulator::{Filter, Outcome, Settings, SimulatedChat};

use crate::support::exposition::Exposition;
use crate::support::operation::Operation;
use crate::support::placed::Placed;
use crate::support::process::{Exporter, Variables, command, count_from, counting_since, output, state};
use crate::support::truth::{Group, groups, utc};

const MARCH: [&str; 7] = [
    "report",
    "--from",
    "2026-03-02",
    "--to",
    "2026-03-09",
    "--pace",
    "0s",
];

const ALL_COLUMNS: &str = "chats,coded,timeouts,answered,unanswered,sendings,transfers,replies,asa-mean,asa-p50,asa-p90,asa-p95,s10,s20,s30,service-level,duration-mean,time-on-agent-mean,time-on-agent-total,concurrency";

/// The chats that closed in that week of March.
fn march(operation: &Operation) -> Vec<SimulatedChat> {
    let from = utc("2026-03-02T05:00:00Z");
    let to = from + TimeDelta::days(7) - TimeDelta::seconds(1);
    operation.handle().truth(from, to)
}

/// When an hour of Bogotá began.
fn hour(at: DateTime<Utc>) -> String {
    (at - TimeDelta::hours(5)).format("%FT%H:00:00-05:00").to_string()
}

/// The rows of a report as JSON.
fn rows(text: &str) -> Vec<Value> {
    let json: Value = serde_json::from_str(text).unwrap();
    json.as_array().unwrap().clone()
}

/// The rows of a report as CSV, each a cell by its heading.
fn records(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.deserialize().map(|record| record.unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_report_equals_the_truth_per_skill_agent_channel_outcome_day_and_hour() {
    let operation = Operation::start(Settings::believable()).await;
    let chats = march(&operation);
    for (by, truth) in [
        ("skill", groups(&chats, |chat| chat.skill_id.clone())),
        ("agent", groups(&chats, |chat| chat.agent.id.clone())),
        ("channel", groups(&chats, |chat| chat.channel.clone())),
        ("outcome", groups(&chats, |chat| chat.outcome.as_str().to_owned())),
        (
            "day",
            groups(&chats, |chat| {
                (chat.closed - TimeDelta::hours(5)).date_naive().to_string()
            }),
        ),
        ("hour", groups(&chats, |chat| hour(chat.closed))),
    ] {
        let text = operation
            .print(&[&MARCH[..], &["--by", by, "--format", "json"]].concat())
            .await;
        let rows = rows(&text);
        // An hour without chats is there too.
        let count = if by == "hour" { 7 * 24 } else { truth.len() };
        assert_eq!(rows.len(), count, "{by}");
        for row in &rows {
            let none = Group::default();
            let group = truth.get(row[by].as_str().unwrap()).unwrap_or(&none);
            assert_eq!(row["chats"], group.chats);
            assert_eq!(row["coded"], group.coded);
            if group.asa_ms.is_empty() {
                assert!(row["asa_mean_seconds"].is_null() && row["service_level"].is_null());
                continue;
            }
            let number = |key: &str| row[key].as_f64().unwrap();
            assert!((number("asa_mean_seconds") - group.asa_mean()).abs() < 1e-6);
            assert!((number("asa_p90_seconds") - group.asa_percentile(90)).abs() < 1e-9);
            assert!((number("service_level") - group.service_level()).abs() < 1e-9);
            let duration = group.duration_ms as f64 / 1000.0 / group.chats as f64;
            assert!((number("duration_mean_seconds") - duration).abs() < 1e-6);
        }
        let sum: u64 = rows.iter().map(|row| row["chats"].as_u64().unwrap()).sum();
        assert_eq!(sum, chats.len() as u64, "{by}");
    }
    // The range alone showed that the server goes by the closing time.
    assert_eq!(operation.handle().requests().len(), 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_column_equals_the_truth_per_skill_and_hour() {
    let operation = Operation::start(Settings::believable()).await;
    let mut truth: BTreeMap<(String, String), Vec<SimulatedChat>> = BTreeMap::new();
    for chat in march(&operation) {
        let key = (chat.skill_id.clone(), hour(chat.closed));
        truth.entry(key).or_default().push(chat);
    }
    let options = ["--by", "skill,hour", "--columns", ALL_COLUMNS, "--format", "csv"];
    let records = records(&operation.print(&[&MARCH[..], &options].concat()).await);
    assert_eq!(records.len(), truth.len(), "only hours with chats");
    for record in records {
        let chats = &truth[&(record["skill"].clone(), record["hour"].clone())];
        let count = |is_meant: &dyn Fn(&SimulatedChat) -> bool| {
            chats.iter().filter(|chat| is_meant(chat)).count() as f64
        };
        let sum =
            |of: &dyn Fn(&SimulatedChat) -> Option<u32>| f64::from(chats.iter().filter_map(of).sum::<u32>());
        let mut asa: Vec<u64> = chats.iter().filter_map(|chat| chat.asa_ms).collect();
        asa.sort_unstable();
        let group = Group {
            asa_ms: asa.clone(),
            ..Group::default()
        };
        let within = |seconds: u64| {
            let within = asa.iter().filter(|asa| **asa <= seconds * 1000).count();
            within as f64 / asa.len() as f64
        };
        let on_agent = sum(&|chat| chat.time_on_agent);
        let told = count(&|chat| chat.time_on_agent.is_some());
        let wrote = |chat: &SimulatedChat| Some((chat.customer_chars?, chat.agent_chars?));
        let mut expected = vec![
            ("chats", chats.len() as f64),
            ("coded", count(&|chat| chat.outcome == Outcome::Coded)),
            ("timeouts", count(&|chat| chat.outcome == Outcome::Timeout)),
            ("answered", asa.len() as f64),
            (
                "unanswered",
                count(&|chat| wrote(chat).is_some_and(|(customer, agent)| customer > 0 && agent == 0)),
            ),
            (
                "sendings",
                count(&|chat| wrote(chat).is_some_and(|(customer, agent)| customer == 0 && agent > 0)),
            ),
            ("replies", sum(&|chat| chat.agent_answers)),
        ];
        if !record["transfers"].is_empty() {
            expected.push(("transfers", count(&|chat| chat.transferred)));
        }
        if !asa.is_empty() {
            expected.extend([
                ("asa_mean_seconds", group.asa_mean()),
                ("asa_p50_seconds", group.asa_percentile(50)),
                ("asa_p90_seconds", group.asa_percentile(90)),
                ("asa_p95_seconds", group.asa_percentile(95)),
                ("s10", within(10)),
                ("s20", within(20)),
                ("s30", within(30)),
                ("service_level", within(30)),
            ]);
        }
        if told > 0.0 {
            expected.extend([
                ("time_on_agent_mean_seconds", on_agent / told),
                ("time_on_agent_total_seconds", on_agent),
                ("concurrency", on_agent / 3600.0),
            ]);
        }
        for (column, value) in expected {
            let shown: f64 = record[column].parse().unwrap();
            assert!(
                (shown - value).abs() < 1e-6,
                "{column} is {shown}, not {value}: {record:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_the_opening_a_server_of_either_filter_shows_the_chats_that_were_opened_in_the_range() {
    let operation = Operation::start(Settings::believable()).await;
    let (from, to) = (utc("2026-03-02T05:00:00Z"), utc("2026-03-09T05:00:00Z"));
    let closed = operation.handle().truth(from, to + TimeDelta::hours(26));
    let opened: Vec<_> = closed
        .into_iter()
        .filter(|chat| (from..to).contains(&chat.opened))
        .collect();
    let later = opened.iter().filter(|chat| chat.closed >= to).count();
    assert!(later > 0, "some were closed after the range");
    let truth = groups(&opened, |chat| hour(chat.opened));
    let options = ["--of", "opening", "--by", "hour", "--format", "json"];
    for filter in [Filter::CloseTime, Filter::OpenTime] {
        operation.handle().set_filter(filter);
        let rows = rows(&operation.print(&[&MARCH[..], &options].concat()).await);
        assert_eq!(rows.len(), 7 * 24);
        for row in rows {
            let group = truth.get(row["hour"].as_str().unwrap());
            assert_eq!(
                row["chats"],
                group.map_or(0, |group| group.chats),
                "{filter:?}: {row}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_the_opening_it_is_said_up_to_when_chats_were_looked_for() {
    let operation = Operation::start(Settings::believable()).await;
    let output = operation.run(&[&MARCH[..], &["--of", "opening"]].concat()).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("chats that closed after 2026-03-10T07:00:00Z, or are still open, are not in it"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn days_on_which_the_clocks_change_have_23_and_25_hours_and_no_chat_is_lost() {
    let zone = chrono_tz::Europe::Madrid;
    let settings = Settings {
        zone,
        ..Settings::believable()
    };
    let operation = Operation::start(settings).await.with("TIMEZONE", zone.name());
    for (day, next, from, hours) in [
        ("2026-03-29", "2026-03-30", "2026-03-28T23:00:00Z", 23),
        ("2025-10-26", "2025-10-27", "2025-10-25T22:00:00Z", 25),
    ] {
        let from = utc(from);
        let to = from + TimeDelta::hours(hours) - TimeDelta::seconds(1);
        let chats = operation.handle().truth(from, to);
        let options = [
            "report", "--from", day, "--to", next, "--by", "hour", "--format", "csv", "--pace", "0s",
        ];
        let records = records(&operation.print(&options).await);
        let labels: BTreeSet<_> = records.iter().map(|record| record["hour"].clone()).collect();
        assert_eq!(labels.len(), usize::try_from(hours).unwrap(), "{day}");
        let sum: usize = records
            .iter()
            .map(|record| record["chats"].parse::<usize>().unwrap())
            .sum();
        assert_eq!(sum, chats.len(), "{day}");
        assert!(sum > 0);
    }
}

/// Of the series of a name with all of these parts.
fn sum_of(page: &Exposition, name: &str, parts: &[String]) -> f64 {
    let is_meant = |series: &str| {
        series.starts_with(&format!("{name}{{")) && parts.iter().all(|part| series.contains(part.as_str()))
    };
    let meant = page.0.iter().filter(|(series, _)| is_meant(series));
    meant.fold(0.0, |sum, (_, value)| sum + value)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_report_equals_the_counters_of_an_exporter_over_the_same_time() {
    let mut operation = Placed::start_with(3000.0).await;
    let state = state();
    let variables = counting_since(TimeDelta::minutes(4), &mut operation, state.path());
    let exporter = Exporter::serve(&variables).await;
    let page = exporter.settle(&operation, &mut Exposition::default()).await;
    exporter.kill().await;
    let from = count_from(&variables).to_rfc3339();
    for (by, labels, prefix) in [
        ("skill,outcome", &["skill_id", "outcome"][..], "wolkvox_chat"),
        ("channel,skill", &["channel", "skill_id"], "wolkvox_chat"),
        ("agent", &["agent_id"], "wolkvox_agent"),
    ] {
        let options = [
            "report",
            "--from",
            &from,
            "--to",
            "2999-01-01",
            "--by",
            by,
            "--columns",
            ALL_COLUMNS,
            "--format",
            "csv",
        ];
        let printed = output(command(options, &variables)).await;
        assert!(
            printed.status.success(),
            "{}",
            String::from_utf8_lossy(&printed.stderr)
        );
        let records = records(&String::from_utf8(printed.stdout).unwrap());
        let mut chats = 0.0;
        for record in records {
            let parts: Vec<_> = by
                .split(',')
                .zip(labels)
                .map(|(key, label)| format!("{label}=\"{}\"", record[key]))
                .collect();
            let number = |column: &str| record[column].parse::<f64>().unwrap_or_default();
            let total = if prefix == "wolkvox_agent" {
                "wolkvox_agent_chats_total"
            } else {
                "wolkvox_chats_total"
            };
            for (name, value) in [
                (total.to_owned(), number("chats")),
                (format!("{prefix}_asa_seconds_count"), number("answered")),
                (
                    format!("{prefix}_answered_within_target_total"),
                    number("service_level") * number("answered"),
                ),
                (
                    format!("{prefix}_asa_seconds_sum"),
                    number("asa_mean_seconds") * number("answered"),
                ),
                (
                    format!("{prefix}_time_on_agent_seconds_sum"),
                    number("time_on_agent_total_seconds"),
                ),
                (
                    match prefix {
                        "wolkvox_agent" => "wolkvox_agent_answers_total".to_owned(),
                        _ => "wolkvox_chat_agent_answers_total".to_owned(),
                    },
                    number("replies"),
                ),
            ] {
                let counted = sum_of(&page, &name, &parts);
                assert!(
                    (counted - value).abs() < 1e-6,
                    "{name} {parts:?} is {counted}, the report has {value}"
                );
            }
            chats += number("chats");
        }
        assert_eq!(chats, page.sum("wolkvox_chats_total"), "{by}");
        assert!(chats > 50.0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_keys_and_columns_are_refused_with_those_that_there_are() {
    let operation = Operation::start(Settings::empty()).await;
    for (options, known) in [
        (["--by", "skill,month"], "half-hour, quarter"),
        (
            ["--columns", "chats,abandoned"],
            "time-on-agent-total, concurrency",
        ),
        (["--of", "queue"], "opening, closing"),
    ] {
        let output = operation.run(&[&MARCH[..], &options].concat()).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{options:?}");
        assert!(
            said.contains("possible values: ") && said.contains(known),
            "{said}"
        );
    }
    for (options, cause) in [
        (["--by", "day,hour"], "--by has two times, day and hour"),
        (["--by", "skill,agent,hour"], "--by has 3 keys"),
        (["--columns", "chats,s10,chats"], "--columns has chats twice"),
    ] {
        let output = operation.run(&[&MARCH[..], &options].concat()).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(64), "{said}");
        assert!(said.contains(cause), "{said}");
    }
    assert!(operation.handle().requests().is_empty());
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
    let two_keys = operation
        .print(&[&MARCH[..], &["--by", "skill,quarter"]].concat())
        .await;
    for table in [&table, &two_keys] {
        assert!(table.lines().all(|line| line.chars().count() <= 100), "{table}");
    }
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
    let rows = rows(&String::from_utf8(printed.stdout).unwrap());
    let chats = march(&operation);
    let mut told = 0;
    for line in rows {
        let skill = line["skill"].as_str().unwrap();
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
