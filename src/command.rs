//! The commands: from their options and the environment to what they print.

pub mod backfill;
pub mod check;
pub mod demo;
pub mod range;
pub mod report;

use std::future::Future;
use std::io::Write;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use chrono::TimeDelta;

use self::backfill::{Plan, Progress, Seam, Span};
use self::demo::Demo;
use self::range::{Beyond, Consent, Range};
use self::report::Question;
use crate::app::{App, Port};
use crate::cli::{self, Bounds, Cli, Command, Serve};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::descriptors::Limit;
use crate::{catalogue, descriptors, http, log, runtime, signal};

/// Does what the command line asks for.
///
/// # Errors
/// In words for the person who typed it.
pub fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let done = |()| ExitCode::SUCCESS;
    match cli.command.unwrap_or(Command::Serve(cli.serve)) {
        Command::Serve(Serve { adopt_state }) => runtime::block_on(serve(adopt_state))?.map(done),
        Command::Demo { listen, seed } => runtime::block_on(demo(&listen, seed))?.map(done),
        Command::Check => to_the_end(check()),
        Command::Report(report) => to_the_end(summarise(&report)).map(done),
        Command::Backfill(backfill) => to_the_end(fill_in(backfill)).map(done),
        Command::Metrics => print(&catalogue::markdown()).map(done),
    }
}

/// Runs a command that ends by itself, or by a signal at any moment.
fn to_the_end<T>(command: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    signal::end_at_once_as_first_process().context("signals can't be handled")?;
    runtime::block_on(command)?
}

fn print(text: &str) -> anyhow::Result<()> {
    let mut output = std::io::stdout();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        // `wolkvox-exporter metrics | head` is no error.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        result => result.context("the standard output can't be written"),
    }
}

async fn check() -> anyhow::Result<ExitCode> {
    let config = Config::from_env(SystemClock.now())?;
    let findings = check::run(&config, &SystemClock).await?;
    print(&findings.print())?;
    Ok(ExitCode::from(u8::from(findings.has_problem())))
}

async fn summarise(report: &cli::Report) -> anyhow::Result<()> {
    let config = Config::from_env(SystemClock.now())?;
    let asked = report.to.at(config.server.timezone);
    let Range { from, to } = Range::new(
        report.from.at(config.server.timezone),
        asked,
        SystemClock.now(),
        Beyond::Cut,
    )?;
    if to < asked {
        log::say(&format!(
            "--to lies in the future: read is what closed before now, {}",
            to.format("%FT%TZ")
        ));
    }
    let question = Question {
        config: &config,
        from,
        to,
        by: report.by.into(),
        without_timeouts: report.without_timeouts,
    };
    range::agree(question.cost(report.pace), consent(report.yes))?;
    let mut progress = Progress::notices_on_stderr();
    let summary = report::run(&question, report.pace, |notice| progress.notice(&notice)).await?;
    print(&summary.print(report.format.into()))
}

async fn fill_in(options: cli::Backfill) -> anyhow::Result<()> {
    let config = Config::from_env(SystemClock.now())?;
    let from = options.from.at(config.server.timezone);
    let seam = match (&options.until_state, options.to) {
        (Some(directory), _) => backfill::seam(&config, directory)?,
        (None, to) => {
            let to = to.map_or(from, |to| to.at(config.server.timezone));
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
    let cost = plan.cost(options.pace, options.output.as_deref())?;
    range::agree(cost, consent(options.yes))?;
    let mut progress = Progress::on_stderr();
    backfill::run(&plan, options.pace, options.output, &mut progress).await?;
    Ok(())
}

fn consent(yes: bool) -> Consent {
    if yes { Consent::Given } else { Consent::Open }
}

async fn serve(adopt_state: bool) -> anyhow::Result<()> {
    let config = Config::from_env(SystemClock.now())?;
    log::init(&config)?;
    let limit = descriptors::raise()?;
    keep_serving(config, false, adopt_state, limit).await
}

async fn demo(listen: &str, seed: Option<u64>) -> anyhow::Result<()> {
    let limit = descriptors::raise()?;
    let state = tempfile::tempdir().context("no temporary directory for the state")?;
    let demo = Demo::start(seed)
        .await
        .context("the simulator can't open a port")?;
    let config = demo.config(listen, state.path(), SystemClock.now())?;
    log::init(&config)?;
    tracing::info!("the simulated Wolkvox server is at {}", demo.base_url());
    tracing::info!(
        "to try check, report and backfill on it, with --pace 0s: export WOLKVOX_BASE_URL={} WOLKVOX_TOKEN='{}'",
        demo.base_url(),
        demo.token()
    );
    keep_serving(config, true, false, limit).await
}

async fn keep_serving(config: Config, is_demo: bool, adopt_state: bool, limit: Limit) -> anyhow::Result<()> {
    let requests = signal::Requests::new().context("signals can't be handled")?;
    let mut stop = pin!(signal::stop()?);
    // The state or a name may lie on a network that hangs: a signal ends that as well.
    let (app, port) = tokio::select! {
        opened = open(config, is_demo, adopt_state, limit) => opened?,
        () = &mut stop => return Ok(()),
    };
    for listener in &port.listeners {
        tracing::info!(
            version = env!("CARGO_PKG_VERSION"),
            "metrics are at {}",
            app.url(listener.local_addr()?)
        );
    }
    app.run(port, requests, stop).await
}

async fn open(config: Config, is_demo: bool, adopt_state: bool, limit: Limit) -> anyhow::Result<(App, Port)> {
    let name = config.web.listen_address.clone();
    let start = move || App::new(config, Arc::new(SystemClock), is_demo, adopt_state);
    let app = offload::run("start", start).await.context("the start failed")??;
    let listeners = http::listen(&name).await?;
    let connection_slots = descriptors::connection_slots(limit, http::CONNECTION_SLOTS)?;
    if connection_slots < http::CONNECTION_SLOTS {
        tracing::warn!(
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
