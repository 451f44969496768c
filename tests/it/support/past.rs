//! A simulated operation, and the program run against it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::Output;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use wolkvox_exporter::clock::SystemClock;
use wolkvox_exporter::simulator::{Handle, Outcome, Server, Settings, SimulatedChat, Simulator};

/// A simulator, and the environment that leads the program to it.
pub(crate) struct Operation {
    server: Server,
    more: Vec<(&'static str, String)>,
}

impl Operation {
    pub(crate) async fn start(settings: Settings) -> Operation {
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let server = Server::start(address, Simulator::new(settings), Arc::new(SystemClock))
            .await
            .unwrap();
        Operation {
            server,
            more: Vec::new(),
        }
    }

    /// One of the hand-placed chats.
    pub(crate) async fn of(chats: Vec<SimulatedChat>) -> Operation {
        let operation = Operation::start(Settings::empty()).await;
        operation.handle().extra_chats(chats);
        operation
    }

    pub(crate) fn with(mut self, variable: &'static str, value: &str) -> Operation {
        self.more.push((variable, value.to_owned()));
        self
    }

    pub(crate) fn handle(&self) -> Handle {
        self.server.handle()
    }

    pub(crate) fn base_url(&self) -> String {
        self.server.base_url()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> tokio::process::Command {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_wolkvox-exporter"));
        command
            .env_clear()
            .env("WOLKVOX_BASE_URL", self.base_url())
            .env("WOLKVOX_TOKEN", Settings::default().token)
            .env("WOLKVOX_OPERATION", "past")
            .envs(self.more.iter().map(|(name, value)| (*name, value)))
            .args(arguments)
            .kill_on_drop(true);
        command
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

pub(crate) fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// What a group of chats should add up to.
#[derive(Debug, Default, Clone)]
pub(crate) struct Group {
    pub(crate) chats: u64,
    pub(crate) coded: u64,
    pub(crate) within_target: u64,
    /// Sorted, milliseconds.
    pub(crate) asa_ms: Vec<u64>,
    pub(crate) duration_ms: u64,
}

impl Group {
    pub(crate) fn asa_mean(&self) -> f64 {
        self.asa_ms.iter().sum::<u64>() as f64 / 1000.0 / self.asa_ms.len() as f64
    }

    pub(crate) fn service_level(&self) -> f64 {
        self.within_target as f64 / self.asa_ms.len() as f64
    }

    /// By nearest rank, seconds.
    pub(crate) fn asa_percentile(&self, percent: usize) -> f64 {
        let rank = (self.asa_ms.len() * percent).div_ceil(100);
        self.asa_ms[rank.max(1) - 1] as f64 / 1000.0
    }
}

/// Adds up by a label. The target is 30 s.
pub(crate) fn groups<'a>(
    chats: impl IntoIterator<Item = &'a SimulatedChat>,
    label: impl Fn(&SimulatedChat) -> String,
) -> BTreeMap<String, Group> {
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for chat in chats {
        let group = groups.entry(label(chat)).or_default();
        group.chats += 1;
        group.coded += u64::from(chat.outcome == Outcome::Coded);
        group.within_target += u64::from(chat.asa_ms.is_some_and(|asa| asa <= 30_000));
        group.asa_ms.extend(chat.asa_ms);
        group.duration_ms += chat.duration() * 1000;
    }
    for group in groups.values_mut() {
        group.asa_ms.sort_unstable();
    }
    groups
}

/// Bounds of the ASA's buckets, seconds.
const BOUNDS: [f64; 16] = [
    5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 240.0, 300.0, 600.0, 1800.0, 3600.0,
];

/// The bucket of the ASA that holds a value, seconds.
pub(crate) fn bucket(value: f64) -> (f64, f64) {
    let at = BOUNDS.partition_point(|bound| *bound < value);
    let low = at.checked_sub(1).map_or(0.0, |below| BOUNDS[below]);
    (low, BOUNDS.get(at).copied().unwrap_or(f64::INFINITY))
}
