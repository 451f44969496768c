//! The task of an operation: it waits until this process may poll it, opens its state, polls, and begins again when something
//! goes wrong.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;
use leases::{Hold, Lease};
use tokio::sync::oneshot;
use wolkvox::client::Client;

use super::group::{Group, InTurn};
use super::publisher::Publisher;
use super::spread::Spread;
use super::state::{self, OpenedState, States};
use super::trouble::{Failure, Trouble};
use super::{OnFailure, Start, Surroundings};
use crate::chats::Ledger;
use crate::config::OperationConfig;
use crate::http::{self, NotHeld};
use crate::ledger::StoreError;
use crate::ledger::store::{Adoption, AnyStore, Opened};
use crate::metrics::TimedRows;
use crate::metrics::open_since::OpenSince;
use crate::poller::budget::Share;
use crate::poller::{self, Cycle, CycleFailure, Parts, Poller};

type OurPoller = Poller<InTurn<Arc<Client>>, AnyStore, Publisher>;

/// The task of an operation.
pub(super) struct Life {
    config: OperationConfig,
    client: Arc<Client>,
    group: Arc<Group>,
    /// Where replicas share the states: only who holds it may poll.
    lease: Option<Arc<Lease>>,
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
pub(super) enum Begins {
    /// Soon.
    Soon,
    /// When the next one is due: a cycle that always panics must not call more often than one that does not.
    WhenDue,
}

impl Begins {
    pub(super) fn after(self, spread: Spread, config: &OperationConfig, now: DateTime<Utc>) -> Duration {
        match self {
            Begins::Soon => spread.first_after(config),
            Begins::WhenDue => {
                let due = spread.schedule(config).next(now, now);
                (due - now).to_std().unwrap_or_default()
            }
        }
    }
}

/// Why the attempts to poll are over.
enum End {
    /// The first one failed, and was to be the only one.
    GaveUp,
    /// Another replica is to have the operation.
    AskedBack,
}

/// A state that was opened before, where it was.
type EarlyState = Option<Result<OpenedState, StoreError>>;

impl Life {
    pub(super) fn new(
        start: Start,
        lease: Option<Arc<Lease>>,
        surroundings: &Arc<Surroundings>,
        published: Arc<http::Operation>,
        begun: oneshot::Sender<Result<(), StoreError>>,
    ) -> (Life, EarlyState) {
        let life = Life {
            config: start.config,
            client: start.client,
            group: start.group,
            lease,
            surroundings: Arc::clone(surroundings),
            published,
            begun: Some(begun),
            on_failure: start.on_failure,
            recoveries: 0,
            begins: Begins::Soon,
        };
        (life, start.state)
    }

    /// Polls until it is dropped, or gives up.
    pub(super) async fn live(mut self, mut state: EarlyState) {
        let Some(lease) = self.lease.clone() else {
            // There is nobody who asks for it back.
            self.try_to_poll(state, None).await;
            return;
        };
        loop {
            // Held already: it begins again with other settings, and what was shown stays until it is there.
            let hold = if let Some(hold) = lease.held().now_or_never() {
                hold
            } else {
                self.stand_by();
                lease.held().await
            };
            self.published.publish_under(hold.claim());
            let end = tokio::select! {
                biased;
                () = hold.lost() => None,
                end = self.try_to_poll(state.take(), Some(&hold)) => Some(end),
            };
            self.published.withdraw();
            match end {
                Some(End::GaveUp) => return,
                Some(End::AskedBack) => hold.give_back().await,
                None => tracing::warn!(
                    "the lease of this operation is out; it is shown and polled here again once it is held again"
                ),
            }
        }
    }

    /// It is another replica's for now.
    fn stand_by(&mut self) {
        self.tell(Ok(()));
        self.published.withdraw();
        self.published
            .update_status(|status| status.not_held = Some(NotHeld::Elsewhere));
    }

    /// Opens and polls. What fails is tried again, unless the first attempt is to be the only one.
    async fn try_to_poll(&mut self, mut state: EarlyState, hold: Option<&Hold>) -> End {
        let mut trouble = Trouble::default();
        loop {
            // What a panic leaves half done goes with the attempt.
            let attempt = AssertUnwindSafe(Box::pin(self.attempt(state.take(), hold, &mut trouble)));
            let failure = match attempt.catch_unwind().await {
                Ok(Ok(())) => return End::AskedBack,
                Ok(Err(failure)) => failure,
                Err(_) => Failure::Fault,
            };
            if matches!(failure, Failure::Fault) {
                self.begins = Begins::WhenDue;
            }
            if let (Failure::State(error), Some(hold)) = (&failure, hold)
                && error.is_of_another_report()
            {
                hold.lease().note_unfit();
            }
            match failure {
                Failure::State(error) if self.gives_up() => {
                    self.tell(Err(error));
                    return End::GaveUp;
                }
                failure => trouble.note(&failure, &self.published),
            }
            self.tell(Ok(()));
            tokio::select! {
                () = tokio::time::sleep(trouble.pause()) => {}
                () = asked_back(hold) => return End::AskedBack,
            }
        }
    }

    /// Opens its state, unless that was done, and polls until another replica is to have the operation.
    async fn attempt(
        &mut self,
        state: EarlyState,
        hold: Option<&Hold>,
        trouble: &mut Trouble,
    ) -> Result<(), Failure> {
        let started = self.open_and_start(state, hold).await;
        let (poller, restored) = started.map_err(Failure::State)?;
        self.tell(Ok(()));
        trouble.is_over(&self.published);
        Box::pin(self.poll(poller, restored, hold)).await;
        Ok(())
    }

    /// Of many operations only a few do so at once: each takes a thread, and the disk is one.
    async fn open_and_start(
        &mut self,
        state: EarlyState,
        hold: Option<&Hold>,
    ) -> Result<(OurPoller, bool), StoreError> {
        let surroundings = Arc::clone(&self.surroundings);
        // It is never closed.
        let _opening = surroundings.openings.acquire().await;
        let opened = match state {
            Some(opened) => opened,
            None => self.open(hold).await,
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

    async fn open(&self, hold: Option<&Hold>) -> Result<OpenedState, StoreError> {
        if let Some(hold) = hold {
            return state::open_row(&self.config, hold.clone(), Adoption::Refuse).await;
        }
        let (config, surroundings) = (self.config.clone(), Arc::clone(&self.surroundings));
        let States::Files(directory) = surroundings.states.clone() else {
            // An operation is removed from the replica only after its task has ended.
            return Err(StoreError::Lease(leases::LeaseError::Fenced));
        };
        offload::run("state", move || {
            state::open_file(&config, &directory, Adoption::Refuse, &*surroundings.clock)
        })
        .await?
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
        state::tell_start(&self.config, &store, ledger.as_ref());
        let restored = ledger.is_some();
        let ledger = Ledger::resume(ledger, clock.now(), self.config.counting.count_from);
        let open_since = OpenSince::of(&self.config, clock);
        let timed = open_since.map(|open| Arc::new(open) as Arc<dyn TimedRows>);
        let poller = Poller::start(Parts {
            source: InTurn::new(Arc::clone(&self.client), Arc::clone(&self.group)),
            store,
            publisher: Publisher::new(Arc::clone(&self.published), timed, Arc::clone(clock)),
            clock: Arc::clone(clock),
            share: Share::of(self.group.budget(), &self.config),
            config: self.config.clone(),
            examples: self.surroundings.examples,
            ledger,
            recoveries: self.recoveries,
        });
        Ok((poller.await?, restored))
    }

    /// Polls until another replica is to have the operation.
    async fn poll(&self, poller: OurPoller, restored: bool, hold: Option<&Hold>) {
        let published = &self.published;
        let spread = self.surroundings.spread;
        let schedule = spread.schedule(&self.config);
        let now = self.surroundings.clock.now();
        tokio::time::sleep(self.begins.after(spread, &self.config, now)).await;
        let publication = published.newest_publication();
        let announce = |cycle: &Cycle, next| {
            published.update_status(|status| status.next_poll = Some(next));
            if let Some(hold) = hold {
                hold.lease().note_cycle(reach(cycle));
            }
        };
        let scraped = published.scraped(publication);
        poller::run(poller, schedule, restored, scraped, announce, asked_back(hold)).await;
    }
}

async fn asked_back(hold: Option<&Hold>) {
    match hold {
        Some(hold) => hold.asked_back().await,
        None => std::future::pending().await,
    }
}

/// Whether Wolkvox could be reached in a cycle.
fn reach(cycle: &Cycle) -> leases::Reach {
    let is_refused =
        |failure: &CycleFailure| matches!(failure, CycleFailure::Api(error) if error.is_without_connection());
    if cycle.failures().any(is_refused) {
        leases::Reach::Refused
    } else {
        leases::Reach::Answered
    }
}
