//! A state that goes to another place, or comes from one. It is marked as moved before it is written elsewhere: its file gets
//! another name, so that no exporter goes on from it, and a note beside it says where it went.

use std::fs;
use std::path::{Path, PathBuf};

use small_file::Links;

use super::calls::Calls;
use super::disk_error::{Action, DiskError};
use super::place::Place;
use super::{StoreError, read_bytes, with_suffix};
use crate::file_name;

/// A note names a place, and is never longer.
const LONGEST_NOTE: u64 = 8192;

/// Where the state at `path` is once it was moved.
pub(super) fn moved(path: &Path) -> PathBuf {
    with_suffix(path, ".moved")
}

fn note(path: &Path) -> PathBuf {
    with_suffix(path, ".moved-to")
}

/// Where the state at `path` was moved, as far as somebody noted it.
pub(super) fn moved_to(path: &Path) -> Option<String> {
    let note = small_file::read_text(&note(path), LONGEST_NOTE, Links::Refuse).ok()?;
    Some(note.trim().to_owned()).filter(|note| !note.is_empty())
}

/// The files of an operation, locked: no exporter can use them meanwhile.
#[derive(Debug)]
pub struct HeldFile {
    place: Place,
}

/// The bytes of a state that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateFile {
    /// As they stand in the file.
    pub bytes: Vec<u8>,
    /// Whether it was moved away.
    pub mark: Mark,
}

/// Whether a state was moved away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// An exporter may go on from it.
    None,
    /// It was; where, as far as that is known.
    Moved(Option<String>),
}

/// Why a state was not written.
#[derive(Debug)]
pub enum NotWritten {
    /// It is not there, and never will be.
    NotDone(StoreError),
    /// It may be there, also after a crash of the machine.
    Unknown(StoreError),
}

impl HeldFile {
    /// Locks the files of an operation. The directory is made if it is missing.
    ///
    /// # Errors
    /// An exporter is using it, or the directory can't be written.
    pub fn take(directory: &Path, operation: &str) -> Result<HeldFile, StoreError> {
        let place = Place::take(Calls::SYSTEM, directory, &file_name::encode(operation))?;
        Ok(HeldFile { place })
    }

    fn path(&self) -> &Path {
        self.place.state()
    }

    /// The state that an exporter would go on from, else the one that was moved away.
    ///
    /// # Errors
    /// A file can't be read.
    pub fn find(&self) -> Result<Option<StateFile>, StoreError> {
        find(self.path())
    }

    /// Marks the state as moved: from here on no exporter goes on from it.
    ///
    /// # Errors
    /// See [`StoreError`]. Whether it is marked is not known then.
    pub fn mark(&self, to: &str) -> Result<(), StoreError> {
        // Before the name changes: a note beside a state that is in use means nothing.
        self.place
            .write_beside(&note(self.path()), format!("{to}\n").as_bytes())
            .map_err(StoreError::Write)?;
        self.place.rename(self.path(), &moved(self.path()))
    }

    /// Takes the mark back, if it is there.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn take_mark_back(&self) -> Result<(), StoreError> {
        if exists(self.path())? {
            return Ok(());
        }
        self.place.rename(&moved(self.path()), self.path())?;
        remove(&note(self.path()))
    }

    /// Writes a state where none is that an exporter would go on from. One that was moved away before is removed afterwards.
    ///
    /// # Errors
    /// See [`NotWritten`].
    pub fn write(&self, bytes: &[u8]) -> Result<(), NotWritten> {
        if let Err(error) = self.place.replace(bytes) {
            return Err(match exists(self.path()) {
                Ok(false) => NotWritten::NotDone(error),
                _ => NotWritten::Unknown(error),
            });
        }
        self.forget_moved();
        Ok(())
    }

    /// Makes sure that a state that is there outlives a crash of the machine.
    ///
    /// # Errors
    /// The directory can't be synced.
    pub fn confirm(&self) -> Result<(), StoreError> {
        self.place.sync()?;
        self.forget_moved();
        Ok(())
    }

    /// An old state must not be taken for this one some day. Nothing depends on it: the one that is there is used.
    fn forget_moved(&self) {
        for path in [moved(self.path()), note(self.path())] {
            if let Err(error) = remove(&path) {
                tracing::warn!("a state that was moved away before could not be removed: {error}");
            }
        }
    }
}

pub(super) fn find(path: &Path) -> Result<Option<StateFile>, StoreError> {
    if let Some(bytes) = read_bytes(path)? {
        let mark = Mark::None;
        return Ok(Some(StateFile { bytes, mark }));
    }
    let found = read_bytes(&moved(path))?;
    Ok(found.map(|bytes| StateFile {
        bytes,
        mark: Mark::Moved(moved_to(path)),
    }))
}

/// Whether something has this name, be it a link that leads nowhere.
pub(super) fn exists(path: &Path) -> Result<bool, StoreError> {
    match path.symlink_metadata() {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(cause) => Err(StoreError::Write(DiskError::at(path, Action::Examine)(cause))),
    }
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        result => result
            .map_err(DiskError::at(path, Action::Remove))
            .map_err(StoreError::Write),
    }
}

#[cfg(test)]
mod tests;
