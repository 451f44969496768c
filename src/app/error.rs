//! Why an exporter does not start, or ends.

use exporter_web::OpenError;
use tokio::task::JoinError;

use super::OfOperation;
use crate::client::ClientError;
use crate::ledger::StoreError;

/// Why the exporter could not start, or not go on.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The web configuration can't be used.
    #[error(transparent)]
    Web(#[from] OpenError),
    /// No operation has a state that can be used: why not for the first.
    #[error(transparent)]
    State(#[from] OfOperation<StoreError>),
    /// The directory of all states can't be used, or the state of the only operation could not be written at the start.
    #[error(transparent)]
    Start(#[from] StoreError),
    /// The database of the states can't be used, and that stays so until somebody changes it or the settings.
    #[error("the state in PostgreSQL (WOLKVOX_STATE_URL) can't be used: {0}")]
    Database(leases::Error),
    /// Other replicas and Prometheus would not know where this one is.
    #[error(
        "WOLKVOX_ADVERTISE_ADDRESS is not set, and WOLKVOX_STATE_URL needs it: the host and port at which Prometheus reaches this replica, such as wolkvox-1.example:10555. Any replica tells it in /sd"
    )]
    NoAddress,
    /// An option of states in files.
    #[error("{0} is for states in files; with WOLKVOX_STATE_URL {1}")]
    ForFiles(&'static str, &'static str),
    /// The client can't be set up.
    #[error(transparent)]
    Client(#[from] OfOperation<ClientError>),
    /// One of them is there twice.
    #[error("the exporter's own metrics can't be registered (a fault of the program: please report it)")]
    Metrics(#[from] prometheus::Error),
    /// It ends by itself only where it panicked.
    #[error("the HTTP server failed, and without it the exporter does not go on")]
    Server(#[source] JoinError),
}

impl From<leases::Error> for AppError {
    fn from(error: leases::Error) -> AppError {
        // Its text is told already; as a source it would be told twice.
        AppError::Database(error)
    }
}
