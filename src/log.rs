//! Where the log goes: to the standard error, as text or JSON, and never at the cost of the work.
//!
//! A line goes into a queue, and the caller goes on. One thread writes the lines. A reader that stops, a pipe without a
//! reader or a full disk costs log lines, which are counted, and nothing else.

mod queue;

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, IsTerminal, Write};
use std::panic::PanicHookInfo;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::{Config, LogFormat};
use queue::Queue;

/// How long the end of the process waits for a slow reader of what was said last.
const LONGEST_FLUSH: Duration = Duration::from_secs(1);

/// A process has one standard error, and so one queue for it.
static QUEUE: Queue = Queue::new();
static IS_STARTED: AtomicBool = AtomicBool::new(false);

/// Starts the thread that writes. Without it everything is written directly, as a short program does.
///
/// # Errors
/// The system gives no thread, or no descriptor.
pub fn start() -> io::Result<()> {
    let sink = own_stderr()?;
    thread::Builder::new()
        .name("log".to_owned())
        .spawn(move || QUEUE.write_to(sink))?;
    IS_STARTED.store(true, Ordering::Release);
    Ok(())
}

/// Not [`io::stderr`]: the thread would hold its lock while it waits for the reader.
#[cfg(unix)]
fn own_stderr() -> io::Result<std::fs::File> {
    use std::os::fd::AsFd as _;
    Ok(io::stderr().as_fd().try_clone_to_owned()?.into())
}

#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps)] // As on Unix.
fn own_stderr() -> io::Result<io::Stderr> {
    Ok(io::stderr())
}

/// Sets up the log of this process, once.
///
/// # Errors
/// `WOLKVOX_LOG` is no filter.
pub fn init(config: &Config) -> anyhow::Result<()> {
    let filter: Targets = config.log.filter.parse()?;
    let log = tracing_subscriber::registry().with(filter);
    let lines = fmt::layer()
        .with_writer(|| Lines)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false);
    match config.log.format {
        LogFormat::Text => log.with(lines).init(),
        LogFormat::Json => log.with(lines.json().flatten_event(true)).init(),
    }
    Ok(())
}

/// Says a line on the standard error, for people. Never waits for a reader and never fails.
pub fn say(text: &str) {
    print(format!("{text}\n").as_bytes());
}

/// Writes what a terminal is to show, as it is. Never waits for the terminal and never fails.
pub fn draw(text: &str) {
    print(text.as_bytes());
}

/// Waits until all that was said is written, a second at the most.
pub fn flush() {
    if IS_STARTED.load(Ordering::Acquire) {
        QUEUE.flush(LONGEST_FLUSH);
    }
}

/// How many lines were lost because the standard error did not take them.
pub fn lines_dropped() -> u64 {
    QUEUE.dropped()
}

/// Makes a panic a line of the log, instead of something that may block or fail to be written.
pub fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let text = panic_text(panic);
        if tracing::dispatcher::has_been_set() {
            tracing::error!(location = panic.location().map(display), "{text}");
        } else {
            say(&format!("wolkvox-exporter: {text}"));
        }
    }));
}

fn panic_text(panic: &PanicHookInfo<'_>) -> String {
    let payload = panic.payload();
    let what = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no words");
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let mut text = format!("a fault of the exporter itself, at {place}: {what}. Please report it");
    // Only where RUST_BACKTRACE asks for it.
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        text = format!("{text}\n{backtrace}");
    }
    text
}

fn print(line: &[u8]) {
    if IS_STARTED.load(Ordering::Acquire) {
        QUEUE.push(line);
    } else {
        // There is nowhere to report that the standard error is closed.
        let _ = io::stderr().write_all(line);
    }
}

/// Takes one event of the log per call.
struct Lines;

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        print(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
