//! With a current Prometheus, which knows what Debian's does not: when each series started, and histograms with custom buckets.
//! `tests/run --current-prometheus` builds it and runs these.

#![allow(clippy::unwrap_used, clippy::expect_used)] // In helpers too: a test that can't go on fails.

use super::scrape::{How, increases_are_the_truth};
use crate::support::placed::{Placed, minutes, now, seconds};
use crate::support::process::{Exporter, Variables, variables, wait_for, with};
use crate::support::prometheus::{Build, Job, Prometheus};

/// Names the program.
const PROGRAM: &str = "EXPORTER_TEST_CURRENT_PROMETHEUS";

/// An exporter that has counted chats, none of which a Prometheus has seen.
async fn exporter_with_a_past(operation: &mut Placed, variables: &Variables) -> Exporter {
    operation.place(now() - minutes(4) + seconds(5), now() - seconds(5));
    let exporter = Exporter::serve(variables).await;
    wait_for("all chats on the page", || async {
        operation.is_counted(&exporter.scrape().await).then_some(())
    })
    .await;
    exporter
}

async fn prometheus(jobs: &[Job<'_>]) -> Prometheus {
    let program = std::env::var(PROGRAM).expect("tests/run --current-prometheus sets it");
    let build = Build {
        program: &program,
        features: "st-storage,use-start-timestamps",
        listening: "msg=\"Listening on\" component=web address=",
    };
    Prometheus::start(&build, jobs).await
}

/// When a job was scraped first, Unix seconds.
async fn first_scrape(prometheus: &Prometheus, job: &str) -> f64 {
    let query = format!("wolkvox_up{{job=\"{job}\"}}[30m]");
    wait_for("a scrape", || async {
        let data = prometheus.api("query", &[("query", &query)]).await;
        data["result"][0]["values"][0][0].as_f64()
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a current Prometheus: tests/run --current-prometheus"]
async fn increase_is_exact_at_the_first_sample_by_the_start_timestamps() {
    let mut operation = Placed::start().await;
    let state = tempfile::tempdir().unwrap();
    let count_from = (now() - minutes(4)).to_rfc3339();
    let variables = with(variables(&operation, state.path()), "COUNT_FROM", &count_from);
    let exporter = exporter_with_a_past(&mut operation, &variables).await;
    let job = |name, settings| Job {
        name,
        address: exporter.address(),
        settings,
    };
    let prometheus = prometheus(&[
        job("by_default", &[]),
        job("open_metrics", &["scrape_protocols: [OpenMetricsText1.0.0]"]),
    ])
    .await;
    let time = first_scrape(&prometheus, "by_default").await;
    increases_are_the_truth(&prometheus, "by_default", How::Increase, time, &operation).await;
    // Also once there are more samples, none of which is 0.
    let later = wait_for("a third scrape", || async {
        let at = prometheus
            .value("timestamp(wolkvox_up{job=\"by_default\"})", None)
            .await?;
        (at > time + 1.5).then_some(at)
    })
    .await;
    increases_are_the_truth(&prometheus, "by_default", How::Increase, later, &operation).await;
    // It is the start timestamps that do it: without them the same samples rise by nothing.
    let time = first_scrape(&prometheus, "open_metrics").await + 2.0;
    let increase = "sum(increase(wolkvox_chats_total{job=\"open_metrics\"}[30m]))";
    wait_for("two scrapes without start timestamps", || {
        prometheus.value(increase, Some(time))
    })
    .await;
    assert_eq!(prometheus.value(increase, Some(time)).await, Some(0.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a current Prometheus: tests/run --current-prometheus"]
async fn histograms_are_stored_as_native_ones_where_prometheus_converts_them() {
    let mut operation = Placed::start().await;
    let state = tempfile::tempdir().unwrap();
    let count_from = (now() - minutes(4)).to_rfc3339();
    let variables = with(variables(&operation, state.path()), "COUNT_FROM", &count_from);
    let exporter = exporter_with_a_past(&mut operation, &variables).await;
    let prometheus = prometheus(&[Job {
        name: "native",
        address: exporter.address(),
        settings: &["convert_classic_histograms_to_nhcb: true"],
    }])
    .await;
    first_scrape(&prometheus, "native").await;
    let truth = operation.truth();
    let of = |function: &str| format!("sum({function}(wolkvox_chat_asa_seconds))");
    let count = prometheus.value(&of("histogram_count"), None).await;
    assert_eq!(count, Some(truth.all.asa.count as f64));
    let sum = prometheus.value(&of("histogram_sum"), None).await.unwrap();
    assert!((sum - truth.all.asa.sum as f64 / 1000.0).abs() < 1e-6, "{sum}");
    let classic = prometheus
        .value("count(wolkvox_chat_asa_seconds_bucket)", None)
        .await;
    assert_eq!(classic, None);
}
