//! The command line: runs what was asked for, and makes an exit status of how it ended.

use std::process::ExitCode;

use clap::Parser;

use wolkvox_exporter::backfill::BackfillError;
use wolkvox_exporter::cli::Cli;
use wolkvox_exporter::config::ConfigError;
use wolkvox_exporter::http::WebConfigError;
use wolkvox_exporter::summary::SummaryError;
use wolkvox_exporter::wolkvox::client::SetupError;
use wolkvox_exporter::{command, log};

/// `EX_USAGE` of sysexits.h: the configuration can't be used.
const EXIT_CONFIG: u8 = 64;

fn main() -> ExitCode {
    log::report_panics();
    let cli = Cli::parse();
    let started = log::start().map_err(anyhow::Error::from);
    let status = started.and_then(|()| command::run(cli)).unwrap_or_else(|error| fail(&error));
    log::flush();
    status
}

fn fail(error: &anyhow::Error) -> ExitCode {
    // A reader of the standard output that has enough, such as `head`, is told nothing.
    if !matches!(error.downcast_ref(), Some(BackfillError::Unread)) {
        log::say(&format!("wolkvox-exporter: {error:#}"));
    }
    ExitCode::from(if is_config(error) { EXIT_CONFIG } else { 1 })
}

/// Whether the settings are at fault.
fn is_config(error: &anyhow::Error) -> bool {
    error.is::<ConfigError>()
        || error.is::<SetupError>()
        || error.is::<WebConfigError>()
        || matches!(error.downcast_ref(), Some(BackfillError::Setup(_)))
        || matches!(error.downcast_ref(), Some(SummaryError::Setup(_)))
}
