//! Where the state is: its directory and its lock, held for as long as the process lives, and looked at again before
//! each commit. A lock keeps others off only for as long as they find the same file.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use small_file::Shown;

use super::calls::{Calls, Readers};
use super::disk_error::{Action, DiskError, lacks_sync};
use super::lock::{FoundAt, NotTaken, found_at, take_lock};
use super::{StoreError, aside};

/// The state's directory and lock.
#[derive(Debug)]
pub(super) struct Place {
    calls: Calls,
    /// As the settings name it: a link may lead elsewhere one day.
    named: PathBuf,
    /// Where that led at the start. All files are reached by it, so that no commit follows a link that was re-aimed.
    directory: PathBuf,
    identity: FileId,
    /// The directory, open, so that its identity is given to no other one.
    _opened: Option<File>,
    readers: Readers,
    lock_path: PathBuf,
    state: PathBuf,
    held: Mutex<Held>,
}

#[derive(Debug)]
struct Held {
    lock: File,
    /// What the state file looked like when this process last read or wrote it.
    state: Option<FileStamp>,
    /// Whether it was said that the directory can't be synced.
    has_warned: bool,
}

/// Identifies one version of a file. A file that was replaced has another stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileStamp {
    identity: FileId,
    length: u64,
    modified: Option<std::time::SystemTime>,
}

/// Device and inode.
pub(super) type FileId = (u64, u64);

#[cfg(unix)]
pub(super) fn identity(metadata: &Metadata) -> FileId {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.dev(), metadata.ino())
}

/// Elsewhere an open file can't be removed or replaced in the first place.
#[cfg(not(unix))]
pub(super) fn identity(_: &Metadata) -> FileId {
    (0, 0)
}

impl Place {
    /// Makes the directory if it is missing, and takes the lock of the state called `name`.
    pub(super) fn take(calls: Calls, named: &Path, name: &str) -> Result<Place, StoreError> {
        let unusable = |trouble| StoreError::Directory {
            path: named.to_owned(),
            trouble,
        };
        fs::create_dir_all(named)
            .map_err(DiskError::at(named, Action::Create))
            .map_err(unusable)?;
        let directory = named
            .canonicalize()
            .map_err(DiskError::at(named, Action::Examine))
            .map_err(unusable)?;
        let opened = open_directory(&directory)
            .map_err(DiskError::at(&directory, Action::Open))
            .map_err(unusable)?;
        let metadata = directory
            .metadata()
            .map_err(DiskError::at(&directory, Action::Examine))
            .map_err(unusable)?;
        let readers = readers(&metadata);
        let lock_path = directory.join(format!("{name}.lock"));
        let state = directory.join(format!("{name}.state"));
        let lock = take_lock(calls, &lock_path, readers).map_err(|refusal| match refusal {
            NotTaken::Locked(holder) => StoreError::Locked {
                path: state.clone(),
                holder,
            },
            NotTaken::Failed(trouble) => unusable(trouble),
        })?;
        let place = Place {
            calls,
            named: named.to_owned(),
            directory,
            identity: identity(&metadata),
            _opened: opened,
            readers,
            lock_path,
            held: Mutex::new(Held {
                lock,
                state: stamp(&state).map_err(unusable)?,
                has_warned: false,
            }),
            state,
        };
        place.probe().map_err(unusable)?;
        Ok(place)
    }

    /// From here on with other calls.
    #[cfg(test)]
    pub(super) fn set_calls(&mut self, calls: Calls) {
        self.calls = calls;
    }

    /// The state's file.
    pub(super) fn state(&self) -> &Path {
        &self.state
    }

    /// Replaces the state so that after a crash it is the old or the new one, whole.
    pub(super) fn replace(&self, bytes: &[u8]) -> Result<(), StoreError> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        self.confirm(&mut held)?;
        let aside = self.write_aside(bytes).map_err(StoreError::Write)?;
        // Again: on a slow disk the writing took its time.
        self.confirm(&mut held)?;
        (self.calls.rename)(&aside, &self.state)
            .map_err(DiskError::at(&self.state, Action::Replace))
            .map_err(StoreError::Write)?;
        held.state = stamp(&self.state).map_err(StoreError::Write)?;
        self.sync_directory(&mut held).map_err(StoreError::Write)
    }

    /// Gives a file beside the state another name, durably; the state itself may be one of the two.
    pub(super) fn rename(&self, from: &Path, to: &Path) -> Result<(), StoreError> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        self.confirm(&mut held)?;
        (self.calls.rename)(from, to)
            .map_err(DiskError::at(to, Action::Replace))
            .map_err(StoreError::Write)?;
        held.state = stamp(&self.state).map_err(StoreError::Write)?;
        self.sync_directory(&mut held).map_err(StoreError::Write)
    }

    /// Makes what was done in the directory durable.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        self.sync_directory(&mut held).map_err(StoreError::Write)
    }

    /// Whether this is still the place that was taken.
    fn confirm(&self, held: &mut Held) -> Result<(), StoreError> {
        match self.named.metadata().map(|found| identity(&found)) {
            Ok(found) if found == self.identity => self.confirm_lock(held),
            Ok(_) => Err(self.lost("its directory is another one than at the start")),
            Err(error) if is_missing(&error) => Err(self.lost("its directory was removed")),
            Err(cause) => Err(StoreError::Write(DiskError::at(&self.named, Action::Examine)(
                cause,
            ))),
        }
    }

    fn confirm_lock(&self, held: &mut Held) -> Result<(), StoreError> {
        match found_at(&held.lock, &self.lock_path).map_err(StoreError::Write)? {
            FoundAt::Itself => Ok(()),
            FoundAt::Another => Err(self.lost("its lock file was replaced")),
            FoundAt::Nothing => self.take_lock_again(held),
        }
    }

    /// The lock file was removed, as cleaners of temporary directories do. Nobody else has been here if the state is as
    /// it was left: then a new lock is as good as the old one.
    fn take_lock_again(&self, held: &mut Held) -> Result<(), StoreError> {
        let lock = match take_lock(self.calls, &self.lock_path, self.readers) {
            Ok(lock) => lock,
            Err(NotTaken::Locked(_)) => return Err(self.lost("its lock file was replaced")),
            Err(NotTaken::Failed(trouble)) => return Err(StoreError::Write(trouble)),
        };
        if stamp(&self.state).map_err(StoreError::Write)? != held.state {
            return Err(self.lost("its lock file was removed, and the state was changed since"));
        }
        held.lock = lock;
        tracing::warn!(
            file = %Shown(&self.lock_path),
            "the lock file {} was removed; it was made anew. Leave it there: it keeps a second exporter off the state",
            Shown(&self.lock_path)
        );
        Ok(())
    }

    fn lost(&self, what: &'static str) -> StoreError {
        StoreError::Lost {
            path: self.named.join(self.state.file_name().unwrap_or_default()),
            what,
        }
    }

    fn write_aside(&self, bytes: &[u8]) -> Result<PathBuf, DiskError> {
        let path = aside(&self.state);
        self.write_beside(&path, bytes)?;
        Ok(path)
    }

    /// Writes a file beside the state, and syncs it. The directory is not synced.
    pub(super) fn write_beside(&self, path: &Path, bytes: &[u8]) -> Result<(), DiskError> {
        let mut file = self.create_anew(path)?;
        (self.calls.write)(&mut file, bytes).map_err(DiskError::at(path, Action::Write))?;
        (self.calls.sync)(&file).map_err(DiskError::at(path, Action::Sync))
    }

    /// A file that lies there is left over, also if it belongs to another user: this process has the lock.
    fn create_anew(&self, path: &Path) -> Result<File, DiskError> {
        match (self.calls.create)(path, self.readers) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                fs::remove_file(path).map_err(DiskError::at(path, Action::Remove))?;
                (self.calls.create)(path, self.readers)
            }
            result => result,
        }
        .map_err(DiskError::at(path, Action::Create))
    }

    /// A directory that can't be written is an error at the start, not at the first poll.
    fn probe(&self) -> Result<(), DiskError> {
        let path = self.write_aside(b"probe")?;
        fs::remove_file(&path).map_err(DiskError::at(&path, Action::Remove))
    }

    /// Not every file system can sync a directory. Without it the state is whole, but may be an older one after a loss of
    /// power.
    fn sync_directory(&self, held: &mut Held) -> Result<(), DiskError> {
        match (self.calls.sync_directory)(&self.directory) {
            Err(error) if lacks_sync(&error) => {
                if !std::mem::replace(&mut held.has_warned, true) {
                    tracing::warn!(
                        directory = %Shown(&self.directory),
                        "the directory {} can't be synced ({error}): its file system has no such call. If the machine loses its power, the state may be older afterwards than what was scraped, and some chats may count twice. A local disk is safer",
                        Shown(&self.directory)
                    );
                }
                Ok(())
            }
            result => result.map_err(DiskError::at(&self.directory, Action::Sync)),
        }
    }
}

#[cfg(unix)]
fn open_directory(directory: &Path) -> io::Result<Option<File>> {
    File::open(directory).map(Some)
}

/// Elsewhere a directory can't be opened as a file.
#[cfg(not(unix))]
fn open_directory(_: &Path) -> io::Result<Option<File>> {
    Ok(None)
}

/// A directory that its group may write, and that others may not look into or whose group is handed on (modes 0770 and
/// 2770), says that the group shares what is in it: the next container may run as another user of the same group.
#[cfg(unix)]
fn readers(directory: &Metadata) -> Readers {
    use std::os::unix::fs::MetadataExt as _;

    const GROUP: u32 = 0o070;
    const OTHERS: u32 = 0o007;
    const SET_GROUP_ID: u32 = 0o2000;
    let mode = directory.mode();
    let is_closed = mode & OTHERS == 0;
    let hands_on = mode & SET_GROUP_ID != 0;
    if mode & GROUP == GROUP && (is_closed || hands_on) {
        Readers::Group
    } else {
        Readers::Owner
    }
}

#[cfg(not(unix))]
fn readers(_: &Metadata) -> Readers {
    Readers::Owner
}

pub(super) fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// `None` where there is no file.
fn stamp(path: &Path) -> Result<Option<FileStamp>, DiskError> {
    match path.symlink_metadata() {
        Ok(metadata) => Ok(Some(FileStamp {
            identity: identity(&metadata),
            length: metadata.len(),
            modified: metadata.modified().ok(),
        })),
        Err(error) if is_missing(&error) => Ok(None),
        Err(cause) => Err(DiskError::at(path, Action::Examine)(cause)),
    }
}

#[cfg(all(test, unix))]
mod tests;
