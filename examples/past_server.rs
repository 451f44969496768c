#![allow(clippy::print_stdout)] // Its one line is what it is for.

//! A simulated server with a past: about 1,000 chats a day, or as many times that as its argument says. To measure
//! what `report` and `backfill` cost in a process of their own. Serves until it is killed.

use std::net::Ipv4Addr;
use std::sync::Arc;

use simulator::{Server, Settings, Simulator, SystemClock};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let times: f64 = std::env::args().nth(1).map_or(Ok(1.0), |times| times.parse())?;
    let mut settings = Settings::believable();
    settings.chats_per_hour *= times;
    let address = (Ipv4Addr::LOCALHOST, 0).into();
    let server = Server::start(address, Simulator::new(settings), Arc::new(SystemClock)).await?;
    println!(
        "WOLKVOX_BASE_URL={} WOLKVOX_TOKEN='{}'",
        server.base_url(),
        server.handle().simulator().settings().token
    );
    std::future::pending().await
}
