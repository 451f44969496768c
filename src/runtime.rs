//! The async runtime: started only where the system gives it the threads that it needs, and ended without waiting.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::{io, thread};

use tokio::runtime::{Builder, Runtime};

/// More workers would not help: the work is a poll now and then, and scrapes.
const MOST_WORKERS: usize = 4;
/// Threads at once besides the workers: a file, a name that is looked up, a password that is checked, and one to spare.
const RESERVED: usize = 4;

/// Why no runtime could be started.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// The system gives too few threads.
    #[error(
        "the system starts only {started} more threads, and {} are needed at least ({cause}). Raise the limit of threads or processes: ulimit -u, TasksMax= of systemd, the pids limit of a container", RESERVED + 1
    )]
    Threads {
        /// How many could be started.
        started: usize,
        /// Why not one more.
        cause: io::Error,
    },
    /// The log's thread can't be started.
    #[error(
        "the log can't be started ({0}). Raise the limits of threads or processes (ulimit -u, TasksMax= of systemd, the pids limit of a container) and of open files (ulimit -n)"
    )]
    Log(io::Error),
    /// The thread that speaks to the service manager can't be started.
    #[error(
        "systemd can't be told that the exporter is ready ({0}). Raise the limit of threads or processes (TasksMax= of systemd, ulimit -u)"
    )]
    Notifier(io::Error),
    /// The system gives no descriptors, or something else that a runtime needs.
    #[error("the system lets no event loop be started ({0}): raise the limit of open files (ulimit -n)")]
    EventLoop(io::Error),
}

/// Runs this to its end. Calls that are blocked then are left behind.
///
/// # Errors
/// See [`RuntimeError`].
pub fn block_on<F: Future>(work: F) -> Result<F::Output, RuntimeError> {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let runtime = build(workers(processors.min(MOST_WORKERS))?)?;
    let handle = runtime.handle().clone();
    let _running = Running(Some(runtime));
    Ok(handle.block_on(work))
}

/// Dropping it waits for nothing, also during a panic.
struct Running(Option<Runtime>);

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

fn build(workers: usize) -> Result<Runtime, RuntimeError> {
    let start = || {
        Builder::new_multi_thread()
            .worker_threads(workers)
            .enable_all()
            .build()
    };
    match catch_unwind(AssertUnwindSafe(start)) {
        Ok(runtime) => runtime.map_err(RuntimeError::EventLoop),
        // The threads that were there a moment ago are gone: tokio panics where it gets none.
        Err(_) => Err(RuntimeError::Threads {
            started: 0,
            cause: io::ErrorKind::WouldBlock.into(),
        }),
    }
}

/// How many workers there may be: as many as wanted, fewer where threads are scarce.
fn workers(wanted: usize) -> Result<usize, RuntimeError> {
    match startable(wanted + RESERVED) {
        (_, None) => Ok(wanted),
        (started, Some(_)) if started > RESERVED => Ok(started - RESERVED),
        (started, Some(cause)) => Err(RuntimeError::Threads { started, cause }),
    }
}

/// How many threads of `wanted` the system starts at once, and why not one more.
fn startable(wanted: usize) -> (usize, Option<io::Error>) {
    let gate = Arc::new(Mutex::new(()));
    let closed = gate.lock().unwrap_or_else(PoisonError::into_inner);
    let mut threads = Vec::new();
    let mut failure = None;
    while threads.len() < wanted && failure.is_none() {
        let gate = Arc::clone(&gate);
        match thread::Builder::new().spawn(move || drop(gate.lock())) {
            Ok(thread) => threads.push(thread),
            Err(error) => failure = Some(error),
        }
    }
    drop(closed);
    let started = threads.len();
    for thread in threads {
        // It cannot have panicked.
        let _ = thread.join();
    }
    (started, failure)
}

#[cfg(test)]
mod tests;
