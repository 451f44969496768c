//! A real Prometheus finds the operations by `/sd`: each is a target by its name, whose series go on over reloads and over a
//! restart at another port.

#![allow(clippy::unwrap_used, clippy::expect_used)] // In helpers too: a test that can't go on fails.

use std::sync::{Arc, Mutex};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::support::fleet::Fleet;
use crate::support::placed::now;
use crate::support::process::{Exporter, Variables, free_port, wait_for, with_all};
use crate::support::prometheus::Prometheus;

/// Longer than the test lives.
const RANGE: &str = "30m";

/// One address for whichever exporter runs, as a name in a network is.
pub(crate) struct Name {
    address: String,
    leads_to: Arc<Mutex<Option<String>>>,
    task: JoinHandle<()>,
}

impl Name {
    pub(crate) async fn new() -> Name {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let leads_to = Arc::<Mutex<Option<String>>>::default();
        let target = Arc::clone(&leads_to);
        let task = tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let target = target.lock().unwrap().clone();
                tokio::spawn(async move {
                    // Where nothing is behind it, the connection is closed.
                    if let Some(target) = target
                        && let Ok(mut exporter) = TcpStream::connect(target).await
                    {
                        let _ = copy_bidirectional(&mut client, &mut exporter).await;
                    }
                });
            }
        });
        Name {
            address,
            leads_to,
            task,
        }
    }

    pub(crate) fn lead_to(&self, exporter: &Exporter) {
        *self.leads_to.lock().unwrap() = Some(exporter.address().to_owned());
    }

    pub(crate) fn jobs(&self) -> String {
        let job = |name: &str, query: &str| {
            format!(
                "  - job_name: {name}\n    http_sd_configs:\n      - url: http://{}/sd{query}\n        refresh_interval: 1s\n",
                self.address
            )
        };
        job("operations", "") + &job("exporters", "?exporters")
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// At a port of its own, which it names itself.
fn at_a_port(fleet: &Fleet) -> Variables {
    let port = free_port().to_string();
    with_all(
        fleet.variables(),
        &[
            ("WOLKVOX_LISTEN_ADDRESS", &port),
            ("WOLKVOX_ADVERTISE_ADDRESS", &port),
            // Longer than Prometheus takes to go to another port: it takes over what it discovers every five seconds.
            ("WOLKVOX_POLL_INTERVAL", "8s"),
        ],
    )
}

/// Nothing is polled before Prometheus scrapes the operation: no value is there before its 0 was scraped.
pub(crate) async fn begin(prometheus: &Prometheus, fleet: &Fleet, names: &[&str]) {
    for name in names {
        last_scrape(prometheus, name).await;
        let operation = &fleet.operations[*name];
        operation.handle().set_token(&operation.token());
    }
}

pub(crate) fn hold_back(fleet: &Fleet, name: &str) {
    fleet.operations[name].handle().set_token("not yet");
}

/// When the operation was last scraped.
async fn last_scrape(prometheus: &Prometheus, name: &str) -> f64 {
    let scraped = format!("timestamp(wolkvox_polls_total{{instance=\"{name}\"}})");
    wait_for("a scrape", || prometheus.value(&scraped, None)).await
}

/// Waits until Prometheus has all chats, and compares what has come with the truth.
pub(crate) async fn increases_are_the_truth(prometheus: &Prometheus, fleet: &Fleet, name: &str) {
    let truth = fleet.operations[name].truth();
    let chats = format!("sum(wolkvox_chats_total{{instance=\"{name}\",operation=\"{name}\"}})");
    wait_for("all chats in Prometheus", || async {
        let counted = prometheus.value(&chats, None).await?;
        (counted > truth.all.chats as f64 - 0.5).then_some(())
    })
    .await;
    // At the very time of a scrape, increase() has nothing to guess.
    let time = Some(last_scrape(prometheus, name).await);
    for (family, expected) in [
        ("wolkvox_chats_total", truth.all.chats as f64),
        ("wolkvox_chat_asa_seconds_count", truth.all.asa.count as f64),
        ("wolkvox_chat_asa_seconds_sum", truth.all.asa.sum as f64 / 1000.0),
        (
            "wolkvox_chat_answered_within_target_total",
            truth.all.within_target as f64,
        ),
    ] {
        let query = format!("sum(increase({family}{{instance=\"{name}\"}}[{RANGE}]))");
        let found = prometheus.value(&query, time).await.expect("an increase");
        assert!(
            (found - expected).abs() <= expected * 1e-9 + 1e-9,
            "{query}: {found}, in truth {expected}"
        );
    }
}

async fn instances(prometheus: &Prometheus, query: &str) -> Vec<String> {
    let found = prometheus
        .query(&format!("count by (instance) ({query})"), None)
        .await;
    found.into_keys().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operations_that_prometheus_discovers_are_counted_over_reloads_and_a_restart_elsewhere() {
    let at_first = ["norte", "soporte", "ventas"];
    let mut fleet = Fleet::of(&at_first).await;
    for operation in at_first {
        hold_back(&fleet, operation);
    }
    let name = Name::new().await;
    let prometheus = Prometheus::discovering(&name.jobs()).await;
    let exporter = Exporter::serve(&at_a_port(&fleet)).await;
    name.lead_to(&exporter);
    begin(&prometheus, &fleet, &at_first).await;
    for operation in at_first {
        increases_are_the_truth(&prometheus, &fleet, operation).await;
    }

    fleet.add("nueva").await;
    hold_back(&fleet, "nueva");
    let changed = fleet.table("soporte") + "request_timeout = \"50s\"\n";
    fleet.write(&[fleet.table("nueva"), changed, fleet.table("ventas")].concat());
    exporter.signal("HUP").await;
    fleet.operations.remove("norte");
    for operation in fleet.operations.values_mut() {
        operation.place_until(now());
    }
    wait_for("the target that is gone", || async {
        let targets = instances(&prometheus, "wolkvox_polls_total").await;
        let wanted = ["nueva", "soporte", "ventas"].map(|name| format!("{{instance=\"{name}\"}}"));
        (targets == wanted).then_some(())
    })
    .await;
    begin(&prometheus, &fleet, &["nueva"]).await;
    for operation in ["nueva", "soporte", "ventas"] {
        increases_are_the_truth(&prometheus, &fleet, operation).await;
    }

    let first = exporter.address().to_owned();
    exporter.kill().await;
    let exporter = Exporter::serve(&at_a_port(&fleet)).await;
    assert_ne!(exporter.address(), first);
    name.lead_to(&exporter);
    for operation in fleet.operations.values_mut() {
        operation.place_until(now());
    }
    for operation in ["nueva", "soporte", "ventas"] {
        increases_are_the_truth(&prometheus, &fleet, operation).await;
        let series = format!(
            "count(count_over_time(wolkvox_watermark_timestamp_seconds{{operation=\"{operation}\"}}[{RANGE}]))"
        );
        assert_eq!(
            prometheus.value(&series, None).await,
            Some(1.0),
            "one series for all its life"
        );
    }
    assert_eq!(
        instances(&prometheus, "wolkvox_up{exported_operation!=\"\"}").await,
        Vec::<String>::new(),
        "no label is renamed"
    );
    for family in ["wolkvox_exporter_build_info", "process_start_time_seconds"] {
        let own = prometheus
            .query(&format!("count by (job) ({family})"), None)
            .await;
        let of_jobs: Vec<_> = own.into_iter().collect();
        assert_eq!(of_jobs, [("{job=\"exporters\"}".to_owned(), 1.0)], "{family}");
    }
}
