//! Where the past is written: a file that an interrupted run goes on with, or the standard output.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use small_file::Links;

use super::BackfillError;
use super::checkpoint::{self, Checkpoint, FoundCheckpoint};

/// A file with its checkpoint, or the standard output.
pub struct Output {
    writer: BufWriter<Box<dyn Write + Send>>,
    file: Option<Resumable>,
}

struct Resumable {
    path: PathBuf,
    file: File,
    fingerprint: String,
    /// Whether there is a checkpoint beside it.
    is_begun: bool,
}

/// The output's length and where to go on, if an interrupted run of the same command has begun it.
pub(super) fn begun(path: &Path, fingerprint: &str) -> Result<Option<(u64, Checkpoint)>, BackfillError> {
    let beside = checkpoint::path_of(path);
    let found = checkpoint::find(&whole(&beside), fingerprint).map_err(BackfillError::Checkpoint)?;
    refuse_special(&whole(path))?;
    let length = std::fs::metadata(path).map(|metadata| metadata.len()).ok();
    match (found, length) {
        (FoundCheckpoint::Foreign, _) => Err(BackfillError::OtherCommand {
            path: path.to_owned(),
            checkpoint: beside,
        }),
        // The output was removed or cut: what the checkpoint counts on is gone.
        (FoundCheckpoint::Begun(bytes, begun), Some(length)) if length >= bytes => Ok(Some((bytes, *begun))),
        (FoundCheckpoint::Nothing, Some(1..)) => Err(BackfillError::Exists(path.to_owned())),
        (FoundCheckpoint::Begun(..) | FoundCheckpoint::Nothing, _) => Ok(None),
    }
}

/// From the root on: an error does not name a bare word.
fn whole(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// To open a FIFO would wait for its reader, and none of the others can be gone on with.
fn refuse_special(path: &Path) -> Result<(), BackfillError> {
    match small_file::open(path, Links::Follow) {
        Err(error @ small_file::Error::NotRegular { .. }) => Err(BackfillError::Special(error)),
        // It is not there, or may be written and not read.
        _ => Ok(()),
    }
}

/// Only this user can read it: with names switched on it holds personal data.
fn create(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.create(true).write(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The same for an empty file that was there, with whatever mode.
#[cfg(unix)]
fn make_private(file: &File) -> io::Result<()> {
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))
}

#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps)] // As on Unix.
fn make_private(_: &File) -> io::Result<()> {
    Ok(())
}

impl Output {
    /// Opens the output. With a file of the same command that was interrupted, returns where to go on.
    pub(super) fn open(
        path: Option<PathBuf>,
        fingerprint: &str,
    ) -> Result<(Output, Option<Checkpoint>), BackfillError> {
        let Some(path) = path else {
            let writer = BufWriter::new(Box::new(io::stdout()) as Box<dyn Write + Send>);
            return Ok((Output { writer, file: None }, None));
        };
        let begun = begun(&path, fingerprint)?;
        let failed = |cause| BackfillError::Write {
            what: path.display().to_string(),
            cause,
        };
        let mut file = create(&path).map_err(failed)?;
        if begun.is_none() {
            make_private(&file).map_err(failed)?;
        }
        let bytes = begun.as_ref().map_or(0, |(bytes, _)| *bytes);
        file.set_len(bytes)
            .and_then(|()| file.seek(SeekFrom::End(0)))
            .and_then(|_| file.try_clone())
            .map_err(failed)
            .map(|writing| {
                let writer = BufWriter::with_capacity(1 << 16, Box::new(writing) as Box<dyn Write + Send>);
                let fingerprint = fingerprint.to_owned();
                let output = Output {
                    writer,
                    file: Some(Resumable {
                        path: path.clone(),
                        file,
                        fingerprint,
                        is_begun: begun.is_some(),
                    }),
                };
                (output, begun.map(|(_, checkpoint)| checkpoint))
            })
    }

    /// Whether there is something that the next run goes on with.
    pub(super) fn is_begun(&self) -> bool {
        self.file.as_ref().is_some_and(|file| file.is_begun)
    }

    pub(super) fn write(&mut self, text: &str) -> Result<(), BackfillError> {
        let result = self.writer.write_all(text.as_bytes());
        result.map_err(|cause| self.failed(cause))
    }

    /// Makes what was written outlive a crash, and notes where to go on.
    pub(super) fn save(&mut self, checkpoint: &Checkpoint) -> Result<(), BackfillError> {
        let result = self.try_save(checkpoint);
        result.map_err(|cause| self.failed(cause))
    }

    fn try_save(&mut self, checkpoint: &Checkpoint) -> io::Result<()> {
        self.writer.flush()?;
        let Some(file) = &mut self.file else { return Ok(()) };
        file.file.sync_data()?;
        let bytes = file.file.stream_position()?;
        checkpoint::save(
            &checkpoint::path_of(&file.path),
            &file.fingerprint,
            bytes,
            checkpoint,
        )?;
        file.is_begun = true;
        Ok(())
    }

    /// All is written: the checkpoint is not needed any more.
    pub(super) fn finish(mut self) -> Result<(), BackfillError> {
        let result = self.try_finish();
        result.map_err(|cause| self.failed(cause))
    }

    fn try_finish(&mut self) -> io::Result<()> {
        self.writer.flush()?;
        let Some(file) = &self.file else { return Ok(()) };
        file.file.sync_all()?;
        match std::fs::remove_file(checkpoint::path_of(&file.path)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn failed(&self, cause: io::Error) -> BackfillError {
        let what = match &self.file {
            Some(file) => file.path.display().to_string(),
            None if cause.kind() == io::ErrorKind::BrokenPipe => return BackfillError::Unread,
            None => "the standard output".to_owned(),
        };
        BackfillError::Write { what, cause }
    }
}
