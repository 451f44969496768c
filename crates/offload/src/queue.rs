//! Calls of one kind, of which few are made at once.

use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::Error;

/// Whoever has waited for so long is told that earlier calls do not come back. Each call is one to a disk or to a name
/// server, and a thousand of them are through in less.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Calls of one kind, of which so many are made at once. Others wait for their turn, in the order in which they came.
///
/// A disk that hangs takes no more threads than these, and leaves the calls of other kinds theirs.
#[derive(Debug)]
pub struct Queue {
    name: &'static str,
    at_once: usize,
    turns: Semaphore,
}

/// A right to make a call of a queue. The next one's turn comes when the call has come back, or this is dropped.
#[derive(Debug)]
pub struct Turn {
    name: &'static str,
    permit: SemaphorePermit<'static>,
}

impl Queue {
    /// A queue whose threads have this name, of which the system shows 15 letters.
    pub const fn new(name: &'static str, at_once: usize) -> Queue {
        Queue {
            name,
            at_once,
            turns: Semaphore::const_new(at_once),
        }
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// [`Error::TooMany`]: for a minute no turn came, since earlier calls do not come back.
    pub async fn turn(&'static self) -> Result<Turn, Error> {
        match timeout(LONGEST_WAIT, self.turns.acquire()).await {
            Ok(Ok(permit)) => Ok(Turn {
                name: self.name,
                permit,
            }),
            // It is never closed.
            Ok(Err(_)) | Err(_) => Err(Error::TooMany(self.at_once)),
        }
    }

    /// Waits for a turn, makes a call, and waits for it.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn run<T, W>(&'static self, work: W) -> Result<T, Error>
    where
        T: Send + 'static,
        W: FnOnce() -> T + Send + 'static,
    {
        self.turn().await?.run(work).await
    }
}

impl Turn {
    /// Makes the call and waits for it. Where nobody waits any more, the turn ends with the call all the same.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn run<T, W>(self, work: W) -> Result<T, Error>
    where
        T: Send + 'static,
        W: FnOnce() -> T + Send + 'static,
    {
        let Turn { name, permit } = self;
        crate::run(name, move || {
            let _permit = permit;
            work()
        })
        .await
    }
}

#[cfg(test)]
mod tests;
