//! A simulated operation, and the program run against it.

use std::net::Ipv4Addr;
use std::process::Output;
use std::sync::Arc;

use wolkvox_exporter::clock::SystemClock;
use wolkvox_exporter::simulator::{Handle, Server, Settings, SimulatedChat, Simulator};

use super::process::{self, Variables};

/// The label `operation` of the exporters under test.
pub(crate) const OPERATION: &str = "ventas";

/// A simulator, and the environment that leads the program to it.
pub(crate) struct Operation {
    server: Server,
    more: Variables,
}

impl Operation {
    pub(crate) async fn start(settings: Settings) -> Operation {
        let address = (Ipv4Addr::LOCALHOST, 0).into();
        let server = Server::start(address, Simulator::new(settings), Arc::new(SystemClock))
            .await
            .expect("a free port");
        Operation {
            server,
            more: Variables::new(),
        }
    }

    /// One of the hand-placed chats.
    pub(crate) async fn of(chats: Vec<SimulatedChat>) -> Operation {
        let operation = Operation::start(Settings::empty()).await;
        operation.handle().extra_chats(chats);
        operation
    }

    /// Adds a variable, named without its prefix.
    pub(crate) fn with(mut self, variable: &str, value: &str) -> Operation {
        self.more.insert(format!("WOLKVOX_{variable}"), value.to_owned());
        self
    }

    pub(crate) fn handle(&self) -> Handle {
        self.server.handle()
    }

    pub(crate) fn base_url(&self) -> String {
        self.server.base_url()
    }

    pub(crate) fn token(&self) -> String {
        self.handle().simulator().settings().token.clone()
    }

    /// What leads the program here.
    pub(crate) fn variables(&self) -> Variables {
        let here = [
            ("BASE_URL", self.base_url()),
            ("TOKEN", self.token()),
            ("OPERATION", OPERATION.to_owned()),
        ];
        let mut variables: Variables = here
            .map(|(name, value)| (format!("WOLKVOX_{name}"), value))
            .into();
        variables.extend(self.more.clone());
        variables
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> tokio::process::Command {
        process::command(arguments, &self.variables())
    }

    /// Runs the program to its end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().await.unwrap()
    }

    /// Runs it to its good end; what it printed.
    pub(crate) async fn print(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}");
        // Seen where a test fails.
        eprint!("{said}");
        String::from_utf8(output.stdout).unwrap()
    }
}
