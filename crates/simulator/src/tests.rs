//! The simulator as its clients see it: raw HTTP over a real socket, against what the model says is true.

mod believable;
mod contract;
mod faults;
mod generation;
mod table;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::Clock;

/// A clock that stands still.
struct Stopped(DateTime<Utc>);

impl Clock for Stopped {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
}

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

async fn serve(settings: Settings, now: &str) -> Server {
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    Server::start(address, Simulator::new(settings), Arc::new(Stopped(utc(now))))
        .await
        .unwrap()
}

/// What came back: whole, or as far as it came.
struct Reply {
    status: u16,
    head: String,
    body: Vec<u8>,
    /// Whether the body came to its end.
    whole: bool,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn msg(&self) -> String {
        self.json()["msg"].as_str().unwrap().to_owned()
    }

    fn rows(&self) -> Vec<Value> {
        self.json()["data"].as_array().unwrap().clone()
    }

    fn ids(&self) -> BTreeSet<String> {
        self.rows()
            .iter()
            .map(|row| row["conn_id"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// Sends a request as it is and reads until the server closes. `None` if nothing came.
async fn send(server: &Server, target: &str, token: Option<&str>) -> Option<Reply> {
    let mut stream = TcpStream::connect(server.addr()).await.ok()?;
    let token = token
        .map(|token| format!("wolkvox-token: {token}\r\n"))
        .unwrap_or_default();
    let request = format!("GET {target} HTTP/1.1\r\nhost: localhost\r\n{token}connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut bytes = Vec::new();
    // A reset ends the reading like an end does.
    stream.read_to_end(&mut bytes).await.ok();
    parsed(&bytes)
}

fn parsed(bytes: &[u8]) -> Option<Reply> {
    let split = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..split]).to_lowercase();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let rest = &bytes[split + 4..];
    let (body, whole) = if head.contains("transfer-encoding: chunked") {
        unchunked(rest)
    } else {
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        (
            rest.to_vec(),
            length.is_none_or(|length| length.parse() == Ok(rest.len())),
        )
    };
    Some(Reply {
        status,
        head,
        body,
        whole,
    })
}

fn unchunked(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|window| window == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        rest = &rest[end + 2..];
        if size == 0 {
            return (body, true);
        }
        body.extend(&rest[..size.min(rest.len())]);
        rest = rest.get(size + 2..).unwrap_or_default();
    }
    (body, false)
}

fn target(ini: &str, end: &str) -> String {
    format!("/api/v2/reports_manager.php?api=chat_1&date_ini={ini}&date_end={end}")
}

/// Asks for a window of local times with the default token.
async fn ask(server: &Server, ini: &str, end: &str) -> Reply {
    send(server, &target(ini, end), Some(&Settings::default().token))
        .await
        .unwrap()
}

/// Asks for a window between two instants.
async fn ask_between(server: &Server, zone: Tz, from: DateTime<Utc>, to: DateTime<Utc>) -> Reply {
    let local = |time: DateTime<Utc>| time.with_timezone(&zone).format("%Y%m%d%H%M%S").to_string();
    ask(server, &local(from), &local(to)).await
}

fn ids(chats: &[SimulatedChat]) -> BTreeSet<String> {
    chats.iter().map(|chat| chat.conn_id.clone()).collect()
}

fn chat(id: &str, opened: &str, minutes: i64) -> SimulatedChat {
    SimulatedChat::new(id, utc(opened), utc(opened) + TimeDelta::minutes(minutes))
}
