//! What the server says of itself, and how to tell from outside that it answers. Asked in plain HTTP without a password, as a
//! probe in a container must: a port with users or TLS says so itself, and that is an answer of this exporter too.

use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::time::Duration;

/// The text of `/-/healthy`.
pub(crate) const HEALTHY: &str = "The exporter is healthy.\n";
/// What a password is asked for with.
pub(crate) const CHALLENGE: &str = "Basic realm=\"wolkvox-exporter\", charset=\"UTF-8\"";
/// The text of the answer to plain HTTP on a port that speaks TLS.
pub(crate) const SPEAKS_HTTPS: &str =
    "This port speaks HTTPS: use https:// (in Prometheus, scheme: https).\n";

/// The text of the answer to one request too many.
pub(crate) const RATE_LIMITED: &str = "Too many requests: rate_limit of the web configuration.\n";

/// The answer has a head and a sentence.
const LONGEST_ANSWER: u64 = 16 * 1024;

/// Why an exporter is not known to be healthy.
#[derive(Debug, thiserror::Error)]
pub enum HealthError {
    /// The name or address to ask at leads nowhere.
    #[error("{0} can't be looked up ({1}): it is the address of WOLKVOX_LISTEN_ADDRESS or --listen")]
    Address(String, io::Error),
    /// Nobody answers.
    #[error(
        "no answer from {0} ({1}): the exporter is not running, is still starting, hangs, or listens elsewhere (WOLKVOX_LISTEN_ADDRESS, --listen)"
    )]
    NoAnswer(SocketAddr, io::Error),
    /// Somebody else answers, or the exporter says that something is wrong.
    #[error("the answer from {0} is not that of a healthy exporter: {1}")]
    Other(SocketAddr, String),
}

/// Asks the exporter that listens on `listen` whether it is healthy. Each step may take so long.
///
/// # Errors
/// It is not, or it can't be told.
pub fn ask(listen: &str, time_out: Duration) -> Result<SocketAddr, HealthError> {
    let unknown = |error| HealthError::Address(listen.to_owned(), error);
    let addresses = listen.to_socket_addrs().map_err(unknown)?;
    let mut failure = unknown(io::ErrorKind::NotFound.into());
    for address in addresses.map(reached_at) {
        match ask_at(address, time_out) {
            Ok(answer) => return judge(address, &answer),
            Err(error) => failure = HealthError::NoAnswer(address, error),
        }
    }
    Err(failure)
}

/// Who listens on all addresses is reached on this machine's own.
fn reached_at(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

fn ask_at(address: SocketAddr, time_out: Duration) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, time_out)?;
    stream.set_read_timeout(Some(time_out))?;
    stream.set_write_timeout(Some(time_out))?;
    // At once: who answers after a part of it, and closes, resets the connection when the rest comes.
    let request = format!(
        "GET /-/healthy HTTP/1.1\r\nHost: {address}\r\nUser-Agent: wolkvox-exporter-health\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(LONGEST_ANSWER).read_to_end(&mut answer)?;
    if answer.is_empty() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn judge(address: SocketAddr, answer: &str) -> Result<SocketAddr, HealthError> {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    let first_line = head.lines().next().unwrap_or_default();
    let is_well = match first_line.split(' ').nth(1) {
        Some("200") => body == HEALTHY,
        Some("401") => head.contains(CHALLENGE),
        Some("400") => body == SPEAKS_HTTPS,
        Some("429") => body == RATE_LIMITED,
        _ => false,
    };
    if is_well {
        return Ok(address);
    }
    Err(HealthError::Other(address, printable(first_line)))
}

/// For a terminal: what answers may be anything.
fn printable(line: &str) -> String {
    let line: String = line.chars().take(80).filter(|char| !char.is_control()).collect();
    format!("{line:?}")
}

#[cfg(test)]
mod tests;
