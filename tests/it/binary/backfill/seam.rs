//! Where the past ends and the running exporter begins.

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::path::Path;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use simulator::SimulatedChat;
use tempfile::TempDir;

use super::{file, last_values, placed};
use crate::support::operation::Operation;
use crate::support::process::{Exporter, wait_for};
use crate::support::truth::{Group, bucket, groups};
use crate::support::tsdb::{self, Database};

const SKILLS: [&str; 3] = ["12", "15", "27"];
const BUCKETS: &str = "{__name__=~\"wolkvox_chat_(asa|duration|time_on_agent)_seconds_bucket\"}";

fn skill(number: i64) -> &'static str {
    SKILLS[usize::try_from(number % 3).unwrap()]
}

/// An ASA for each bucket, so that quantiles differ.
fn chat(number: i64, closed: DateTime<Utc>) -> SimulatedChat {
    let id = u64::try_from(number).unwrap();
    SimulatedChat {
        asa_ms: Some(id % 40 * 3000),
        ..placed(id, closed, skill(number))
    }
}

/// 300 chats of three days, the last a second before `end`.
fn past(end: DateTime<Utc>) -> Vec<SimulatedChat> {
    let close = |number| end - TimeDelta::minutes(10 * number) - TimeDelta::seconds(1);
    (0..300).map(|number| chat(number, close(number))).collect()
}

/// An exporter whose address is known before it runs, and the directory of its state.
struct Place {
    directory: TempDir,
    address: String,
}

impl Place {
    fn new() -> Place {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Place {
            directory: tempfile::tempdir().unwrap(),
            address: listener.local_addr().unwrap().to_string(),
        }
    }

    fn state(&self) -> String {
        self.directory.path().join("state").display().to_string()
    }

    fn settle(&self, operation: Operation) -> Operation {
        operation
            .with("STATE_DIR", &self.state())
            .with("LISTEN_ADDRESS", &self.address)
            .with("POLL_INTERVAL", "4s")
            .with("WINDOW", "30s")
    }

    fn scrape_config(&self) -> String {
        format!(
            "[{{job_name: wolkvox, scrape_interval: 1s, scrape_timeout: 1s, static_configs: [{{targets: ['{}']}}]}}]",
            self.address
        )
    }

    /// Writes the past from three days ago up to the state, with the labels that live samples get.
    async fn backfill(&self, operation: &Operation, bounds: &str) -> String {
        let file = file(&self.directory);
        let from = (Utc::now() - TimeDelta::days(3)).to_rfc3339();
        let (state, instance) = (self.state(), format!("instance={}", self.address));
        let what = [
            "backfill",
            "--from",
            &from,
            "--until-state",
            &state,
            "--pace",
            "0s",
        ];
        let how = ["--label", "job=wolkvox", "--label", &instance, "--bounds", bounds];
        operation
            .print(&[what.as_slice(), &how, &["--output", &file]].concat())
            .await;
        let past: f64 = last_values(&file, "wolkvox_chats_total").values().sum();
        assert_eq!(past, 300.0);
        file
    }
}

/// Waits until a database has scraped so many chats from the exporter; when that was.
async fn scraped(database: &Database, chats: f64) -> f64 {
    wait_for("all live chats in the database", || async {
        database.flush().await;
        let now = Utc::now().timestamp_millis() as f64 / 1000.0;
        let total = database.query("sum(wolkvox_chats_total)", now, "").await;
        (total.get("") == Some(&chats)).then_some(now)
    })
    .await
}

/// The increase over both sides is the truth, in one series each, and quantiles over the seam fall into the bucket
/// that holds them.
async fn assert_one(database: &Database, seam: DateTime<Utc>, now: f64, truth: &BTreeMap<String, Group>) {
    let increase = "sum by (skill_id) (increase(wolkvox_chats_total[10d]))";
    let shown = database.query(increase, now, "skill_id").await;
    for (skill, group) in truth {
        assert!(
            (shown[skill] - group.chats as f64).abs() < 0.01,
            "skill {skill}: {} instead of {}",
            shown[skill],
            group.chats
        );
    }
    // The counter begins anew once.
    let resets = "resets(wolkvox_chats_total{skill_id=\"12\"}[10d])";
    let resets = database.query(resets, now, "skill_id").await;
    assert_eq!(resets, BTreeMap::from([("12".to_owned(), 1.0)]));
    // All labels are the same, `le` among them.
    let before = seam.timestamp() as f64 - 1.0;
    let (past, live) = (
        database.series(BUCKETS, before).await,
        database.series(BUCKETS, now).await,
    );
    assert!(past.len() > 3 * 40, "{} series", past.len());
    let differing: BTreeSet<_> = past.symmetric_difference(&live).collect();
    assert!(
        differing.is_empty(),
        "only on one side of the seam: {differing:?}"
    );
    let quantile =
        "histogram_quantile(0.5, sum by (skill_id, le) (increase(wolkvox_chat_asa_seconds_bucket[10d])))";
    let quantile = database.query(quantile, now, "skill_id").await;
    for (skill, group) in truth {
        let (low, high) = bucket(group.asa_percentile(50));
        assert!(
            (low..=high).contains(&quantile[skill]),
            "p50 of {skill}: {quantile:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn totals_over_the_seam_of_past_blocks_and_live_scrapes_equal_the_truth() {
    let place = Place::new();
    let seam = Utc::now().trunc_subsecs(0) - TimeDelta::seconds(90);
    // The very second of the seam is the exporter's, and so is what follows while it runs.
    let live = (0..120).map(|number| chat(1000 + number, seam + TimeDelta::seconds(number)));
    let chats: Vec<_> = past(seam).into_iter().chain(live).collect();
    let truth = groups(&chats, |chat| chat.skill_id.clone());
    let operation = Operation::of(chats).await.with("COUNT_FROM", &seam.to_rfc3339());
    let operation = place.settle(operation);

    let exporter = Exporter::serve(&operation.variables()).await;
    exporter.polled(1.0).await;
    exporter.kill().await;
    let file = place.backfill(&operation, "prometheus").await;
    let blocks = tsdb::blocks(Path::new(&file)).await;
    let prometheus = Database::prometheus(blocks, &place.scrape_config()).await;
    // Prometheus is there first, as it is where the exporter is added to one that runs.
    std::fs::remove_dir_all(place.state()).unwrap();
    let _exporter = Exporter::serve(&operation.variables()).await;
    let now = scraped(&prometheus, 120.0).await;
    assert_one(&prometheus, seam, now, &truth).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn totals_over_the_seam_of_an_ordinary_first_start_equal_the_truth_in_victoria_metrics() {
    let place = Place::new();
    let victoria = Database::victoria_metrics(&place.scrape_config()).await;
    // What closes in the seconds of the start is counted on neither side.
    let seam = Utc::now().trunc_subsecs(0) - TimeDelta::seconds(3);
    let operation = place.settle(Operation::of(past(seam)).await);
    let exporter = Exporter::serve(&operation.variables()).await;
    wait_for("a good poll", || async {
        let page = exporter.scrape().await;
        (page.sum("wolkvox_up") == 1.0).then_some(())
    })
    .await;
    // Ordinary chats close while all of it runs.
    let first = Utc::now().trunc_subsecs(0) + TimeDelta::seconds(1);
    let live =
        (0..120).map(|number| chat(1000 + number, first + TimeDelta::milliseconds(number / 20 * 1000)));
    let live: Vec<_> = live.collect();
    operation.handle().extra_chats(live.iter().cloned());

    let file = place.backfill(&operation, "victoriametrics").await;
    victoria.import(Path::new(&file)).await;
    let now = scraped(&victoria, 120.0).await;
    let truth = groups(past(seam).iter().chain(&live), |chat| chat.skill_id.clone());
    assert_one(&victoria, seam, now, &truth).await;
}
