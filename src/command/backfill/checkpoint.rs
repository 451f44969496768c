//! Where an interrupted backfill goes on: a file beside the output, replaced as a whole after each chunk.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use small_file::Links;

use super::timeline::Timeline;

/// All that is needed to go on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Checkpoint {
    /// Everything before this has been read, UTC.
    pub(super) next: DateTime<Utc>,
    /// The virtual clock and what has been counted.
    pub(super) timeline: Timeline,
}

/// The form on disk.
#[derive(Serialize, Deserialize)]
struct StoredCheckpoint<C> {
    version: u32,
    /// Of the command and its settings.
    fingerprint: String,
    /// The output's length then; what is beyond was written without its chunk being finished.
    bytes: u64,
    checkpoint: C,
}

const VERSION: u32 = 1;

/// As much as a state may have: the largest part is the same.
const LARGEST: u64 = 512 << 20;

/// The checkpoint's file for an output.
pub(super) fn path_of(output: &Path) -> PathBuf {
    let mut name = output.as_os_str().to_owned();
    name.push(".checkpoint");
    PathBuf::from(name)
}

/// What was found beside an output.
pub(super) enum FoundCheckpoint {
    Nothing,
    /// The output's length, and where to go on.
    Begun(u64, Box<Checkpoint>),
    /// Of another command, another version, or no checkpoint at all.
    Foreign,
}

pub(super) fn find(path: &Path, fingerprint: &str) -> Result<FoundCheckpoint, small_file::Error> {
    let bytes = match small_file::read(path, LARGEST, Links::Follow) {
        Ok(bytes) => bytes,
        Err(error) if error.is_not_found() => return Ok(FoundCheckpoint::Nothing),
        Err(error) => return Err(error),
    };
    Ok(
        match serde_json::from_slice::<StoredCheckpoint<Checkpoint>>(&bytes) {
            Ok(stored) if stored.version == VERSION && stored.fingerprint == fingerprint => {
                FoundCheckpoint::Begun(stored.bytes, Box::new(stored.checkpoint))
            }
            _ => FoundCheckpoint::Foreign,
        },
    )
}

/// Replaces the file as a whole. Only this user can read it: with names switched on it holds personal data.
pub(super) fn save(path: &Path, fingerprint: &str, bytes: u64, checkpoint: &Checkpoint) -> io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let mut file = tempfile::NamedTempFile::new_in(directory.unwrap_or(Path::new(".")))?;
    let stored = StoredCheckpoint {
        version: VERSION,
        fingerprint: fingerprint.to_owned(),
        bytes,
        checkpoint,
    };
    file.write_all(&serde_json::to_vec(&stored)?)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
