//! Where the past ends and the running exporter begins.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::{file, last_values, placed};
use crate::support::operation::Operation;
use crate::support::truth::groups;
use crate::support::tsdb::{self, Database};

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
        .with("STATE_DIR", &state)
        .with("LISTEN_ADDRESS", &address)
        .with("POLL_INTERVAL", "2s")
        .with("WINDOW", "30s")
        .with("COUNT_FROM", &seam.to_rfc3339());

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
