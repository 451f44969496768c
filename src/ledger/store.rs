//! Where a ledger outlives the process. What a scrape has shown must survive a crash, else a counter would fall, read as a
//! reset, and `increase()` would count twice.

mod database;
mod file;

use std::fmt;
use std::future::Future;
use std::io;
use std::path::PathBuf;

use small_file::Shown;

use super::state::{self, AgentDigest, Origin};
use super::{Counted, Ledger};
use file::reading_way_out;

pub use database::{DatabaseStore, pack, unpacked};
pub use file::{
    Action, DiskError, FileStore, Glance, HeldFile, Mark, NotWritten, StateFile, glance, operations,
};

/// Keeps a ledger.
pub trait Store: Send {
    /// Makes the ledger outlive a crash; returns its size in bytes.
    fn commit<T: Counted>(
        &mut self,
        ledger: &Ledger<T>,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;
}

/// Where a state is, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// In a file.
    File(PathBuf),
    /// In a row of a database.
    Row {
        /// Whose.
        operation: String,
        /// Host, port and database.
        address: String,
    },
}

impl Location {
    fn or_start_anew(&self) -> &'static str {
        match self {
            Location::File(_) => ", or move the file away to start counting anew",
            Location::Row { .. } => "",
        }
    }

    fn or_adopt_at_start(&self) -> &'static str {
        match self {
            Location::File(_) => " (or start once with --adopt-state)",
            Location::Row { .. } => "",
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Location::File(path) => write!(f, "the state file {}", Shown(path)),
            Location::Row { operation, address } => {
                write!(f, "the state of {operation} in PostgreSQL at {address}")
            }
        }
    }
}

/// Why the state can't be used or written.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)] // The texts say what each one is.
pub enum StoreError {
    #[error("the state directory {} can't be used: {trouble}", Shown(path))]
    Directory { path: PathBuf, trouble: DiskError },
    #[error(
        "another exporter ({holder}) is using the state file {}. Stop it, or give this one another operation name (WOLKVOX_OPERATION, or name in the operations file) or WOLKVOX_STATE_DIR",
        Shown(path)
    )]
    Locked { path: PathBuf, holder: String },
    #[error("the state can't be used: {cause}{}", reading_way_out(cause))]
    Read { cause: small_file::Error },
    #[error(
        "the state file {} is damaged ({what}). Move it away to start counting anew (counters begin at 0, which Prometheus handles); never put an older copy in its place",
        Shown(path)
    )]
    Damaged { path: PathBuf, what: String },
    #[error("{location} is damaged ({what})")]
    DamagedRow { location: Box<Location>, what: String },
    #[error(
        "the state was moved{}; {} is what is left of it, and no exporter goes on from that. Use it where it is now (WOLKVOX_STATE_DIR or WOLKVOX_STATE_URL), or bring it back with `wolkvox-exporter state copy`. Only to start counting anew, remove that file",
        to_place(to.as_deref()), Shown(path)
    )]
    Moved { path: PathBuf, to: Option<String> },
    #[error("{location} was written by a newer exporter: {what}. Run that version{}", location.or_start_anew())]
    Newer { location: Box<Location>, what: String },
    #[error(
        "{location} counts the report of {stored}, but this exporter is set to {configured}. If both are the same Wolkvox operation, take the state over with `wolkvox-exporter state adopt {operation}`{} to go on counting; else give the operation another name to count them apart",
        location.or_adopt_at_start()
    )]
    OtherHost {
        location: Box<Location>,
        operation: String,
        stored: String,
        configured: String,
    },
    #[error(
        "{location} counts the chats of another agent than is set now (WOLKVOX_AGENT_DNI, or agent_dni in the operations file). Take it over with `wolkvox-exporter state adopt {operation}`{} to go on counting with the new one, or give the operation another name to count them apart",
        location.or_adopt_at_start()
    )]
    OtherAgent {
        location: Box<Location>,
        operation: String,
    },
    #[error("the state can't be written: {0}")]
    Write(DiskError),
    #[error("the state can't be written: {0}")]
    Unwritable(io::Error),
    #[error(
        "the state would have {size} bytes, and no more than {} are read at a start. Remember fewer chats (a shorter WOLKVOX_SWEEP_LOOKBACK) or fewer label sets (WOLKVOX_MAX_SERIES, WOLKVOX_AGENTS=off)",
        file::LARGEST
    )]
    TooLarge { size: u64 },
    #[error(
        "the state file {} is no longer this exporter's: {what}. Another exporter may be using it, so this one writes and shows nothing new. Stop the other one, or give it another operation name or WOLKVOX_STATE_DIR; put the directory back as it was, or restart this exporter to go on with what is there now",
        Shown(path)
    )]
    Lost { path: PathBuf, what: &'static str },
    #[error("the state in PostgreSQL can't be read or written: {0}")]
    Lease(#[from] leases::LeaseError),
}

impl StoreError {
    /// Whether the state counts another report than the settings name. Other settings may fit it.
    pub fn is_of_another_report(&self) -> bool {
        matches!(self, StoreError::OtherHost { .. } | StoreError::OtherAgent { .. })
    }
}

fn to_place(to: Option<&str>) -> String {
    to.map_or_else(|| " away".to_owned(), |to| format!(" to {to}"))
}

impl From<offload::Error> for StoreError {
    fn from(error: offload::Error) -> StoreError {
        StoreError::Unwritable(error.into())
    }
}

/// The settings that a state belongs to.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The label `operation`; names the file.
    pub operation: String,
    /// The host (and port) of the API.
    pub host: String,
    /// `WOLKVOX_AGENT_DNI`.
    pub agent_dni: Option<String>,
    /// The IANA name of the report's time zone.
    pub timezone: String,
}

/// What becomes of a state that counts the report of another host or agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adoption {
    /// The start is refused.
    Refuse,
    /// It goes on with the host and agent that are set now.
    Adopt,
}

/// What a start finds.
#[derive(Debug)]
pub struct Opened<S, T> {
    /// Where it is written, for this process alone.
    pub store: S,
    /// What it held; `None` at the first start, or where it was damaged.
    pub ledger: Option<Ledger<T>>,
    /// Where a damaged state was put.
    pub put_aside: Option<Location>,
}

impl<S, T> Opened<S, T> {
    /// The same with another store.
    pub fn map<U>(self, other: impl FnOnce(S) -> U) -> Opened<U, T> {
        Opened {
            store: other(self.store),
            ledger: self.ledger,
            put_aside: self.put_aside,
        }
    }
}

/// Whichever store the settings name.
#[derive(Debug)]
pub enum AnyStore {
    /// A file.
    File(FileStore),
    /// A row of a database.
    Row(DatabaseStore),
}

impl AnyStore {
    /// Where the state is.
    pub fn location(&self) -> Location {
        match self {
            AnyStore::File(store) => Location::File(store.path().to_owned()),
            AnyStore::Row(store) => store.location(),
        }
    }
}

impl Store for AnyStore {
    async fn commit<T: Counted>(&mut self, ledger: &Ledger<T>) -> Result<u64, StoreError> {
        match self {
            AnyStore::File(store) => store.commit(ledger).await,
            AnyStore::Row(store) => store.commit(ledger).await,
        }
    }
}

/// What a start goes on with: what was stored, or nothing.
fn admit_or_begin<T>(
    location: &Location,
    stored: Option<(Origin, Ledger<T>)>,
    identity: Identity,
    adoption: Adoption,
) -> Result<(Origin, Option<Ledger<T>>), StoreError> {
    let Some(stored) = stored else {
        let origin = new_origin(identity).map_err(StoreError::Unwritable)?;
        return Ok((origin, None));
    };
    let (origin, ledger) = admit(location, stored, identity, adoption)?;
    Ok((origin, Some(ledger)))
}

/// The bytes of a state, as they are kept.
fn encoded<T: Counted>(origin: &Origin, ledger: &Ledger<T>) -> Result<Vec<u8>, StoreError> {
    let bytes = state::encode(origin, ledger)
        .map_err(io::Error::other)
        .map_err(StoreError::Unwritable)?;
    let size = bytes.len() as u64;
    if size > file::LARGEST {
        return Err(StoreError::TooLarge { size });
    }
    Ok(bytes)
}

/// A ledger with the settings that it goes on with, where they fit.
fn admit<T>(
    location: &Location,
    stored: (Origin, Ledger<T>),
    identity: Identity,
    adoption: Adoption,
) -> Result<(Origin, Ledger<T>), StoreError> {
    let (stored, mut ledger) = stored;
    if let Err(error) = check(location, &stored, &identity) {
        if adoption == Adoption::Refuse {
            return Err(error);
        }
        // The other server, or the other agent's report, need not have the same rows.
        ledger.seen.forget_places();
    }
    let origin = take_over(stored, identity).map_err(StoreError::Unwritable)?;
    Ok((origin, ledger))
}

fn new_origin(identity: Identity) -> io::Result<Origin> {
    Ok(Origin {
        agent_dni: identity.agent_dni.as_deref().map(AgentDigest::new).transpose()?,
        operation: identity.operation,
        host: identity.host,
        timezone: identity.timezone,
    })
}

/// Totals of one report must not go on with another's.
fn check(location: &Location, stored: &Origin, identity: &Identity) -> Result<(), StoreError> {
    if stored.host != identity.host {
        return Err(StoreError::OtherHost {
            location: Box::new(location.clone()),
            operation: identity.operation.clone(),
            stored: stored.host.clone(),
            configured: identity.host.clone(),
        });
    }
    if is_same_agent(stored, identity) {
        Ok(())
    } else {
        Err(StoreError::OtherAgent {
            location: Box::new(location.clone()),
            operation: identity.operation.clone(),
        })
    }
}

fn is_same_agent(stored: &Origin, identity: &Identity) -> bool {
    match (&stored.agent_dni, &identity.agent_dni) {
        (None, None) => true,
        (Some(digest), Some(agent_dni)) => digest.is_of(agent_dni),
        _ => false,
    }
}

/// Today's settings. Another zone needs nothing else: the floor is local text and holds in any zone, and the sweep is
/// due at each start.
fn take_over(stored: Origin, identity: Identity) -> io::Result<Origin> {
    if stored.timezone != identity.timezone {
        tracing::warn!(
            operation = identity.operation,
            variable = "WOLKVOX_TIMEZONE",
            "WOLKVOX_TIMEZONE was {} and is {} now: the report's dates are read in the new zone from here on",
            stored.timezone,
            identity.timezone
        );
    }
    if is_same_agent(&stored, &identity) {
        return Ok(Origin {
            host: identity.host,
            operation: identity.operation,
            timezone: identity.timezone,
            ..stored
        });
    }
    new_origin(identity)
}
