//! `wolkvox-exporter demo`: the simulator, and the exporter polling it over real HTTP.

mod cast;

use std::env;
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use clap::builder::RangedU64ValueParser;
use small_file::Shown;

use super::Failure;
use super::serve::keep_serving;
use crate::app::{self, App, Upstream};
use crate::clock::{self, Clock as _};
use crate::config::{Config, ConfigError};
use crate::descriptors::Limit;
use crate::ledger::Adoption;
use crate::log;
use cast::Role;
use simulator::{Server, Settings, Simulator, SystemClock};

/// The simulated operation's name, where it is the only one.
const OPERATION: &str = "demo";
/// More simulators than a person looks at.
const MOST_OPERATIONS: u64 = 100;

/// Options of `demo`.
#[derive(Debug, Args)]
pub struct Options {
    /// Address and port of /metrics
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:10555")]
    pub listen: String,
    /// Another number, another contact centre
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
    /// How many contact centres; several stand in an operations file, which the log names
    #[arg(
        long,
        value_name = "NUMBER",
        default_value = "1",
        value_parser = RangedU64ValueParser::<usize>::new().range(1..=MOST_OPERATIONS)
    )]
    pub operations: usize,
}

/// Polls simulated contact centres, and answers scrapes, until a signal ends it.
///
/// # Errors
/// The settings can't be used, the system gives too little, or the exporter failed.
pub async fn command(options: Options, limit: Limit) -> Result<(), Failure> {
    let place = tempfile::tempdir().context("no temporary directory for the state")?;
    let demo = Demo::start(options.operations, options.seed)
        .await
        .context("the simulator can't open a port")?;
    let plan = demo
        .plan(&options.listen, place.path(), clock::SystemClock.now())
        .context("the operations file can't be written")?;
    let config = plan.config(clock::SystemClock.now())?;
    log::init(&config)?;
    demo.say_where_things_are(&plan);
    let name = config.web.listen_address.clone();
    let start = move || {
        let options = app::Options {
            clock: Arc::new(clock::SystemClock),
            adoption: Adoption::Refuse,
            shard: None,
            upstream: Upstream::Simulator,
            read: Arc::new(move |now| plan.config(now)),
        };
        App::open(config, options)
    };
    keep_serving(name, limit, start).await
}

/// Simulators to poll; they stop when this is dropped.
pub struct Demo {
    first: Simulated,
    others: Vec<Simulated>,
}

/// A simulator that runs.
struct Simulated {
    role: Role,
    server: Server,
}

/// What the exporter is set up with.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The variables with their whole names.
    variables: Vec<(String, String)>,
    /// Where several operations stand.
    operations_file: Option<PathBuf>,
}

impl Demo {
    /// Starts so many simulators, at least one, each on a free port of this machine. Of another seed they are others.
    ///
    /// # Errors
    /// No port could be opened.
    pub async fn start(operations: usize, seed: Option<u64>) -> io::Result<Demo> {
        let seed = seed.unwrap_or(Settings::demo().seed);
        if operations <= 1 {
            return Ok(Demo {
                first: Simulated::start(Role::alone(OPERATION), seed).await?,
                others: Vec::new(),
            });
        }
        let mut others = Vec::with_capacity(operations);
        for (role, seed) in cast::roles().zip(seed..).take(operations) {
            others.push(Simulated::start(role, seed).await?);
        }
        Ok(Demo {
            first: others.remove(0),
            others,
        })
    }

    /// The address of the first simulator.
    pub fn base_url(&self) -> String {
        self.first.server.base_url()
    }

    /// The token that the first simulator accepts. No secret: it is the same everywhere.
    pub fn token(&self) -> &str {
        &self.first.role.settings.token
    }

    /// How the exporter polls them: at an interval that can be watched, beginning with an hour before `now`. Of the environment
    /// only what concerns the log is taken. Several operations are written into a file in `place`, where the states go too.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn plan(&self, listen: &str, place: &Path, now: DateTime<Utc>) -> io::Result<Plan> {
        let count_from = (now - TimeDelta::hours(1)).to_rfc3339();
        let operations_file = if self.others.is_empty() {
            None
        } else {
            Some(write_operations(place, &self.operations())?)
        };
        let mut variables = match &operations_file {
            None => vec![
                ("WOLKVOX_BASE_URL", self.base_url()),
                ("WOLKVOX_TOKEN", self.token().to_owned()),
                ("WOLKVOX_OPERATION", OPERATION.to_owned()),
                ("WOLKVOX_STATE_DIR", place.display().to_string()),
            ],
            Some(file) => vec![
                ("WOLKVOX_OPERATIONS_FILE", file.display().to_string()),
                ("WOLKVOX_STATE_DIR", place.join("state").display().to_string()),
                ("WOLKVOX_ENABLE_LIFECYCLE", "true".to_owned()),
            ],
        };
        variables.extend([
            ("WOLKVOX_POLL_INTERVAL", "2s".to_owned()),
            ("WOLKVOX_WINDOW", "10m".to_owned()),
            ("WOLKVOX_SWEEP_INTERVAL", "1m".to_owned()),
            ("WOLKVOX_SWEEP_LOOKBACK", "90m".to_owned()),
            ("WOLKVOX_COUNT_FROM", count_from),
            // Its chats come at all hours, and so may the reader.
            ("WOLKVOX_BUSINESS_HOURS", "24/7".to_owned()),
            ("WOLKVOX_RECONTACT", "1h,24h".to_owned()),
            ("WOLKVOX_AGENTS", "names".to_owned()),
            ("WOLKVOX_SKILL_CATALOGUE", "true".to_owned()),
            // Of fifty licences: an interval of two seconds takes 43,200 calls.
            ("WOLKVOX_API_DAILY_LIMIT", "50000".to_owned()),
            ("WOLKVOX_EXEMPLARS", "true".to_owned()),
            ("WOLKVOX_LISTEN_ADDRESS", listen.to_owned()),
        ]);
        let of_the_log = ["WOLKVOX_LOG", "WOLKVOX_LOG_FORMAT"];
        variables.extend(
            of_the_log
                .into_iter()
                .filter_map(|name| Some((name, env::var(name).ok()?))),
        );
        Ok(Plan {
            variables: variables
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
            operations_file,
        })
    }

    /// The text of the operations file.
    fn operations(&self) -> String {
        let head = "# The simulated contact centres. After a change: SIGHUP, or POST /-/reload.\n";
        let tables = self
            .all()
            .map(|simulated| simulated.role.table(&simulated.server.base_url()));
        let parts: Vec<_> = std::iter::once(head.to_owned()).chain(tables).collect();
        parts.join("\n")
    }

    fn all(&self) -> impl Iterator<Item = &Simulated> {
        std::iter::once(&self.first).chain(&self.others)
    }

    fn say_where_things_are(&self, plan: &Plan) {
        match &plan.operations_file {
            None => tracing::info!("the simulated Wolkvox server is at {}", self.base_url()),
            Some(file) => {
                let (count, file) = (self.all().count(), Shown(file));
                tracing::info!(
                    "{count} simulated Wolkvox servers are polled as {file} says: to try a reload, edit it and send SIGHUP, or POST /-/reload"
                );
            }
        }
        tracing::info!(
            "to try check, report and backfill on it, with --pace 0s: export WOLKVOX_BASE_URL={} WOLKVOX_TOKEN='{}'",
            self.base_url(),
            self.token()
        );
    }
}

impl Simulated {
    async fn start(role: Role, seed: u64) -> io::Result<Simulated> {
        let settings = Settings {
            seed,
            ..role.settings.clone()
        };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = Server::start(address, Simulator::new(settings), Arc::new(SystemClock)).await?;
        Ok(Simulated { role, server })
    }
}

impl Plan {
    /// The configuration, read anew: the operations file may have been edited since. Nothing in it may lie after `now`.
    ///
    /// # Errors
    /// The listen address, the log settings or the operations file can't be used.
    pub fn config(&self, now: DateTime<Utc>) -> Result<Config, ConfigError> {
        let variables = self
            .variables
            .iter()
            .map(|(name, value)| (name.clone(), Ok(value.clone())));
        let mut config = Config::from_variables(variables, now)?;
        // They are for people with a quota.
        config.warnings.clear();
        for operation in &mut config.operations {
            operation.warnings.clear();
        }
        Ok(config)
    }
}

/// Writes the file for its user alone: as users are to do it with their tokens.
fn write_operations(place: &Path, text: &str) -> io::Result<PathBuf> {
    let mut file = tempfile::Builder::new()
        .prefix("operations")
        .suffix(".toml")
        .rand_bytes(0)
        .tempfile_in(place)?;
    file.write_all(text.as_bytes())?;
    let (_, path) = file.keep()?;
    Ok(path)
}

#[cfg(test)]
mod tests;
