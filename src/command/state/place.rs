//! Where states are, as options and variables name it, and what is found there.

use std::path::{Path, PathBuf};

use chrono::{DateTime, SecondsFormat, Utc};
use leases::{Admin, StateUrl};

use crate::chats::{Ledger, Totals};
use crate::command::{ExitStatus, Failure};
use crate::config::Place;
use crate::ledger::state::{self, StateError};
use crate::ledger::store::{self, Mark, StateFile, glance};

/// A place whose states can be looked at.
pub(crate) enum States {
    /// A directory.
    Files(PathBuf),
    /// The rows of a database.
    Rows(Admin),
}

/// What a look at an operation shows, without holding it.
pub(crate) struct Seen {
    /// Its state; `None` where nothing was committed yet.
    pub(crate) state: Option<Vec<u8>>,
    /// Who holds it, or held it last.
    pub(crate) holder: Holder,
    /// Whether it was moved away.
    pub(crate) mark: Mark,
}

/// Who holds an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Holder {
    /// A process or a replica.
    Now(String),
    /// Nobody does; the replica that did last, where it is known.
    Before(Option<String>),
}

/// What people want to know of a state. Nothing in it tells of persons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) counting_since: DateTime<Utc>,
    /// Up to where the report was read.
    pub(crate) watermark: DateTime<Utc>,
    pub(crate) chats: u64,
    /// Of the state as it stands in a file.
    pub(crate) bytes: usize,
}

impl Facts {
    /// Reads a state, all of it.
    ///
    /// # Errors
    /// It is damaged, or of a newer version.
    pub(crate) fn of(bytes: &[u8]) -> Result<Facts, StateError> {
        let (_, ledger): (_, Ledger) = state::decode::<Totals>(bytes)?;
        Ok(Facts {
            counting_since: ledger.counting.since,
            watermark: ledger.cursors.poll,
            chats: ledger.totals.chats_counted(),
            bytes: bytes.len(),
        })
    }
}

/// A time as it is shown, in UTC.
pub(crate) fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A state that can't be read, in words that go on after "the state".
pub(crate) fn unreadable(error: StateError) -> anyhow::Error {
    match error {
        StateError::Damaged(what) => anyhow::anyhow!("the state is damaged ({what})"),
        StateError::Newer(_) => anyhow::anyhow!("the state was written by a newer exporter: {error}"),
    }
}

/// What an option names.
pub(crate) fn parse(option: &str, text: &str) -> Result<Place, Failure> {
    Place::parse(text).map_err(|problem| {
        // Never the text itself: there may be a password in it.
        let error = anyhow::anyhow!("{option} {problem}");
        Failure::new(ExitStatus::Usage, error)
    })
}

pub(crate) fn open_database(url: &StateUrl) -> Result<Admin, leases::Error> {
    Admin::new(url, state::VERSION.as_number())
}

impl States {
    /// Opens a place to look at.
    ///
    /// # Errors
    /// The database can't be used, or lacks the tables.
    pub(crate) async fn open(place: &Place) -> Result<States, leases::Error> {
        match place {
            Place::Directory(directory) => Ok(States::Files(directory.clone())),
            Place::Database(url) => {
                let admin = open_database(url)?;
                admin.check().await?;
                Ok(States::Rows(admin))
            }
        }
    }

    /// The operations that have a state or a row here.
    ///
    /// # Errors
    /// The place can't be read.
    pub(crate) async fn operations(&self) -> Result<Vec<String>, Failure> {
        match self {
            States::Files(directory) => Ok(store::operations(directory)?.into_iter().collect()),
            States::Rows(admin) => Ok(admin.operations().await?),
        }
    }

    /// Looks at one operation; `None` where it has neither a state nor a row.
    ///
    /// # Errors
    /// The place or the state can't be read.
    pub(crate) async fn look(&self, operation: &str) -> anyhow::Result<Option<Seen>> {
        match self {
            States::Files(directory) => look_at_file(directory, operation),
            States::Rows(admin) => look_at_row(admin, operation).await,
        }
    }
}

fn look_at_file(directory: &Path, operation: &str) -> anyhow::Result<Option<Seen>> {
    let glance = glance(directory, operation);
    let Some(StateFile { bytes, mark }) = glance.found? else {
        return Ok(None);
    };
    Ok(Some(Seen {
        state: Some(bytes),
        holder: glance.holder.map_or(Holder::Before(None), Holder::Now),
        mark,
    }))
}

async fn look_at_row(admin: &Admin, operation: &str) -> anyhow::Result<Option<Seen>> {
    let Some(listed) = admin.look(operation).await? else {
        return Ok(None);
    };
    let state = listed.state.as_deref().map(store::unpacked).transpose();
    Ok(Some(Seen {
        state: state.map_err(unreadable)?,
        holder: match listed.holder {
            holder if !listed.is_held => Holder::Before(holder),
            Some(url) => Holder::Now(url),
            None => Holder::Now("a `state` command".to_owned()),
        },
        mark: mark_of(listed.moved_to),
    }))
}

/// Of a row.
pub(crate) fn mark_of(moved_to: Option<String>) -> Mark {
    moved_to.map_or(Mark::None, |to| Mark::Moved(Some(to)))
}
