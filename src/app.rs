//! Wires the parts and runs them until told to stop. Parts are handed their listener, clock and shutdown; nothing is
//! global.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use anyhow::Context;
use chrono::TimeDelta;
use exporter_web::Web;
use secrecy::ExposeSecret;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::catalogue::families;
use crate::chats::{self, Ledger, Rules};
use crate::clock::Clock;
use crate::config::Config;
use crate::exposition::{self, Page};
use crate::http::{self, Shared, Status};
use crate::ledger::FileStore;
use crate::ledger::store::{Identity, Opened};
use crate::metrics;
use crate::poller::{self, Poller, Publication, Publish};
use wolkvox::client::{self, Client};

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
    /// Whether the server is the built-in simulator.
    demo: bool,
}

impl App {
    /// Opens the state and sets up the client; opens no port and calls nobody. With `adopt_state`, the state of another
    /// host or agent is taken over.
    ///
    /// # Errors
    /// In words for the person who starts it.
    pub fn new(config: Config, clock: Arc<dyn Clock>, demo: bool, adopt_state: bool) -> anyhow::Result<App> {
        let web = Arc::new(Web::open(config.web_config_file.as_deref())?);
        let Opened {
            store,
            ledger,
            put_aside,
        } = FileStore::open(&config.state_dir, identity(&config), adopt_state)?;
        let client = Client::new(client_settings(&config))?;
        Ok(App {
            config,
            clock,
            client,
            web,
            store,
            ledger,
            recoveries: put_aside.iter().count() as u64,
            demo,
        })
    }

    /// Where the metrics are, for people.
    pub fn url(&self, address: SocketAddr) -> String {
        let scheme = if self.web.is_secure() { "https" } else { "http" };
        format!("{scheme}://{address}/metrics")
    }

    /// Serves and polls until `shutdown` resolves, then drains.
    ///
    /// # Errors
    /// The state could not be written at the start.
    pub async fn run(self, listener: TcpListener, shutdown: impl Future<Output = ()>) -> anyhow::Result<()> {
        let App {
            config,
            clock,
            client,
            web,
            store,
            ledger,
            recoveries,
            demo,
        } = self;
        let options = exposition::Options {
            exemplars: config.exemplars,
            created: config.created_samples,
        };
        let mut status = Status::new(config.operation.as_str(), server_of(&config), clock.now());
        status.demo = demo;
        let shared = Arc::new(Shared::new(status, options, Arc::clone(&clock)));
        let restored = ledger.is_some();
        let settings = poller_settings(&config);
        tell_start(&config, &store, ledger.as_ref());
        let ledger = Ledger::resume(ledger, clock.now(), config.count_from);
        let publisher = Publisher {
            shared: Arc::clone(&shared),
            options,
            settings: settings.shown.clone(),
        };
        let starting = Poller::start(client, store, publisher, clock, settings, ledger, recoveries);

        let mut shutdown = pin!(shutdown);
        // Whoever connects before there is something to show waits these milliseconds in the system's queue: a scrape
        // of an empty page would make Prometheus believe that all restored series had ended.
        let poller = tokio::select! {
            poller = starting => poller?,
            () = &mut shutdown => return Ok(()),
        };
        shared.set_ready();
        let stop = CancellationToken::new();
        let serving = tokio::spawn(http::serve(
            listener,
            Arc::clone(&shared),
            web,
            stop.clone().cancelled_owned(),
        ));

        let first = shared.newest_publication();
        let announce = |next| shared.update_status(|status| status.next_poll = Some(next));
        tokio::select! {
            () = poller::run(poller, restored, shared.scraped(first), announce) => {}
            () = &mut shutdown => {
                tracing::info!("stopping: the poll is abandoned, the next start covers what it would have read");
            }
        }
        stop.cancel();
        serving.await.context("the HTTP server failed")
    }
}

pub(crate) fn identity(config: &Config) -> Identity {
    Identity {
        operation: config.operation.clone(),
        host: server_of(config),
        agent_dni: config
            .agent_dni
            .as_ref()
            .map(|dni| dni.expose_secret().to_owned()),
        timezone: config.timezone.name().to_owned(),
    }
}

/// Host, and port where it is not the scheme's own.
pub(crate) fn server_of(config: &Config) -> String {
    let host = config.base_url.host_str().unwrap_or_default();
    match config.base_url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

pub(crate) fn client_settings(config: &Config) -> client::Settings {
    client::Settings {
        agent_dni: config.agent_dni.clone(),
        timeout: config.request_timeout,
        ca_file: config.ca_file.clone(),
        ..client::Settings::new(
            config.base_url.as_str(),
            config.token.clone(),
            chats::field::report(config.agents),
        )
    }
}

pub(crate) fn poller_settings(config: &Config) -> poller::Settings {
    let delta = |duration| TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX);
    poller::Settings {
        zone: config.timezone,
        poll_interval: config.poll_interval,
        window: delta(config.window),
        sweep_interval: config.sweep_interval,
        sweep_lookback: delta(config.sweep_lookback),
        rules: Rules {
            asa_target_ms: config.asa_target_ms,
            agents: config.agents,
            max_series: config.max_series,
        },
        retire_after: config.retire_after.map(delta),
        exemplars: config.exemplars,
        shown: metrics::Settings {
            operation: config.operation.clone(),
            asa_target_ms: config.asa_target_ms,
            service_level_target: config.service_level_target,
            api_daily_limit: config.api_daily_limit,
            skill_names: config.skill_names.clone(),
            poll_interval: config.poll_interval,
            window: config.window,
            max_series: config.max_series,
        },
    }
}

fn tell_start(config: &Config, store: &FileStore, ledger: Option<&Ledger>) {
    let state = store.path().display();
    if let Some(ledger) = ledger {
        tracing::info!(
            operation = config.operation,
            %state,
            chats = ledger.totals.chats_counted(),
            watermark = %ledger.cursors.poll.format("%FT%TZ"),
            "going on from the stored state"
        );
    } else {
        tracing::info!(
            operation = config.operation,
            %state,
            "first start: chats that closed before {} are not counted",
            config.count_from.map_or_else(|| "now".to_owned(), |from| from.format("%FT%TZ").to_string())
        );
    }
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
}

/// Renders what the poller publishes.
struct Publisher {
    shared: Arc<Shared>,
    options: exposition::Options,
    settings: metrics::Settings,
}

impl Publish for Publisher {
    fn publish(&self, publication: Publication<'_>) {
        let latest = publication
            .latest
            .map(|(latest, expires)| (chats::families::latest_window(&self.settings, latest), expires));
        let lines = latest
            .iter()
            .flat_map(|(families, _)| families)
            .map(metrics::Family::sample_lines)
            .sum();
        let main = families(publication.view, lines);
        let latest = latest
            .as_ref()
            .map(|(families, expires)| (families.as_slice(), *expires));
        self.shared.publish(Page::render(&main, latest, self.options));
        let progress = publication.view.progress;
        self.shared.update_status(|status| {
            status.last_success = progress.last_success;
            status.watermark = Some(progress.watermark);
            status.counting_since = Some(progress.counting_since);
            status.chats_counted = publication.view.totals.chats_counted();
            status.last_poll = publication.last_poll.map(|last| http::LastPoll {
                at: last.at,
                ok: last.ok,
                outcome: last.outcome.clone(),
                duration: last.duration,
            });
        });
    }
}
