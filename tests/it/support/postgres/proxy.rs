//! Stands between a client and its PostgreSQL, and breaks the way at the moments that matter: a commit that arrives although
//! its answer does not, one that never arrives, one that arrives when nobody waits for it any more.
//!
//! It reads the messages of the protocol, without TLS: a client that asks for it is told that there is none. What a client sends
//! is passed on when it is whole, up to its `Sync`; a statement is *marked* where its text holds the words of a commit.

#![allow(clippy::unwrap_used, clippy::expect_used)] // In helpers too: a test that can't go on fails.

mod connection;
mod late;
mod message;
mod request;
mod server;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::support::process::{wait_for, wait_until};
use late::Late;

/// What the text of a marked statement holds, in small letters, with one blank for any white space.
const MARK: &str = "set state";

/// What becomes of the next marked statement. Those after it pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is carried out, and the client's connection closed before a byte of the answer: it arrived.
    DropAnswer,
    /// It is lost with both connections: it never arrives.
    Swallow,
    /// The client's connection is closed. The statement and the server's are kept for [`Proxy::deliver`].
    Late,
}

/// The state of the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Open,
    /// New connections are closed at once.
    Refusing,
    /// Bytes are taken and go nowhere, in both directions.
    Hanging,
}

/// Where the fault stands that was ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    None,
    Next(Fault),
    /// A marked statement has met it; the client's connection may still be open.
    Met,
}

/// What its connections share.
struct Shared {
    server: Mutex<SocketAddr>,
    mark: String,
    way: watch::Sender<Way>,
    /// Counts how often all connections were cut.
    cuts: watch::Sender<u64>,
    order: Mutex<Order>,
    late: Mutex<VecDeque<Late>>,
    delay: Mutex<Duration>,
    /// Whether marked statements may go on.
    marked_may_pass: watch::Sender<bool>,
    open: AtomicUsize,
    marked: AtomicUsize,
}

/// When it is dropped, its connections are closed.
pub(crate) struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
        self.cut();
    }
}

impl Proxy {
    /// In front of a server, or of what stands before one.
    pub(crate) async fn before(server: SocketAddr) -> Proxy {
        Proxy::marking(server, MARK).await
    }

    /// The same, with other words that mark a statement.
    pub(crate) async fn marking(server: SocketAddr, mark: &str) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            server: Mutex::new(server),
            mark: mark.to_owned(),
            way: watch::Sender::new(Way::Open),
            cuts: watch::Sender::new(0),
            order: Mutex::new(Order::None),
            late: Mutex::default(),
            delay: Mutex::default(),
            marked_may_pass: watch::Sender::new(true),
            open: AtomicUsize::new(0),
            marked: AtomicUsize::new(0),
        });
        let task = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Proxy {
            address,
            shared,
            task,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets everything pass, also what hung.
    pub(crate) fn pass(&self) {
        self.shared.way.send_replace(Way::Open);
    }

    /// Closes each new connection at once. Those that are open stay so until they are [`cut`](Proxy::cut).
    pub(crate) fn refuse(&self) {
        self.shared.way.send_replace(Way::Refusing);
    }

    /// Passes nothing on in either direction; connections are accepted and stay open. What was sent meanwhile arrives when
    /// everything may [`pass`](Proxy::pass) again.
    pub(crate) fn hang(&self) {
        self.shared.way.send_replace(Way::Hanging);
    }

    /// Closes all connections, on both sides. New ones are met as before.
    pub(crate) fn cut(&self) {
        self.shared.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Holds up each request so long before it is passed on.
    pub(crate) fn delay(&self, delay: Duration) {
        *self.shared.delay.lock().unwrap() = delay;
    }

    /// Keeps marked statements on the way, all of them, until they may go on.
    pub(crate) fn keep_marked(&self) {
        self.shared.marked_may_pass.send_replace(false);
    }

    /// Lets marked statements go on, also those that were kept.
    pub(crate) fn pass_marked(&self) {
        self.shared.marked_may_pass.send_replace(true);
    }

    /// Connects to another server from now on, as an address does that moves with the primary.
    pub(crate) fn lead_to(&self, server: SocketAddr) {
        *self.shared.server.lock().unwrap() = server;
    }

    /// Orders what the next marked statement is to meet, in place of what was ordered before.
    pub(crate) fn order(&self, fault: Fault) {
        *self.shared.order.lock().unwrap() = Order::Next(fault);
    }

    /// Waits until a statement has met what was ordered, and the client's connection is closed.
    pub(crate) async fn met(&self) {
        wait_until("a marked statement", || {
            *self.shared.order.lock().unwrap() == Order::Met
        })
        .await;
    }

    /// Sends the oldest statement that was kept to the server and waits until it has ended there. What the server says: the tag,
    /// `UPDATE 0`, or the SQLSTATE of an error; none where it closed the connection meanwhile.
    pub(crate) async fn deliver(&self) -> Option<String> {
        let late = wait_for("a statement that is late", || async {
            self.shared.late.lock().unwrap().pop_front()
        });
        late.await.deliver().await
    }

    /// Whether a statement is kept for [`Proxy::deliver`].
    pub(crate) fn has_late(&self) -> bool {
        !self.shared.late.lock().unwrap().is_empty()
    }

    /// How many clients are connected.
    pub(crate) fn open(&self) -> usize {
        self.shared.open.load(Ordering::SeqCst)
    }

    /// How many marked statements have come, whatever became of them.
    pub(crate) fn marked(&self) -> usize {
        self.shared.marked.load(Ordering::SeqCst)
    }
}

impl Shared {
    fn way(&self) -> Way {
        *self.way.borrow()
    }

    /// Returns when bytes may go on.
    async fn passable(&self) {
        let mut way = self.way.subscribe();
        // The sender lives as long as this does.
        let _ = way.wait_for(|way| *way != Way::Hanging).await;
    }

    /// Returns when a marked statement may go on.
    async fn marked_may_pass(&self) {
        let mut may_pass = self.marked_may_pass.subscribe();
        // The sender lives as long as this does.
        let _ = may_pass.wait_for(|may_pass| *may_pass).await;
    }

    /// What a marked statement meets that comes now.
    fn take_order(&self) -> Option<Fault> {
        self.marked.fetch_add(1, Ordering::SeqCst);
        let mut order = self.order.lock().unwrap();
        let Order::Next(fault) = *order else {
            return None;
        };
        *order = Order::None;
        Some(fault)
    }

    /// The client of that statement is gone. An order that was given meanwhile stays.
    fn has_met(&self) {
        let mut order = self.order.lock().unwrap();
        if *order == Order::None {
            *order = Order::Met;
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let (client, _) = listener.accept().await.unwrap();
        if shared.way() == Way::Refusing {
            continue;
        }
        let shared = Arc::clone(&shared);
        // From before its first byte on.
        let mut cuts = shared.cuts.subscribe();
        tokio::spawn(async move {
            shared.open.fetch_add(1, Ordering::SeqCst);
            tokio::select! {
                _ = cuts.changed() => {}
                () = connection::carry(client, &shared) => {}
            }
            shared.open.fetch_sub(1, Ordering::SeqCst);
        });
    }
}
