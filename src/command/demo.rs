//! `wolkvox-exporter demo`: the simulator, and the exporter polling it over real HTTP.

use std::env;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;

use super::Failure;
use super::serve::keep_serving;
use crate::app::{self, App, Upstream};
use crate::clock::{self, Clock as _};
use crate::config::{Config, ConfigError};
use crate::descriptors::Limit;
use crate::ledger::Adoption;
use crate::log;
use simulator::{Server, Settings, Simulator, SystemClock};

/// The simulated operation's name.
const OPERATION: &str = "demo";

/// Options of `demo`.
#[derive(Debug, Args)]
pub struct Options {
    /// Address and port of /metrics
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:10555")]
    pub listen: String,
    /// Another number, another contact centre
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
}

/// Polls a simulated contact centre, and answers scrapes, until a signal ends it.
///
/// # Errors
/// The settings can't be used, the system gives too little, or the exporter failed.
pub async fn command(options: Options, limit: Limit) -> Result<(), Failure> {
    let state = tempfile::tempdir().context("no temporary directory for the state")?;
    let demo = Demo::start(options.seed)
        .await
        .context("the simulator can't open a port")?;
    let config = demo.config(&options.listen, state.path(), clock::SystemClock.now())?;
    log::init(&config)?;
    tracing::info!("the simulated Wolkvox server is at {}", demo.base_url());
    tracing::info!(
        "to try check, report and backfill on it, with --pace 0s: export WOLKVOX_BASE_URL={} WOLKVOX_TOKEN='{}'",
        demo.base_url(),
        demo.token()
    );
    let name = config.web.listen_address.clone();
    let start = move || {
        let same = config.clone();
        let options = app::Options {
            clock: Arc::new(clock::SystemClock),
            adoption: Adoption::Refuse,
            shard: None,
            upstream: Upstream::Simulator,
            read: Arc::new(move |_| Ok(same.clone())),
        };
        App::open(config, options)
    };
    keep_serving(name, limit, start).await
}

/// A simulator to poll; it stops when it is dropped.
pub struct Demo {
    server: Server,
    token: String,
}

impl Demo {
    /// Starts the simulator on a free port of this machine.
    ///
    /// # Errors
    /// No port could be opened.
    pub async fn start(seed: Option<u64>) -> std::io::Result<Demo> {
        let mut settings = Settings::demo();
        settings.seed = seed.unwrap_or(settings.seed);
        let token = settings.token.clone();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = Server::start(address, Simulator::new(settings), Arc::new(SystemClock)).await?;
        Ok(Demo { server, token })
    }

    /// The simulator's address.
    pub fn base_url(&self) -> String {
        self.server.base_url()
    }

    /// The token that the simulator accepts. No secret: it is the same everywhere.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The exporter's configuration: an interval that can be watched, and an hour before `now` to begin with. Of the
    /// environment only what concerns the log is taken.
    ///
    /// # Errors
    /// The listen address or the log settings can't be used.
    pub fn config(&self, listen: &str, state_dir: &Path, now: DateTime<Utc>) -> Result<Config, ConfigError> {
        let count_from = (now - TimeDelta::hours(1)).to_rfc3339();
        let mut variables = vec![
            ("WOLKVOX_BASE_URL".to_owned(), self.base_url()),
            ("WOLKVOX_TOKEN".to_owned(), self.token.clone()),
            ("WOLKVOX_OPERATION".to_owned(), OPERATION.to_owned()),
            ("WOLKVOX_POLL_INTERVAL".to_owned(), "2s".to_owned()),
            ("WOLKVOX_WINDOW".to_owned(), "10m".to_owned()),
            ("WOLKVOX_SWEEP_INTERVAL".to_owned(), "1m".to_owned()),
            ("WOLKVOX_SWEEP_LOOKBACK".to_owned(), "90m".to_owned()),
            ("WOLKVOX_COUNT_FROM".to_owned(), count_from),
            ("WOLKVOX_AGENTS".to_owned(), "names".to_owned()),
            ("WOLKVOX_SKILL_CATALOGUE".to_owned(), "true".to_owned()),
            // Of fifty licences: an interval of two seconds takes 43,200 calls.
            ("WOLKVOX_API_DAILY_LIMIT".to_owned(), "50000".to_owned()),
            ("WOLKVOX_EXEMPLARS".to_owned(), "true".to_owned()),
            ("WOLKVOX_LISTEN_ADDRESS".to_owned(), listen.to_owned()),
            ("WOLKVOX_STATE_DIR".to_owned(), state_dir.display().to_string()),
        ];
        for name in ["WOLKVOX_LOG", "WOLKVOX_LOG_FORMAT"] {
            variables.extend(env::var(name).ok().map(|value| (name.to_owned(), value)));
        }
        let variables = variables.into_iter().map(|(name, value)| (name, Ok(value)));
        let mut config = Config::from_variables(variables, now)?;
        for operation in &mut config.operations {
            // They are for people with a quota.
            operation.warnings.clear();
        }
        Ok(config)
    }
}
