//! The server's socket and its connections.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use std::{fmt, io};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::handle::Handle;
use super::model::Simulator;
use super::service;
use crate::Clock;

/// An idle connection is closed after this, as the vendor's server does.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// After a failed accept (no file descriptors left), before the next.
const BREATH: Duration = Duration::from_millis(20);

/// A running Wolkvox server. It stops when it is dropped.
pub struct Server {
    address: SocketAddr,
    handle: Handle,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Server {
    /// Listens on an address (port 0 for any free one) and serves the operation from a task of its own. `clock` is
    /// the server's: it decides which chats are visible, and goes into the `Date` header.
    ///
    /// # Errors
    /// If the address can't be listened on.
    pub async fn start(
        address: SocketAddr,
        simulator: impl Into<Arc<Simulator>>,
        clock: Arc<dyn Clock>,
    ) -> io::Result<Self> {
        Self::on(TcpListener::bind(address).await?, simulator, clock)
    }

    /// As [`Server::start`], on a socket that listens already.
    ///
    /// # Errors
    /// If the socket has no address.
    pub fn on(
        listener: TcpListener,
        simulator: impl Into<Arc<Simulator>>,
        clock: Arc<dyn Clock>,
    ) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let handle = Handle::new(simulator.into(), clock);
        let stop = CancellationToken::new();
        let task = tokio::spawn(accept(listener, handle.clone(), stop.clone()));
        Ok(Self {
            address,
            handle,
            stop,
            task,
        })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// `http://<address>`, without a slash at the end.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What controls it.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Stops, and waits until the port is free. Open connections are closed at once.
    pub async fn stop(mut self) {
        self.stop.cancel();
        // It ends only by the token; if it panicked, it has ended too.
        (&mut self.task).await.ok();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Server")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

async fn accept(listener: TcpListener, handle: Handle, stop: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(BREATH).await;
            continue;
        };
        if handle.state().drops_connection() {
            // Closed with a reset instead of an orderly end.
            stream.set_zero_linger().ok();
            continue;
        }
        tokio::spawn(converse(stream, handle.clone(), stop.clone()));
    }
}

/// Serves one connection until either side has enough of it.
async fn converse(stream: TcpStream, handle: Handle, stop: CancellationToken) {
    stream.set_nodelay(true).ok();
    let reset = Arc::new(AtomicBool::new(false));
    let service =
        service_fn(|request| Box::pin(service::answer(handle.clone(), Arc::clone(&reset), request)));
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(KEEP_ALIVE)
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        () = stop.cancelled() => {}
        // How it ended is the client's to judge.
        _ = poll_fn(|context| connection.poll_without_shutdown(context)) => {}
    }
    let stream = connection.into_parts().io.into_inner();
    if reset.load(Ordering::SeqCst) {
        stream.set_zero_linger().ok();
    }
}
