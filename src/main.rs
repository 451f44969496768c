//! The command line: runs what was asked for, and makes an exit status of how it ended.

use std::panic::catch_unwind;
use std::process::ExitCode;

use clap::Parser;
use wolkvox_exporter::command::{self, Cli, ExitStatus, Failure};
use wolkvox_exporter::log;
use wolkvox_exporter::runtime::RuntimeError;

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
        Ok(result) => result.unwrap_or_else(|failure| fail(&failure)),
        // The panic was reported when it happened.
        Err(_) => ExitStatus::Fault.into(),
    }
}

fn fail(failure: &Failure) -> ExitCode {
    if let Some(error) = &failure.error {
        log::say(&format!("wolkvox-exporter: {error:#}"));
    }
    failure.status.into()
}
