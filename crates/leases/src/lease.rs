//! One operation of this replica: whether it is held, until when, and its commits.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use uuid::Uuid;

use crate::database::Failed;
use crate::error::Error;
use crate::replica::Common;
use crate::share::Reach;
use crate::statement::{Claimed, Commit, Renewed};

/// How soon a commit whose outcome is not known is asked for again.
const SETTLE_PAUSE: Duration = Duration::from_millis(200);
/// How often a state is sent that did not arrive.
const SENDINGS: u32 = 2;

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

/// An operation that this replica holds, since one certain claim. When the operation is lost and claimed again, an earlier hold
/// stays lost: what it knows may be older than what another replica committed in between.
#[derive(Debug, Clone)]
pub struct Hold {
    lease: Arc<Lease>,
    claim: u64,
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

/// What became of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Settled {
    Committed,
    NotCommitted,
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
                let (lease, claim) = (Arc::clone(self), until.claim);
                return Hold { lease, claim };
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

    async fn read(&self, claim: u64) -> Result<Option<Arc<[u8]>>, LeaseError> {
        self.settle_what_was_sent(claim).await?;
        let fence = self.get(claim)?.fence;
        let read = self.common.statements.read(&self.operation, fence).await;
        let Some((version, state)) = read.map_err(Error::from)? else {
            self.note_overtaken(claim, &[fence]).await?;
            return Err(LeaseError::Fenced);
        };
        let state: Option<Arc<[u8]>> = state.map(Arc::from);
        self.update(claim, |held| {
            held.version = version;
            held.kept.clone_from(&state);
        });
        Ok(state)
    }

    async fn commit(&self, claim: u64, state: Vec<u8>) -> Result<(), LeaseError> {
        let state: Arc<[u8]> = state.into();
        self.settle_what_was_sent(claim).await?;
        let mut last = None;
        for _ in 0..SENDINGS {
            match self.send(claim, &state).await? {
                (Settled::Committed, _) => return Ok(()),
                (Settled::NotCommitted, error) => last = error,
            }
        }
        Err(last.map_or(LeaseError::Fenced, LeaseError::Database))
    }

    /// Sends a state once, and finds out whether it arrived; with what went wrong where it did not.
    async fn send(&self, claim: u64, state: &Arc<[u8]>) -> Result<(Settled, Option<Error>), LeaseError> {
        let (held, at) = (self.get(claim)?, Instant::now());
        // Noted before it is sent: whoever drops this future on the way must not forget it.
        let sent = Sent {
            state: Arc::clone(state),
            settling: self.common.fence()?,
        };
        self.update(claim, |held| held.sent = Some(sent));
        let commit = Commit {
            operation: &self.operation,
            fence: held.fence,
            version: held.version,
            state,
        };
        match self.common.statements.commit(commit).await {
            Ok(true) => {
                self.note_committed(claim, at);
                Ok((Settled::Committed, None))
            }
            Ok(false) => {
                self.update(claim, |held| held.sent = None);
                self.note_overtaken(claim, &[held.fence]).await?;
                Ok((Settled::NotCommitted, None))
            }
            Err(Failed::NotDone(error)) => {
                self.update(claim, |held| held.sent = None);
                Err(LeaseError::Database(error))
            }
            Err(Failed::Unknown(error)) => {
                self.common.counters.unknown.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(
                    operation = self.operation,
                    "whether a commit arrived is not known, and is found out by a write: {error}"
                );
                Ok((self.settle(claim).await?, Some(error)))
            }
        }
    }

    async fn settle_what_was_sent(&self, claim: u64) -> Result<(), LeaseError> {
        if self.get(claim)?.sent.is_some() {
            self.settle(claim).await?;
        }
        Ok(())
    }

    /// Finds out, by a write, whether the commit that was sent arrived. Nothing that was sent under the old fence can arrive
    /// afterwards.
    async fn settle(&self, claim: u64) -> Result<Settled, LeaseError> {
        loop {
            let held = self.get(claim)?;
            let Some(sent) = held.sent.clone() else {
                return Ok(Settled::NotCommitted);
            };
            let at = Instant::now();
            let settled = self
                .common
                .statements
                .settle(&self.operation, held.fence, sent.settling)
                .await;
            match settled {
                Ok(Some(version)) => {
                    let settled = self.note_settled(claim, version, &sent, at);
                    if version < held.version {
                        self.note_overtaken(claim, &[sent.settling]).await?;
                    }
                    return Ok(settled);
                }
                Ok(None) => {
                    self.note_overtaken(claim, &[held.fence, sent.settling]).await?;
                    return Ok(Settled::NotCommitted);
                }
                Err(failed) if self.is_out() => return Err(LeaseError::Unsettled(failed.into())),
                Err(_) => tokio::time::sleep(SETTLE_PAUSE).await,
            }
        }
    }

    fn note_settled(&self, claim: u64, version: i64, sent: &Sent, at: Instant) -> Settled {
        let mut settled = Settled::NotCommitted;
        self.update(claim, |held| {
            held.fence = sent.settling;
            held.sent = None;
            if version == held.version + 1 {
                held.version = version;
                held.kept = Some(Arc::clone(&sent.state));
                settled = Settled::Committed;
            }
        });
        self.hold_from(claim, at);
        settled
    }

    fn note_committed(&self, claim: u64, at: Instant) {
        self.update(claim, |held| {
            held.version += 1;
            held.kept = held.sent.take().map(|sent| sent.state);
        });
        self.hold_from(claim, at);
    }

    /// The row has none of these fences, or an older version than it had: either the database went on from an older copy of
    /// itself, and what it lost is written again, or another replica holds the operation.
    ///
    /// # Errors
    /// It is [fenced](LeaseError::Fenced), or that could not be found out.
    async fn note_overtaken(&self, claim: u64, fences: &[Uuid]) -> Result<(), LeaseError> {
        let held = self.get(claim)?;
        if !held.fences().any(|fence| fences.contains(&fence)) {
            // It goes on under another fence since that was asked.
            return Ok(());
        }
        let Some(kept) = &held.kept else {
            self.fence(claim);
            return Err(LeaseError::Fenced);
        };
        let restoring = match held.restoring {
            Some(fence) => fence,
            None => self.common.fence()?,
        };
        self.update(claim, |held| held.restoring = Some(restoring));
        let at = Instant::now();
        let commit = Commit {
            operation: &self.operation,
            fence: restoring,
            version: held.version,
            state: kept,
        };
        let restored = self.common.statements.restore(self.common.id, commit).await;
        if !restored.map_err(Error::from)? {
            self.fence(claim);
            return Err(LeaseError::Fenced);
        }
        self.update(claim, |held| {
            held.fence = restoring;
            held.sent = None;
            held.restoring = None;
        });
        self.hold_from(claim, at);
        tracing::error!(
            operation = self.operation,
            version = held.version,
            "the database went on from an older copy of itself: version {} of the state was written again. What others committed since may be lost: look at its failover or restore",
            held.version
        );
        Ok(())
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

    /// What a renewal says of it that was asked for; `None` where the row has none of the fences.
    pub(crate) async fn note_renewed(&self, asked: &ToRenew, renewed: Option<&Renewed>, at: Instant) {
        match renewed {
            // The version before it was asked: a commit may have been made since the row was seen.
            Some(renewed) if renewed.version >= asked.version => self.hold_from(asked.claim, at),
            // What could not be found out is asked for at the next renewal.
            Some(_) | None => drop(self.note_overtaken(asked.claim, &asked.fences).await),
        }
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
            "this operation is given back: it is more than this replica's share, or another one holds its group, or Wolkvox refuses this one"
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

    async fn quarantine(&self, claim: u64, what: &str) -> Result<(), LeaseError> {
        let fence = self.get(claim)?.fence;
        let kept = self
            .common
            .statements
            .quarantine(&self.operation, fence, what)
            .await;
        if kept.map_err(Error::from)? {
            return Ok(());
        }
        self.note_overtaken(claim, &[fence]).await?;
        Err(LeaseError::Fenced)
    }

    /// Notes whether Wolkvox could be reached in a cycle.
    pub fn note_cycle(&self, reach: Reach) {
        match reach {
            Reach::Refused => drop(self.refused.fetch_add(1, Ordering::Relaxed)),
            Reach::Answered => self.refused.store(0, Ordering::Relaxed),
        }
    }

    pub(crate) fn refused_cycles(&self) -> u32 {
        self.refused.load(Ordering::Relaxed)
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

impl Hold {
    /// Which claim it is since, of those of this process.
    pub fn claim(&self) -> u64 {
        self.claim
    }

    /// Whose it is.
    pub fn lease(&self) -> &Arc<Lease> {
        &self.lease
    }

    /// Waits until it is held no more: it was fenced or given back, or its time is over.
    pub async fn lost(&self) {
        self.lease.lost(self.claim).await;
    }

    /// Waits until it is to be given back.
    pub async fn asked_back(&self) {
        // The sender lives as long as this.
        let _ = self.lease.is_asked_back.subscribe().wait_for(|is| *is).await;
    }

    /// Gives it back, so that another replica need not wait until the lease is out.
    pub async fn give_back(self) {
        if self.lease.get(self.claim).is_ok() {
            self.lease.give_back().await;
        }
    }

    /// Reads the state that was committed last; `None` before the first commit.
    ///
    /// # Errors
    /// See [`LeaseError`].
    pub async fn read(&self) -> Result<Option<Arc<[u8]>>, LeaseError> {
        self.lease.read(self.claim).await
    }

    /// Commits a state as the next version.
    ///
    /// # Errors
    /// See [`LeaseError`]. What is [unsettled](LeaseError::Unsettled) may be committed.
    pub async fn commit(&self, state: Vec<u8>) -> Result<(), LeaseError> {
        self.lease.commit(self.claim, state).await
    }

    /// Keeps a state that can't be read beside the others, with what is wrong with it.
    ///
    /// # Errors
    /// See [`LeaseError`].
    pub async fn quarantine(&self, what: &str) -> Result<(), LeaseError> {
        self.lease.quarantine(self.claim, what).await
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
