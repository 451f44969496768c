//! `wolkvox-exporter state`: what to do with the state of an operation while no exporter polls it.

use std::path::Path;

use anyhow::Context as _;
use clap::{Args, Subcommand};

use super::failure::{ExitStatus, Failure, statuses};
use super::print;
use crate::clock::{Clock as _, SystemClock};
use crate::config::{Config, OperationConfig};
use crate::ledger::store::{Adoption, Opened};
use crate::ledger::{Store as _, StoreError};
use crate::operation;

statuses! {
    StoreError: |_| ExitStatus::Failed;
}

/// Options of `state`.
#[derive(Debug, Args)]
pub struct Options {
    #[command(subcommand)]
    command: StateCommand,
}

#[derive(Debug, Subcommand)]
enum StateCommand {
    /// Take over the state of another server or agent: after the operation has moved
    Adopt {
        /// The operation, as it is configured now
        name: String,
    },
}

/// Does what is asked of a state.
///
/// # Errors
/// The settings can't be used, an exporter is using the state, or there is none.
pub async fn command(options: Options) -> Result<(), Failure> {
    let StateCommand::Adopt { name } = options.command;
    let config = Config::from_env(SystemClock.now())?;
    let directory = config.state.dir.clone();
    let operation = config.choose(Some(&name))?;
    let told = adopt(&operation, &directory).await?;
    Ok(print(&told)?)
}

/// Makes the state that of the server and the agent that are set now.
async fn adopt(operation: &OperationConfig, directory: &Path) -> Result<String, Failure> {
    let Opened {
        mut store, ledger, ..
    } = operation::open_state(operation, directory, Adoption::Adopt, &SystemClock)?;
    let ledger = ledger.with_context(|| {
        format!(
            "there is no state of {} in {}: nothing to adopt, it starts anew when it is polled",
            operation.name(),
            directory.display()
        )
    })?;
    store.commit(&ledger).await?;
    Ok(format!(
        "The state of {} now counts the report of {}. An exporter that runs goes on with it within a minute.\n",
        operation.name(),
        operation.server.host()
    ))
}
