//! Connections: accepted, bounded in number and time, and drained at the end.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use super::Shared;
use super::answer::answer;
use super::deadline::{Deadline, Patience};

/// How much of the machine the clients may have.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// Connections at once; more wait in the system's queue.
    connections: usize,
    patience: Patience,
    /// How long connections may take to end after the shutdown.
    drain: Duration,
}

const LIMITS: Limits = Limits {
    connections: 512,
    patience: Patience {
        request: Duration::from_secs(10),
        answer: Duration::from_secs(60),
        // Longer than the usual scrape interval of a minute, so that Prometheus' connection is kept.
        idle: Duration::from_secs(90),
    },
    drain: Duration::from_secs(5),
};

/// The most that a request's line and headers may have, in bytes, and how many headers.
const MAX_HEAD: usize = 16 * 1024;
const MAX_HEADERS: usize = 64;

/// How long to wait when the system can't give us a connection: file descriptors or memory have run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(500);

/// Answers on `listener` until `shutdown`; then no more connections are taken, requests under way are answered for up
/// to five seconds, and what is left is cut. Errors of single connections don't end it.
pub async fn serve(listener: TcpListener, shared: Arc<Shared>, shutdown: impl Future<Output = ()>) {
    serve_within(listener, shared, shutdown, LIMITS).await;
}

async fn serve_within(
    listener: TcpListener,
    shared: Arc<Shared>,
    shutdown: impl Future<Output = ()>,
    limits: Limits,
) {
    let slots = Arc::new(Semaphore::new(limits.connections));
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let (stream, slot) = tokio::select! {
            biased;
            () = &mut shutdown => break,
            accepted = accept(&listener, &slots) => accepted,
        };
        while let Some(ended) = connections.try_join_next() {
            if let Err(error) = ended {
                tracing::error!(%error, "a connection's task failed");
            }
        }
        let (shared, watcher) = (Arc::clone(&shared), graceful.watcher());
        connections.spawn(async move {
            connection(Deadline::new(stream, limits.patience), shared, watcher).await;
            drop(slot);
        });
    }
    drop(listener);
    if tokio::time::timeout(limits.drain, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("connections that did not end in time are cut");
    }
    connections.shutdown().await;
}

/// The next connection, once there is a slot for it.
async fn accept(listener: &TcpListener, slots: &Arc<Semaphore>) -> (TcpStream, Option<OwnedSemaphorePermit>) {
    // An error would mean that the semaphore was closed, which nobody does.
    let slot = Arc::clone(slots).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // The last, short segment of an answer must not wait for an acknowledgement. Without it, it only waits.
                let _ = stream.set_nodelay(true);
                return (stream, slot);
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

/// Answers the requests of one connection. Its time is bounded by the stream.
async fn connection<S>(stream: S, shared: Arc<Shared>, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let service = service_fn(move |request| {
        let response = answer(&shared, &request);
        async move { Ok::<_, Infallible>(response) }
    });
    let connection = http1::Builder::new()
        // The stream's own deadlines are meant: this one would also cut connections that wait for their next request.
        .header_read_timeout(None)
        .max_buf_size(MAX_HEAD)
        .max_headers(MAX_HEADERS)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "a connection ended early");
    }
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
