//! The command line: logging, configuration, run, exit status.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use chrono::TimeDelta;
use clap::Parser;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

use wolkvox_exporter::app::App;
use wolkvox_exporter::backfill::{self, Plan, Progress, Seam, Span};
use wolkvox_exporter::check;
use wolkvox_exporter::cli::{self, Bounds, Cli, Command, Serve};
use wolkvox_exporter::clock::{Clock, SystemClock};
use wolkvox_exporter::config::{Config, ConfigError, LogFormat};
use wolkvox_exporter::demo::Demo;
use wolkvox_exporter::http::WebConfigError;
use wolkvox_exporter::metrics::catalogue;
use wolkvox_exporter::summary::{self, Question};
use wolkvox_exporter::wolkvox::client::SetupError;

/// `EX_USAGE` of sysexits.h: the configuration can't be used.
const EXIT_CONFIG: u8 = 64;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command.unwrap_or(Command::Serve(cli.serve)) {
        Command::Serve(Serve { adopt_state }) => serve(adopt_state).map(|()| ExitCode::SUCCESS),
        Command::Demo { listen, seed } => demo(&listen, seed).map(|()| ExitCode::SUCCESS),
        Command::Check => check(),
        Command::Report(report) => summarise(&report).map(|()| ExitCode::SUCCESS),
        Command::Backfill(backfill) => fill_in(backfill).map(|()| ExitCode::SUCCESS),
        Command::Metrics => print(&catalogue::markdown()).map(|()| ExitCode::SUCCESS),
    };
    result.unwrap_or_else(|error| {
        // Also where logging is not set up yet.
        let _ = writeln!(std::io::stderr(), "wolkvox-exporter: {error:#}");
        let is_config = error.is::<ConfigError>() || error.is::<SetupError>() || error.is::<WebConfigError>();
        ExitCode::from(if is_config { EXIT_CONFIG } else { 1 })
    })
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
    let summary = summary::run(&config, &question, report.pace, |notice| progress.notice(&notice)).await?;
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
    init_log(&config)?;
    run(config, false, adopt_state).await
}

#[tokio::main]
async fn demo(listen: &str, seed: Option<u64>) -> anyhow::Result<()> {
    let state = tempfile::tempdir().context("no temporary directory for the state")?;
    let demo = Demo::start(seed)
        .await
        .context("the simulator can't open a port")?;
    let config = demo.config(listen, state.path())?;
    init_log(&config)?;
    tracing::info!("the simulated Wolkvox server is at {}", demo.base_url());
    run(config, true, false).await
}

async fn run(config: Config, is_demo: bool, adopt_state: bool) -> anyhow::Result<()> {
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
    app.run(listener, stop_signal()?).await
}

fn init_log(config: &Config) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&config.log)?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false);
    match config.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
    Ok(())
}

/// Resolves at the first signal to stop; a second one ends the process at once.
fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    let (first, stopped) = tokio::sync::oneshot::channel();
    let mut signals = Signals::new().context("signals can't be handled")?;
    tokio::spawn(async move {
        signals.next().await;
        // The receiver is gone where the exporter is ending anyway.
        let _ = first.send(());
        signals.next().await;
        std::process::exit(1);
    });
    Ok(async {
        let _ = stopped.await;
    })
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Signals> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    #[allow(clippy::unnecessary_wraps)] // As on Unix.
    fn new() -> std::io::Result<Signals> {
        Ok(Signals)
    }

    async fn next(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}
