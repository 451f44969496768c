//! Scrapes as fast as they are answered, over so many connections that stay open.

use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT_ENCODING, HOST};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::Outcome;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Encoding {
    Plain,
    Gzip,
}

impl FromStr for Encoding {
    type Err = String;

    fn from_str(text: &str) -> Result<Encoding, String> {
        match text {
            "plain" => Ok(Encoding::Plain),
            "gzip" => Ok(Encoding::Gzip),
            _ => Err(format!("{text} is neither plain nor gzip")),
        }
    }
}

/// A load.
#[derive(Debug)]
pub(crate) struct Load {
    pub(crate) address: SocketAddr,
    pub(crate) connections: usize,
    pub(crate) duration: Duration,
    pub(crate) encoding: Encoding,
}

/// What one connection saw.
#[derive(Debug, Default)]
struct Seen {
    /// How long each scrape took, from the request to the last byte.
    latencies: Vec<Duration>,
    bytes: u64,
}

/// Opens the connections, prints `ready`, waits for a line on the standard input, and loads for so long or until the
/// standard input ends. Then prints, as JSON, the scrapes, the seconds, the bytes, and the quantiles of the latency in
/// microseconds.
///
/// # Errors
/// A connection, or an answer that is not 200.
pub(crate) fn run(load: &Load) -> Outcome {
    // One thread: the other processor is the server's.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (seconds, mut seen) = runtime.block_on(drive(load))?;
    // The thread that reads the standard input may be waiting still.
    runtime.shutdown_background();
    seen.latencies.sort_unstable();
    let micros = |share: f64| quantile(&seen.latencies, share).as_secs_f64() * 1e6;
    println!(
        r#"{{"requests": {}, "seconds": {seconds}, "bytes": {}, "p50": {}, "p99": {}}}"#,
        seen.latencies.len(),
        seen.bytes,
        micros(0.5),
        micros(0.99)
    );
    Ok(())
}

async fn drive(load: &Load) -> Result<(f64, Seen), Error> {
    let mut senders = Vec::new();
    for _ in 0..load.connections {
        senders.push(connect(load.address).await?);
    }
    println!("ready");
    let mut input = BufReader::new(tokio::io::stdin());
    input.read_line(&mut String::new()).await?;

    let begun = Instant::now();
    let end = begun + load.duration;
    let (stop, stopped) = watch::channel(());
    let mut connections = JoinSet::new();
    for sender in senders {
        let request = request(load)?;
        connections.spawn(scrape(sender, request, end, stopped.clone()));
    }
    tokio::spawn(async move {
        let mut rest = Vec::new();
        // However it ends, nobody waits for the load any longer.
        let _ = input.read_to_end(&mut rest).await;
        drop(stop);
    });
    let mut all = Seen::default();
    while let Some(seen) = connections.join_next().await {
        let seen = seen??;
        all.latencies.extend(seen.latencies);
        all.bytes += seen.bytes;
    }
    Ok((begun.elapsed().as_secs_f64(), all))
}

async fn connect(address: SocketAddr) -> Result<http1::SendRequest<Empty<Bytes>>, Error> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // How it ends is seen by the one who sends.
    tokio::spawn(async { drop(connection.await) });
    Ok(sender)
}

fn request(load: &Load) -> Result<Request<Empty<Bytes>>, Error> {
    let builder = Request::get("/metrics").header(HOST, load.address.to_string());
    let builder = match load.encoding {
        Encoding::Plain => builder,
        Encoding::Gzip => builder.header(ACCEPT_ENCODING, "gzip"),
    };
    Ok(builder.body(Empty::new())?)
}

async fn scrape(
    mut sender: http1::SendRequest<Empty<Bytes>>,
    request: Request<Empty<Bytes>>,
    end: Instant,
    stopped: watch::Receiver<()>,
) -> Result<Seen, Error> {
    let mut seen = Seen::default();
    // `has_changed` is an error once the sender is gone.
    while Instant::now() < end && stopped.has_changed().is_ok() {
        let begun = Instant::now();
        let response = sender.send_request(request.clone()).await?;
        if response.status() != StatusCode::OK {
            return Err(format!("a scrape was answered with {}", response.status()).into());
        }
        let mut body = response.into_body();
        while let Some(frame) = body.frame().await {
            seen.bytes += frame?.data_ref().map_or(0, |data| data.len() as u64);
        }
        seen.latencies.push(begun.elapsed());
        sender.ready().await?;
    }
    Ok(seen)
}

/// Of sorted values, the one that so large a share is not above; zero of none.
fn quantile(sorted: &[Duration], share: f64) -> Duration {
    // A share of a count lies in its bounds.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let place = (sorted.len() as f64 * share).ceil() as usize;
    let value = sorted.get(place.saturating_sub(1)).or(sorted.last());
    value.copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_the_value_that_its_share_is_not_above() {
        let sorted: Vec<_> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!(quantile(&sorted, 0.5), Duration::from_millis(100));
        assert_eq!(quantile(&sorted, 0.99), Duration::from_millis(198));
        assert_eq!(quantile(&sorted, 1.0), Duration::from_millis(200));
        assert_eq!(quantile(&sorted[..1], 0.99), Duration::from_millis(1));
        assert_eq!(quantile(&[], 0.99), Duration::ZERO);
    }
}
