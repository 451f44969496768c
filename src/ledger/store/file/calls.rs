//! The calls to the system by which the state is written. They are a table, so that tests can let each of them fail in
//! ways that no file system of a test machine does.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::Path;

/// What a file is created for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readers {
    /// This user alone: with names switched on the state holds personal data.
    Owner,
    /// The directory's group as well.
    Group,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Calls {
    /// Creates a file where nothing is, not even a link.
    pub(super) create: fn(&Path, Readers) -> io::Result<File>,
    pub(super) lock: fn(&File) -> Result<(), TryLockError>,
    pub(super) write: fn(&mut File, &[u8]) -> io::Result<()>,
    pub(super) sync: fn(&File) -> io::Result<()>,
    pub(super) rename: fn(&Path, &Path) -> io::Result<()>,
    pub(super) sync_directory: fn(&Path) -> io::Result<()>,
}

impl Calls {
    pub(super) const SYSTEM: Calls = Calls {
        create,
        lock: |file| file.try_lock(),
        write: |file, bytes| file.write_all(bytes),
        sync: |file| file.sync_all(),
        rename: |from, to| fs::rename(from, to),
        sync_directory,
    };
}

#[cfg(unix)]
fn create(path: &Path, readers: Readers) -> io::Result<File> {
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};

    let mode = match readers {
        Readers::Owner => 0o600,
        Readers::Group => 0o660,
    };
    let file = File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)?;
    if readers == Readers::Group {
        // The umask took the group's right to write away.
        file.set_permissions(fs::Permissions::from_mode(mode))?;
    }
    Ok(file)
}

#[cfg(not(unix))]
fn create(path: &Path, _: Readers) -> io::Result<File> {
    File::options().read(true).write(true).create_new(true).open(path)
}

#[cfg(unix)]
fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Elsewhere a directory can't be opened as a file; the rename is as durable as the system makes it.
#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}
