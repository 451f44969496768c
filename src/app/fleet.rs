//! The operations of a process: which are running, and how that changes at a reload.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::oneshot;
use wolkvox::client::{Client, Tls};

use crate::client::{self, ClientError};
use crate::config::{Described, OperationConfig};
use crate::ledger::StoreError;
use crate::operation::group::Groups;
use crate::operation::state::OpenedState;
use crate::operation::{OnFailure, Operation, Start, Stopped, Surroundings};

/// For so long a reload waits until what it started shows something.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// What went wrong with an operation. It is named where it stands in an operations file: there may be others.
#[derive(Debug, thiserror::Error)]
#[error("{}{error}", .operation.as_ref().map(|name| format!("operation {name:?}: ")).unwrap_or_default())]
pub struct OfOperation<E> {
    operation: Option<String>,
    error: E,
}

impl<E> OfOperation<E> {
    pub(super) fn new(config: &OperationConfig, error: E) -> OfOperation<E> {
        let is_named = config.server.described == Described::ByFile;
        OfOperation {
            operation: is_named.then(|| config.name().to_owned()),
            error,
        }
    }
}

/// An operation with what it needs to be started.
pub(super) struct Prepared {
    pub(super) config: OperationConfig,
    pub(super) client: Client,
    /// Where it was opened already.
    pub(super) state: Option<Result<OpenedState, StoreError>>,
}

impl Prepared {
    /// Sets up the client, which shares roots with the others of one `tls`.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub(super) fn new(config: OperationConfig, tls: &Tls) -> Result<Prepared, OfOperation<ClientError>> {
        let client = client::open_to_count(&config.server, &config.counting, tls)
            .map_err(|error| OfOperation::new(&config, error))?;
        Ok(Prepared {
            client,
            config,
            state: None,
        })
    }
}

/// What a reload changes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    pub(super) added: BTreeSet<String>,
    pub(super) changed: BTreeSet<String>,
    pub(super) removed: BTreeSet<String>,
    pub(super) unchanged: usize,
}

/// The operations that are running.
pub(super) struct Fleet {
    surroundings: Arc<Surroundings>,
    groups: Groups,
    operations: BTreeMap<String, Operation>,
}

impl Fleet {
    /// None is running yet.
    pub(super) fn new(surroundings: Arc<Surroundings>) -> Fleet {
        Fleet {
            surroundings,
            groups: Groups::default(),
            operations: BTreeMap::new(),
        }
    }

    /// Starts an operation. The receiver is told what became of its first attempt.
    pub(super) fn start(
        &mut self,
        prepared: Prepared,
        on_failure: OnFailure,
    ) -> oneshot::Receiver<Result<(), StoreError>> {
        let name = prepared.config.name().to_owned();
        let start = Start {
            group: self.groups.get(&prepared.config.group),
            config: prepared.config,
            client: Arc::new(prepared.client),
            state: prepared.state,
            on_failure,
        };
        let (operation, first_attempt) = Operation::start(start, &self.surroundings);
        self.operations.insert(name, operation);
        first_attempt
    }

    /// What these settings would change.
    pub(super) fn changes(&self, wanted: &[OperationConfig]) -> Changes {
        let mut changes = Changes::default();
        for config in wanted {
            match self.operations.get(config.name()) {
                None => drop(changes.added.insert(config.name().to_owned())),
                Some(running) if running.config.is_same(config) => changes.unchanged += 1,
                Some(_) => drop(changes.changed.insert(config.name().to_owned())),
            }
        }
        let names: BTreeSet<&str> = wanted.iter().map(OperationConfig::name).collect();
        let gone = self
            .operations
            .keys()
            .filter(|name| !names.contains(name.as_str()));
        changes.removed.extend(gone.cloned());
        changes
    }

    /// Ends what was removed or changed, and starts what was added or changed: `prepared`. The others are not touched.
    pub(super) async fn apply(&mut self, changes: &Changes, prepared: Vec<Prepared>) {
        let _groups = self.groups.all();
        let ends = changes.removed.iter().chain(&changes.changed);
        let ends: Vec<_> = ends.filter_map(|name| self.operations.remove(name)).collect();
        // All that end do so before the first starts: their states must be free, and one that comes to another group must not
        // call while one that leaves it does. What they show stays until their successors publish.
        for stopped in stop_all(ends).await {
            if changes.removed.contains(stopped.name()) {
                stopped.remove_from(&self.surroundings.shared);
            }
        }
        let first_attempts: Vec<_> = prepared
            .into_iter()
            .map(|prepared| self.start(prepared, OnFailure::TryAgain))
            .collect();
        // Whether they are polled or stand still, their logs and pages say so. A disk that hangs must not hold up the next reload.
        let _ = tokio::time::timeout(LONGEST_WAIT, join_all(first_attempts)).await;
    }

    /// Ends all of them.
    pub(super) async fn stop(self) {
        stop_all(self.operations.into_values().collect()).await;
    }
}

/// All are told to end before the first is waited for.
async fn stop_all(operations: Vec<Operation>) -> Vec<Stopped> {
    for operation in &operations {
        operation.tell_to_stop();
    }
    join_all(operations.into_iter().map(Operation::stop)).await
}

#[cfg(test)]
mod tests;
