//! `wolkvox-exporter man`: the manual page. `wolkvox-exporter completion`: what a shell completes. Both are made of the command
//! line itself, so that they never differ from it.

use anyhow::Context as _;
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::Man;

use super::failure::ExitStatus;
use super::{Cli, Failure, print};

const NAME: &str = "wolkvox-exporter";

/// A page is asked for that there is none of.
#[derive(Debug, thiserror::Error)]
#[error("there is no command {0:?}; `wolkvox-exporter --help` lists them")]
struct NoCommand(String);

/// Options of `man`.
#[derive(Debug, Args)]
pub struct ManOptions {
    /// The command whose page is printed, such as `check` or `state copy`; without one the program's own
    #[arg(value_name = "COMMAND")]
    pub command: Vec<String>,
}

/// Options of `completion`.
#[derive(Debug, Args)]
pub struct CompletionOptions {
    /// For which shell
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: Shell,
}

/// Prints a manual page, for `man`.
///
/// # Errors
/// There is no such command, or the standard output can't be written.
pub(super) fn man(options: &ManOptions) -> Result<(), Failure> {
    let mut page = Vec::new();
    let rendered = Man::new(page_of(&options.command)?)
        .manual("Wolkvox exporter")
        // The day on which it was printed would make two builds differ.
        .date("")
        .render(&mut page);
    rendered.context("the manual page can't be made")?;
    Ok(print(&String::from_utf8_lossy(&page))?)
}

/// Prints the completions.
///
/// # Errors
/// The standard output can't be written.
pub(super) fn completion(options: &CompletionOptions) -> Result<(), Failure> {
    let mut text = Vec::new();
    clap_complete::generate(options.shell, &mut Cli::command(), NAME, &mut text);
    Ok(print(&String::from_utf8_lossy(&text))?)
}

/// The command line that a page is about. Those of commands are `wolkvox-exporter-check`, and show how they are typed.
fn page_of(names: &[String]) -> Result<clap::Command, Failure> {
    let mut page = Cli::command().disable_help_subcommand(true);
    page.build();
    for name in names {
        let found = page.find_subcommand(name).cloned();
        page = found.ok_or_else(|| Failure::new(ExitStatus::Usage, NoCommand(names.join(" "))))?;
    }
    Ok(page.version(env!("CARGO_PKG_VERSION")))
}
