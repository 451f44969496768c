//! Exporters whose log can't be asked where they listen.

#![allow(clippy::unwrap_used, clippy::expect_used)] // In helpers too: a test that can't go on fails.

use std::net::{SocketAddr, TcpListener};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::process::{Child, Command};

use super::exposition::Exposition;
use super::process::{Variables, client, command, wait_for, with};

/// Only against a test that would hang for ever.
const GUARD: Duration = Duration::from_secs(60);

/// A port that was free a moment ago.
pub(crate) fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// A running exporter at a known address. It is killed when it is dropped.
pub(crate) struct Silent {
    child: Child,
    base: String,
    client: reqwest::Client,
}

impl Silent {
    /// Serves with these variables, its log going to `stderr`; returns when `/metrics` answers.
    pub(crate) async fn serve(variables: &Variables, stderr: impl Into<Stdio>) -> Silent {
        let address = free_port();
        let variables = with(variables.clone(), "LISTEN_ADDRESS", &address.to_string());
        let mut command = command::<[&str; 0], _>([], &variables);
        command.stderr(stderr);
        Silent::run(command, address).await
    }

    /// Runs a command that becomes an exporter at this address.
    pub(crate) async fn run(mut command: Command, address: SocketAddr) -> Silent {
        let child = command.stdout(Stdio::null()).spawn().expect("it starts");
        drop(command);
        let mut silent = Silent {
            child,
            base: format!("http://{address}"),
            client: client(),
        };
        wait_for("its port", || {
            let ended = silent.child.try_wait().expect("its state");
            assert!(ended.is_none(), "it ended: {ended:?}");
            let asked = silent.client.get(format!("{}/-/healthy", silent.base)).send();
            async { asked.await.ok() }
        })
        .await;
        silent
    }

    /// The status and the body; 0 and the error where no answer comes.
    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        let asked = self
            .client
            .get(format!("{}{path}", self.base))
            .timeout(Duration::from_secs(20));
        match asked.send().await {
            Ok(answer) => (answer.status().as_u16(), answer.text().await.unwrap_or_default()),
            Err(error) => (0, error.to_string()),
        }
    }

    pub(crate) async fn scrape(&self) -> Exposition {
        let (status, text) = self.get("/metrics").await;
        assert_eq!(status, 200, "{text}");
        Exposition::parse(&text)
    }

    /// Waits until so many polls have ended, the last of them well.
    pub(crate) async fn polled(&self, times: f64) -> Exposition {
        wait_for("polls", || async {
            let page = self.scrape().await;
            let is_enough = page.sum("wolkvox_polls_total") >= times && page.sum("wolkvox_up") > 0.5;
            is_enough.then_some(page)
        })
        .await
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    pub(crate) async fn signal(&self, name: &str) {
        let mut kill = Command::new("sh");
        kill.arg("-c").arg(format!("kill -{name} {}", self.pid()));
        assert!(kill.status().await.expect("a shell").success());
    }

    /// Waits until it has ended by itself.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        tokio::time::timeout(GUARD, self.child.wait())
            .await
            .expect("it ends")
            .expect("its status")
    }
}
