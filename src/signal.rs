//! Signals: to stop, to look at files again, and those without a meaning.

use std::future::Future;
use std::time::Duration;

use anyhow::Context;
use tokio::sync::oneshot;

/// How long the end may take after the first signal: the drain of connections, and some more. Orchestrators kill after 30 s
/// as a rule.
const LONGEST_STOP: Duration = Duration::from_secs(15);
/// Signals that come together are one: `timeout` and other programs that start this one send theirs twice.
const TOGETHER: Duration = Duration::from_millis(100);
/// The status of an end that was not an orderly one.
const STATUS_CUT_SHORT: i32 = 1;

/// Resolves at the first signal to stop. If the process has not ended 15 s later it ends all the same; a second signal
/// ends it at once, whatever its threads are doing.
///
/// # Errors
/// The system lets no signals be handled.
pub(crate) fn stop() -> anyhow::Result<impl Future<Output = ()>> {
    let (first, stopped) = oneshot::channel();
    end_by_signals(first).context("signals can't be handled")?;
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
use unix::end_by_signals;
#[cfg(unix)]
pub(crate) use unix::{Requests, end_at_once_as_first_process};

#[cfg(unix)]
mod unix {
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;
    use std::time::Instant;
    use std::{io, thread};

    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    use signal_hook::{flag, low_level};
    use tokio::signal::unix::{Signal, SignalKind, signal};
    use tokio::sync::oneshot;

    use super::{LONGEST_STOP, Request, STATUS_CUT_SHORT, TOGETHER};
    use crate::log;

    /// Waits on a thread of its own: the runtime's may be stuck in what is to be ended.
    pub(super) fn end_by_signals(first: oneshot::Sender<()>) -> io::Result<()> {
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            while signals.wait().next().is_none() {}
            let begun = Instant::now();
            // The receiver is gone where the exporter is ending anyway.
            let _ = first.send(());
            thread::sleep(TOGETHER);
            signals.pending().for_each(drop);
            while begun.elapsed() < LONGEST_STOP && signals.pending().next().is_none() {
                thread::sleep(TOGETHER / 10);
            }
            if begun.elapsed() >= LONGEST_STOP {
                tracing::error!(
                    limit_s = LONGEST_STOP.as_secs(),
                    "something did not end within {} s: the process ends all the same",
                    LONGEST_STOP.as_secs()
                );
                log::flush();
            }
            low_level::exit(STATUS_CUT_SHORT);
        })?;
        Ok(())
    }

    /// For the commands that end by themselves. Signals end them anyway, but for the first process of a container, to
    /// which the system delivers only those that it handles.
    ///
    /// # Errors
    /// The system lets no signals be handled.
    pub(crate) fn end_at_once_as_first_process() -> io::Result<()> {
        if std::process::id() == 1 {
            for number in [SIGHUP, SIGINT, SIGTERM] {
                flag::register_conditional_shutdown(number, 128 + number, Arc::new(AtomicBool::new(true)))?;
            }
        }
        Ok(())
    }

    /// From when it is made on, none of these signals ends the process.
    pub(crate) struct Requests {
        hangup: Signal,
        user1: Signal,
        user2: Signal,
    }

    impl Requests {
        /// # Errors
        /// The system lets no signals be handled. Needs a tokio runtime.
        pub(crate) fn new() -> io::Result<Requests> {
            Ok(Requests {
                hangup: signal(SignalKind::hangup())?,
                user1: signal(SignalKind::user_defined1())?,
                user2: signal(SignalKind::user_defined2())?,
            })
        }

        /// The next one.
        pub(crate) async fn next(&mut self) -> Request {
            tokio::select! {
                _ = self.hangup.recv() => Request::Reload,
                _ = self.user1.recv() => Request::Meaningless("SIGUSR1"),
                _ = self.user2.recv() => Request::Meaningless("SIGUSR2"),
            }
        }
    }
}

#[cfg(not(unix))]
use elsewhere::end_by_signals;
#[cfg(not(unix))]
pub(crate) use elsewhere::{Requests, end_at_once_as_first_process};

#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps)] // As on Unix.
mod elsewhere {
    use std::io;

    use tokio::sync::oneshot;

    use super::{LONGEST_STOP, Request, STATUS_CUT_SHORT, TOGETHER};

    pub(super) fn end_by_signals(first: oneshot::Sender<()>) -> io::Result<()> {
        tokio::spawn(async move {
            let _ = tokio::signal::ctrl_c().await;
            let _ = first.send(());
            tokio::time::sleep(TOGETHER).await;
            let _ = tokio::time::timeout(LONGEST_STOP, tokio::signal::ctrl_c()).await;
            std::process::exit(STATUS_CUT_SHORT);
        });
        Ok(())
    }

    /// # Errors
    /// None here.
    pub(crate) fn end_at_once_as_first_process() -> io::Result<()> {
        Ok(())
    }

    /// There are none.
    pub(crate) struct Requests;

    impl Requests {
        /// # Errors
        /// None here.
        pub(crate) fn new() -> io::Result<Requests> {
            Ok(Requests)
        }

        /// Never resolves.
        pub(crate) async fn next(&mut self) -> Request {
            std::future::pending().await
        }
    }
}
