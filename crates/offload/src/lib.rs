//! Runs a call that may block (a file on a network, a name to be resolved, a decoder) on a thread of its own.
//!
//! tokio's `spawn_blocking` does not fit a service that must go on, and end, whatever blocks. Where no thread can be
//! started it panics, or waits for ever for one of its own threads. A runtime that ends waits for all of its calls. Here a
//! missing thread is an error, and a thread that is blocked when the process ends is left behind.
//!
//! Calls that many may want to make in the same moment stand in a [`Queue`].

mod queue;

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::{io, thread};

use tokio::sync::oneshot;

pub use queue::{Queue, Turn};

/// The most calls at once. This many are under way only if calls never return, and more would fill the memory.
const MOST_AT_ONCE: usize = 64;

static AT_ONCE: AtomicUsize = AtomicUsize::new(0);

/// Why a call was not made, or gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system starts no thread.
    #[error(
        "no thread could be started ({0}): the limit of threads or processes is reached (ulimit -u, TasksMax= of systemd, the pids limit of a container)"
    )]
    NoThread(io::Error),
    /// Too many earlier calls are still under way.
    #[error("{0} earlier calls to the system have not come back: a file system or a name server hangs")]
    TooMany(usize),
    /// The call panicked. The panic hook has reported it.
    #[error("the program failed in it (a fault of the program: please report what its log says)")]
    Panicked,
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        io::Error::other(error)
    }
}

/// A call under way. To drop it does not end the call.
#[derive(Debug)]
pub struct Call<T>(oneshot::Receiver<T>);

impl<T> Future for Call<T> {
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // The sender is dropped without a word only by a panic.
        Pin::new(&mut self.0)
            .poll(context)
            .map(|outcome| outcome.map_err(|_| Error::Panicked))
    }
}

/// Starts a call on a thread of this name, of which the system shows 15 letters.
///
/// # Errors
/// [`Error::NoThread`] and [`Error::TooMany`].
pub fn start<T, W>(name: &str, work: W) -> Result<Call<T>, Error>
where
    T: Send + 'static,
    W: FnOnce() -> T + Send + 'static,
{
    let slot = Slot::take()?;
    let (sender, receiver) = oneshot::channel();
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            let _slot = slot;
            // The receiver is gone where the call was given up.
            let _ = sender.send(work());
        })
        .map_err(Error::NoThread)?;
    Ok(Call(receiver))
}

/// Makes a call and waits for it.
///
/// # Errors
/// See [`Error`].
pub async fn run<T, W>(name: &str, work: W) -> Result<T, Error>
where
    T: Send + 'static,
    W: FnOnce() -> T + Send + 'static,
{
    start(name, work)?.await
}

/// One of the calls at once; free again once it is dropped.
struct Slot;

impl Slot {
    fn take() -> Result<Slot, Error> {
        AT_ONCE
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |taken| {
                (taken < MOST_AT_ONCE).then_some(taken + 1)
            })
            .map(|_| Slot)
            .map_err(Error::TooMany)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        AT_ONCE.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
