//! `wolkvox-exporter state`: looks at states, moves them, takes them over, and makes the tables for them.

mod adopt;
mod copy;
mod migrate;
pub(super) mod place;
mod show;

use clap::{Args, Subcommand};
use leases::TakeError;

use super::failure::{ExitStatus, Failure, statuses};
use crate::ledger::StoreError;

statuses! {
    StoreError: |_| ExitStatus::Failed;
    TakeError: |_| ExitStatus::Failed;
    leases::Error: |_| ExitStatus::Failed;
}

/// Options of `state`.
#[derive(Debug, Args)]
pub struct Options {
    #[command(subcommand)]
    command: StateCommand,
}

#[derive(Debug, Subcommand)]
enum StateCommand {
    /// Print a table of the states: since when each counts and up to when, how large it is, who holds it
    Show(show::Options),
    /// Move states from files to PostgreSQL, back, or to another directory or database
    Copy(copy::Options),
    /// Take over the state of another server or agent: after the operation has moved
    Adopt(adopt::Options),
    /// Make the tables in PostgreSQL, or print what their owner runs to make them
    Migrate(migrate::Options),
}

/// Does what is asked of states.
///
/// # Errors
/// The settings can't be used, or it could not be done, in part or at all.
pub async fn command(options: Options) -> Result<(), Failure> {
    match options.command {
        StateCommand::Show(options) => show::command(options).await,
        StateCommand::Copy(options) => copy::command(options).await,
        StateCommand::Adopt(options) => adopt::command(options).await,
        StateCommand::Migrate(options) => migrate::command(options).await,
    }
}
