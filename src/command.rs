//! The commands: from their options and the environment to what they print.

pub mod backfill;
pub mod check;
pub mod demo;
pub mod report;

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use chrono::TimeDelta;
use tokio::net::TcpListener;

use self::backfill::{Plan, Progress, Seam, Span};
use self::demo::Demo;
use self::report::Question;
use crate::app::App;
use crate::catalogue;
use crate::cli::{self, Bounds, Cli, Command, Serve};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::{log, signal};

/// Does what the command line asks for.
///
/// # Errors
/// In words for the person who typed it.
pub fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let done = |()| ExitCode::SUCCESS;
    match cli.command.unwrap_or(Command::Serve(cli.serve)) {
        Command::Serve(Serve { adopt_state }) => serve(adopt_state).map(done),
        Command::Demo { listen, seed } => demo(&listen, seed).map(done),
        Command::Check => check(),
        Command::Report(report) => summarise(&report).map(done),
        Command::Backfill(backfill) => fill_in(backfill).map(done),
        Command::Metrics => print(&catalogue::markdown()).map(done),
    }
}

fn print(text: &str) -> anyhow::Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        // `wolkvox-exporter metrics | head` is no error.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        result => result.context("the standard output can't be written"),
    }
}

#[tokio::main]
async fn check() -> anyhow::Result<ExitCode> {
    let config = Config::from_env()?;
    let findings = check::run(&config, &SystemClock).await?;
    print(&findings.print())?;
    Ok(ExitCode::from(u8::from(findings.has_problem())))
}

#[tokio::main]
async fn summarise(report: &cli::Report) -> anyhow::Result<()> {
    let config = Config::from_env()?;
    let (from, to) = (report.from.at(config.timezone), report.to.at(config.timezone));
    let question = Question::new(&config, from, to, report.by.into(), report.without_timeouts);
    let mut progress = Progress::notices_on_stderr();
    let summary = report::run(&config, &question, report.pace, |notice| progress.notice(&notice)).await?;
    print(&summary.print(report.format.into()))
}

#[tokio::main]
async fn fill_in(options: cli::Backfill) -> anyhow::Result<()> {
    let config = Config::from_env()?;
    let from = options.from.at(config.timezone);
    let seam = match (&options.until_state, options.to) {
        (Some(directory), _) => backfill::seam(&config, directory)?,
        (None, to) => {
            let to = to.map_or(from, |to| to.at(config.timezone));
            Seam { until: to, last: to }
        }
    };
    let span = Span {
        from,
        until: seam.until,
        last: seam.last,
        step: TimeDelta::from_std(options.step).unwrap_or(TimeDelta::MAX),
        labels: options.labels,
        short_bounds: options.bounds == Bounds::Victoriametrics,
    };
    let plan = Plan::new(&config, span, SystemClock.now())?;
    let mut progress = Progress::on_stderr();
    backfill::run(&config, &plan, options.pace, options.output, &mut progress).await?;
    Ok(())
}

#[tokio::main]
async fn serve(adopt_state: bool) -> anyhow::Result<()> {
    let config = Config::from_env()?;
    log::init(&config)?;
    keep_serving(config, false, adopt_state).await
}

#[tokio::main]
async fn demo(listen: &str, seed: Option<u64>) -> anyhow::Result<()> {
    let state = tempfile::tempdir().context("no temporary directory for the state")?;
    let demo = Demo::start(seed)
        .await
        .context("the simulator can't open a port")?;
    let config = demo.config(listen, state.path())?;
    log::init(&config)?;
    tracing::info!("the simulated Wolkvox server is at {}", demo.base_url());
    tracing::info!(
        "to try check, report and backfill on it, with --pace 0s: export WOLKVOX_BASE_URL={} WOLKVOX_TOKEN='{}'",
        demo.base_url(),
        demo.token()
    );
    keep_serving(config, true, false).await
}

async fn keep_serving(config: Config, is_demo: bool, adopt_state: bool) -> anyhow::Result<()> {
    let listen = config.listen_address.clone();
    let app = App::new(config, Arc::new(SystemClock), is_demo, adopt_state)?;
    let listener = TcpListener::bind(&listen).await.with_context(|| {
        format!("can't listen on {listen}: choose another address or port (WOLKVOX_LISTEN_ADDRESS, in the demo --listen)")
    })?;
    let address = listener.local_addr()?;
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        "metrics are at {}",
        app.url(address)
    );
    app.run(listener, signal::stop()?).await
}
