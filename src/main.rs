//! The command line: logging, configuration, run, exit status.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::{Parser, Subcommand};
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

use wolkvox_exporter::app::App;
use wolkvox_exporter::clock::SystemClock;
use wolkvox_exporter::config::{Config, ConfigError, LogFormat};
use wolkvox_exporter::demo::Demo;
use wolkvox_exporter::http::WebConfigError;
use wolkvox_exporter::metrics::catalogue;

/// `EX_USAGE` of sysexits.h: the configuration can't be used.
const EXIT_CONFIG: u8 = 64;

/// Prometheus exporter for Wolkvox contact centres. Without a command it serves; it is set up by environment variables
/// (`WOLKVOX_SERVER` and `WOLKVOX_TOKEN` at the least), see the README.
#[derive(Parser)]
#[command(version, max_term_width = 110, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Serve,
}

#[derive(clap::Args)]
struct Serve {
    /// Take over the state of another server or agent, once: after the operation has moved
    #[arg(long)]
    adopt_state: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Poll Wolkvox and serve /metrics (the default)
    Serve(Serve),
    /// Look around without a Wolkvox server: polls a simulated contact centre
    Demo {
        /// Address and port of /metrics
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:10555")]
        listen: String,
        /// Another number, another contact centre
        #[arg(long, value_name = "NUMBER")]
        seed: Option<u64>,
    },
    /// Print the metric reference as Markdown
    Metrics,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command.unwrap_or(Command::Serve(cli.serve)) {
        Command::Serve(Serve { adopt_state }) => serve(adopt_state),
        Command::Demo { listen, seed } => demo(&listen, seed),
        Command::Metrics => print(&catalogue::markdown()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Also where logging is not set up yet.
            let _ = writeln!(std::io::stderr(), "wolkvox-exporter: {error:#}");
            ExitCode::from(if error.is::<ConfigError>() || error.is::<WebConfigError>() {
                EXIT_CONFIG
            } else {
                1
            })
        }
    }
}

fn print(text: &str) -> anyhow::Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        // `wolkvox-exporter metrics | head` is no error.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        result => result.context("the reference can't be printed"),
    }
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
