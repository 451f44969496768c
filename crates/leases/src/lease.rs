//! One operation of this replica: whether it is held, until when, and its commits.

mod commit;
mod hold;

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio::time::Instant;
use uuid::Uuid;

use crate::database::Failed;
use crate::error::Error;
use crate::replica::Common;
use crate::share::{Reach, Refusal};
use crate::statement::{Claimed, Renewed};

pub use hold::Hold;

/// A replica that can't reach Wolkvox in so many cycles gives the operation back, if another one can have it.
pub(crate) const REFUSED_CYCLES: u32 = 5;

/// Why a state was not read or committed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LeaseError {
    /// Another replica holds the operation now. Nothing that was counted here since the last commit counts.
    #[error("another replica holds the operation now: its lease was out, or it was taken over")]
    Fenced,
    /// The database can't be used, or did not do it.
    #[error("{0}")]
    Database(#[from] Error),
    /// Whether it was committed is not known yet. It is settled before anything else is read or committed.
    #[error("whether the last commit arrived is not known yet: {0}")]
    Unsettled(Error),
}

impl From<Failed> for LeaseError {
    fn from(failed: Failed) -> LeaseError {
        LeaseError::Database(failed.into())
    }
}

/// One operation of this replica.
pub struct Lease {
    operation: String,
    common: Arc<Common>,
    held: Mutex<Option<Held>>,
    claims: AtomicU64,
    /// Until when it is held by the clock of this process; `None` where it is not.
    until: watch::Sender<Option<Until>>,
    /// Whether it is to be given back after the next commit.
    is_asked_back: watch::Sender<bool>,
    /// Cycles in a row in which Wolkvox could not be reached.
    refused: AtomicU32,
    /// Whether it was reached since the claim.
    has_answered: AtomicBool,
    /// Whether the settings are not those that its state was counted with.
    is_unfit: AtomicBool,
}

/// Until when an operation is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Until {
    /// By the clock of this process. A time in the past is as good as none: the database could not be reached to renew it.
    pub at: Instant,
    /// Since which claim, of those of this process.
    pub claim: u64,
}

impl Until {
    fn is_over(self) -> bool {
        self.at <= Instant::now()
    }
}

/// What is known of an operation that is held.
#[derive(Debug, Clone)]
struct Held {
    /// Which claim it is, of those of this process.
    claim: u64,
    fence: Uuid,
    version: i64,
    /// What was committed as this version; `None` before the first commit, or where it was not read yet.
    kept: Option<Arc<[u8]>>,
    /// A commit was sent, and its outcome is not known.
    sent: Option<Sent>,
    /// The fence under which a version is written again that the database lost.
    restoring: Option<Uuid>,
}

/// What a renewal asks for.
#[derive(Debug, Clone)]
pub(crate) struct ToRenew {
    claim: u64,
    pub(crate) fences: Vec<Uuid>,
    version: i64,
}

#[derive(Debug, Clone)]
struct Sent {
    /// What would be the next version.
    state: Arc<[u8]>,
    /// The fence that settles it.
    settling: Uuid,
}

impl Held {
    fn fences(&self) -> impl Iterator<Item = Uuid> + use<> {
        let settling = self.sent.as_ref().map(|sent| sent.settling);
        [Some(self.fence), settling, self.restoring].into_iter().flatten()
    }
}

impl Lease {
    pub(crate) fn new(operation: &str, common: &Arc<Common>) -> Lease {
        Lease {
            operation: operation.to_owned(),
            common: Arc::clone(common),
            held: Mutex::default(),
            claims: AtomicU64::new(0),
            until: watch::Sender::new(None),
            is_asked_back: watch::Sender::new(false),
            refused: AtomicU32::new(0),
            has_answered: AtomicBool::new(false),
            is_unfit: AtomicBool::new(false),
        }
    }

    /// Until when it is held; `None` where it is not.
    pub fn until(&self) -> watch::Receiver<Option<Until>> {
        self.until.subscribe()
    }

    /// Its name.
    pub fn operation(&self) -> &str {
        &self.operation
    }

    /// Waits until it is held.
    pub async fn held(self: &Arc<Self>) -> Hold {
        let is_held = |until: &Option<Until>| until.is_some_and(|until| !until.is_over());
        let mut until = self.until.subscribe();
        loop {
            // The sender lives as long as this.
            if let Ok(Some(until)) = until.wait_for(is_held).await.map(|until| *until) {
                return Hold::new(Arc::clone(self), until.claim);
            }
        }
    }

    async fn lost(&self, claim: u64) {
        let mut until = self.until.subscribe();
        loop {
            let held = *until.borrow_and_update();
            let Some(held) = held.filter(|held| held.claim == claim && !held.is_over()) else {
                return;
            };
            tokio::select! {
                () = tokio::time::sleep_until(held.at) => {}
                _ = until.changed() => {}
            }
        }
    }

    /// Another replica holds it.
    fn fence(&self, claim: u64) {
        if self.hold().take_if(|held| held.claim == claim).is_none() {
            return;
        }
        self.until.send_replace(None);
        self.is_asked_back.send_replace(false);
        self.common.counters.fenced.fetch_add(1, Ordering::Relaxed);
        tracing::warn!(
            operation = self.operation,
            "another replica holds this operation now; what was read here since the last commit is dropped, and read again there"
        );
    }

    pub(crate) fn note_claimed(&self, claimed: &Claimed, at: Instant) {
        let claim = self.claims.fetch_add(1, Ordering::Relaxed);
        *self.hold() = Some(Held {
            claim,
            fence: claimed.fence,
            version: claimed.version,
            kept: None,
            sent: None,
            restoring: None,
        });
        self.refused.store(0, Ordering::Relaxed);
        self.has_answered.store(false, Ordering::Relaxed);
        self.is_unfit.store(false, Ordering::Relaxed);
        self.is_asked_back.send_replace(false);
        self.hold_from(claim, at);
    }

    /// What a renewal is about to ask for; `None` where it is not held.
    pub(crate) fn to_renew(&self) -> Option<ToRenew> {
        let held = self.hold();
        let held = held.as_ref()?;
        Some(ToRenew {
            claim: held.claim,
            fences: held.fences().collect(),
            version: held.version,
        })
    }

    /// What a renewal says of it that was asked for; `None` where the row has none of the fences. Whether it was renewed.
    pub(crate) fn note_renewed(&self, asked: &ToRenew, renewed: Option<&Renewed>, at: Instant) -> bool {
        // The version before it was asked: a commit may have been made since the row was seen.
        let is_renewed = renewed.is_some_and(|renewed| renewed.version >= asked.version);
        if is_renewed {
            self.hold_from(asked.claim, at);
        }
        is_renewed
    }

    /// A renewal did not find it, or an older version.
    pub(crate) async fn note_not_renewed(&self, asked: &ToRenew) {
        // What could not be found out is asked for at the next renewal.
        drop(self.note_overtaken(asked.claim, &asked.fences).await);
    }

    /// Whether it is held, its time over or not.
    pub(crate) fn is_held(&self) -> bool {
        self.hold().is_some()
    }

    async fn give_back(&self) {
        let fences = self.forget();
        if fences.is_empty() {
            return;
        }
        tracing::info!(
            operation = self.operation,
            "this operation is given back: it is more than this replica's share, or another one holds its group, or it can't be polled from here"
        );
        if let Err(failed) = self.common.statements.release(&fences).await {
            let error = Error::from(failed);
            tracing::warn!(
                operation = self.operation,
                "the operation could not be given back, and is free when its lease is out: {error}"
            );
        }
    }

    /// Holds it no more, without telling the database. The fences under which its row may be.
    pub(crate) fn forget(&self) -> Vec<Uuid> {
        let held = self.hold().take();
        self.until.send_replace(None);
        self.is_asked_back.send_replace(false);
        held.map(|held| held.fences().collect()).unwrap_or_default()
    }

    pub(crate) fn ask_back(&self) {
        if self.hold().is_some() {
            self.is_asked_back.send_replace(true);
        }
    }

    /// Notes whether Wolkvox could be reached in a cycle.
    pub fn note_cycle(&self, reach: Reach) {
        match reach {
            Reach::Refused => drop(self.refused.fetch_add(1, Ordering::Relaxed)),
            Reach::Answered => {
                self.refused.store(0, Ordering::Relaxed);
                self.has_answered.store(true, Ordering::Relaxed);
                self.is_unfit.store(false, Ordering::Relaxed);
            }
        }
    }

    /// Notes that its state counts another report than the settings name: a replica with other settings may go on from it.
    pub fn note_unfit(&self) {
        self.is_unfit.store(true, Ordering::Relaxed);
    }

    /// Why it can't be polled here, as far as is known.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        if self.is_unfit.load(Ordering::Relaxed) {
            return Some(Refusal::Unfit);
        }
        let is_refused = self.refused.load(Ordering::Relaxed) >= REFUSED_CYCLES;
        is_refused.then_some(Refusal::Unreachable)
    }

    /// Whether it can be polled here: Wolkvox has answered since the claim.
    pub(crate) fn has_answered(&self) -> bool {
        self.has_answered.load(Ordering::Relaxed)
    }

    /// Host, port and database, for people.
    pub fn address(&self) -> &str {
        self.common.statements.database.address()
    }

    fn is_out(&self) -> bool {
        self.until.borrow().is_none_or(Until::is_over)
    }

    /// A statement that was sent then holds it for the time of a lease.
    fn hold_from(&self, claim: u64, sent: Instant) {
        let until = Until {
            at: sent + self.common.statements.lease,
            claim,
        };
        let held = self.hold();
        if held.as_ref().is_none_or(|held| held.claim != claim) {
            // It was given back meanwhile.
            return;
        }
        self.until.send_if_modified(|known| {
            let is_later = known.is_none_or(|known| known.claim != claim || known.at < until.at);
            if is_later {
                *known = Some(until);
            }
            is_later
        });
    }

    fn get(&self, claim: u64) -> Result<Held, LeaseError> {
        let held = self.hold().clone();
        held.filter(|held| held.claim == claim).ok_or(LeaseError::Fenced)
    }

    fn update(&self, claim: u64, change: impl FnOnce(&mut Held)) {
        if let Some(held) = self.hold().as_mut().filter(|held| held.claim == claim) {
            change(held);
        }
    }

    fn hold(&self) -> MutexGuard<'_, Option<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Lease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lease")
            .field("operation", &self.operation)
            .field("until", &*self.until.borrow())
            .finish_non_exhaustive()
    }
}
