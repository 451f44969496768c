//! `backfill`.

mod database;
mod fault;
mod memory;
mod progress;
mod resume;
mod seam;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use simulator::{Bursts, Filter, Settings, SimulatedChat, Span};
use wolkvox_exporter::command::backfill::{self, Plan};
use wolkvox_exporter::config::Config;

use crate::support::operation::Operation;
use crate::support::truth::utc;

/// A small operation with everything in it.
fn small() -> Settings {
    Settings {
        chats_per_hour: 12.0,
        agents: 6,
        bursts: Bursts {
            per_day: 0.3,
            size: Span::new(20, 60),
            answered_share: 0.05,
        },
        ..Settings::believable()
    }
}

fn file(directory: &tempfile::TempDir) -> String {
    directory.path().join("past.om").display().to_string()
}

/// Writes the past to a file; what is said meanwhile.
async fn write(operation: &Operation, from: &str, to: &str, step: &str, file: &str) -> String {
    let arguments = ["backfill", "--from", from, "--to", to, "--step", step];
    let more = [
        "--pace",
        "0s",
        "--label",
        "job=wolkvox",
        "--label",
        "instance=one",
        "--output",
        file,
    ];
    let output = operation.run(&[arguments.as_slice(), &more].concat()).await;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    said
}

/// For the library: six hours from one sample to the next.
fn plan(operation: &Operation, from: &str, until: &str) -> Plan {
    let variables = operation.variables().into_iter();
    let config = Config::from_variables(variables.map(|(name, value)| (name, Ok(value))), Utc::now())
        .unwrap()
        .choose(None)
        .unwrap();
    let span = backfill::Span {
        from: utc(from),
        until: utc(until),
        last: utc(until),
        step: TimeDelta::hours(6),
        labels: Vec::new(),
        short_bounds: false,
    };
    Plan::new(&config, span, Utc::now()).unwrap()
}

fn lines(file: &str) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// The last value of each series of a family, by its labels.
fn last_values(file: &str, family: &str) -> BTreeMap<String, f64> {
    let mut values = BTreeMap::new();
    for line in lines(file) {
        if let Some((labels, rest)) = line.strip_prefix(family).and_then(|rest| rest.split_once("} ")) {
            let value = rest.split(' ').next().unwrap().parse().unwrap();
            values.insert(labels.to_owned(), value);
        }
    }
    values
}

fn placed(id: u64, closed: DateTime<Utc>, skill: &str) -> SimulatedChat {
    SimulatedChat {
        skill_id: skill.to_owned(),
        ..SimulatedChat::new(
            &(900_000_000 + id).to_string(),
            closed - TimeDelta::minutes(3),
            closed,
        )
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_filters_on_the_opening_time_gives_the_same_totals() {
    let operation = Operation::start(small()).await;
    let directory = tempfile::tempdir().unwrap();
    let mut totals = Vec::new();
    for filter in [Filter::CloseTime, Filter::OpenTime] {
        operation.handle().set_filter(filter);
        let file = directory
            .path()
            .join(format!("{filter:?}.om"))
            .display()
            .to_string();
        write(&operation, "2026-03-28", "2026-04-03", "6h", &file).await;
        let mut values = last_values(&file, "wolkvox_chats_total");
        // A label set that only chats from before have is there, at 0.
        values.retain(|_, value| *value > 0.0);
        totals.push(values);
    }
    assert_eq!(totals[0], totals[1]);
    let to = utc("2026-04-03T05:00:00Z");
    let truth = operation
        .handle()
        .truth(to - TimeDelta::days(6), to - TimeDelta::seconds(1));
    assert_eq!(totals[0].values().sum::<f64>(), truth.len() as f64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_label_set_is_0_at_the_step_before_its_first_chat_and_no_series_goes_back() {
    let closed = utc("2026-03-10T15:02:00Z");
    let operation = Operation::of(vec![
        placed(1, closed, "12"),
        placed(2, closed + TimeDelta::minutes(7), "15"),
    ])
    .await;
    let directory = tempfile::tempdir().unwrap();
    let file = file(&directory);
    write(
        &operation,
        "2026-03-10T10:00:00-05:00",
        "2026-03-10T10:20:00-05:00",
        "5m",
        &file,
    )
    .await;
    let samples = |skill: &str| -> Vec<(i64, f64)> {
        let lines = lines(&file);
        let of_skill = lines.iter().filter(|line| {
            line.starts_with("wolkvox_chats_total{") && line.contains(&format!("skill_id=\"{skill}\""))
        });
        of_skill
            .map(|line| {
                let mut words = line.rsplit(' ');
                let at: f64 = words.next().unwrap().parse().unwrap();
                let value = words.next().unwrap().parse().unwrap();
                ((at as i64 - utc("2026-03-10T15:00:00Z").timestamp()) / 60, value)
            })
            .collect()
    };
    assert_eq!(
        samples("12"),
        [(0, 0.0), (5, 1.0), (10, 1.0), (15, 1.0), (20, 1.0)]
    );
    assert_eq!(samples("15"), [(5, 0.0), (10, 1.0), (15, 1.0), (20, 1.0)]);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.ends_with("# EOF\n"));
    assert_eq!(text.matches("# TYPE wolkvox_chats counter\n").count(), 1);
    assert!(!text.contains("CANARY"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_past_has_since_when_it_was_open_at_each_step() {
    let operation = Operation::start(small())
        .await
        .with("BUSINESS_HOURS", "Mo-Fr 08:00-12:00,13:00-18:00; off 2026-03-11");
    let directory = tempfile::tempdir().unwrap();
    let path = file(&directory);
    // From Tuesday, 2026-03-10 10:00 of Bogotá.
    write(
        &operation,
        "2026-03-10T15:00:00Z",
        "2026-03-12T15:00:00Z",
        "2h",
        &path,
    )
    .await;
    let open = lines(&path).into_iter().filter_map(|line| {
        let sample = line.strip_prefix("wolkvox_open_since_timestamp_seconds{")?;
        let mut values = sample.split(' ').skip(1);
        let mut seconds = || values.next().unwrap().parse::<f64>().unwrap();
        let (began, at) = (seconds(), seconds());
        let local = |seconds: f64| {
            let at = DateTime::from_timestamp_millis((seconds * 1000.0) as i64).unwrap();
            (at - TimeDelta::hours(5)).format("%d %H:%M").to_string()
        };
        Some((local(at), local(began)))
    });
    let expected = [
        ("10 10:00", "10 08:00"),
        ("10 14:00", "10 13:00"),
        ("10 16:00", "10 13:00"),
        ("12 08:00", "12 08:00"),
        ("12 10:00", "12 08:00"),
    ];
    let expected = expected.map(|(at, began)| (at.to_owned(), began.to_owned()));
    assert_eq!(open.collect::<Vec<_>>(), expected);
}
