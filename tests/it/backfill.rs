//! The past in real databases.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use wolkvox_exporter::simulator::{Bursts, Filter, Settings, SimulatedChat, Span};

use crate::support::past::{Group, Operation, bucket, groups, utc};
use crate::support::tsdb::{self, Database};

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

async fn write(operation: &Operation, from: &str, to: &str, step: &str, file: &str) {
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
    operation.print(&[arguments.as_slice(), &more].concat()).await;
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_weeks_in_prometheus_and_victoria_metrics_equal_the_truth() {
    let operation = Operation::start(small()).await;
    let directory = tempfile::tempdir().unwrap();
    let file = file(&directory);
    write(&operation, "2026-03-02", "2026-03-30", "4h", &file).await;
    let (from, to) = (utc("2026-03-02T05:00:00Z"), utc("2026-03-30T05:00:00Z"));
    let chats = operation.handle().truth(from, to - TimeDelta::seconds(1));
    assert!(chats.len() > 5000, "{} chats", chats.len());
    let by_skill = groups(&chats, |chat| chat.skill_id.clone());
    let by_agent = groups(&chats, |chat| chat.agent.id.clone());
    let at = to.timestamp() as f64;

    let prometheus = Database::prometheus(tsdb::blocks(Path::new(&file)).await, "[]").await;
    let victoria = Database::victoria_metrics().await;
    victoria.import(Path::new(&file)).await;
    for database in [&prometheus, &victoria] {
        assert_equals_truth(database, at, &by_skill, "skill_id").await;
        assert_equals_truth(database, at, &by_agent, "agent_id").await;
        let up = database
            .query("wolkvox_up{job=\"wolkvox\",instance=\"one\"}", at, "operation")
            .await;
        assert_eq!(up, BTreeMap::from([("past".to_owned(), 1.0)]));
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

async fn total_on(metrics: &str) -> f64 {
    let client = tsdb::http();
    let Ok(answer) = client.get(metrics).send().await else {
        return -1.0;
    };
    let text = answer.text().await.unwrap();
    let samples = text
        .lines()
        .filter(|line| line.starts_with("wolkvox_chats_total{"));
    samples
        .map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
        .sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn totals_over_the_seam_of_past_blocks_and_live_scrapes_equal_the_truth() {
    let now = DateTime::from_timestamp(Utc::now().timestamp(), 0).unwrap();
    let seam = now - TimeDelta::seconds(90);
    let skills = ["12", "15", "27"];
    let skill = |number: i64| skills[usize::try_from(number % 3).unwrap()];
    let past = (0..300).map(|i| {
        placed(
            i as u64,
            seam - TimeDelta::minutes(10 * i) - TimeDelta::seconds(1),
            skill(i),
        )
    });
    // The very second of the seam is the exporter's, and so is what follows while it runs.
    let live = (0..120).map(|i| placed(1000 + i as u64, seam + TimeDelta::seconds(i), skill(i)));
    let chats: Vec<_> = past.chain(live).collect();
    let truth = groups(&chats, |chat| chat.skill_id.clone());
    let expected_live = 120.0;
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("state").display().to_string();
    let address = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().to_string()
    };
    let operation = Operation::of(chats)
        .await
        .with("WOLKVOX_STATE_DIR", &state)
        .with("WOLKVOX_LISTEN_ADDRESS", &address)
        .with("WOLKVOX_POLL_INTERVAL", "2s")
        .with("WOLKVOX_WINDOW", "30s")
        .with("WOLKVOX_COUNT_FROM", &seam.to_rfc3339());

    let mut serving = operation
        .command(&["serve"])
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let metrics = format!("http://{address}/metrics");
    for _ in 0..300 {
        if total_on(&metrics).await >= 0.0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    serving.kill().await.unwrap();

    // The past, up to where the exporter began, with the labels that Prometheus gives its samples.
    let file = file(&directory);
    let from = (seam - TimeDelta::days(3)).to_rfc3339();
    let instance = format!("instance={address}");
    let arguments = [
        "backfill",
        "--from",
        &from,
        "--until-state",
        &state,
        "--step",
        "5m",
        "--pace",
        "0s",
    ];
    let more = ["--label", "job=wolkvox", "--label", &instance, "--output", &file];
    operation.print(&[arguments.as_slice(), &more].concat()).await;
    let past: f64 = last_values(&file, "wolkvox_chats_total").values().sum();
    assert_eq!(past, 300.0);

    let scrape = format!(
        "[{{job_name: wolkvox, scrape_interval: 500ms, scrape_timeout: 500ms, static_configs: [{{targets: ['{address}']}}]}}]"
    );
    let prometheus = Database::prometheus(tsdb::blocks(Path::new(&file)).await, &scrape).await;
    // Prometheus is there first, as it is where the exporter is added to one that runs.
    std::fs::remove_dir_all(&state).unwrap();
    let _serving = operation
        .command(&["serve"])
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    for _ in 0..600 {
        if total_on(&metrics).await >= expected_live {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(total_on(&metrics).await, expected_live);
    tokio::time::sleep(Duration::from_secs(6)).await;

    let soon = Utc::now().timestamp_millis() as f64 / 1000.0;
    let newest = prometheus
        .query("max(timestamp(wolkvox_chats_total))", soon, "")
        .await[""];
    let increase = "sum by (skill_id) (increase(wolkvox_chats_total[10d]))";
    let shown = prometheus.query(increase, newest, "skill_id").await;
    for (skill, group) in &truth {
        assert!(
            (shown[skill] - group.chats as f64).abs() < 0.01,
            "skill {skill}: {} instead of {}",
            shown[skill],
            group.chats
        );
    }
    // Past and present are the same series, and the counter begins anew once.
    let resets = "resets(wolkvox_chats_total{skill_id=\"12\"}[10d])";
    let resets = prometheus.query(resets, newest, "skill_id").await;
    assert_eq!(resets, BTreeMap::from([("12".to_owned(), 1.0)]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_backfill_goes_on_and_writes_the_same() {
    let settings = Settings {
        chats_per_hour: 2.0,
        ..small()
    };
    let operation = Operation::start(settings).await;
    let directory = tempfile::tempdir().unwrap();
    let whole = directory.path().join("whole.om").display().to_string();
    write(&operation, "2026-01-10", "2026-04-10", "24h", &whole).await;

    let part = directory.path().join("part.om").display().to_string();
    let begin = [
        "backfill",
        "--from",
        "2026-01-10",
        "--to",
        "2026-04-10",
        "--step",
        "24h",
    ];
    let labels = [
        "--label",
        "job=wolkvox",
        "--label",
        "instance=one",
        "--output",
        &part,
    ];
    let slow = [begin.as_slice(), &["--pace", "1h"], &labels].concat();
    let mut child = operation
        .command(&slow)
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let checkpoint = format!("{part}.checkpoint");
    for _ in 0..600 {
        if Path::new(&checkpoint).exists() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    child.kill().await.unwrap();
    // As if it had been killed in the middle of a step.
    let mut text = std::fs::read_to_string(&part).unwrap();
    assert!(text.len() < std::fs::read_to_string(&whole).unwrap().len());
    text.push_str("wolkvox_chats_total{oper");
    std::fs::write(&part, text).unwrap();

    // Another command must not go on with it.
    let other = operation
        .run(&[
            "backfill",
            "--from",
            "2026-01-11",
            "--to",
            "2026-04-10",
            "--pace",
            "0s",
            "--output",
            &part,
        ])
        .await;
    assert!(!other.status.success());
    operation.handle().clear_requests();
    write(&operation, "2026-01-10", "2026-04-10", "24h", &part).await;
    assert_eq!(
        operation.handle().requests().len(),
        3,
        "the first piece was not asked for again"
    );
    assert!(std::fs::read(&whole).unwrap() == std::fs::read(&part).unwrap());
    assert!(!Path::new(&checkpoint).exists());
    let again = operation
        .run(&[
            "backfill",
            "--from",
            "2026-01-10",
            "--to",
            "2026-04-10",
            "--output",
            &part,
        ])
        .await;
    let said = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(said.contains("is already there"), "{said}");
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
