//! Where a state goes.

use leases::{Admin, InsertError};

use super::source::take_target;
use crate::command::state::place::{States, unreadable};
use crate::ledger::store::{self, HeldFile, Mark};

pub(super) enum Target<'a> {
    File(Box<HeldFile>, There),
    Row(Row<'a>, There),
}

pub(super) struct Row<'a> {
    admin: &'a Admin,
    operation: String,
    /// The version that was seen; 0 where there was no row.
    version: i64,
}

/// What is there before anything is written.
pub(super) enum There {
    /// Nothing that was ever committed.
    Nothing,
    /// A state from which an exporter goes on.
    InUse(Vec<u8>),
    /// One that was moved away.
    MovedAway(Vec<u8>),
}

/// Why a state was not written.
pub(super) enum NotWritten {
    /// It is not there, and never will be.
    NotDone(anyhow::Error),
    /// It may be there.
    Unknown(anyhow::Error),
}

impl Target<'_> {
    /// Looks at the place of an operation. Files are locked from here on.
    pub(super) async fn take<'a>(to: &'a States, operation: &str) -> anyhow::Result<Target<'a>> {
        match to {
            States::Files(directory) => {
                let held = take_target(directory, operation)?;
                let there = match held.find()? {
                    None => There::Nothing,
                    Some(found) if found.mark == Mark::None => There::InUse(found.bytes),
                    Some(found) => There::MovedAway(found.bytes),
                };
                Ok(Target::File(Box::new(held), there))
            }
            States::Rows(admin) => {
                let seen = admin.look(operation).await?;
                let row = Row {
                    admin,
                    operation: operation.to_owned(),
                    version: seen.as_ref().map_or(0, |seen| seen.version),
                };
                let there = match seen.and_then(|seen| Some((seen.state?, seen.moved_to))) {
                    None => There::Nothing,
                    Some((packed, None)) => There::InUse(store::unpacked(&packed).map_err(unreadable)?),
                    Some((packed, Some(_))) => There::MovedAway(store::unpacked(&packed).unwrap_or_default()),
                };
                Ok(Target::Row(row, there))
            }
        }
    }

    pub(super) fn there(&self) -> &There {
        match self {
            Target::File(_, there) | Target::Row(_, there) => there,
        }
    }

    /// Writes the state where none is in use.
    pub(super) async fn write(&self, bytes: &[u8]) -> Result<(), NotWritten> {
        match self {
            Target::File(held, _) => held.write(bytes).map_err(|error| match error {
                store::NotWritten::NotDone(error) => NotWritten::NotDone(error.into()),
                store::NotWritten::Unknown(error) => NotWritten::Unknown(error.into()),
            }),
            Target::Row(row, _) => row.write(bytes).await,
        }
    }

    /// Makes sure of a state that is there.
    pub(super) fn confirm(&self) -> anyhow::Result<()> {
        match self {
            Target::File(held, _) => Ok(held.confirm()?),
            // What can be read was committed.
            Target::Row(..) => Ok(()),
        }
    }
}

impl Row<'_> {
    async fn write(&self, bytes: &[u8]) -> Result<(), NotWritten> {
        let packed = store::pack(bytes).map_err(|error| NotWritten::NotDone(error.into()))?;
        let inserted = self.admin.insert(&self.operation, &packed, self.version).await;
        inserted.map_err(|error| match error {
            InsertError::Unknown(_) => NotWritten::Unknown(error.into()),
            InsertError::InUse { .. } | InsertError::NotDone(_) => NotWritten::NotDone(error.into()),
        })
    }
}
