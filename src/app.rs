//! Wires the parts and runs them until they are to stop. Parts are handed their listener, clock and shutdown; nothing is
//! global.

mod error;
mod fleet;
mod reload;
mod shard;
mod supervision;

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use exporter_web::Web;
use leases::{Member, Replica, StateUrl};
use prometheus::Registry;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use wolkvox::client::Tls;

use crate::clock::Clock;
use crate::config::{Config, OperationConfig, Place};
use crate::exposition;
use crate::http::{self, Shared};
use crate::ledger::store::Adoption;
use crate::ledger::{StoreError, state};
use crate::metrics::process::Process;
use crate::operation::busy::Busy;
use crate::operation::state::{States, open_file};
use crate::operation::{OnFailure, Spread, Surroundings};
use crate::poller::Examples;
use crate::service_manager::News;
use fleet::{Fleet, Prepared};
use reload::Reloader;
use supervision::Supervisor;

pub use crate::operation::Upstream;
pub use error::AppError;
pub use fleet::OfOperation;
pub use reload::ReadConfig;
pub use shard::{Shard, ShardError};
pub(crate) use supervision::Outside;

/// States that are opened, and written for the first time, at once at the most.
const OPENINGS: usize = 8;
/// Where no operation can be polled, so many are named.
const MOST_TOLD: usize = 10;
/// At the end, what is held is given back within this time, or is free when its leases are out.
const LONGEST_LEAVE: Duration = Duration::from_secs(5);
/// Reloads that may wait. More askers are told to come back.
const WAITING_RELOADS: usize = 8;

/// Where it is reached.
pub struct Port {
    /// One for each address.
    pub listeners: Vec<TcpListener>,
    /// How many connections there may be at once.
    pub connection_slots: usize,
}

/// How an exporter is started, beside its settings.
pub struct Options {
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// What becomes of the state of another host or agent.
    pub adoption: Adoption,
    /// Which part of the operations it has; `None` is all of them.
    pub shard: Option<Shard>,
    /// What is polled.
    pub upstream: Upstream,
    /// Reads the settings again, for a reload.
    pub read: ReadConfig,
}

/// What a running exporter is made of.
pub struct App {
    config: Config,
    hash: String,
    options: Options,
    web: Arc<Web>,
    prepared: Vec<Prepared>,
    on_failure: OnFailure,
    tls: Tls,
    states: States,
}

impl App {
    /// Opens the states and sets up the clients. Opens no port and makes no call.
    ///
    /// # Errors
    /// See [`AppError`]. Of several operations, those whose state can't be opened stand still, unless all are so.
    pub fn open(mut config: Config, options: Options) -> Result<App, AppError> {
        let web = Arc::new(Web::open(config.web.config_file.as_deref())?);
        let on_failure = match config.fleet.operations_file {
            Some(_) => OnFailure::TryAgain,
            None => OnFailure::GiveUp,
        };
        let hash = config.hash();
        for warning in &config.warnings {
            tracing::warn!(operations = config.operations.len(), "{warning}");
        }
        let operations = reload::held(std::mem::take(&mut config.operations), options.shard);
        let tls = Tls::default();
        let prepared = operations.into_iter().map(|config| Prepared::new(config, &tls));
        let mut prepared = prepared.collect::<Result<Vec<_>, _>>()?;
        let states = states(&config, &options, web.is_secure())?;
        match &states {
            States::Files(directory) => {
                open_files(&mut prepared, directory, &options);
                if let Some(error) = what_stops_all(&mut prepared) {
                    return Err(error);
                }
            }
            States::Shared(replica) => {
                let operations = prepared.iter().map(|prepared| &prepared.config);
                replica.configure(&members(operations), &hash);
            }
        }
        Ok(App {
            config,
            hash,
            options,
            web,
            prepared,
            on_failure,
            tls,
            states,
        })
    }

    /// Where the metrics are, for people.
    pub fn url(&self, address: SocketAddr) -> String {
        format!("{}/metrics", self.base_url(address))
    }

    /// Where Prometheus finds the operations of an operations file.
    pub fn discovery_url(&self, address: SocketAddr) -> Option<String> {
        self.config.fleet.operations_file.as_ref()?;
        Some(format!("{}/sd", self.base_url(address)))
    }

    fn base_url(&self, address: SocketAddr) -> String {
        format!("{}://{address}", scheme(self.web.is_secure()))
    }

    /// Serves and polls until `shutdown` resolves, then drains. In between it does what signals ask for, and tells the service
    /// manager how it is doing.
    ///
    /// # Errors
    /// The state could not be written at the start, or the server failed.
    pub(crate) async fn run(
        self,
        port: Port,
        outside: Outside,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), AppError> {
        if let States::Shared(replica) = &self.states {
            refuse_what_stays_wrong(replica.open().await)?;
        }
        let (asked, requests) = mpsc::channel(WAITING_RELOADS);
        let shared = Arc::new(self.shared(asked)?);
        let App {
            config,
            options,
            web,
            prepared,
            on_failure,
            tls,
            states,
            ..
        } = self;
        let busy = Arc::new(Busy::default());
        let mut fleet = Fleet::new(Arc::new(Surroundings {
            clock: Arc::clone(&options.clock),
            states: states.clone(),
            examples: if config.web.exemplars {
                Examples::Keep
            } else {
                Examples::Leave
            },
            shared: Arc::clone(&shared),
            openings: Semaphore::new(OPENINGS),
            upstream: options.upstream,
            spread: spread(on_failure, prepared.len()),
            busy: Arc::clone(&busy),
        }));

        let mut shutdown = pin!(shutdown);
        // Until there is something to show, connections wait in the system's queue. A scrape of an empty page would make
        // Prometheus believe that all restored series had ended.
        tokio::select! {
            started = start(&mut fleet, prepared, on_failure) => started?,
            () = &mut shutdown => return Ok(()),
        };
        let replica = take_part(&states, &shared);
        let stop = CancellationToken::new();
        let mut serving = tokio::spawn(http::serve(
            port.listeners,
            port.connection_slots,
            Arc::clone(&shared),
            Arc::clone(&web),
            stop.clone().cancelled_owned(),
        ));
        let service_manager = Arc::new(outside.service_manager);
        let supervisor = Supervisor {
            service_manager: Arc::clone(&service_manager),
            shared: Arc::clone(&shared),
            busy,
        };
        let _supervising = AbortOnDropHandle::new(tokio::spawn(supervisor.run()));
        let mut reloader = Reloader {
            read: options.read,
            shard: options.shard,
            clock: options.clock,
            web,
            shared,
            fleet,
            tls,
            states,
            service_manager: Arc::clone(&service_manager),
        };
        tokio::select! {
            () = reloader.obey(outside.signals, requests) => {}
            // It ends by itself only where it panicked: without its port the exporter must not live on.
            ended = &mut serving => ended.map_err(AppError::Server)?,
            () = &mut shutdown => {
                let operations = reloader.shared.operations().len();
                tracing::info!(operations, "stopping: a poll in progress is abandoned, the next start covers what it would have read");
            }
        }
        service_manager.tell([News::Stopping]);
        // It must not claim again what it gives back.
        drop(replica);
        reloader.stop().await;
        stop.cancel();
        serving.await.map_err(AppError::Server)
    }

    fn shared(&self, reloads: mpsc::Sender<http::ReloadRequest>) -> Result<Shared, AppError> {
        let options = exposition::Options {
            exemplars: self.config.web.exemplars,
            created: self.config.web.created_samples,
        };
        // Handed down: nothing is in a registry of the whole program.
        let process = Process::register(Registry::new())?;
        let shared = Shared::new(options, Arc::clone(&self.options.clock), process)
            .advertised_at(self.config.fleet.advertise_address.clone())
            .with_boards_at(self.config.web.grafana_url.clone());
        let shared = match &self.states {
            States::Files(_) => shared,
            States::Shared(replica) => shared.in_fleet_of(Arc::clone(replica)),
        };
        shared.note_reload(Some((self.hash.clone(), self.options.clock.now())));
        shared.set_warnings(self.config.warnings.clone());
        Ok(if self.config.fleet.enable_lifecycle {
            shared.with_reloads(reloads)
        } else {
            shared
        })
    }
}

/// Where the states of a process are.
///
/// # Errors
/// An option does not go with it, or TLS can't be set up.
fn states(config: &Config, options: &Options, is_secure: bool) -> Result<States, AppError> {
    let url = match &config.state.place {
        Place::Directory(directory) => return Ok(States::Files(directory.clone())),
        Place::Database(url) => url,
    };
    if options.shard.is_some() {
        return Err(AppError::ForFiles(
            "--shard",
            "replicas share the operations by themselves",
        ));
    }
    if options.adoption == Adoption::Adopt {
        return Err(AppError::ForFiles(
            "--adopt-state",
            "`wolkvox-exporter state adopt NAME` does it, while the replicas run",
        ));
    }
    let address = config
        .fleet
        .advertise_address
        .as_ref()
        .ok_or(AppError::NoAddress)?;
    let replica = Replica::new(leases::Settings {
        url: StateUrl::clone(url),
        lease: config.state.lease,
        advertised: format!("{}://{address}", scheme(is_secure)),
        format: state::VERSION.as_number(),
    })?;
    Ok(States::Shared(Arc::new(replica)))
}

fn open_files(prepared: &mut [Prepared], directory: &Path, options: &Options) {
    for operation in prepared {
        let name = operation.config.name();
        let _span = tracing::error_span!("operation", operation = name).entered();
        operation.state = Some(open_file(
            &operation.config,
            directory,
            options.adoption,
            &*options.clock,
        ));
    }
}

fn scheme(is_secure: bool) -> &'static str {
    if is_secure { "https" } else { "http" }
}

/// What a replica may claim.
fn members<'a>(operations: impl Iterator<Item = &'a OperationConfig>) -> Vec<Member> {
    let member = |config: &OperationConfig| Member {
        operation: config.name().to_owned(),
        group: config.group.clone(),
    };
    operations.map(member).collect()
}

/// What will be over by itself is waited for, with the port open.
fn refuse_what_stays_wrong(opened: Result<(), leases::Error>) -> Result<(), AppError> {
    match opened {
        Err(error) if error.kind().is_permanent() => Err(error.into()),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Takes part in the fleet until that is dropped. Ready is who has reached the states.
fn take_part(states: &States, shared: &Arc<Shared>) -> Option<AbortOnDropHandle<()>> {
    let States::Shared(replica) = states else {
        shared.set_ready();
        return None;
    };
    let (replica, shared) = (Arc::clone(replica), Arc::clone(shared));
    let task = async move {
        let ready = async {
            replica.opened().await;
            shared.set_ready();
        };
        tokio::join!(ready, replica.run());
    };
    Some(AbortOnDropHandle::new(tokio::spawn(task)))
}

/// Starts the operations, and waits until each shows what was stored, or stands still.
async fn start(fleet: &mut Fleet, prepared: Vec<Prepared>, on_failure: OnFailure) -> Result<(), StoreError> {
    let first_attempts: Vec<_> = prepared
        .into_iter()
        .map(|operation| fleet.start(operation, on_failure))
        .collect();
    for first_attempt in first_attempts {
        // The sender is gone only where the task has panicked, which is logged.
        first_attempt.await.unwrap_or(Ok(()))?;
    }
    Ok(())
}

/// The error of the first operation, where none has a state that can be used. Those of the next ones are logged: who mends one
/// at a time would have to start as often.
fn what_stops_all(prepared: &mut [Prepared]) -> Option<AppError> {
    let is_open = |operation: &Prepared| matches!(operation.state, Some(Ok(_)));
    if prepared.iter().any(is_open) {
        return None;
    }
    for (operation, error) in prepared.iter().skip(1).take(MOST_TOLD).filter_map(refusal) {
        tracing::error!(operation, "the operation {operation} can't be polled: {error}");
    }
    let more = prepared.len().saturating_sub(1 + MOST_TOLD);
    if more > 0 {
        tracing::error!("{more} more operations can't be polled");
    }
    let first = prepared.first_mut()?;
    let error = first.state.take()?.err()?;
    Some(match error {
        StoreError::Directory { .. } => AppError::Start(error),
        _ => AppError::State(OfOperation::new(&first.config, error)),
    })
}

fn refusal(operation: &Prepared) -> Option<(&str, &StoreError)> {
    let error = operation.state.as_ref()?.as_ref().err()?;
    Some((operation.config.name(), error))
}

fn spread(on_failure: OnFailure, operations: usize) -> Spread {
    match on_failure {
        OnFailure::GiveUp => Spread::Aligned,
        OnFailure::TryAgain => Spread::ByName {
            together: u32::try_from(operations).unwrap_or(u32::MAX),
        },
    }
}
