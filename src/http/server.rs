//! Connections: accepted, bounded in number and time, and drained at the end.

use std::future::poll_fn;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

use super::deadline::{Deadline, TimeOuts};
use super::slots::{Activity, Slot, Slots};
use super::{Shared, authorize};
use crate::health::SPEAKS_HTTPS;
use exporter_web::{Peer, REQUEST_TIME_OUT, Web, WebConfig};

/// The connection slots where the system gives descriptors enough for them.
pub(crate) const CONNECTION_SLOTS: usize = 512;

/// The bounds of what clients may use.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// Connections at once. One more takes the slot of another, see [`Slots`].
    connections: usize,
    time_outs: TimeOuts,
    /// How long connections may take to end after the shutdown.
    drain: Duration,
}

const LIMITS: Limits = Limits {
    connections: CONNECTION_SLOTS,
    time_outs: TimeOuts {
        request: REQUEST_TIME_OUT,
        answer: Duration::from_secs(60),
        // Longer than the usual scrape interval of a minute, so that Prometheus' connection is kept.
        idle: Duration::from_secs(90),
    },
    drain: Duration::from_secs(5),
};

/// The most that a request's line and headers may have, in bytes, and how many headers.
const MAX_HEAD: usize = 16 * 1024;
const MAX_HEADERS: usize = 64;

/// The head of the answer to plain HTTP on a port that speaks TLS.
const SPEAKS_HTTPS_HEAD: &str =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n";

/// How long to wait when the system can't give us a connection: file descriptors or memory have run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(500);

/// Answers on all listeners until `shutdown`, with `connection_slots` connections at once. After the shutdown no more
/// connections are accepted, requests under way are answered for up to five seconds, and what is left is cut. The error of
/// one connection does not end the server.
pub(crate) async fn serve(
    listeners: Vec<TcpListener>,
    connection_slots: usize,
    shared: Arc<Shared>,
    web: Arc<Web>,
    shutdown: impl Future<Output = ()>,
) {
    let limits = Limits {
        connections: connection_slots,
        ..LIMITS
    };
    serve_within(listeners, shared, web, shutdown, limits).await;
}

async fn serve_within(
    mut listeners: Vec<TcpListener>,
    shared: Arc<Shared>,
    web: Arc<Web>,
    shutdown: impl Future<Output = ()>,
    limits: Limits,
) {
    let slots = Slots::new(limits.connections);
    // A connection that was cut for another holds its descriptor until its task has ended.
    let descriptors = Arc::new(Semaphore::new(limits.connections));
    let watching = tokio::spawn(Arc::clone(&web).watch());
    let graceful = GracefulShutdown::new();
    let stop = CancellationToken::new();
    let mut connections = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let (stream, address) = tokio::select! {
            biased;
            () = &mut shutdown => break,
            accepted = accept(&mut listeners) => accepted,
        };
        while let Some(ended) = connections.try_join_next() {
            // Connections that were cut for others were cancelled: that is no failure.
            if let Err(error) = ended
                && error.is_panic()
            {
                tracing::error!(%error, "a connection's task failed");
            }
        }
        let slot = Arc::new(slots.take());
        let number = slot.number();
        // Nobody closes the semaphore.
        let descriptor = Arc::clone(&descriptors).acquire_owned().await.ok();
        let connection = Connection {
            _descriptor: descriptor,
            shared: Arc::clone(&shared),
            address,
            opened: web.current(),
            web: Arc::clone(&web),
            slot,
            watcher: graceful.watcher(),
            stop: stop.clone(),
            time_outs: limits.time_outs,
        };
        let task = connections.spawn(connection.open(stream));
        slots.set_task(number, task);
    }
    watching.abort();
    stop.cancel();
    drop(listeners);
    if tokio::time::timeout(limits.drain, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!(
            after_s = limits.drain.as_secs(),
            "connections that did not end in time are cut"
        );
    }
    connections.shutdown().await;
}

/// The next connection, of the listeners in turn, and where it comes from.
async fn accept(listeners: &mut [TcpListener]) -> (TcpStream, IpAddr) {
    loop {
        let accepted = poll_fn(|context| {
            let mut each = listeners.iter().map(|listener| listener.poll_accept(context));
            each.find(Poll::is_ready).unwrap_or(Poll::Pending)
        });
        match accepted.await {
            Ok((stream, from)) => {
                // Many connections to one address must not keep the others waiting.
                listeners.rotate_left(1);
                // The last, short segment of an answer must not wait for an acknowledgement. If this fails, it waits.
                let _ = stream.set_nodelay(true);
                return (stream, from.ip());
            }
            Err(error) if concerns_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted at the moment");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Whether only the connection that was to be accepted is lost.
fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
    )
}

/// One connection, and all that it needs.
struct Connection {
    /// Free again when the connection is closed.
    _descriptor: Option<OwnedSemaphorePermit>,
    shared: Arc<Shared>,
    address: IpAddr,
    web: Arc<Web>,
    /// The configuration it was opened under.
    opened: Arc<WebConfig>,
    slot: Arc<Slot>,
    watcher: Watcher,
    /// Ends handshakes that are under way.
    stop: CancellationToken,
    time_outs: TimeOuts,
}

impl Connection {
    /// Does the TLS handshake where one is configured, and answers.
    async fn open(self, stream: TcpStream) {
        let Some(tls) = &self.opened.tls else {
            return self.serve(stream).await;
        };
        let accepting = tokio::time::timeout(self.time_outs.request, handshake(Arc::clone(tls), stream));
        let accepted = tokio::select! {
            () = self.stop.cancelled() => return,
            accepted = accepting => accepted,
        };
        match accepted {
            Ok(Ok(Some(stream))) => self.serve(stream).await,
            Ok(Ok(None)) => {}
            Ok(Err(error)) => {
                tracing::debug!(peer = %self.address, %error, "a client and this server could not agree on TLS");
            }
            Err(_) => {
                tracing::debug!(peer = %self.address, "a client did not finish its TLS handshake in time");
            }
        }
    }

    /// Answers the requests. Their time is bounded by the stream.
    async fn serve<S>(self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let Self {
            shared,
            address,
            web,
            opened,
            slot,
            watcher,
            time_outs,
            ..
        } = self;
        let peer = Peer {
            address,
            time_out: time_outs.request,
        };
        let stream = Deadline::new(stream, time_outs).with_slot(Arc::clone(&slot));
        let service = service_fn(move |request| {
            slot.record_progress(Activity::Answering);
            let (shared, web, config) = (Arc::clone(&shared), Arc::clone(&web), web.current());
            let is_of_now = config.has_tls_of(&opened);
            async move {
                if is_of_now {
                    Ok(authorize::authorize_and_answer(&web, &shared, &config, peer, &request).await)
                } else {
                    Err(OtherTls)
                }
            }
        });
        let connection = http1::Builder::new()
            // The stream has its own deadlines. This one would also cut connections that wait for their next request.
            .header_read_timeout(None)
            // A client that closes its sending side after the request (`nc -N`) still waits for the answer.
            .half_close(true)
            .max_buf_size(MAX_HEAD)
            .max_headers(MAX_HEADERS)
            .serve_connection(TokioIo::new(stream), service);
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(peer = %address, %error, "a connection ended early");
        }
    }
}

/// The connection was opened under other TLS settings. The ones in force might refuse its client, so it gets no answer.
#[derive(Debug, thiserror::Error)]
#[error("it was opened before tls_server_config of the web configuration changed")]
struct OtherTls;

/// The stream under TLS. Plain HTTP is answered with [`SPEAKS_HTTPS`], and gets none.
async fn handshake(
    tls: Arc<ServerConfig>,
    mut stream: TcpStream,
) -> io::Result<Option<TlsStream<TcpStream>>> {
    let mut first = [0];
    stream.peek(&mut first).await?;
    // A method begins with a letter, a handshake with 22.
    if !first[0].is_ascii_alphabetic() {
        return TlsAcceptor::from(tls).accept(stream).await.map(Some);
    }
    // What is left unread would reset the connection, and the answer might be lost.
    let mut head = [0; 4096];
    let _ = stream.read(&mut head).await?;
    let answer = format!("{SPEAKS_HTTPS_HEAD}{SPEAKS_HTTPS}");
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await?;
    Ok(None)
}

#[cfg(test)]
mod tests;
