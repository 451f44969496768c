//! `wolkvox-exporter metrics`: the reference of the metrics, as docs/metrics.md has it, or for programs.

use clap::{Args, ValueEnum};

use super::{Failure, print};
use crate::catalogue;

/// How the reference is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReferenceFormat {
    /// For people: docs/metrics.md
    Markdown,
    /// For programs: name, type, labels, help, unit, buckets, stability and section of each family
    Json,
}

/// Options of `metrics`.
#[derive(Debug, Args)]
pub struct Options {
    /// How it is printed
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = ReferenceFormat::Markdown)]
    pub format: ReferenceFormat,
}

/// Prints it.
///
/// # Errors
/// The standard output can't be written.
pub(super) fn command(options: &Options) -> Result<(), Failure> {
    let text = match options.format {
        ReferenceFormat::Markdown => catalogue::markdown(),
        ReferenceFormat::Json => format!("{:#}\n", catalogue::json()),
    };
    Ok(print(&text)?)
}
