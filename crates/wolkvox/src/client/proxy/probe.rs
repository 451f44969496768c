//! Asks a server or proxy that made no connection for the reason. The client's library keeps the status of its refusal to itself, so
//! the proxy is asked once more, and only for the connection: no call to the server is made.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use secrecy::ExposeSecret as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::Proxy;
use crate::client::resolver::{self, LookupError};
use crate::client::trust::Trust;
use crate::client::{Tls, unbracketed};

/// The reason is worth no more of a call's time.
const LIMIT: Duration = Duration::from_secs(5);
/// A status line is the beginning of an answer.
const MOST_BYTES: usize = 512;

/// What came of it.
#[derive(Debug)]
pub(in crate::client) enum Found {
    /// The proxy's name is not known.
    Name(LookupError),
    /// No connection to the proxy.
    Connection(io::Error),
    /// What the proxy answers.
    Status(u16),
    /// Something else than an answer of HTTP.
    NoAnswer,
    /// It takes connections, and does not answer a TLS handshake.
    NoHandshake,
    /// Nothing in time, or it can't be asked.
    Nothing,
}

/// Whether a server takes connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::client) enum Takes {
    Connections,
    /// Not within the time.
    Nothing,
}

/// Connects to the server, and sends nothing. `limit` is the longest time.
pub(in crate::client) async fn takes_connections(server: &Url, limit: Duration) -> Takes {
    let host = server.host_str().unwrap_or_default();
    let port = server.port_or_known_default().unwrap_or_default();
    let connection = tokio::time::timeout(LIMIT.min(limit), async {
        let addresses = resolver::look_up(unbracketed(host), port).await.ok()?;
        TcpStream::connect(&*addresses).await.ok()
    });
    match connection.await {
        Ok(Some(_)) => Takes::Connections,
        _ => Takes::Nothing,
    }
}

/// Connects to the proxy as the client does, and asks it for a connection to the server if it speaks HTTP without TLS, or for
/// the beginning of TLS. `limit` is the longest time.
pub(in crate::client) async fn ask(proxy: &Proxy, server: &Url, limit: Duration) -> Found {
    let limit = LIMIT.min(limit);
    let found = tokio::time::timeout(limit, connect_and_ask(proxy, server, limit / 2)).await;
    found.unwrap_or(Found::Nothing)
}

async fn connect_and_ask(proxy: &Proxy, server: &Url, limit: Duration) -> Found {
    let addresses = match resolver::look_up(unbracketed(&proxy.0.host), proxy.0.port).await {
        Ok(addresses) => addresses,
        Err(error) => return Found::Name(error),
    };
    let stream = match TcpStream::connect(&*addresses).await {
        Ok(stream) => stream,
        Err(error) => return Found::Connection(error),
    };
    match proxy.0.scheme.as_str() {
        "http" => {}
        "https" => return handshake(stream, &proxy.0.host, limit).await,
        _ => return Found::Nothing,
    }
    status(stream, &request(proxy, server))
        .await
        .unwrap_or(Found::NoAnswer)
}

/// Whether anything answers the first message of a TLS handshake within `limit`.
async fn handshake(mut stream: TcpStream, host: &str, limit: Duration) -> Found {
    let Some(hello) = hello(host) else {
        return Found::Nothing;
    };
    let answer = tokio::time::timeout(limit, async {
        stream.write_all(&hello).await?;
        stream.read(&mut [0]).await
    });
    match answer.await {
        Ok(_) => Found::Nothing,
        Err(_) => Found::NoHandshake,
    }
}

/// The first message of a TLS handshake. No certificate is judged after it, so nobody needs to be trusted.
fn hello(host: &str) -> Option<Vec<u8>> {
    let config = Tls::default().config(Trust::Nobody).ok()?;
    let name = unbracketed(host).to_owned().try_into().ok()?;
    let mut connection = rustls::ClientConnection::new(Arc::new(config), name).ok()?;
    let mut hello = Vec::new();
    connection.write_tls(&mut hello).ok()?;
    Some(hello)
}

fn request(proxy: &Proxy, server: &Url) -> String {
    let host = server.host_str().unwrap_or_default();
    let port = server.port_or_known_default().unwrap_or_default();
    let authorization = proxy
        .0
        .credentials
        .as_ref()
        .map_or_else(String::new, |credentials| {
            format!("Proxy-Authorization: {}\r\n", credentials.header.expose_secret())
        });
    format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n{authorization}\r\n")
}

async fn status(mut stream: TcpStream, request: &str) -> io::Result<Found> {
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    while answer.len() < MOST_BYTES && !answer.contains(&b'\n') {
        if stream.read_buf(&mut answer).await? == 0 {
            break;
        }
    }
    let line = answer.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let mut words = line.split_whitespace();
    let is_http = words.next().is_some_and(|word| word.starts_with("HTTP/1."));
    let status = words.next().and_then(|word| word.parse().ok());
    Ok(status.filter(|_| is_http).map_or(Found::NoAnswer, Found::Status))
}
