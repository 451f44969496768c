//! What the system said about one file of the state, and the way out. Each cause has a text of its own, because "no room or
//! no permission" would send people to the wrong place.

use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use small_file::Shown;

/// What was to be done with the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // The words of `Display` say it.
pub enum Action {
    Create,
    Open,
    Examine,
    Lock,
    Write,
    Sync,
    Replace,
    Remove,
}

impl fmt::Display for Action {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Action::Create => "created",
            Action::Open => "opened",
            Action::Examine => "looked at",
            Action::Lock => "locked",
            Action::Write => "written",
            Action::Sync => "synced to the disk",
            Action::Replace => "replaced",
            Action::Remove => "removed",
        })
    }
}

/// A file or directory of the state with which something could not be done.
#[derive(Debug, thiserror::Error)]
#[error("{path} can't be {action} ({cause}{}). {}. WOLKVOX_STATE_DIR may name another directory; a state that exists is moved there first, with the exporter stopped", whose(path, cause), way_out(*action, cause), path = Shown(path))]
pub struct DiskError {
    /// The file or directory.
    pub path: PathBuf,
    /// What was to be done with it.
    pub action: Action,
    /// As the system says it.
    pub cause: io::Error,
}

impl DiskError {
    /// For `map_err`.
    pub(super) fn at(path: &Path, action: Action) -> impl FnOnce(io::Error) -> DiskError {
        let path = path.to_owned();
        move |cause| DiskError { path, action, cause }
    }
}

/// The way out of an error that a file of the state met with, as a sentence without its full stop.
pub(super) fn way_out(action: Action, cause: &io::Error) -> &'static str {
    let of_number = cause.raw_os_error().and_then(way_out_by_number);
    match cause.kind() {
        _ if action == Action::Lock && lacks_locks(cause) => {
            "The file system has no locks here, and without them two exporters could count every chat twice. Put the state on a local disk, or mount the network file system with locks (NFS: with its lock service and without nolock)"
        }
        _ if action == Action::Sync && lacks_sync(cause) => {
            "The file system can't make sure that something is on its disk (fsync), and a state that is lost counts chats twice. Put it on a local disk"
        }
        ErrorKind::StorageFull => "The file system is full, or has no inodes left: make room there",
        ErrorKind::QuotaExceeded => {
            "The disk quota is used up: raise it, or remove other files that count towards it"
        }
        ErrorKind::FileTooLarge => {
            "This process may not write a file that large: raise the limit (ulimit -f, LimitFSIZE= of the unit)"
        }
        ErrorKind::ReadOnlyFilesystem => {
            "The file system is mounted read-only: mount it writable (in a container, as a volume without :ro)"
        }
        ErrorKind::PermissionDenied => {
            "It must belong to the exporter's user or be writable for it: change the owner (chown), or remove a file that was left over, if no exporter of the other user is running"
        }
        ErrorKind::InvalidFilename => {
            "The name is too long for this file system: choose a shorter WOLKVOX_OPERATION"
        }
        ErrorKind::StaleNetworkFileHandle => {
            "The network file system has lost it: mount it anew, and restart the exporter"
        }
        ErrorKind::IsADirectory => "A directory is in its place: remove it",
        ErrorKind::AlreadyExists => "Something else has this name: remove it",
        ErrorKind::NotADirectory | ErrorKind::NotFound => "A part of the path is missing, or is no directory",
        _ => of_number.unwrap_or(
            "Neither room nor permission is missing: the file system can't do this, or fails. Look at the kernel's log (dmesg), or put the state on a local disk",
        ),
    }
}

/// Causes that have no stable [`ErrorKind`].
#[cfg(unix)]
fn way_out_by_number(number: i32) -> Option<&'static str> {
    use rustix::io::Errno;
    Some(match Errno::from_raw_os_error(number) {
        Errno::MFILE => {
            "This process has as many files open as it may: raise the limit (ulimit -n, LimitNOFILE= of the unit)"
        }
        Errno::NFILE => "The machine has as many files open as it may: raise fs.file-max",
        Errno::LOOP => {
            "A symbolic link is in its place, and only regular files are written here: remove the link"
        }
        Errno::IO => {
            "The disk, or the connection to it, fails: look at the kernel's log (dmesg), and move the state to a sound disk"
        }
        _ => return None,
    })
}

#[cfg(not(unix))]
fn way_out_by_number(_: i32) -> Option<&'static str> {
    None
}

/// Whether the file system has no locks, as some network file systems and those in user space.
fn lacks_locks(cause: &io::Error) -> bool {
    #[cfg(unix)]
    let has_none = cause.raw_os_error() == Some(rustix::io::Errno::NOLCK.raw_os_error());
    #[cfg(not(unix))]
    let has_none = false;
    has_none || matches!(cause.kind(), ErrorKind::Unsupported | ErrorKind::InvalidInput)
}

/// Whether the file system has no sync, which some network file systems and those in user space lack for directories.
pub(super) fn lacks_sync(cause: &io::Error) -> bool {
    #[cfg(unix)]
    let has_none = cause.raw_os_error() == Some(rustix::io::Errno::BADF.raw_os_error());
    #[cfg(not(unix))]
    let has_none = false;
    has_none || matches!(cause.kind(), ErrorKind::Unsupported | ErrorKind::InvalidInput)
}

/// Who owns what may not be written, and who asks: `, it belongs to user 1000 …`. Empty for other causes.
#[cfg(unix)]
pub(super) fn whose(path: &Path, cause: &io::Error) -> String {
    use std::os::unix::fs::MetadataExt as _;

    if cause.kind() != ErrorKind::PermissionDenied {
        return String::new();
    }
    let found = path.symlink_metadata().map(|metadata| ("it", metadata));
    let found = found.or_else(|error| {
        let above = path.parent().ok_or(error)?;
        Ok::<_, io::Error>(("its directory", above.metadata()?))
    });
    let Ok((what, metadata)) = found else {
        return String::new();
    };
    format!(
        "; {what} belongs to user {} and group {} with mode {:04o}, the exporter runs as user {} and group {}",
        metadata.uid(),
        metadata.gid(),
        metadata.mode() & 0o7777,
        rustix::process::geteuid(),
        rustix::process::getegid()
    )
}

#[cfg(not(unix))]
pub(super) fn whose(_: &Path, _: &io::Error) -> String {
    String::new()
}

#[cfg(all(test, unix))]
mod tests;
