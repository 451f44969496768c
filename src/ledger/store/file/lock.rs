//! The lock of a state: a file that one process at a time has locked, and that says which.

use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind, Read as _, Seek as _};
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::calls::{Calls, Readers};
use super::disk_error::{Action, DiskError};
use super::place::{identity, is_missing};

/// How often a lock file that vanishes while it is taken is tried again.
const TRIES: u32 = 10;
/// How often a lock that another process has is tried again: who only looks has it for a moment.
const LOCK_TRIES: u32 = 3;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// Why the lock is not ours.
pub(super) enum NotTaken {
    /// Another process has it.
    Locked(String),
    Failed(DiskError),
}

pub(super) fn take_lock(calls: Calls, path: &Path, readers: Readers) -> Result<File, NotTaken> {
    for _ in 0..TRIES {
        let mut file = open_lock(calls, path, readers).map_err(NotTaken::Failed)?;
        match lock(calls, &file) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(NotTaken::Locked(holder(&mut file))),
            Err(TryLockError::Error(cause)) => {
                return Err(NotTaken::Failed(DiskError::at(path, Action::Lock)(cause)));
            }
        }
        // The process that removed it in between may have locked another one by now.
        if found_at(&file, path).map_err(NotTaken::Failed)? == FoundAt::Itself {
            let pid = format!("{}\n", std::process::id());
            file.set_len(0)
                .and_then(|()| file.rewind())
                .and_then(|()| (calls.write)(&mut file, pid.as_bytes()))
                .map_err(DiskError::at(path, Action::Write))
                .map_err(NotTaken::Failed)?;
            return Ok(file);
        }
    }
    let cause = io::Error::other("it is removed again and again");
    Err(NotTaken::Failed(DiskError::at(path, Action::Lock)(cause)))
}

fn lock(calls: Calls, file: &File) -> Result<(), TryLockError> {
    let mut tries = 1;
    loop {
        match (calls.lock)(file) {
            Err(TryLockError::WouldBlock) if tries < LOCK_TRIES => tries += 1,
            result => return result,
        }
        thread::sleep(LOCK_PAUSE);
    }
}

fn open_lock(calls: Calls, path: &Path, readers: Readers) -> Result<File, DiskError> {
    match (calls.create)(path, readers) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        result => return result.map_err(DiskError::at(path, Action::Create)),
    }
    let mut options = File::options();
    options.read(true).write(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt as _;
        // A FIFO of that name must not hold up the start, and a link may lead anywhere.
        options.custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed());
    }
    let file = options.open(path).map_err(DiskError::at(path, Action::Open))?;
    let metadata = file.metadata().map_err(DiskError::at(path, Action::Examine))?;
    if metadata.is_file() {
        return Ok(file);
    }
    let cause = io::Error::new(ErrorKind::AlreadyExists, "it is no regular file");
    Err(DiskError::at(path, Action::Lock)(cause))
}

pub(super) fn holder(lock: &mut File) -> String {
    let mut pid = String::new();
    match lock.take(20).read_to_string(&mut pid) {
        Ok(1..) => format!("process {}", pid.trim()),
        _ => "its process is not known".to_owned(),
    }
}

/// What a path leads to, compared with an open file that was found there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FoundAt {
    Itself,
    Another,
    Nothing,
}

pub(super) fn found_at(file: &File, path: &Path) -> Result<FoundAt, DiskError> {
    let ours = file.metadata().map_err(DiskError::at(path, Action::Examine))?;
    match path.symlink_metadata() {
        Ok(found) if identity(&found) == identity(&ours) => Ok(FoundAt::Itself),
        Ok(_) => Ok(FoundAt::Another),
        Err(error) if is_missing(&error) => Ok(FoundAt::Nothing),
        Err(cause) => Err(DiskError::at(path, Action::Examine)(cause)),
    }
}
