//! The command line: runs what was asked for, and makes an exit status of how it ended.

use std::panic::catch_unwind;
use std::process::ExitCode;

use clap::Parser;

use exporter_web::WebConfigError;
use wolkvox::client::SetupError;
use wolkvox_exporter::cli::Cli;
use wolkvox_exporter::command::backfill::BackfillError;
use wolkvox_exporter::command::range::{ConsentError, RangeError};
use wolkvox_exporter::command::report::SummaryError;
use wolkvox_exporter::config::ConfigError;
use wolkvox_exporter::descriptors::TooFew;
use wolkvox_exporter::runtime::RuntimeError;
use wolkvox_exporter::{command, log};

/// `EX_USAGE` of sysexits.h: the configuration can't be used.
const EXIT_CONFIG: u8 = 64;
/// `EX_SOFTWARE`: a fault of the exporter itself.
const EXIT_FAULT: u8 = 70;
/// `EX_OSERR`: the system gives too few threads or descriptors.
const EXIT_SYSTEM: u8 = 71;

fn main() -> ExitCode {
    log::report_panics();
    let status = run(Cli::parse());
    log::flush();
    status
}

fn run(cli: Cli) -> ExitCode {
    if let Err(error) = log::start() {
        return fail(&RuntimeError::Log(error).into());
    }
    match catch_unwind(|| command::run(cli)) {
        Ok(result) => result.unwrap_or_else(|error| fail(&error)),
        // The panic was reported when it happened.
        Err(_) => ExitCode::from(EXIT_FAULT),
    }
}

fn fail(error: &anyhow::Error) -> ExitCode {
    // A reader that closes our standard output early, such as `head`, is no failure: nothing is said.
    if !matches!(error.downcast_ref(), Some(BackfillError::Unread)) {
        log::say(&format!("wolkvox-exporter: {error:#}"));
    }
    ExitCode::from(if is_config(error) {
        EXIT_CONFIG
    } else if is_system(error) {
        EXIT_SYSTEM
    } else if error.is::<tokio::task::JoinError>() {
        EXIT_FAULT
    } else {
        1
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

/// Whether the system gives too little to work with.
fn is_system(error: &anyhow::Error) -> bool {
    error.is::<RuntimeError>() || error.is::<TooFew>() || error.is::<offload::Error>()
}
