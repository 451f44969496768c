//! One operation while the exporter runs: its state, its client, what it shows, and its poller as a task of its own.
//!
//! What goes wrong with one operation stays with it: one whose state can't be opened stands still, says why, and is tried
//! again, while the others go on.

pub mod group;
mod publisher;
mod spread;
mod trouble;

use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;
use secrecy::ExposeSecret;
use small_file::Shown;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use wolkvox::client::Client;

use crate::chats::Ledger;
use crate::clock::Clock;
use crate::config::OperationConfig;
use crate::http::{self, Shared, Status};
use crate::ledger::store::{Adoption, Identity, Opened};
use crate::ledger::{FileStore, StoreError};
use crate::metrics::TimedRows;
use crate::metrics::open_since::OpenSince;
use crate::poller::budget::Share;
use crate::poller::{self, Examples, Parts, Poller};
use group::{Group, InTurn};
use publisher::Publisher;
use trouble::{Failure, Trouble};

pub use spread::Spread;

/// A state that was opened, locked for this process.
pub type OpenedState = Opened<crate::chats::Totals>;

/// What the operations of a process have in common.
pub struct Surroundings {
    /// Our clock.
    pub clock: Arc<dyn Clock>,
    /// Where the states are.
    pub state_dir: PathBuf,
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
        let published = surroundings.shared.insert(status(&config, surroundings));
        let life = Life {
            config: start.config,
            client: start.client,
            group: start.group,
            surroundings: Arc::clone(surroundings),
            published: Arc::clone(&published),
            begun: Some(begun),
            on_failure: start.on_failure,
            recoveries: 0,
            begins: Begins::Soon,
        };
        let span = tracing::error_span!("operation", operation = config.name());
        let stopped = stop.clone().cancelled_owned();
        let task = tokio::spawn(
            async move {
                tokio::select! {
                    () = life.live(start.state) => {}
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

/// The task of an operation.
struct Life {
    config: OperationConfig,
    client: Arc<Client>,
    group: Arc<Group>,
    surroundings: Arc<Surroundings>,
    published: Arc<http::Operation>,
    /// Who waits for the first attempt.
    begun: Option<oneshot::Sender<Result<(), StoreError>>>,
    on_failure: OnFailure,
    /// Damaged states that were put aside, by all attempts.
    recoveries: u64,
    begins: Begins,
}

/// When the first cycle of an attempt begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Begins {
    /// Soon.
    Soon,
    /// When the next one is due: a cycle that always panics must not call more often than one that does not.
    WhenDue,
}

impl Begins {
    fn after(self, spread: Spread, config: &OperationConfig, now: DateTime<Utc>) -> Duration {
        match self {
            Begins::Soon => spread.first_after(config),
            Begins::WhenDue => {
                let due = spread.schedule(config).next(now, now);
                (due - now).to_std().unwrap_or_default()
            }
        }
    }
}

impl Life {
    /// Opens and polls until it is dropped. What fails is tried again, unless the first attempt is to be the only one.
    async fn live(mut self, mut state: Option<Result<OpenedState, StoreError>>) {
        let mut trouble = Trouble::default();
        loop {
            // What a panic leaves half done goes with the attempt.
            let attempt = AssertUnwindSafe(Box::pin(self.attempt(state.take(), &mut trouble)));
            let failure = attempt.catch_unwind().await.unwrap_or(Failure::Fault);
            if matches!(failure, Failure::Fault) {
                self.begins = Begins::WhenDue;
            }
            match failure {
                Failure::State(error) if self.gives_up() => return self.tell(Err(error)),
                failure => trouble.note(&failure, &self.published),
            }
            self.tell(Ok(()));
            tokio::time::sleep(trouble.pause()).await;
        }
    }

    /// Opens its state, unless that was done, and polls for as long as nothing is wrong.
    async fn attempt(
        &mut self,
        state: Option<Result<OpenedState, StoreError>>,
        trouble: &mut Trouble,
    ) -> Failure {
        let started = self.open_and_start(state).await;
        match started {
            Ok((poller, restored)) => {
                self.tell(Ok(()));
                trouble.is_over(&self.published);
                self.poll(poller, restored).await;
                // It polls until it is dropped.
                Failure::Fault
            }
            Err(error) => Failure::State(error),
        }
    }

    /// Of many operations only a few do so at once: each takes a thread, and the disk is one.
    async fn open_and_start(
        &mut self,
        state: Option<Result<OpenedState, StoreError>>,
    ) -> Result<(OurPoller, bool), StoreError> {
        let surroundings = Arc::clone(&self.surroundings);
        // It is never closed.
        let _opening = surroundings.openings.acquire().await;
        let opened = match state {
            Some(opened) => opened,
            None => self.open().await,
        };
        self.start(opened?).await
    }

    /// Only where the first attempt failed: later nobody would hear of it.
    fn gives_up(&self) -> bool {
        self.on_failure == OnFailure::GiveUp && self.begun.is_some()
    }

    /// Tells who waits for the first attempt.
    fn tell(&mut self, outcome: Result<(), StoreError>) {
        if let Some(begun) = self.begun.take() {
            // Nobody waits where the exporter is ending.
            let _ = begun.send(outcome);
        }
    }

    async fn open(&self) -> Result<OpenedState, StoreError> {
        let (config, surroundings) = (self.config.clone(), Arc::clone(&self.surroundings));
        offload::run("state", move || {
            open_state(
                &config,
                &surroundings.state_dir,
                Adoption::Refuse,
                &*surroundings.clock,
            )
        })
        .await
        .map_err(std::io::Error::from)
        .map_err(StoreError::Unwritable)?
    }

    /// Publishes what was stored.
    async fn start(&mut self, opened: OpenedState) -> Result<(OurPoller, bool), StoreError> {
        let Opened {
            store,
            ledger,
            put_aside,
        } = opened;
        self.recoveries += put_aside.iter().count() as u64;
        let clock = &self.surroundings.clock;
        tell_start(&self.config, &store, ledger.as_ref());
        let restored = ledger.is_some();
        let ledger = Ledger::resume(ledger, clock.now(), self.config.counting.count_from);
        let open_since = OpenSince::of(&self.config, clock);
        let timed = open_since.map(|open| Arc::new(open) as Arc<dyn TimedRows>);
        let poller = Poller::start(Parts {
            source: InTurn::new(Arc::clone(&self.client), Arc::clone(&self.group)),
            store,
            publisher: Publisher::new(Arc::clone(&self.published), timed),
            clock: Arc::clone(clock),
            share: Share::of(self.group.budget(), &self.config),
            config: self.config.clone(),
            examples: self.surroundings.examples,
            ledger,
            recoveries: self.recoveries,
        });
        Ok((poller.await?, restored))
    }

    /// Polls until it is dropped.
    async fn poll(&self, poller: OurPoller, restored: bool) {
        let published = &self.published;
        let spread = self.surroundings.spread;
        let schedule = spread.schedule(&self.config);
        let now = self.surroundings.clock.now();
        tokio::time::sleep(self.begins.after(spread, &self.config, now)).await;
        let publication = published.newest_publication();
        let announce = |next| published.update_status(|status| status.next_poll = Some(next));
        poller::run(
            poller,
            schedule,
            restored,
            published.scraped(publication),
            announce,
        )
        .await;
    }
}

type OurPoller = Poller<InTurn<Arc<Client>>, FileStore, Publisher>;

/// Opens the state of an operation. It may wait for a disk or a network.
///
/// # Errors
/// See [`StoreError`].
pub fn open_state(
    config: &OperationConfig,
    directory: &std::path::Path,
    adoption: Adoption,
    clock: &dyn Clock,
) -> Result<OpenedState, StoreError> {
    FileStore::open(directory, identity(config), adoption, clock.now())
}

/// Whose state it is.
fn identity(config: &OperationConfig) -> Identity {
    let server = &config.server;
    let agent_dni = server.agent_dni.as_ref();
    Identity {
        operation: server.operation.clone(),
        host: server.host(),
        agent_dni: agent_dni.map(|dni| dni.expose_secret().to_owned()),
        timezone: server.timezone.to_string(),
    }
}

fn status(config: &OperationConfig, surroundings: &Surroundings) -> Status {
    let mut status = Status::new(config.name(), config.server.host(), surroundings.clock.now());
    status.demo = surroundings.upstream == Upstream::Simulator;
    status
}

fn tell_start(config: &OperationConfig, store: &FileStore, ledger: Option<&Ledger>) {
    let state = Shown(store.path());
    if let Some(ledger) = ledger {
        tracing::info!(
            %state,
            chats = ledger.totals.chats_counted(),
            watermark = %ledger.cursors.poll.format("%FT%TZ"),
            "going on from the stored state"
        );
    } else {
        tracing::info!(
            %state,
            "first start: chats that closed before {} are not counted",
            config.counting.count_from.map_or_else(|| "now".to_owned(), |from| from.format("%FT%TZ").to_string())
        );
    }
    if let Some(proxy) = &config.server.proxy {
        tracing::info!(proxy = %proxy.address(), variable = proxy.variable(), "Wolkvox is asked through the proxy {proxy}");
    }
    for warning in &config.warnings {
        tracing::warn!(operation = config.name(), "{warning}");
    }
}

#[cfg(test)]
pub(crate) mod tests;
