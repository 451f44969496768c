//! Commits of one operation: sent, settled where their outcome is not known, and written again where the database lost them.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use super::{Lease, LeaseError, Sent};
use crate::database::Failed;
use crate::error::Error;
use crate::statement::Commit;

/// How soon a commit whose outcome is not known is asked for again.
const SETTLE_PAUSE: Duration = Duration::from_millis(200);
/// How often a state is sent that did not arrive.
const SENDINGS: u32 = 2;

/// What became of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Settled {
    Committed,
    NotCommitted,
}

impl Lease {
    pub(super) async fn read(&self, claim: u64) -> Result<Option<Arc<[u8]>>, LeaseError> {
        self.settle_what_was_sent(claim).await?;
        let fence = self.get(claim)?.fence;
        let read = self.common.statements.read(&self.operation, fence).await?;
        let Some((version, state)) = read else {
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

    pub(super) async fn commit(&self, claim: u64, state: Vec<u8>) -> Result<(), LeaseError> {
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
    pub(super) async fn note_overtaken(&self, claim: u64, fences: &[Uuid]) -> Result<(), LeaseError> {
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
        if !self.common.statements.restore(self.common.id, commit).await? {
            if self.get(claim)?.fence == restoring {
                // Somebody else here did the same meanwhile, and more was committed since.
                return Ok(());
            }
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

    pub(super) async fn quarantine(&self, claim: u64, what: &str) -> Result<(), LeaseError> {
        let fence = self.get(claim)?.fence;
        let kept = self
            .common
            .statements
            .quarantine(&self.operation, fence, what)
            .await?;
        if kept {
            return Ok(());
        }
        self.note_overtaken(claim, &[fence]).await?;
        Err(LeaseError::Fenced)
    }
}
