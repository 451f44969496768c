//! A real Prometheus on `/sd` of whichever replica answers: what `increase()` makes of takeovers.

use super::*;
use crate::prometheus::sd::{Name, begin, hold_back, increases_are_the_truth};
use crate::support::placed::now;
use crate::support::prometheus::Prometheus;

/// Longer than the test lives.
const RANGE: &str = "30m";

async fn start(fleet: &Fleet, database: &Postgres) -> Exporter {
    let variables = variables(fleet, &database.url(OWNER), free_port());
    // Longer than Prometheus takes to go to another port: it takes over what it discovers every five seconds.
    Exporter::serve(&with_all(variables, &[("WOLKVOX_POLL_INTERVAL", "8s")])).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn takeovers_neither_lose_nor_repeat_an_increase() {
    let names = ["norte", "soporte", "ventas"];
    let mut fleet = Fleet::of(&names).await;
    for name in names {
        hold_back(&fleet, name);
    }
    let database = database().await;
    let name = Name::new().await;
    let prometheus = Prometheus::discovering(&name.jobs()).await;
    let first = start(&fleet, &database).await;
    let second = start(&fleet, &database).await;
    name.lead_to(&first);
    begin(&prometheus, &fleet, &names).await;
    for operation in names {
        increases_are_the_truth(&prometheus, &fleet, operation).await;
    }
    first.kill().await;
    name.lead_to(&second);
    for operation in fleet.operations.values_mut() {
        operation.place_until(now());
    }
    for operation in names {
        increases_are_the_truth(&prometheus, &fleet, operation).await;
    }
    let third = start(&fleet, &database).await;
    second.signal("TERM").await;
    name.lead_to(&third);
    for operation in fleet.operations.values_mut() {
        operation.place_until(now());
    }
    for operation in names {
        increases_are_the_truth(&prometheus, &fleet, operation).await;
        let resets = format!("max(resets(wolkvox_chats_total{{operation=\"{operation}\"}}[{RANGE}]))");
        assert_eq!(prometheus.value(&resets, None).await, Some(0.0), "nothing falls");
        let series = format!(
            "count(count_over_time(wolkvox_watermark_timestamp_seconds{{operation=\"{operation}\"}}[{RANGE}]))"
        );
        assert_eq!(
            prometheus.value(&series, None).await,
            Some(1.0),
            "one series over all replicas"
        );
    }
    history::assert_unbroken(&database).await;
}
