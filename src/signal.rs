//! Signals: to stop, to look at files again, and those without a meaning.

use std::future::Future;
use std::time::Duration;

use anyhow::Context;

use crate::log;

/// How long the end may take after the first signal: the drain of connections, and some more. Orchestrators kill after 30 s
/// as a rule.
const LONGEST_STOP: Duration = Duration::from_secs(15);
/// The status of an end that was not an orderly one.
const STATUS_CUT_SHORT: i32 = 1;

/// Resolves at the first signal to stop. If the process has not ended 15 s later it ends all the same; a second signal
/// ends it at once, whatever its threads are doing.
///
/// # Errors
/// The system lets no signals be handled. Needs a tokio runtime.
pub fn stop() -> anyhow::Result<impl Future<Output = ()>> {
    let (first, stopped) = tokio::sync::oneshot::channel();
    end_at_the_second().context("signals can't be handled")?;
    let mut signals = Stops::new().context("signals can't be handled")?;
    tokio::spawn(async move {
        signals.next().await;
        // The receiver is gone where the exporter is ending anyway.
        let _ = first.send(());
        let second = tokio::time::timeout(LONGEST_STOP, signals.next()).await;
        if second.is_err() {
            tracing::error!(
                "something did not end within {} s: the process ends all the same",
                LONGEST_STOP.as_secs()
            );
            log::flush();
        }
        std::process::exit(STATUS_CUT_SHORT);
    });
    Ok(async {
        let _ = stopped.await;
    })
}

/// What another process asks for, besides to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// SIGHUP: to read files again.
    Reload,
    /// One that means nothing here; its name.
    Meaningless(&'static str),
}

#[cfg(unix)]
pub use unix::{Requests, end_at_once_as_first_process};
#[cfg(unix)]
use unix::{Stops, end_at_the_second};

#[cfg(unix)]
mod unix {
    use std::io;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::flag;
    use tokio::signal::unix::{Signal, SignalKind, signal};

    use super::{Request, STATUS_CUT_SHORT};

    /// In the handler itself: it needs no thread that is free.
    pub(super) fn end_at_the_second() -> io::Result<()> {
        let is_stopping = Arc::new(AtomicBool::new(false));
        for number in [SIGINT, SIGTERM] {
            // In this order, so that the first one finds the flag unset.
            flag::register_conditional_shutdown(number, STATUS_CUT_SHORT, Arc::clone(&is_stopping))?;
            flag::register(number, Arc::clone(&is_stopping))?;
        }
        Ok(())
    }

    /// For the commands that end by themselves. Signals end them anyway, but for the first process of a container, to
    /// which the system delivers only those that it handles.
    ///
    /// # Errors
    /// The system lets no signals be handled.
    pub fn end_at_once_as_first_process() -> io::Result<()> {
        if std::process::id() == 1 {
            for number in [SIGHUP, SIGINT, SIGTERM] {
                flag::register_conditional_shutdown(number, 128 + number, Arc::new(AtomicBool::new(true)))?;
            }
        }
        Ok(())
    }

    pub(super) struct Stops {
        interrupt: Signal,
        terminate: Signal,
    }

    impl Stops {
        pub(super) fn new() -> io::Result<Stops> {
            Ok(Stops {
                interrupt: signal(SignalKind::interrupt())?,
                terminate: signal(SignalKind::terminate())?,
            })
        }

        pub(super) async fn next(&mut self) {
            tokio::select! {
                _ = self.interrupt.recv() => {}
                _ = self.terminate.recv() => {}
            }
        }
    }

    /// From when it is made on, none of these signals ends the process.
    pub struct Requests {
        hangup: Signal,
        user1: Signal,
        user2: Signal,
    }

    impl Requests {
        /// # Errors
        /// The system lets no signals be handled. Needs a tokio runtime.
        pub fn new() -> io::Result<Requests> {
            Ok(Requests {
                hangup: signal(SignalKind::hangup())?,
                user1: signal(SignalKind::user_defined1())?,
                user2: signal(SignalKind::user_defined2())?,
            })
        }

        /// The next one.
        pub async fn next(&mut self) -> Request {
            tokio::select! {
                _ = self.hangup.recv() => Request::Reload,
                _ = self.user1.recv() => Request::Meaningless("SIGUSR1"),
                _ = self.user2.recv() => Request::Meaningless("SIGUSR2"),
            }
        }
    }
}

#[cfg(not(unix))]
pub use elsewhere::{Requests, end_at_once_as_first_process};
#[cfg(not(unix))]
use elsewhere::{Stops, end_at_the_second};

#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps)] // As on Unix.
mod elsewhere {
    use std::io;

    use super::Request;

    pub(super) fn end_at_the_second() -> io::Result<()> {
        Ok(())
    }

    /// # Errors
    /// None here.
    pub fn end_at_once_as_first_process() -> io::Result<()> {
        Ok(())
    }

    pub(super) struct Stops;

    impl Stops {
        pub(super) fn new() -> io::Result<Stops> {
            Ok(Stops)
        }

        pub(super) async fn next(&mut self) {
            let _ = tokio::signal::ctrl_c().await;
        }
    }

    /// There are none.
    pub struct Requests;

    impl Requests {
        /// # Errors
        /// None here.
        pub fn new() -> io::Result<Requests> {
            Ok(Requests)
        }

        /// Never resolves.
        pub async fn next(&mut self) -> Request {
            std::future::pending().await
        }
    }
}
