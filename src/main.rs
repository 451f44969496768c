//! The command line: runs what was asked for, and makes an exit status of how it ended.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use exporter_web::WebConfigError;
use wolkvox::client::SetupError;
use wolkvox_exporter::cli::Cli;
use wolkvox_exporter::command;
use wolkvox_exporter::command::backfill::BackfillError;
use wolkvox_exporter::command::range::{ConsentError, RangeError};
use wolkvox_exporter::command::report::SummaryError;
use wolkvox_exporter::config::ConfigError;

/// `EX_USAGE` of sysexits.h: the configuration can't be used.
const EXIT_CONFIG: u8 = 64;

fn main() -> ExitCode {
    command::run(Cli::parse()).unwrap_or_else(|error| {
        // Also where logging is not set up yet.
        let _ = writeln!(std::io::stderr(), "wolkvox-exporter: {error:#}");
        ExitCode::from(if is_config(&error) { EXIT_CONFIG } else { 1 })
    })
}

/// Whether the settings are at fault.
fn is_config(error: &anyhow::Error) -> bool {
    error.is::<ConfigError>()
        || error.is::<SetupError>()
        || error.is::<WebConfigError>()
        || error.is::<RangeError>()
        || matches!(error.downcast_ref(), Some(ConsentError::NobodyToAsk(_)))
        || error.downcast_ref().is_some_and(BackfillError::is_usage)
        || error.downcast_ref().is_some_and(SummaryError::is_usage)
}
