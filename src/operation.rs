//! One operation while the exporter runs: its state, its client, what it shows, and its poller as a task of its own.
//!
//! What goes wrong with one operation stays with it: one whose state can't be opened stands still, says why, and is tried
//! again, while the others go on.

pub mod busy;
pub mod group;
mod life;
mod numbers;
mod publisher;
mod spread;
pub mod state;
mod trouble;

use std::sync::Arc;

use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use wolkvox::client::Client;

use crate::clock::Clock;
use crate::config::OperationConfig;
use crate::http::{self, Settings, Shared, Status};
use crate::ledger::StoreError;
use crate::poller::Examples;
use busy::Busy;
use group::Group;
use life::Life;
use state::{OpenedState, States};

pub use spread::Spread;

/// What the operations of a process have in common.
pub struct Surroundings {
    /// Our clock.
    pub clock: Arc<dyn Clock>,
    /// Where the states are.
    pub states: States,
    /// Whether chats are kept as examples, for exemplars.
    pub examples: Examples,
    /// What they publish.
    pub(crate) shared: Arc<Shared>,
    /// States that may be opened, and written for the first time, at once.
    pub openings: Semaphore,
    /// What is polled.
    pub upstream: Upstream,
    /// When the operations begin their cycles.
    pub spread: Spread,
    /// Looks at their tasks: one that computes without end is a fault.
    pub busy: Arc<Busy>,
}

/// What is polled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upstream {
    /// A Wolkvox server, or a gateway to one.
    Wolkvox,
    /// The built-in simulator: the status page says so.
    Simulator,
}

/// What becomes of an operation whose state can't be opened or written at the first attempt. After that it is tried again in any
/// case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// It ends, and whoever started it is told why: the exporter has nothing else to do.
    GiveUp,
    /// It stands still and is tried again; the others go on.
    TryAgain,
}

/// An operation that is running, or standing still.
#[derive(Debug)]
pub struct Operation {
    /// Its settings.
    pub config: OperationConfig,
    published: Arc<http::Operation>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// What an operation is started with.
pub struct Start {
    /// Its settings.
    pub config: OperationConfig,
    /// Whom it asks.
    pub client: Arc<Client>,
    /// With whom it shares its token.
    pub group: Arc<Group>,
    /// Its state, where that was opened before.
    pub state: Option<Result<OpenedState, StoreError>>,
    /// What becomes of it where its state can't be used.
    pub on_failure: OnFailure,
}

impl Operation {
    /// Starts an operation: it opens its state, publishes what was stored, and polls. The receiver is told once it has
    /// published, or stands still. With [`OnFailure::GiveUp`] it is told why, and the operation ends.
    pub fn start(
        start: Start,
        surroundings: &Arc<Surroundings>,
    ) -> (Operation, oneshot::Receiver<Result<(), StoreError>>) {
        let (begun, first_attempt) = oneshot::channel();
        let stop = CancellationToken::new();
        let config = start.config.clone();
        let lease = surroundings.states.lease(config.name());
        let until = lease.as_ref().map(|lease| lease.until());
        let published = surroundings.shared.insert(status(&config, surroundings), until);
        let (life, state) = Life::new(start, lease, surroundings, Arc::clone(&published), begun);
        let span = tracing::error_span!("operation", operation = config.name());
        let stopped = stop.clone().cancelled_owned();
        let (busy, name) = (Arc::clone(&surroundings.busy), config.name().to_owned());
        let task = tokio::spawn(
            async move {
                tokio::select! {
                    () = busy.watch(&name, life.live(state)) => {}
                    () = stopped => {}
                }
            }
            .instrument(span),
        );
        let operation = Operation {
            config,
            published,
            stop,
            task,
        };
        (operation, first_attempt)
    }

    /// Has the poller end, without waiting for that.
    pub fn tell_to_stop(&self) {
        self.stop.cancel();
    }

    /// Ends the poller; a poll in progress is abandoned. What it shows stays, until a successor publishes.
    pub async fn stop(self) -> Stopped {
        self.tell_to_stop();
        // It was cancelled, or has failed and said so.
        let _ = self.task.await;
        Stopped(self.published)
    }
}

/// An operation that has ended, whose page is still shown.
#[derive(Debug)]
pub struct Stopped(Arc<http::Operation>);

impl Stopped {
    /// The operation's name.
    pub fn name(&self) -> &str {
        self.0.name()
    }

    /// Takes its page away.
    pub(crate) fn remove_from(self, shared: &Shared) {
        shared.remove(&self.0);
    }
}

fn status(config: &OperationConfig, surroundings: &Surroundings) -> Status {
    let settings = Arc::new(Settings::of(config));
    let now = surroundings.clock.now();
    let mut status = Status::new(config.name(), config.server.host(), now, settings);
    status.demo = surroundings.upstream == Upstream::Simulator;
    status
}

#[cfg(test)]
pub(crate) mod tests;
