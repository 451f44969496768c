//! Where a state comes from: held, so that no exporter can use it meanwhile.

use anyhow::Context as _;
use leases::{TakeError, Taken};

use crate::command::state::place::{States, mark_of, unreadable};
use crate::ledger::StoreError;
use crate::ledger::store::{self, HeldFile, Mark, StateFile};

/// What marking it may leave behind.
const UNSURE: &str = "its state could not be marked as moved, so nothing was written. If `state show` says that it was moved, run the same command again";

pub(super) enum Source<'a> {
    File(Box<HeldFile>),
    Row(Taken<'a>),
}

/// What is held.
pub(super) struct Held {
    pub(super) state: Option<Vec<u8>>,
    pub(super) mark: Mark,
}

impl Source<'_> {
    /// Holds an operation that no exporter is using.
    pub(super) async fn take<'a>(from: &'a States, operation: &str) -> anyhow::Result<Source<'a>> {
        match from {
            States::Files(directory) => {
                let held = HeldFile::take(directory, operation);
                Ok(Source::File(Box::new(held.map_err(running)?)))
            }
            States::Rows(admin) => Ok(Source::Row(admin.take_idle(operation).await?)),
        }
    }

    pub(super) fn find(&self) -> anyhow::Result<Held> {
        match self {
            Source::File(held) => Ok(match held.find()? {
                Some(StateFile { bytes, mark }) => Held {
                    state: Some(bytes),
                    mark,
                },
                None => Held {
                    state: None,
                    mark: Mark::None,
                },
            }),
            Source::Row(taken) => Ok(Held {
                state: taken
                    .state
                    .as_deref()
                    .map(store::unpacked)
                    .transpose()
                    .map_err(unreadable)?,
                mark: mark_of(taken.moved_to.clone()),
            }),
        }
    }

    /// Marks the state as moved. Where that fails, the mark is taken back as far as it may be there.
    pub(super) async fn mark(&self, to: &str) -> anyhow::Result<()> {
        let marked = match self {
            Source::File(held) => held.mark(to).map_err(anyhow::Error::from),
            Source::Row(taken) => match taken.mark_moved(Some(to)).await {
                // It was another replica's when that was tried: it has no mark.
                Err(error @ TakeError::Fenced { .. }) => return Err(error.into()),
                marked => marked.map_err(anyhow::Error::from),
            },
        };
        let Err(error) = marked else { return Ok(()) };
        match self.take_mark_back().await {
            Ok(()) => Err(error.context("its state could not be marked as moved; nothing has changed")),
            Err(_) => Err(error.context(UNSURE)),
        }
    }

    pub(super) async fn take_mark_back(&self) -> anyhow::Result<()> {
        match self {
            Source::File(held) => Ok(held.take_mark_back()?),
            Source::Row(taken) => Ok(taken.mark_moved(None).await?),
        }
    }

    /// Lets go of it.
    pub(super) async fn release(self) {
        if let Source::Row(taken) = self {
            // Where that fails, its lease is out in a minute.
            drop(taken.release().await);
        }
    }
}

/// A lock that an exporter has, in the words of this command.
fn running(error: StoreError) -> anyhow::Error {
    match error {
        StoreError::Locked { path, holder } => anyhow::anyhow!(
            "an exporter is using the state file {} ({holder}); stop it first",
            small_file::Shown(&path)
        ),
        error => error.into(),
    }
}

/// The same, where a state is to be written.
pub(super) fn take_target(directory: &std::path::Path, operation: &str) -> anyhow::Result<HeldFile> {
    HeldFile::take(directory, operation)
        .map_err(running)
        .context("nothing was changed")
}
