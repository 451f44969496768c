//! The ledger's file: written aside, fsynced, renamed, its directory fsynced, under a lock. What a scrape has shown
//! must survive a crash, else a counter would fall, read as a reset, and `increase()` would count twice.

mod calls;
mod disk_error;
mod listing;
mod lock;
mod moving;
mod place;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use chrono::{DateTime, Utc};
use small_file::{Links, Shown};

use super::{Adoption, Identity, Location, Opened, Store, StoreError, admit_or_begin, encoded};
use crate::file_name;
use crate::ledger::state::{self, Origin, StateError};
use crate::ledger::{Counted, Ledger};
use calls::Calls;
use place::Place;

pub use disk_error::{Action, DiskError};
pub use listing::{Glance, glance, operations};
pub use moving::{HeldFile, Mark, NotWritten, StateFile};

/// The largest state that is written and read. It has room for the ids of some 15 million chats, or for all label sets of
/// the highest `WOLKVOX_MAX_SERIES` beside a few million; a larger file is another one, and must not fill the memory.
pub(super) const LARGEST: u64 = 512 << 20;

/// Commits are made so many at once. With many operations more may be due, after an outage above all: they wait for their
/// turn. A disk that hangs takes no more threads than these.
static COMMITS: offload::Queue = offload::Queue::new("state", 16);

/// A ledger's file, locked for this process.
#[derive(Debug)]
pub struct FileStore {
    origin: Origin,
    /// Held until the process ends, however it ends; also by a write that outlives its abandoned commit.
    place: Arc<Place>,
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
    ) -> Result<Opened<FileStore, T>, StoreError> {
        FileStore::open_with(Calls::SYSTEM, directory, identity, adoption, now)
    }

    fn open_with<T: Counted>(
        calls: Calls,
        directory: &Path,
        identity: Identity,
        adoption: Adoption,
        now: DateTime<Utc>,
    ) -> Result<Opened<FileStore, T>, StoreError> {
        let place = Place::take(calls, directory, &file_name::encode(&identity.operation))?;
        let path = place.state();
        let StateAtPath { state, put_aside } = find(path, now)?;
        if state.is_none() && put_aside.is_none() {
            refuse_moved(path)?;
        }
        let location = Location::File(path.to_owned());
        let (origin, ledger) = admit_or_begin(&location, state, identity, adoption)?;
        let store = FileStore {
            origin,
            place: Arc::new(place),
        };
        Ok(Opened {
            store,
            ledger,
            put_aside: put_aside.map(Location::File),
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
        let turn = COMMITS.turn().await?;
        let bytes = encoded(&self.origin, ledger)?;
        let size = bytes.len() as u64;
        let place = Arc::clone(&self.place);
        // On a thread of its own: a slow disk must not hold up a scrape.
        turn.run(move || place.replace(&bytes)).await??;
        Ok(size)
    }
}

fn aside(path: &Path) -> PathBuf {
    with_suffix(path, ".new")
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

/// The bytes of a state; `None` where there is no file.
fn read_bytes(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    match small_file::read(path, LARGEST, Links::Refuse) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(cause) => Err(StoreError::Read { cause }),
    }
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

/// A start beside a state that was moved away would count anew what another exporter goes on with.
fn refuse_moved(path: &Path) -> Result<(), StoreError> {
    let moved = moving::moved(path);
    if moving::exists(&moved)? {
        let to = moving::moved_to(path);
        return Err(StoreError::Moved { path: moved, to });
    }
    Ok(())
}

fn read<T: Counted>(path: &Path) -> Result<Option<(Origin, Ledger<T>)>, StoreError> {
    let Some(bytes) = read_bytes(path)? else {
        return Ok(None);
    };
    match state::decode(&bytes) {
        Ok(state) => Ok(Some(state)),
        Err(StateError::Damaged(what)) => Err(StoreError::Damaged {
            path: path.to_owned(),
            what,
        }),
        Err(error @ StateError::Newer(_)) => Err(StoreError::Newer {
            location: Box::new(Location::File(path.to_owned())),
            what: error.to_string(),
        }),
    }
}

/// The way out, as a sentence of its own where the error lacks it.
pub(super) fn reading_way_out(error: &small_file::Error) -> String {
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
    let kept = with_suffix(path, &format!(".damaged-{}", now.format("%Y%m%dT%H%M%SZ")));
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

#[cfg(test)]
mod tests;
