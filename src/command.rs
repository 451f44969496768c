//! The command line: which commands there are. Each has a file of its own with its options and what it does.

pub mod backfill;
pub mod check;
pub mod demo;
mod failure;
mod health;
mod man;
mod metrics;
pub mod option;
pub mod range;
pub mod report;
pub mod serve;
pub mod state;

use std::future::Future;
use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

pub use failure::{ExitStatus, Failure};

use crate::config::variable;
use crate::{descriptors, runtime, signal};

/// Prometheus exporter for Wolkvox contact centres. Without a command it serves; it is set up by environment variables
/// (`WOLKVOX_SERVER` and `WOLKVOX_TOKEN` at the least, or `WOLKVOX_OPERATIONS_FILE` for several operations), see the README.
#[derive(Debug, Parser)]
#[command(
    name = "wolkvox-exporter",
    version,
    max_term_width = 110,
    args_conflicts_with_subcommands = true
)]
#[command(after_long_help = variable::help())]
pub struct Cli {
    /// What to do; nothing is [`Command::Serve`].
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The options of [`Command::Serve`], where no command is given.
    #[command(flatten)]
    pub serve: serve::Options,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Poll Wolkvox and serve /metrics (the default)
    Serve(serve::Options),
    /// Look around without a Wolkvox server: polls a simulated contact centre
    Demo(demo::Options),
    /// Make one call (two with `WOLKVOX_SKILL_CATALOGUE`, some more with --yesterday), and say what is right and wrong with the configuration
    Check(check::Options),
    /// Print what the report says of a range of time, without Prometheus
    Report(report::Options),
    /// Write the past as OpenMetrics, for `promtool tsdb create-blocks-from openmetrics` or VictoriaMetrics
    Backfill(backfill::Options),
    /// Show, move and take over the states of operations, and make the tables for them in PostgreSQL
    State(state::Options),
    /// Print the metric reference, as Markdown or JSON
    Metrics(metrics::Options),
    /// Ask the exporter on this machine or in this container whether it answers, for probes: status 0 or 1
    Health(health::Options),
    /// Print what a shell completes, for its folder of completions
    Completion(man::CompletionOptions),
    /// Print the manual page, or that of a command: `man -l <(wolkvox-exporter man)`
    Man(man::ManOptions),
}

/// Does what the command line asks for.
///
/// # Errors
/// In words for the person who typed it, with the exit status.
pub fn run(cli: Cli) -> Result<ExitCode, Failure> {
    let done = |()| ExitCode::SUCCESS;
    // Before the runtime, which panics where it gets too few.
    let limit = descriptors::raise()?;
    match cli.command.unwrap_or(Command::Serve(cli.serve)) {
        Command::Serve(options) => runtime::block_on(serve::command(options, limit))?.map(done),
        Command::Demo(options) => runtime::block_on(demo::command(options, limit))?.map(done),
        Command::Check(options) => to_the_end(check::command(options)),
        Command::Report(options) => to_the_end(report::command(options)).map(done),
        Command::Backfill(options) => to_the_end(backfill::command(options)).map(done),
        Command::State(options) => to_the_end(state::command(options)).map(done),
        Command::Metrics(options) => metrics::command(&options).map(done),
        Command::Health(options) => health::command(options).map(done),
        Command::Completion(options) => man::completion(&options).map(done),
        Command::Man(options) => man::man(&options).map(done),
    }
}

/// Runs a command that ends by itself, or by a signal at any moment.
fn to_the_end<T>(command: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    signal::end_at_once_as_first_process().context("signals can't be handled")?;
    runtime::block_on(command)?
}

fn print(text: &str) -> anyhow::Result<()> {
    let mut output = io::stdout();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        // `wolkvox-exporter metrics | head` is no error.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.context("the standard output can't be written"),
    }
}

#[cfg(test)]
mod tests;
