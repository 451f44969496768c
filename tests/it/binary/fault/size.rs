//! Answers that are too large.

use simulator::Fault;

use super::case::{case, endure, set_up};
use crate::support::exposition::Exposition;
use crate::support::placed::now;
use crate::support::process::{Exporter, state, with};

#[tokio::test]
async fn as_many_rows_as_the_vendors_limit() {
    // None of them could be counted: they have no id.
    let rows = vec!["{}"; 60_000].join(",");
    let many = format!(r#"{{"code":"200","msg":"60000 records were found","data":[{rows}]}}"#);
    endure(
        "300s",
        vec![case(
            "60,000 rows",
            Fault::Body(many.into_bytes()),
            "too_many_rows",
            "200",
            "60000",
        )],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endless_body_and_a_gzip_bomb_cost_a_request_and_no_memory() {
    let state = state();
    let (mut operation, variables) = set_up(&state).await;
    let exporter = Exporter::serve(&with(variables, "REQUEST_TIMEOUT", "5m")).await;
    let mut newest = Exposition::default();
    exporter.settle(&operation, &mut newest).await;
    for fault in [Fault::EndlessBody, Fault::GzipBomb] {
        let read = newest.sum("wolkvox_api_response_bytes_total");
        operation.handle().misbehave(fault);
        operation.place_until(now());
        let is_read = |page: &Exposition| page.sum("wolkvox_api_response_bytes_total") - read > 256e6;
        exporter.scrape_until("so much", &mut newest, is_read).await;
        // Half of it was asked for at once, so the cycle succeeds.
        exporter.settle(&operation, &mut newest).await;
    }
    let log = exporter.log.text();
    let halved = log
        .lines()
        .filter(|line| line.contains("reason=\"too_large\""))
        .count();
    assert_eq!(halved, 2, "{log}");
    let peak = exporter.peak_memory();
    assert!(peak < 100_000, "{peak} kB");
}
