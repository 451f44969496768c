//! A simulated operation, and the program run against it.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Output;
use std::sync::Arc;

use simulator::{Handle, Server, Settings, SimulatedChat, Simulator};

use super::process::{self, Variables};

/// The label `operation` of the exporters under test.
pub(crate) const OPERATION: &str = "ventas";

/// A simulator, and the environment that leads the program to it.
pub(crate) struct Operation {
    /// `None` while nothing listens.
    server: Option<Server>,
    address: SocketAddr,
    simulator: Arc<Simulator>,
    more: Variables,
}

impl Operation {
    pub(crate) async fn start(settings: Settings) -> Operation {
        let simulator = Arc::new(Simulator::new(settings));
        let server = serve((Ipv4Addr::LOCALHOST, 0).into(), &simulator).await;
        Operation {
            address: server.addr(),
            server: Some(server),
            simulator,
            more: Variables::new(),
        }
    }

    /// One of the hand-placed chats.
    pub(crate) async fn of(chats: Vec<SimulatedChat>) -> Operation {
        let operation = Operation::start(Settings::empty()).await;
        operation.add(chats);
        operation
    }

    /// Places chats, also while nothing listens.
    pub(crate) fn add(&self, chats: impl IntoIterator<Item = SimulatedChat>) {
        self.simulator.add(chats);
    }

    /// Adds a variable, named without its prefix.
    pub(crate) fn with(mut self, variable: &str, value: &str) -> Operation {
        self.more.insert(format!("WOLKVOX_{variable}"), value.to_owned());
        self
    }

    pub(crate) fn handle(&self) -> Handle {
        self.server.as_ref().expect("it is up").handle()
    }

    /// Nothing listens any more.
    pub(crate) async fn go_down(&mut self) {
        self.server.take().expect("it is up").stop().await;
    }

    /// The same server listens at the same address again.
    pub(crate) async fn come_up(&mut self) {
        self.server = Some(serve(self.address, &self.simulator).await);
    }

    /// The same server at another address.
    pub(crate) async fn come_up_elsewhere(&mut self) {
        let server = serve((Ipv4Addr::LOCALHOST, 0).into(), &self.simulator).await;
        self.address = server.addr();
        self.server = Some(server);
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn token(&self) -> String {
        self.simulator.settings().token.clone()
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
        process::output(self.command(arguments)).await
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

async fn serve(address: SocketAddr, simulator: &Arc<Simulator>) -> Server {
    Server::start(address, Arc::clone(simulator), Arc::new(simulator::SystemClock))
        .await
        .expect("a free port")
}
