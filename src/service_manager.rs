//! What a service manager (systemd, with `Type=notify`) is told: that the exporter is ready, reads its settings again, ends,
//! still works, and how it is doing in a sentence. Who was started by none tells nobody.

use std::io;
use std::time::Duration;

/// Something that a service manager is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum News {
    /// It serves. Also ends [`News::Reloading`].
    Ready,
    /// It reads its settings again.
    Reloading,
    /// It ends.
    Stopping,
    /// It still works. Where that is not told in time, it is ended and started again.
    Alive,
    /// How it is doing, in a sentence.
    Status(String),
}

/// The service manager that has started this process, if one has that wants to be told.
#[derive(Debug)]
pub(crate) struct ServiceManager {
    line: Option<line::Line>,
    watchdog: Option<Duration>,
}

impl ServiceManager {
    /// The one that `NOTIFY_SOCKET` names, with the time of its watchdog (`WATCHDOG_USEC`).
    ///
    /// # Errors
    /// The system starts no thread.
    pub(crate) fn of_this_process() -> io::Result<ServiceManager> {
        let line = line::open()?;
        let watchdog = line.as_ref().and_then(|_| line::watchdog());
        Ok(ServiceManager { line, watchdog })
    }

    /// Within this time it wants to hear [`News::Alive`] again; `None` is never.
    pub(crate) fn watchdog(&self) -> Option<Duration> {
        self.watchdog
    }

    /// Whether anybody hears what is told.
    pub(crate) fn listens(&self) -> bool {
        self.line.is_some()
    }

    /// Tells all of this at once, without waiting until it was heard.
    pub(crate) fn tell(&self, news: impl Into<Vec<News>>) {
        if let Some(line) = &self.line {
            line.tell(news.into());
        }
    }
}

#[cfg(target_os = "linux")]
mod line {
    use std::sync::mpsc::{SyncSender, sync_channel};
    use std::time::Duration;
    use std::{env, io, thread};

    use sd_notify::NotifyState;

    use super::News;

    /// What may wait to be told. More is dropped: who does not listen for that long will not miss it.
    const WAITING: usize = 16;

    /// The way to the service manager. One that hangs holds up a thread of its own, and nothing else.
    #[derive(Debug)]
    pub(super) struct Line(SyncSender<Vec<News>>);

    /// `None` where this process was started by none that listens.
    pub(super) fn open() -> io::Result<Option<Line>> {
        if env::var_os("NOTIFY_SOCKET").is_none() {
            return Ok(None);
        }
        let (line, waiting) = sync_channel::<Vec<News>>(WAITING);
        thread::Builder::new()
            .name("notify".to_owned())
            .spawn(move || waiting.iter().for_each(|news| send(&news)))?;
        Ok(Some(Line(line)))
    }

    pub(super) fn watchdog() -> Option<Duration> {
        sd_notify::watchdog_enabled()
    }

    impl Line {
        pub(super) fn tell(&self, news: Vec<News>) {
            // A full line is one that nobody listens to.
            let _ = self.0.try_send(news);
        }
    }

    fn send(news: &[News]) {
        let states: Vec<_> = news.iter().flat_map(states).collect();
        if let Err(error) = sd_notify::notify(&states) {
            tracing::debug!(%error, "the service manager could not be told");
        }
    }

    fn states(news: &News) -> Vec<NotifyState<'_>> {
        match news {
            News::Ready => vec![NotifyState::Ready],
            // The time tells apart which reload a later READY=1 ends.
            News::Reloading => std::iter::once(NotifyState::Reloading)
                .chain(NotifyState::monotonic_usec_now().ok())
                .collect(),
            News::Stopping => vec![NotifyState::Stopping],
            News::Alive => vec![NotifyState::Watchdog],
            News::Status(sentence) => vec![NotifyState::Status(sentence)],
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod line {
    use std::io;
    use std::time::Duration;

    use super::News;

    #[derive(Debug)]
    pub(super) struct Line;

    #[allow(clippy::unnecessary_wraps)] // As on Linux.
    pub(super) fn open() -> io::Result<Option<Line>> {
        Ok(None)
    }

    pub(super) fn watchdog() -> Option<Duration> {
        None
    }

    impl Line {
        pub(super) fn tell(&self, _news: Vec<News>) {}
    }
}
