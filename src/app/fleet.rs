//! The operations of a process: which are running, and how that changes at a reload.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::sync::oneshot;
use wolkvox::client::{Client, Tls};

use crate::client::{self, ClientError};
use crate::config::{Described, OperationConfig};
use crate::ledger::StoreError;
use crate::operation::group::Groups;
use crate::operation::{OpenedState, Operation, Start, Surroundings};

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
        let client = client::open(&config.server, config.counting.agents, tls)
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
    pub(super) fn start(&mut self, prepared: Prepared) -> oneshot::Receiver<Result<(), StoreError>> {
        let name = prepared.config.name().to_owned();
        let start = Start {
            group: self.groups.get(&prepared.config.group),
            config: prepared.config,
            client: Arc::new(prepared.client),
            state: prepared.state,
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
        for name in &changes.removed {
            if let Some(operation) = self.operations.remove(name) {
                operation.stop().await.remove_from(&self.surroundings.shared);
            }
        }
        let mut first_attempts = Vec::new();
        for prepared in prepared {
            // Its state must be free before its successor opens it. What it shows stays until then.
            if let Some(operation) = self.operations.remove(prepared.config.name()) {
                operation.stop().await;
            }
            first_attempts.push(self.start(prepared));
        }
        for first_attempt in first_attempts {
            // Whether it is polled or stands still, its log and its page say so.
            let _ = first_attempt.await;
        }
    }

    /// Ends all of them.
    pub(super) async fn stop(self) {
        for operation in self.operations.into_values() {
            operation.stop().await;
        }
    }
}
