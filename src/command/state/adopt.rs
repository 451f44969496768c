//! `state adopt`: makes the state of an operation that of the server and the agent that are set now.

use std::path::Path;

use anyhow::Context as _;
use clap::Args;
use leases::StateUrl;

use super::place;
use crate::chats::Totals;
use crate::clock::{Clock as _, SystemClock};
use crate::command::{Failure, print};
use crate::config::{Config, OperationConfig, Place};
use crate::ledger::Store as _;
use crate::ledger::store::{Adoption, DatabaseStore, Opened};
use crate::log;
use crate::operation::state::{identity, open_file};

/// Options of `state adopt`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The operation, as it is configured now
    name: String,
}

pub(super) async fn command(options: Options) -> Result<(), Failure> {
    let config = Config::from_env(SystemClock.now())?;
    let place = config.state.place.clone();
    let operation = config.choose(Some(&options.name))?;
    match &place {
        Place::Directory(directory) => adopt_file(&operation, directory).await?,
        Place::Database(url) => adopt_row(&operation, url).await?,
    }
    let told = format!(
        "The state of {} now counts the report of {}. An exporter that runs goes on with it within a minute.\n",
        operation.name(),
        operation.server.host()
    );
    Ok(print(&told)?)
}

/// A replica that holds the operation is fenced, and goes on with this state.
async fn adopt_row(operation: &OperationConfig, url: &StateUrl) -> Result<(), Failure> {
    let admin = place::open_database(url)?;
    admin.check().await?;
    let mut taken = admin.take_over(operation.name()).await?;
    let written = match &taken.state {
        Some(packed) => DatabaseStore::adopt::<Totals>(packed, identity(operation), admin.address())
            .map(Some)
            .map_err(Failure::from),
        None => Ok(None),
    };
    let done = match written {
        Ok(Some(state)) => taken.write(&state).await.map_err(Failure::from),
        Ok(None) => Err(nothing_there(operation, &format!("PostgreSQL at {}", admin.address())).into()),
        Err(failure) => Err(failure),
    };
    if let Err(error) = taken.release().await {
        log::say(&format!(
            "The operation is free for a replica in a minute: {error}"
        ));
    }
    done
}

async fn adopt_file(operation: &OperationConfig, directory: &Path) -> Result<(), Failure> {
    let Opened {
        mut store, ledger, ..
    } = open_file(operation, directory, Adoption::Adopt, &SystemClock)?;
    let ledger =
        ledger.with_context(|| nothing_there(operation, &directory.display().to_string()).to_string())?;
    store.commit(&ledger).await?;
    Ok(())
}

fn nothing_there(operation: &OperationConfig, place: &str) -> anyhow::Error {
    anyhow::anyhow!(
        "there is no state of {} in {place}: nothing to adopt, it starts anew when it is polled",
        operation.name()
    )
}
