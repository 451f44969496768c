//! `wolkvox-exporter health`: whether the exporter of this machine or container answers. For probes where there is no curl.

use std::time::Duration;

use clap::Args;

use super::failure::{ExitStatus, statuses};
use super::{Failure, print};
use crate::clock::{Clock as _, SystemClock};
use crate::config::Web;
use crate::health::{self, HealthError};

/// For each step of the question. Probes wait no longer as a rule.
const TIME_OUT: Duration = Duration::from_secs(4);

statuses! {
    HealthError: |_| ExitStatus::Failed;
}

/// Options of `health`.
#[derive(Debug, Args)]
pub struct Options {
    /// Where the exporter listens; without it as `WOLKVOX_LISTEN_ADDRESS` says
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,
}

/// Asks it.
///
/// # Errors
/// It is not healthy, or it is not known where it listens.
pub(super) fn command(options: Options) -> Result<(), Failure> {
    let listen = match options.listen {
        Some(listen) => listen,
        None => Web::from_env(SystemClock.now())?.listen_address,
    };
    let address = health::ask(&listen, TIME_OUT)?;
    Ok(print(&format!("the exporter at {address} is healthy\n"))?)
}
