//! The ledger's file: written aside, fsynced, renamed, its directory fsynced, under a lock. What a scrape has shown
//! must survive a crash, else a counter would fall, read as a reset, and `increase()` would count twice.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::{self, File, TryLockError};
use std::future::Future;
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::Utc;

use super::state::{self, AgentDigest, Origin, StateError};
use super::{Counted, Ledger};

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
    #[error(
        "the state directory {} can't be used: {cause}. It must be writable for this user and have room; WOLKVOX_STATE_DIR may name another one", path.display()
    )]
    Directory { path: PathBuf, cause: io::Error },
    #[error(
        "another exporter ({holder}) is using the state file {}. Stop it, or give this one its own WOLKVOX_OPERATION or WOLKVOX_STATE_DIR", path.display()
    )]
    Locked { path: PathBuf, holder: String },
    #[error("the state file {} can't be read: {cause}. Make it readable for this user", path.display())]
    Read { path: PathBuf, cause: io::Error },
    #[error(
        "the state file {} is damaged ({what}). Move it away to start counting anew (counters begin at 0, which Prometheus handles); never put an older copy in its place", path.display()
    )]
    Damaged { path: PathBuf, what: String },
    #[error(
        "the state file {} was written by a newer exporter: {what}. Run that version, or move the file away to start counting anew", path.display()
    )]
    Newer { path: PathBuf, what: String },
    #[error(
        "the state file {} counts the report of {stored}, but this exporter is set to {configured}. If both are the same Wolkvox operation, start once with --adopt-state to go on counting; else set WOLKVOX_OPERATION to another name to count them apart", path.display()
    )]
    OtherHost {
        path: PathBuf,
        stored: String,
        configured: String,
    },
    #[error(
        "the state file {} counts with another WOLKVOX_AGENT_DNI than is set now. Start once with --adopt-state to go on counting with the new one, or set WOLKVOX_OPERATION to another name to count them apart", path.display()
    )]
    OtherAgent { path: PathBuf },
    #[error(
        "the state can't be written to {}: {cause}. Its directory must be writable for this user and have room; WOLKVOX_STATE_DIR may name another one, to which the state is moved before", path.display()
    )]
    Write { path: PathBuf, cause: io::Error },
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
    directory: PathBuf,
    path: PathBuf,
    origin: Origin,
    /// Held until the process ends, however it ends; also by a write that outlives its abandoned commit.
    lock: Arc<File>,
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
    /// another name. With `adopt`, a file of another host or agent is taken over.
    ///
    /// # Errors
    /// See [`StoreError`]. Nothing was changed then.
    pub fn open<T: Counted>(
        directory: &Path,
        identity: Identity,
        adopt: bool,
    ) -> Result<Opened<T>, StoreError> {
        let in_directory = |cause| StoreError::Directory {
            path: directory.to_owned(),
            cause,
        };
        fs::create_dir_all(directory).map_err(in_directory)?;
        let name = file_name(&identity.operation);
        let path = directory.join(format!("{name}.state"));
        let lock = lock(&directory.join(format!("{name}.lock")), &path)
            .map_err(|error| error.unwrap_or_else(in_directory))?;
        probe(&aside(&path)).map_err(in_directory)?;
        let Found { state, put_aside } = find(&path)?;
        let (origin, ledger) = match state {
            Some((stored, mut ledger)) => {
                if let Err(error) = check(&path, &stored, &identity) {
                    if !adopt {
                        return Err(error);
                    }
                    // The other server, or the other agent's report, need not have the same rows.
                    ledger.seen.forget_places();
                }
                (take_over(stored, identity).map_err(in_directory)?, Some(ledger))
            }
            None => (new_origin(identity).map_err(in_directory)?, None),
        };
        let store = FileStore {
            directory: directory.to_owned(),
            path,
            origin,
            lock: Arc::new(lock),
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
        read(&directory.join(format!("{}.state", file_name(operation))))
    }

    /// Where the state is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Store for FileStore {
    async fn commit<T: Counted>(&mut self, ledger: &Ledger<T>) -> Result<u64, StoreError> {
        let path = self.path.clone();
        let failed = move |cause| StoreError::Write { path, cause };
        let bytes = state::encode(&self.origin, ledger)
            .map_err(io::Error::other)
            .map_err(failed.clone())?;
        let (directory, path) = (self.directory.clone(), self.path.clone());
        let size = bytes.len() as u64;
        let lock = Arc::clone(&self.lock);
        let write = move || {
            let result = replace(&directory, &path, &bytes);
            drop(lock);
            result
        };
        // On a thread of its own: a slow disk must not hold up a scrape.
        tokio::task::spawn_blocking(write)
            .await
            .map_err(io::Error::other)
            .and_then(|result| result)
            .map_err(failed)?;
        Ok(size)
    }
}

/// Replaces the file so that after a crash it is the old or the new one, whole.
fn replace(directory: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let aside = aside(path);
    let mut file = create(&aside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&aside, path)?;
    sync_directory(directory)
}

#[cfg(unix)]
fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Elsewhere a directory can't be opened as a file; the rename is as durable as the system makes it.
#[cfg(not(unix))]
fn sync_directory(_directory: &Path) -> io::Result<()> {
    Ok(())
}

fn aside(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".new");
    PathBuf::from(name)
}

/// Creates a file that only this user can read: with names switched on it holds personal data.
fn create(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A directory that can't be written is told at the start, not at the first poll.
fn probe(path: &Path) -> io::Result<()> {
    create(path)?.write_all(b"probe")?;
    fs::remove_file(path)
}

/// Takes the lock. The error is `Ok` where it is already in the user's words, `Err` where the directory is to blame.
fn lock(path: &Path, state: &Path) -> Result<File, Result<StoreError, io::Error>> {
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(Err)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let holder = match file.read_to_string(&mut holder) {
                Ok(1..) => format!("process {}", holder.trim()),
                _ => "its process is not known".to_owned(),
            };
            return Err(Ok(StoreError::Locked {
                path: state.to_owned(),
                holder,
            }));
        }
        Err(TryLockError::Error(error)) => return Err(Err(error)),
    }
    file.set_len(0)
        .and_then(|()| writeln!(file, "{}", std::process::id()))
        .map_err(Err)?;
    Ok(file)
}

/// What lies at the path.
struct Found<T> {
    state: Option<(Origin, Ledger<T>)>,
    put_aside: Option<PathBuf>,
}

fn find<T: Counted>(path: &Path) -> Result<Found<T>, StoreError> {
    match read(path) {
        Ok(state) => Ok(Found {
            state,
            put_aside: None,
        }),
        Err(StoreError::Damaged { what, .. }) => Ok(Found {
            state: None,
            put_aside: Some(put_aside(path, &what)?),
        }),
        Err(error) => Err(error),
    }
}

fn read<T: Counted>(path: &Path) -> Result<Option<(Origin, Ledger<T>)>, StoreError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => {
            return Err(StoreError::Read {
                path: path.to_owned(),
                cause,
            });
        }
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

/// Keeps a damaged file under another name, so that it can be looked at and no start trips over it again.
fn put_aside(path: &Path, what: &str) -> Result<PathBuf, StoreError> {
    let mut name = OsString::from(path);
    name.push(format!(".damaged-{}", Utc::now().format("%Y%m%dT%H%M%SZ")));
    let kept = PathBuf::from(name);
    fs::rename(path, &kept).map_err(|_| StoreError::Damaged {
        path: path.to_owned(),
        what: what.to_owned(),
    })?;
    tracing::error!(
        "the state file {} is damaged ({what}). It was put aside as {}; counting starts anew: chats that closed before now, or before WOLKVOX_COUNT_FROM, are not counted",
        path.display(),
        kept.display()
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
            stored: stored.host.clone(),
            configured: identity.host.clone(),
        });
    }
    if is_same_agent(stored, identity) {
        Ok(())
    } else {
        Err(StoreError::OtherAgent {
            path: path.to_owned(),
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

/// The operation's name as a file name: what could mean something to a file system is percent-encoded.
fn file_name(operation: &str) -> String {
    let mut name = String::new();
    for (index, byte) in operation.bytes().enumerate() {
        match byte {
            b'-' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => name.push(char::from(byte)),
            b'.' if index > 0 => name.push('.'),
            // Writing to a String cannot fail.
            _ => drop(write!(name, "%{byte:02X}")),
        }
    }
    name
}

#[cfg(test)]
mod tests;
