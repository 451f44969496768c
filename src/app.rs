//! Wires the parts and runs them until they are to stop. Parts are handed their listener, clock and shutdown; nothing is
//! global.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use anyhow::Context;
use exporter_web::Web;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::chats;
use crate::clock::Clock;
use crate::config::Config;
use crate::exposition::{self, Page};
use crate::http::{self, Shared, Status};
use crate::ledger::store::Opened;
use crate::ledger::{FileStore, Ledger};
use crate::metrics::{self, families};
use crate::operation;
use crate::poller::{self, Poller, Publication, Publish};
use wolkvox::client::Client;

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
        } = FileStore::open(&config.state_dir, operation::identity(&config), adopt_state)?;
        let client = Client::new(operation::client_settings(&config))?;
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
        let mut status = Status::new(
            config.operation.as_str(),
            operation::server_of(&config),
            clock.now(),
        );
        status.demo = demo;
        let shared = Arc::new(Shared::new(status, options, Arc::clone(&clock)));
        let restored = ledger.is_some();
        let settings = operation::poller_settings(&config);
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
            status.last_poll = publication.last_poll.cloned();
        });
    }
}
