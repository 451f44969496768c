//! Several exporters on one database: they take over from each other, and count each chat once.

mod increase;
mod mistake;
mod storm;
mod takeover;

use std::net::SocketAddr;
use std::time::Duration;

use leases::{Admin, StateUrl};

use crate::support::exposition::Exposition;
use crate::support::fleet::Fleet;
use crate::support::postgres::proxy::Proxy;
use crate::support::postgres::{OWNER, Postgres, history, url_through};
use crate::support::process::{Exporter, Variables, free_port, wait_for, with_all};

/// Long enough for a busy machine, short enough to be waited for.
const LEASE: Duration = Duration::from_secs(3);

/// A database with the tables, whose commits are recorded.
async fn database() -> Postgres {
    let server = Postgres::start().await;
    let url = StateUrl::parse(&server.url(OWNER)).unwrap();
    Admin::new(&url, 1).unwrap().migrate().await.unwrap();
    history::install(&server).await;
    server
}

/// An exporter that reaches the database through a way of its own.
struct Replica {
    proxy: Proxy,
    address: SocketAddr,
    exporter: Exporter,
}

/// What leads an exporter to this database, reached at that address.
fn variables(fleet: &Fleet, database: &str, address: SocketAddr) -> Variables {
    let address = address.to_string();
    let mut variables = with_all(
        fleet.variables(),
        &[
            ("WOLKVOX_STATE_URL", database),
            ("WOLKVOX_STATE_LEASE", &format!("{}s", LEASE.as_secs())),
            ("WOLKVOX_LISTEN_ADDRESS", &address),
            ("WOLKVOX_ADVERTISE_ADDRESS", &address),
        ],
    );
    variables.remove("WOLKVOX_STATE_DIR");
    variables
}

impl Replica {
    async fn start(fleet: &Fleet, database: &Postgres) -> Replica {
        let proxy = Proxy::before(database.address()).await;
        Replica::start_through(proxy, fleet).await
    }

    async fn start_through(proxy: Proxy, fleet: &Fleet) -> Replica {
        let address = free_port();
        let url = url_through(proxy.address(), OWNER);
        let exporter = Exporter::serve(&variables(fleet, &url, address)).await;
        Replica {
            proxy,
            address,
            exporter,
        }
    }

    /// What it shows of an operation; nothing where it does not hold it.
    async fn page(&self, operation: &str) -> Option<Exposition> {
        let (status, _, text) = self
            .exporter
            .get(&format!("/metrics?operation={operation}"))
            .await;
        match status {
            200 => Some(Exposition::parse(&text)),
            503 => None,
            _ => panic!("{status}: {text}"),
        }
    }

    async fn own(&self, series: &str) -> f64 {
        let (_, _, text) = self.exporter.get("/metrics?exporter").await;
        Exposition::parse(&text).sum(series)
    }

    /// Ends by SIGTERM, well.
    async fn end(&mut self) {
        self.exporter.signal("TERM").await;
        let status = self.exporter.ended().await;
        assert!(status.success(), "{}", self.exporter.log.text());
    }

    /// As with `kill -9`, and another process in its place.
    async fn killed_and_started(self, fleet: &Fleet) -> Replica {
        self.exporter.kill().await;
        Replica::start_through(self.proxy, fleet).await
    }
}

/// The page of an operation from whoever holds it, and which of them that is.
async fn holder(replicas: &[Replica], operation: &str) -> Option<(usize, Exposition)> {
    for (at, replica) in replicas.iter().enumerate() {
        if let Some(page) = replica.page(operation).await {
            return Some((at, page));
        }
    }
    None
}

/// Waits until an operation is shown by one of them.
async fn shown(replicas: &[Replica], operation: &str) -> (usize, Exposition) {
    wait_for("a replica that shows it", || holder(replicas, operation)).await
}

/// Waits until all chats of an operation are counted and shown, and compares them with the truth.
async fn settled(replicas: &[Replica], fleet: &Fleet, operation: &str) {
    let placed = &fleet.operations[operation];
    let page = wait_for("all chats", || async {
        let (_, page) = holder(replicas, operation).await?;
        let page = page.of(operation);
        placed.is_counted(&page).then_some(page)
    })
    .await;
    placed.assert_counted(&page);
}
