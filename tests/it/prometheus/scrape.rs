//! End to end with a real Prometheus: what it stores is what happened. And its own linter on the whole page.

#![allow(clippy::unwrap_used, clippy::expect_used)] // In helpers too: a test that can't go on fails.

use std::collections::HashSet;
use std::process::Stdio;

use simulator::{Outcome, SimulatedChat};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use wolkvox_exporter::catalogue;

use crate::support::operation::OPERATION;
use crate::support::placed::{Placed, minutes, now, seconds};
use crate::support::process::{Exporter, Variables, client, get, variables, wait_for};
use crate::support::prometheus::{Prometheus, Relay};

/// Longer than the test lives, shorter than Prometheus' scrape time-out.
const RANGE: &str = "30m";

/// Their HELP ends so: a demo keeps its states in files and has none of them.
const OF_REPLICAS: &str = "Only with WOLKVOX_STATE_URL.";

/// What Prometheus asks for that is to know when each counter started.
const PROTOBUF_FIRST: &str = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,\
    application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_prometheus_sees_each_chat_once() {
    let mut operation = Placed::start().await;
    let state = tempfile::tempdir().unwrap();
    let count_from = now() - minutes(4);
    // The first poll finds some minutes at once; others close while Prometheus watches.
    operation.place(count_from + seconds(5), now() + seconds(12));
    let mut variables = variables(&operation, state.path());
    for (name, value) in [
        ("COUNT_FROM", count_from.to_rfc3339().as_str()),
        // Prometheus scrapes several times between two polls, even if the machine is too busy for some of them.
        ("POLL_INTERVAL", "6s"),
        ("EXEMPLARS", "true"),
        ("CREATED_SAMPLES", "true"),
    ] {
        variables.insert(format!("WOLKVOX_{name}"), value.to_owned());
    }
    // Prometheus watches from before the first poll: no value is there before its 0 was scraped.
    operation.handle().set_token("not yet");
    let exporter = Exporter::serve(&variables).await;
    let open_metrics = Relay::to(exporter.address(), None).await;
    let text = Relay::to(exporter.address(), Some("text/plain;version=0.0.4")).await;
    let protobuf = Relay::to(exporter.address(), Some(PROTOBUF_FIRST)).await;
    let prometheus = Prometheus::scraping(&[
        ("direct", exporter.address()),
        ("open_metrics", &open_metrics.address),
        ("text", &text.address),
        ("protobuf", &protobuf.address),
    ])
    .await;
    wait_for("a scrape of each job", || async {
        (prometheus.query("wolkvox_polls_total", None).await.len() == 4).then_some(())
    })
    .await;
    let token = operation.token();
    operation.handle().set_token(&token);

    let truth = operation.truth();
    let all = "min(sum by (job) (wolkvox_chats_total))";
    wait_for("all chats in Prometheus", || async {
        let counted = prometheus.value(all, None).await?;
        (counted > truth.all.chats as f64 - 0.5).then_some(())
    })
    .await;

    wait_for("up == 1 for each job", || async {
        (prometheus.query("up == 1", None).await.len() == 4).then_some(())
    })
    .await;
    formats_are_negotiated(&open_metrics, &text, &protobuf);
    for job in ["direct", "open_metrics", "text", "protobuf"] {
        // At the very time of a scrape, increase() has nothing to guess.
        let series = format!("timestamp(wolkvox_up{{job=\"{job}\"}})");
        let time = wait_for("a scrape", || prometheus.value(&series, None)).await;
        for how in [How::LastLessFirst, How::Increase] {
            increases_are_the_truth(&prometheus, job, how, time, &operation).await;
        }
        quantiles_are_the_truth(&prometheus, job, time, operation.expected()).await;
    }
    exemplars_and_created_times_are_stored(&prometheus, &operation).await;
}

/// Debian's Prometheus asks for OpenMetrics first and gets it; whoever asks for text alone or for protobuf first gets that.
fn formats_are_negotiated(open_metrics: &Relay, text: &Relay, protobuf: &Relay) {
    let (asked, given) = open_metrics.newest().expect("a scrape");
    assert!(asked.contains("application/openmetrics-text"), "{asked}");
    assert_eq!(
        given,
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    let (_, given) = text.newest().expect("a scrape");
    assert_eq!(given, "text/plain; version=0.0.4; charset=utf-8");
    let (_, given) = protobuf.newest().expect("a scrape");
    assert_eq!(
        given,
        "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
    );
}

/// How an increase is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum How {
    LastLessFirst,
    Increase,
}

impl How {
    fn query(self, name: &str, job: &str) -> String {
        let series = format!("{name}{{job=\"{job}\"}}[{RANGE}]");
        let increase = match self {
            How::LastLessFirst => format!("last_over_time({series}) - min_over_time({series})"),
            How::Increase => format!("increase({series})"),
        };
        format!("sum by (channel, skill_id, outcome) ({increase})")
    }
}

/// The increases of the totals over the life of the test, at a time (Unix seconds), are what happened.
pub(super) async fn increases_are_the_truth(
    prometheus: &Prometheus,
    job: &str,
    how: How,
    time: f64,
    operation: &Placed,
) {
    let truth = operation.truth();
    for (key, totals) in &truth.chats {
        assert!(totals.chats > 0, "{key:?}");
    }
    for (name, of) in [
        ("wolkvox_chats_total", 0),
        ("wolkvox_chat_asa_seconds_count", 1),
        ("wolkvox_chat_asa_seconds_sum", 2),
        ("wolkvox_chat_duration_seconds_sum", 3),
        ("wolkvox_chat_answered_within_target_total", 4),
    ] {
        let query = how.query(name, job);
        let stored = prometheus.query(&query, Some(time)).await;
        for (key, totals) in &truth.chats {
            let labels = format!(
                "{{channel=\"{}\",outcome=\"{}\",skill_id=\"{}\"}}",
                key.channel,
                key.outcome.as_str(),
                key.skill_id
            );
            let expected = [
                totals.chats as f64,
                totals.asa.count as f64,
                totals.asa.sum as f64 / 1000.0,
                totals.duration.sum as f64 / 1000.0,
                totals.within_target as f64,
            ][of];
            let found = stored.get(&labels).copied();
            // The 0 was scraped before the value, so nothing is lost; floating point alone may differ.
            assert!(
                found.is_some_and(|found| (found - expected).abs() <= expected * 1e-9 + 1e-9),
                "{query} of {labels}: {found:?}, in truth {expected}"
            );
        }
        assert_eq!(stored.len(), truth.chats.len(), "{query}");
    }
}

/// Over all coded chats, as Prometheus computes it: the bucket of the rank, and a straight line within.
async fn quantiles_are_the_truth(prometheus: &Prometheus, job: &str, time: f64, chats: &[SimulatedChat]) {
    let mut times: Vec<f64> = chats
        .iter()
        .filter(|chat| chat.outcome == Outcome::Coded)
        .filter_map(|chat| chat.asa_ms)
        .map(|asa| asa as f64 / 1000.0)
        .collect();
    times.sort_unstable_by(f64::total_cmp);
    let catalogue::Kind::Histogram(bounds) = catalogue::find("wolkvox_chat_asa_seconds").unwrap().kind else {
        panic!("not a histogram");
    };
    for percent in [50_u32, 80, 95] {
        let quantile = f64::from(percent) / 100.0;
        let query = format!(
            "histogram_quantile({quantile}, sum by (le) (increase(wolkvox_chat_asa_seconds_bucket{{job=\"{job}\",outcome=\"coded\"}}[{RANGE}])))"
        );
        let found = prometheus.value(&query, Some(time)).await.expect("a quantile");
        let rank = quantile * times.len() as f64;
        let below = |bound: f64| times.iter().filter(|time| **time <= bound).count() as f64;
        let bounds = [0].iter().chain(bounds).map(|bound| catalogue::seconds(*bound));
        let (low, high) = bounds
            .clone()
            .zip(bounds.skip(1))
            .find(|(_, high)| below(*high) >= rank)
            .expect("a bucket");
        let expected = low + (high - low) * (rank - below(low)) / (below(high) - below(low));
        assert!(
            (found - expected).abs() < 1e-6,
            "{query}: {found}, in truth {expected}"
        );
        // So the value that was asked for lies in this bucket.
        let exact = times[(percent as usize * times.len()).div_ceil(100) - 1];
        assert!(
            low < exact && exact <= high,
            "{quantile}: {exact} is not in {low}..{high}"
        );
    }
}

async fn exemplars_and_created_times_are_stored(prometheus: &Prometheus, operation: &Placed) {
    let time = now();
    let (start, end) = (
        (time - minutes(30)).timestamp().to_string(),
        (time + minutes(1)).timestamp().to_string(),
    );
    for name in [
        "wolkvox_chat_asa_seconds_bucket",
        "wolkvox_chat_duration_seconds_bucket",
    ] {
        let parameters = [("query", name), ("start", &start), ("end", &end)];
        let data = prometheus.api("query_exemplars", &parameters).await;
        let known: HashSet<&str> = operation
            .expected()
            .iter()
            .map(|chat| chat.conn_id.as_str())
            .collect();
        for job in ["direct", "protobuf"] {
            let ids: HashSet<&str> = data
                .as_array()
                .unwrap()
                .iter()
                .filter(|series| series["seriesLabels"]["job"] == job)
                .flat_map(|series| series["exemplars"].as_array().unwrap())
                .map(|exemplar| exemplar["labels"]["conn_id"].as_str().unwrap())
                .collect();
            assert!(!ids.is_empty(), "{job}: no exemplars of {name}");
            assert!(ids.is_subset(&known), "exemplars of chats that never were");
        }
    }
    for name in ["wolkvox_chats_created", "wolkvox_chat_asa_seconds_created"] {
        let created = prometheus
            .query(
                &format!("{name}{{job=\"direct\",operation=\"{OPERATION}\"}}"),
                None,
            )
            .await;
        assert_eq!(created.len(), operation.truth().chats.len(), "{name}");
        let (earliest, latest) = (
            (time - minutes(10)).timestamp() as f64,
            (time + minutes(1)).timestamp() as f64,
        );
        assert!(
            created.values().all(|at| (earliest..latest).contains(at)),
            "{name}: {created:?}"
        );
        let as_text = prometheus.query(&format!("{name}{{job=\"text\"}}"), None).await;
        assert!(as_text.is_empty(), "the text format has no created times");
    }
}

#[tokio::test]
async fn the_demo_shows_every_family_but_those_of_replicas_and_promtool_finds_nothing_to_say() {
    let demo = Exporter::start(["demo", "--listen", "127.0.0.1:0"], &Variables::new()).await;
    let page = wait_for("every family", || async {
        let (status, _, page) = get(&client(), &demo.url("/metrics"), "text/plain").await;
        assert_eq!(status, 200);
        let is_shown = |name: &str| page.contains(&format!("\n# TYPE {name} "));
        let rest = catalogue::all()
            .filter(|spec| !is_shown(spec.name) && !spec.help.ends_with(OF_REPLICAS))
            .count();
        (rest == 0).then_some(page)
    })
    .await;
    for spec in catalogue::all() {
        let kind = format!("# TYPE {} {}\n", spec.name, spec.kind.as_str());
        assert_eq!(page.contains(&kind), !spec.help.ends_with(OF_REPLICAS), "{kind}");
    }

    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("promtool starts (Debian's package `prometheus`; tests/run installs it)");
    let mut input = promtool.stdin.take().unwrap();
    input.write_all(page.as_bytes()).await.unwrap();
    drop(input);
    let output = promtool.wait_with_output().await.unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert_eq!(String::from_utf8_lossy(&said), "");
    assert!(output.status.success());
}
