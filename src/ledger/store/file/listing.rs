//! What is in a directory of states, looked at without locking anything for longer than a moment: exporters may be running.

use std::collections::BTreeSet;
use std::fs::{File, TryLockError};
use std::path::Path;

use small_file::Links;

use super::StoreError;
use super::disk_error::{Action, DiskError};
use super::lock::holder;
use super::moving::{self, StateFile};
use crate::file_name;

/// What a look at the files of an operation shows.
#[derive(Debug)]
pub struct Glance {
    /// The state that an exporter goes on from, else the one that was moved away; `None` where there is neither.
    pub found: Result<Option<StateFile>, StoreError>,
    /// The process that has the lock.
    pub holder: Option<String>,
}

/// The operations whose states are in a directory, or were before they were moved away.
///
/// # Errors
/// It can't be read.
pub fn operations(directory: &Path) -> Result<BTreeSet<String>, StoreError> {
    let unusable = |cause| StoreError::Directory {
        path: directory.to_owned(),
        trouble: DiskError::at(directory, Action::Open)(cause),
    };
    let mut found = BTreeSet::new();
    for entry in directory.read_dir().map_err(unusable)? {
        let name = entry.map_err(unusable)?.file_name();
        found.extend(name.to_str().and_then(operation_of));
    }
    Ok(found)
}

fn operation_of(file: &str) -> Option<String> {
    let name = file
        .strip_suffix(".moved")
        .unwrap_or(file)
        .strip_suffix(".state")?;
    file_name::decode(name)
}

/// Looks at the files of an operation.
pub fn glance(directory: &Path, operation: &str) -> Glance {
    let name = file_name::encode(operation);
    Glance {
        found: moving::find(&directory.join(format!("{name}.state"))),
        holder: holder_of(&directory.join(format!("{name}.lock"))),
    }
}

/// Who has a lock; `None` where nobody has, or it can't be found out.
fn holder_of(lock: &Path) -> Option<String> {
    let mut lock: File = small_file::open(lock, Links::Refuse).ok()?;
    // Shared: two who look do not see each other. An exporter that starts in this moment tries again.
    match lock.try_lock_shared() {
        Err(TryLockError::WouldBlock) => Some(holder(&mut lock)),
        Ok(()) | Err(TryLockError::Error(_)) => None,
    }
}
