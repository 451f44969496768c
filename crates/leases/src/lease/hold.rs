//! An operation since one certain claim.

use std::sync::Arc;

use super::{Lease, LeaseError};

/// An operation that this replica holds, since one certain claim. When the operation is lost and claimed again, an earlier hold
/// stays lost: what it knows may be older than what another replica committed in between.
#[derive(Debug, Clone)]
pub struct Hold {
    lease: Arc<Lease>,
    claim: u64,
}

impl Hold {
    pub(super) fn new(lease: Arc<Lease>, claim: u64) -> Hold {
        Hold { lease, claim }
    }

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
