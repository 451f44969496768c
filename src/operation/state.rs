//! The state of an operation: where it is, and how it is opened.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use leases::{Hold, Lease, Replica};
use secrecy::ExposeSecret;

use crate::chats::{Ledger, Totals};
use crate::clock::Clock;
use crate::config::OperationConfig;
use crate::ledger::store::{Adoption, AnyStore, DatabaseStore, Identity, Opened};
use crate::ledger::{FileStore, StoreError};

/// Where the states of a process are.
#[derive(Clone)]
pub enum States {
    /// In files: each operation is this process' alone.
    Files(PathBuf),
    /// In a database, where one replica at a time holds an operation.
    Shared(Arc<Replica>),
}

impl States {
    /// The lease of an operation, where states are shared.
    pub fn lease(&self, operation: &str) -> Option<Arc<Lease>> {
        match self {
            States::Files(_) => None,
            States::Shared(replica) => replica.lease(operation),
        }
    }
}

/// A state that was opened, for this process alone.
pub type OpenedState = Opened<AnyStore, Totals>;

/// Opens the state of an operation in a file. It may wait for a disk or a network.
///
/// # Errors
/// See [`StoreError`].
pub fn open_file(
    config: &OperationConfig,
    directory: &Path,
    adoption: Adoption,
    clock: &dyn Clock,
) -> Result<OpenedState, StoreError> {
    let opened = FileStore::open(directory, identity(config), adoption, clock.now())?;
    Ok(opened.map(AnyStore::File))
}

/// Opens the state of an operation that is held.
///
/// # Errors
/// See [`StoreError`].
pub async fn open_row(
    config: &OperationConfig,
    hold: Hold,
    adoption: Adoption,
) -> Result<OpenedState, StoreError> {
    let opened = DatabaseStore::open(hold, identity(config), adoption).await?;
    Ok(opened.map(AnyStore::Row))
}

/// Whose state it is.
pub fn identity(config: &OperationConfig) -> Identity {
    let server = &config.server;
    let agent_dni = server.agent_dni.as_ref();
    Identity {
        operation: server.operation.clone(),
        host: server.host(),
        agent_dni: agent_dni.map(|dni| dni.expose_secret().to_owned()),
        timezone: server.timezone.to_string(),
    }
}

/// Says what an operation goes on with.
pub(super) fn tell_start(config: &OperationConfig, store: &AnyStore, ledger: Option<&Ledger>) {
    let state = store.location();
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
