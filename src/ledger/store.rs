//! The ledger's file: written aside, fsynced, renamed, its directory fsynced, under a lock. What a scrape has shown
//! must survive a crash, else a counter would fall, read as a reset, and `increase()` would count twice.

mod calls;
mod disk_error;
mod place;

use std::ffi::OsString;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use chrono::{DateTime, Utc};
use small_file::{Links, Shown};

use super::state::{self, AgentDigest, Origin, StateError};
use super::{Counted, Ledger};
use crate::file_name;
use calls::Calls;
use place::Place;

pub use disk_error::{Action, DiskError};

/// The largest state that is written and read. It has room for the ids of some 15 million chats, or for all label sets of
/// the highest `WOLKVOX_MAX_SERIES` beside a few million; a larger file is another one, and must not fill the memory.
const LARGEST: u64 = 512 << 20;

/// Commits are made so many at once. With many operations more may be due, after an outage above all: they wait for their
/// turn. A disk that hangs takes no more threads than these.
static COMMITS: offload::Queue = offload::Queue::new("state", 16);

/// Keeps a ledger.
pub trait Store: Send {
    /// Makes the ledger outlive a crash; returns its size in bytes.
    fn commit<T: Counted>(
        &mut self,
        ledger: &Ledger<T>,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;
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
    #[error(
        "the state file {} was written by a newer exporter: {what}. Run that version, or move the file away to start counting anew",
        Shown(path)
    )]
    Newer { path: PathBuf, what: String },
    #[error(
        "the state file {} counts the report of {stored}, but this exporter is set to {configured}. If both are the same Wolkvox operation, take the state over with `wolkvox-exporter state adopt {operation}` (or start once with --adopt-state) to go on counting; else give the operation another name to count them apart",
        Shown(path)
    )]
    OtherHost {
        path: PathBuf,
        operation: String,
        stored: String,
        configured: String,
    },
    #[error(
        "the state file {} counts the chats of another agent than is set now (WOLKVOX_AGENT_DNI, or agent_dni in the operations file). Take it over with `wolkvox-exporter state adopt {operation}` (or start once with --adopt-state) to go on counting with the new one, or give the operation another name to count them apart",
        Shown(path)
    )]
    OtherAgent { path: PathBuf, operation: String },
    #[error("the state can't be written: {0}")]
    Write(DiskError),
    #[error("the state can't be written: {0}")]
    Unwritable(io::Error),
    #[error(
        "the state would have {size} bytes, and no more than {LARGEST} are read at a start. Remember fewer chats (a shorter WOLKVOX_SWEEP_LOOKBACK) or fewer label sets (WOLKVOX_MAX_SERIES, WOLKVOX_AGENTS=off)"
    )]
    TooLarge { size: u64 },
    #[error(
        "the state file {} is no longer this exporter's: {what}. Another exporter may be using it, so this one writes and shows nothing new. Stop the other one, or give it another operation name or WOLKVOX_STATE_DIR; put the directory back as it was, or restart this exporter to go on with what is there now",
        Shown(path)
    )]
    Lost { path: PathBuf, what: &'static str },
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

/// A ledger's file, locked for this process.
#[derive(Debug)]
pub struct FileStore {
    origin: Origin,
    /// Held until the process ends, however it ends; also by a write that outlives its abandoned commit.
    place: Arc<Place>,
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
pub struct Opened<T> {
    /// The file, locked.
    pub store: FileStore,
    /// What it held; `None` at the first start, or where it was damaged.
    pub ledger: Option<Ledger<T>>,
    /// Where a damaged file was put.
    pub put_aside: Option<PathBuf>,
}

impl FileStore {
    /// Opens the operation's file in `directory`, which is made if it is missing. A damaged file is put aside under
    /// another name, with `now` in it. `adoption` says what becomes of a file of another host or agent.
    ///
    /// # Errors
    /// See [`StoreError`]. Nothing was changed then.
    pub fn open<T: Counted>(
        directory: &Path,
        identity: Identity,
        adoption: Adoption,
        now: DateTime<Utc>,
    ) -> Result<Opened<T>, StoreError> {
        FileStore::open_with(Calls::SYSTEM, directory, identity, adoption, now)
    }

    fn open_with<T: Counted>(
        calls: Calls,
        directory: &Path,
        identity: Identity,
        adoption: Adoption,
        now: DateTime<Utc>,
    ) -> Result<Opened<T>, StoreError> {
        let place = Place::take(calls, directory, &file_name::encode(&identity.operation))?;
        let path = place.state();
        let StateAtPath { state, put_aside } = find(path, now)?;
        let (origin, ledger) = match state {
            Some((stored, mut ledger)) => {
                if let Err(error) = check(path, &stored, &identity) {
                    if adoption == Adoption::Refuse {
                        return Err(error);
                    }
                    // The other server, or the other agent's report, need not have the same rows.
                    ledger.seen.forget_places();
                }
                (
                    take_over(stored, identity).map_err(StoreError::Unwritable)?,
                    Some(ledger),
                )
            }
            None => (new_origin(identity).map_err(StoreError::Unwritable)?, None),
        };
        let store = FileStore {
            origin,
            place: Arc::new(place),
        };
        Ok(Opened {
            store,
            ledger,
            put_aside,
        })
    }

    /// Reads the operation's file in `directory` without locking it, also while an exporter is using it: the file is
    /// only ever replaced as a whole. `None` if there is none.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn look<T: Counted>(
        directory: &Path,
        operation: &str,
    ) -> Result<Option<(Origin, Ledger<T>)>, StoreError> {
        read(&directory.join(format!("{}.state", file_name::encode(operation))))
    }

    /// Where the state is.
    pub fn path(&self) -> &Path {
        self.place.state()
    }
}

impl Store for FileStore {
    async fn commit<T: Counted>(&mut self, ledger: &Ledger<T>) -> Result<u64, StoreError> {
        // First the turn, then the bytes: of those that wait, none holds any.
        let turn = COMMITS.turn().await.map_err(not_made)?;
        let bytes = state::encode(&self.origin, ledger)
            .map_err(io::Error::other)
            .map_err(StoreError::Unwritable)?;
        let size = bytes.len() as u64;
        if size > LARGEST {
            return Err(StoreError::TooLarge { size });
        }
        let place = Arc::clone(&self.place);
        // On a thread of its own: a slow disk must not hold up a scrape.
        turn.run(move || place.replace(&bytes))
            .await
            .map_err(not_made)??;
        Ok(size)
    }
}

fn not_made(error: offload::Error) -> StoreError {
    StoreError::Unwritable(error.into())
}

fn aside(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".new");
    PathBuf::from(name)
}

/// What lies at the path.
struct StateAtPath<T> {
    state: Option<(Origin, Ledger<T>)>,
    put_aside: Option<PathBuf>,
}

fn find<T: Counted>(path: &Path, now: DateTime<Utc>) -> Result<StateAtPath<T>, StoreError> {
    match read(path) {
        Ok(state) => Ok(StateAtPath {
            state,
            put_aside: None,
        }),
        Err(StoreError::Damaged { what, .. }) => Ok(StateAtPath {
            state: None,
            put_aside: Some(put_aside(path, &what, now)?),
        }),
        Err(error) => Err(error),
    }
}

fn read<T: Counted>(path: &Path) -> Result<Option<(Origin, Ledger<T>)>, StoreError> {
    let bytes = match small_file::read(path, LARGEST, Links::Refuse) {
        Ok(bytes) => bytes,
        Err(error) if error.is_not_found() => return Ok(None),
        Err(cause) => return Err(StoreError::Read { cause }),
    };
    match state::decode(&bytes) {
        Ok(state) => Ok(Some(state)),
        Err(StateError::Damaged(what)) => Err(StoreError::Damaged {
            path: path.to_owned(),
            what,
        }),
        Err(error @ StateError::Newer(_)) => Err(StoreError::Newer {
            path: path.to_owned(),
            what: error.to_string(),
        }),
    }
}

/// The way out, as a sentence of its own where the error lacks it.
fn reading_way_out(error: &small_file::Error) -> String {
    match error {
        small_file::Error::Read { path, cause } => {
            let whose = disk_error::whose(path, cause);
            let way_out = match cause.kind() {
                io::ErrorKind::PermissionDenied => {
                    "Make it readable for the exporter's user (chown), and don't remove it: it holds what was counted"
                }
                _ => disk_error::way_out(Action::Open, cause),
            };
            format!("{whose}. {way_out}")
        }
        small_file::Error::NotRegular { .. } | small_file::Error::TooLarge { .. } => {
            ". Move it away to start counting anew (counters begin at 0, which Prometheus handles)".to_owned()
        }
    }
}

/// Keeps a damaged file under another name, so that it can be looked at and no start trips over it again.
fn put_aside(path: &Path, what: &str, now: DateTime<Utc>) -> Result<PathBuf, StoreError> {
    let mut name = OsString::from(path);
    name.push(format!(".damaged-{}", now.format("%Y%m%dT%H%M%SZ")));
    let kept = PathBuf::from(name);
    fs::rename(path, &kept).map_err(|cause| StoreError::Damaged {
        path: path.to_owned(),
        what: format!("{what}, and it can't be put aside as {}: {cause}", Shown(&kept)),
    })?;
    tracing::error!(
        file = %Shown(path),
        kept = %Shown(&kept),
        "the state file {} is damaged ({what}). It was put aside as {}; counting starts anew: chats that closed before now, or before WOLKVOX_COUNT_FROM, are not counted",
        Shown(path),
        Shown(&kept)
    );
    Ok(kept)
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
fn check(path: &Path, stored: &Origin, identity: &Identity) -> Result<(), StoreError> {
    if stored.host != identity.host {
        return Err(StoreError::OtherHost {
            path: path.to_owned(),
            operation: identity.operation.clone(),
            stored: stored.host.clone(),
            configured: identity.host.clone(),
        });
    }
    if is_same_agent(stored, identity) {
        Ok(())
    } else {
        Err(StoreError::OtherAgent {
            path: path.to_owned(),
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

#[cfg(test)]
mod tests;
