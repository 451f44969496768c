//! Wires the parts and runs them until they are to stop. Parts are handed their listener, clock and shutdown; nothing is
//! global.

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;

use exporter_web::{OpenError, Web};
use prometheus::Registry;
use secrecy::ExposeSecret;
use small_file::Shown;
use tokio::net::TcpListener;
use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;

use crate::chats::Ledger;
use crate::client::{self, ClientError};
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::exposition::{self, Page};
use crate::http::{self, Shared, Status};
use crate::ledger::store::{Adoption, Identity, Opened};
use crate::ledger::{FileStore, StoreError};
use crate::metrics::process::Process;
use crate::poller::budget::Share;
use crate::poller::{self, Examples, Parts, Poller, Publication, Publish, Schedule};
use crate::signal::{self, Request};
use crate::token::ConfiguredToken;
use crate::{catalogue, chats};
use wolkvox::client::Client;

/// Where it is reached.
pub struct Port {
    /// One for each address.
    pub listeners: Vec<TcpListener>,
    /// How many connections there may be at once.
    pub connection_slots: usize,
}

/// The files that are read again while it runs.
struct Files {
    web: Arc<Web>,
    web_config_file: Option<PathBuf>,
    token: ConfiguredToken,
}

impl Files {
    /// Does what signals ask for, until it is dropped.
    async fn obey(self, mut requests: signal::Requests) {
        loop {
            match requests.next().await {
                Request::Reload => self.reload(),
                Request::Meaningless(signal) => tracing::info!(
                    signal,
                    "{signal} means nothing here and is passed over: SIGHUP reads files again, SIGTERM ends the exporter"
                ),
            }
        }
    }

    fn reload(&self) {
        let token = match &self.token {
            ConfiguredToken::File(path) => format!(
                "the token file {} is read before each request in any case",
                Shown(path)
            ),
            ConfiguredToken::Fixed(_) => "WOLKVOX_TOKEN is only read at the start".to_owned(),
        };
        let Some(file) = &self.web_config_file else {
            tracing::info!(
                signal = "SIGHUP",
                "SIGHUP: there is no web configuration to read again; {token}"
            );
            return;
        };
        tracing::info!(
            signal = "SIGHUP",
            file = %Shown(file),
            "SIGHUP: {} is looked at for changes; {token}",
            Shown(file)
        );
        self.web.reload();
    }
}

/// What is polled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upstream {
    /// A Wolkvox server, or a gateway to one.
    Wolkvox,
    /// The built-in simulator: the status page says so.
    Simulator,
}

/// Why the exporter could not start, or not go on.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The web configuration can't be used.
    #[error(transparent)]
    Web(#[from] OpenError),
    /// The state can't be used, or not be written at the start.
    #[error(transparent)]
    State(#[from] StoreError),
    /// The client can't be set up.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// One of them is there twice.
    #[error("the exporter's own metrics can't be registered (a fault of the program: please report it)")]
    Metrics(#[from] prometheus::Error),
    /// It ends by itself only where it panicked.
    #[error("the HTTP server failed, and without it the exporter does not go on")]
    Server(#[source] JoinError),
}

/// What a running exporter is made of.
pub struct App {
    config: Config,
    clock: Arc<dyn Clock>,
    client: Client,
    web: Arc<Web>,
    store: FileStore,
    ledger: Option<Ledger>,
    /// Damaged states that were put aside.
    recoveries: u64,
    upstream: Upstream,
}

impl App {
    /// Opens the state and sets up the client. Opens no port and makes no call. `adoption` says what becomes
    /// of the state of another host or agent.
    ///
    /// # Errors
    /// See [`AppError`].
    pub fn open(config: Config, clock: Arc<dyn Clock>, adoption: Adoption) -> Result<App, AppError> {
        let web = Arc::new(Web::open(config.web.config_file.as_deref())?);
        let Opened {
            store,
            ledger,
            put_aside,
        } = FileStore::open(
            &config.state.dir,
            identity(&config.operation().server),
            adoption,
            clock.now(),
        )?;
        let client = client::open(&config.operation().server, config.operation().counting.agents)?;
        Ok(App {
            config,
            clock,
            client,
            web,
            store,
            ledger,
            recoveries: put_aside.iter().count() as u64,
            upstream: Upstream::Wolkvox,
        })
    }

    /// The same with another server behind it.
    #[must_use]
    pub fn on(self, upstream: Upstream) -> App {
        App { upstream, ..self }
    }

    /// Where the metrics are, for people.
    pub fn url(&self, address: SocketAddr) -> String {
        let scheme = if self.web.is_secure() { "https" } else { "http" };
        format!("{scheme}://{address}/metrics")
    }

    /// Serves and polls until `shutdown` resolves, then drains. In between it does what `requests` ask for.
    ///
    /// # Errors
    /// The state could not be written at the start, or the server failed.
    pub async fn run(
        self,
        port: Port,
        requests: signal::Requests,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), AppError> {
        let App {
            config,
            clock,
            client,
            web,
            store,
            ledger,
            recoveries,
            upstream,
        } = self;
        let options = exposition::Options {
            exemplars: config.web.exemplars,
            created: config.web.created_samples,
        };
        let mut status = Status::new(
            config.operation().name(),
            config.operation().server.host(),
            clock.now(),
        );
        status.demo = upstream == Upstream::Simulator;
        // Handed down: nothing is in a registry of the whole program.
        let process = Process::register(Registry::new())?;
        let shared = Arc::new(Shared::new(status, options, Arc::clone(&clock), process));
        let restored = ledger.is_some();
        tell_start(&config, &store, ledger.as_ref());
        let ledger = Ledger::resume(ledger, clock.now(), config.operation().counting.count_from);
        let publisher = Publisher {
            shared: Arc::clone(&shared),
            operation: config.operation().name().to_owned(),
        };
        let starting = Poller::start(Parts {
            source: client,
            store,
            publisher,
            clock,
            config: config.operation().clone(),
            share: Share::of(&Arc::default(), config.operation()),
            examples: if config.web.exemplars {
                Examples::Keep
            } else {
                Examples::Leave
            },
            ledger,
            recoveries,
        });

        let mut shutdown = pin!(shutdown);
        // Until there is something to show, connections wait in the system's queue: these are milliseconds. A scrape of an
        // empty page would make Prometheus believe that all restored series had ended.
        let poller = tokio::select! {
            poller = starting => poller?,
            () = &mut shutdown => return Ok(()),
        };
        shared.set_ready();
        let stop = CancellationToken::new();
        let mut serving = tokio::spawn(http::serve(
            port.listeners,
            port.connection_slots,
            Arc::clone(&shared),
            Arc::clone(&web),
            stop.clone().cancelled_owned(),
        ));
        let files = Files {
            web,
            web_config_file: config.web.config_file.clone(),
            token: config.operation().server.token.clone(),
        };
        let reloading = tokio::spawn(files.obey(requests));

        let first = shared.newest_publication();
        let announce = |next| shared.update_status(|status| status.next_poll = Some(next));
        tokio::select! {
            () = poller::run(poller, Schedule::new(config.operation().polling.poll_interval), restored, shared.scraped(first), announce) => {}
            // It ends by itself only where it panicked: without its port the exporter must not live on.
            ended = &mut serving => ended.map_err(AppError::Server)?,
            () = &mut shutdown => {
                tracing::info!(operation = config.operation().name(), "stopping: a poll in progress is abandoned, the next start covers what it would have read");
            }
        }
        reloading.abort();
        stop.cancel();
        serving.await.map_err(AppError::Server)
    }
}

/// Whose state it is.
fn identity(server: &config::Server) -> Identity {
    let agent_dni = server.agent_dni.as_ref();
    Identity {
        operation: server.operation.clone(),
        host: server.host(),
        agent_dni: agent_dni.map(|dni| dni.expose_secret().to_owned()),
        timezone: server.timezone.to_string(),
    }
}

fn tell_start(config: &Config, store: &FileStore, ledger: Option<&Ledger>) {
    let state = Shown(store.path());
    if let Some(ledger) = ledger {
        tracing::info!(
            operation = config.operation().name(),
            %state,
            chats = ledger.totals.chats_counted(),
            watermark = %ledger.cursors.poll.format("%FT%TZ"),
            "going on from the stored state"
        );
    } else {
        tracing::info!(
            operation = config.operation().name(),
            %state,
            "first start: chats that closed before {} are not counted",
            config.operation().counting.count_from.map_or_else(|| "now".to_owned(), |from| from.format("%FT%TZ").to_string())
        );
    }
    if let Some(proxy) = &config.operation().server.proxy {
        tracing::info!(operation = config.operation().name(), proxy = %proxy.address(), variable = proxy.variable(), "Wolkvox is asked through the proxy {proxy}");
    }
    for warning in &config.operation().warnings {
        tracing::warn!(operation = config.operation().name(), "{warning}");
    }
}

/// Shows what the poller publishes. Nothing is rendered before it is asked for.
struct Publisher {
    shared: Arc<Shared>,
    operation: String,
}

impl Publish for Publisher {
    fn publish(&self, publication: Publication<'_>) {
        let latest = publication
            .latest
            .map(|(latest, expires)| (chats::families::latest_window(&self.operation, latest), expires));
        let lines = latest
            .iter()
            .flat_map(|(families, _)| families)
            .map(|family| family.lines())
            .sum();
        let main = catalogue::rows(publication.view, lines);
        self.shared
            .publish_next(|before| Page::following(before, main, latest));
        let progress = publication.view.progress;
        self.shared.update_status(|status| {
            status.last_success = progress.last_success;
            status.watermark = Some(progress.watermark);
            status.counting_since = Some(progress.counting_since);
            status.chats_counted = publication.view.totals.chats_counted();
            status.seconds_skipped = publication.view.stats.report_seconds_skipped;
            status.last_poll = publication.last_poll.cloned();
            status.pause = publication.view.stats.pause;
        });
    }
}
