//! What systemd is told, by a socket in its place.

#![allow(clippy::unwrap_used, clippy::expect_used)] // In helpers too: a test that can't go on fails.

use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::UnixDatagram;

use crate::support::placed::Placed;
use crate::support::process::{Exporter, Variables, state, variables, with, with_all};

/// Only against a test that would hang for ever.
const GUARD: Duration = Duration::from_secs(300);

/// A socket in the place of systemd's.
struct ServiceManager {
    socket: UnixDatagram,
    directory: TempDir,
}

impl ServiceManager {
    fn new() -> ServiceManager {
        let directory = state();
        let socket = UnixDatagram::bind(directory.path().join("notify")).unwrap();
        ServiceManager { socket, directory }
    }

    /// The variables that a service of it has, with a watchdog.
    fn variables(&self, variables: Variables) -> Variables {
        let path = self.directory.path().join("notify");
        with_all(
            variables,
            &[
                ("NOTIFY_SOCKET", path.to_str().unwrap()),
                ("WATCHDOG_USEC", "400000"),
            ],
        )
    }

    /// The lines of the next datagram.
    async fn told(&self) -> Vec<String> {
        let mut datagram = [0; 4096];
        let received = tokio::time::timeout(GUARD, self.socket.recv(&mut datagram)).await;
        let length = received.expect("it is told something").unwrap();
        let text = std::str::from_utf8(&datagram[..length]).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    /// The lines of the next datagram that has one which begins so.
    async fn told_of(&self, begin: &str) -> Vec<String> {
        loop {
            let lines = self.told().await;
            if lines.iter().any(|line| line.starts_with(begin)) {
                return lines;
            }
        }
    }
}

async fn exporter(manager: &ServiceManager, operation: &Placed, state: &Path) -> Exporter {
    Exporter::serve(&manager.variables(variables(operation, state))).await
}

#[tokio::test]
async fn it_is_ready_when_its_state_is_shown_and_then_works_reloads_and_stops() {
    let operation = Placed::start().await;
    let (manager, state) = (ServiceManager::new(), state());
    let mut exporter = exporter(&manager, &operation, state.path()).await;
    assert_eq!(
        manager.told().await,
        [
            "READY=1",
            "STATUS=0 of 1 operation polled well; 1 before the first poll"
        ]
    );
    assert_eq!(exporter.get("/-/ready").await.0, 200);
    assert_eq!(
        manager.told_of("STATUS").await,
        ["STATUS=1 of 1 operation polled well"]
    );
    for _ in 0..3 {
        assert_eq!(manager.told_of("WATCHDOG").await, ["WATCHDOG=1"]);
    }

    exporter.signal("HUP").await;
    let lines = manager.told_of("RELOADING").await;
    assert_eq!(lines[0], "RELOADING=1");
    assert!(lines[1].starts_with("MONOTONIC_USEC="), "{lines:?}");
    assert_eq!(manager.told_of("READY").await, ["READY=1"]);

    exporter.signal("TERM").await;
    assert_eq!(manager.told_of("STOPPING").await, ["STOPPING=1"]);
    assert_eq!(exporter.ended().await.code(), Some(0));
}

#[tokio::test]
async fn an_operation_whose_polls_fail_is_named_and_the_watchdog_still_told() {
    let operation = Placed::start().await;
    let (manager, state) = (ServiceManager::new(), state());
    let variables = with(
        variables(&operation, state.path()),
        "BASE_URL",
        "http://127.0.0.1:9",
    );
    let _exporter = Exporter::serve(&manager.variables(variables)).await;
    let lines = manager
        .told_of("STATUS=0 of 1 operation polled well; not well: ")
        .await;
    assert!(lines[0].ends_with("ventas"), "{lines:?}");
    manager.told_of("WATCHDOG=1").await;
}

#[tokio::test]
async fn a_service_manager_that_is_gone_or_never_reads_holds_up_nothing() {
    let operation = Placed::start().await;
    let (manager, state) = (ServiceManager::new(), state());
    let exporter = exporter(&manager, &operation, state.path()).await;
    // Nobody reads: the socket takes some datagrams, and then none.
    exporter.polled(5.0).await;
    drop(manager);
    exporter.polled(7.0).await;
    let (status, _, _) = exporter.get("/-/healthy").await;
    assert_eq!(status, 200);
}
