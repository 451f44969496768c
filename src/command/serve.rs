//! `wolkvox-exporter serve`: polls, and answers scrapes, until a signal ends it.

use std::pin::pin;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use exporter_web::OpenError;

use super::failure::{ExitStatus, Failure, statuses};
use crate::app::{self, App, AppError, Outside, Port, Shard, Upstream};
use crate::clock::{Clock as _, SystemClock};
use crate::config::Config;
use crate::descriptors::{self, Limit};
use crate::http::{self, ListenError};
use crate::ledger::Adoption;
use crate::runtime::RuntimeError;
use crate::service_manager::ServiceManager;
use crate::{log, signal};

statuses! {
    ListenError: |_| ExitStatus::Failed;
    AppError: |error| match error {
        AppError::Web(OpenError::Config(_))
        | AppError::Client(_)
        | AppError::NoAddress
        | AppError::ForFiles(..) => ExitStatus::Usage,
        AppError::Web(OpenError::Random(_))
        | AppError::State(_)
        | AppError::Start(_)
        | AppError::Database(_) => {
            ExitStatus::Failed
        },
        AppError::Server(_) | AppError::Metrics(_) => ExitStatus::Fault,
    };
}

/// Options of `serve`.
#[derive(Debug, Args)]
pub struct Options {
    /// Take over the state of another server or agent, once: after the operation has moved. Of several, `state adopt NAME` does it for one
    #[arg(long)]
    pub adopt_state: bool,
    /// Poll only a part of the operations: of 3 processes with the same operations file, 0/3, 1/3 and 2/3 have one each
    #[arg(long, value_name = "N/M")]
    pub shard: Option<Shard>,
}

/// Serves the operations that are configured.
///
/// # Errors
/// The settings can't be used, the system gives too little, or the exporter failed.
pub async fn command(options: Options, limit: Limit) -> Result<(), Failure> {
    let config = Config::from_env(SystemClock.now())?;
    log::init(&config)?;
    let name = config.web.listen_address.clone();
    let adoption = if options.adopt_state {
        Adoption::Adopt
    } else {
        Adoption::Refuse
    };
    let options = app::Options {
        clock: Arc::new(SystemClock),
        adoption,
        shard: options.shard,
        upstream: Upstream::Wolkvox,
        read: Arc::new(Config::from_env),
    };
    let start = move || App::open(config, options);
    keep_serving(name, limit, start).await
}

/// Listens on `name`, and serves what `start` opens until a signal ends it.
pub(super) async fn keep_serving(
    name: String,
    limit: Limit,
    start: impl FnOnce() -> Result<App, AppError> + Send + 'static,
) -> Result<(), Failure> {
    let requests = signal::Requests::new().context("signals can't be handled")?;
    let mut stop = pin!(signal::stop()?);
    let service_manager = ServiceManager::of_this_process().map_err(RuntimeError::Notifier)?;
    // The state or a name may lie on a network that hangs: a signal ends that as well.
    let (app, port) = tokio::select! {
        opened = open(name, limit, start) => opened?,
        () = &mut stop => return Ok(()),
    };
    for listener in &port.listeners {
        let address = listener.local_addr().context("the port has no address")?;
        tracing::info!(
            version = env!("CARGO_PKG_VERSION"),
            "metrics are at {}",
            app.url(address)
        );
        if let Some(discovery) = app.discovery_url(address) {
            tracing::info!("service discovery for Prometheus (http_sd) is at {discovery}");
        }
    }
    let outside = Outside {
        signals: requests,
        service_manager,
    };
    Ok(app.run(port, outside, stop).await?)
}

async fn open(
    name: String,
    limit: Limit,
    start: impl FnOnce() -> Result<App, AppError> + Send + 'static,
) -> Result<(App, Port), Failure> {
    let app = offload::run("start", start).await??;
    let listeners = http::listen(&name).await?;
    let connection_slots = descriptors::connection_slots(limit, http::CONNECTION_SLOTS)?;
    if connection_slots < http::CONNECTION_SLOTS {
        tracing::warn!(
            connection_slots,
            %limit,
            "there are {connection_slots} connection slots instead of {}, because the limit of open files (ulimit -n) is {limit}",
            http::CONNECTION_SLOTS
        );
    }
    Ok((
        app,
        Port {
            listeners,
            connection_slots,
        },
    ))
}
