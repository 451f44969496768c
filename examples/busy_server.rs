#![allow(clippy::print_stdout)] // Its one line is what it is for.

//! A simulated server whose report of the last 20 minutes has 59,000 rows, about the most that one answer may have: to
//! measure what a poll of it costs an exporter in a process of its own. Serves until it is killed.

use std::net::Ipv4Addr;
use std::sync::Arc;

use chrono::TimeDelta;
use simulator::{Clock, Server, Settings, SimulatedChat, Simulator, SystemClock};

const ROWS: i64 = 59_000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let simulator = Simulator::new(Settings::empty());
    let now = SystemClock.now();
    simulator.add((0..ROWS).map(|row| {
        let closed = now - TimeDelta::milliseconds(1_200_000 * (ROWS - row) / ROWS);
        let mut chat = SimulatedChat::new(
            &(1_900_000_000 + row).to_string(),
            closed - TimeDelta::minutes(9),
            closed,
        );
        chat.skill_id = (row % 40).to_string();
        chat.agent.id = (1000 + row % 300).to_string();
        chat
    }));
    let address = (Ipv4Addr::LOCALHOST, 0).into();
    let server = Server::start(address, simulator, Arc::new(SystemClock)).await?;
    println!(
        "WOLKVOX_BASE_URL={} WOLKVOX_TOKEN='{}'",
        server.base_url(),
        server.handle().simulator().settings().token
    );
    std::future::pending().await
}
