//! Signals to stop.

use std::future::Future;

use anyhow::Context;

/// Resolves at the first signal to stop; a second one ends the process at once.
///
/// # Errors
/// The system lets no signals be handled. Needs a tokio runtime.
pub fn stop() -> anyhow::Result<impl Future<Output = ()>> {
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
