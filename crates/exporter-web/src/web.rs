//! The web configuration in force, read again when its files change.
//!
//! A file that is just being written must not open the port. So a change counts only once it was read twice with the same
//! result, and a change that takes protection away is refused until a restart.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use hyper::header::HeaderMap;
use small_file::Shown;

use super::WebConfigError;
use super::auth::{Admission, Authorizer};
use super::cost::Costs;
use super::web_config::{Fingerprint, WebConfig};

/// The time-out of a request's arrival, and again of its authorization.
pub const REQUEST_TIME_OUT: Duration = Duration::from_secs(10);

/// How often the files are looked at: a few kilobytes each time.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// For this long a change must stay as it is. A file is written in less, from its truncation to its last byte.
const SETTLES: Duration = Duration::from_secs(1);

/// Why there is no web configuration in force.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file can't be used.
    #[error(transparent)]
    Config(#[from] WebConfigError),
    /// The system gave no random bytes, without which no password is checked.
    #[error("the system gives no random bytes ({0})")]
    Random(std::io::Error),
}

/// Why a reload has changed nothing. The configuration before stays in force.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// The files can't be looked at.
    #[error("the files of the web configuration can't be looked at: {0}")]
    Unread(#[from] offload::Error),
    /// The file is still being written.
    #[error("the web configuration {file} is just being written: try again", file = Shown(.0))]
    BeingWritten(PathBuf),
    /// It can't be used, or would protect the port less. In words, with the way out.
    #[error("the web configuration is not taken over. {0}")]
    Refused(String),
}

/// Who asks, and how long the question whether they may come in can take.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    /// Where the connection comes from.
    pub address: IpAddr,
    /// After it, the answer is [`Admission::Busy`].
    pub time_out: Duration,
}

/// Authorizes clients by the web configuration that is in force, and keeps that up to date.
pub struct Web {
    current: ArcSwap<WebConfig>,
    authorizer: Authorizer,
    file: Option<PathBuf>,
    costs: Costs,
    seen: Mutex<Fingerprints>,
    /// One look at a time.
    looking: tokio::sync::Mutex<()>,
}

/// What was read of the files.
#[derive(Debug, Default)]
struct Fingerprints {
    in_force: Fingerprint,
    /// At the last look, good or bad.
    judged: Fingerprint,
}

/// Why the files are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Occasion {
    Interval,
    /// The user asked for it, so the log says what came of it.
    Reload,
}

/// A change that may still be under way.
struct Change {
    read: Fingerprint,
    config: Result<WebConfig, WebConfigError>,
}

impl Web {
    /// Without a file: plain HTTP for everyone.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(file: Option<&Path>) -> Result<Self, OpenError> {
        let authorizer = Authorizer::new().map_err(OpenError::Random)?;
        let costs = Costs::new(REQUEST_TIME_OUT);
        let (read, config) = match file {
            Some(file) => {
                let (read, config) = WebConfig::load(file, &costs);
                let config = config?;
                warn(file, &config);
                (read, config)
            }
            None => Default::default(),
        };
        Ok(Self {
            current: ArcSwap::from_pointee(config),
            authorizer,
            file: file.map(Path::to_owned),
            costs,
            seen: Mutex::new(Fingerprints {
                in_force: read.clone(),
                judged: read,
            }),
            looking: tokio::sync::Mutex::default(),
        })
    }

    /// Whether clients have to speak TLS now.
    pub fn is_secure(&self) -> bool {
        self.current.load().tls.is_some()
    }

    /// Looks at the files now instead of within two seconds, and says in the log what came of it. A change still has to stay
    /// as it is for a second.
    ///
    /// # Errors
    /// See [`ReloadError`].
    pub async fn reload(self: &Arc<Self>) -> Result<(), ReloadError> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let outcome = Arc::clone(self).look(Occasion::Reload).await;
        if let Err(ReloadError::Unread(error)) = &outcome {
            cannot_look(file, error);
        }
        outcome
    }

    /// The configuration in force.
    pub fn current(&self) -> Arc<WebConfig> {
        self.current.load_full()
    }

    /// Whether a request is let in.
    pub async fn authorize(&self, config: &WebConfig, headers: &HeaderMap, peer: Peer) -> Admission {
        let authorization = headers.get(hyper::header::AUTHORIZATION);
        self.authorizer
            .authorize(&config.users, authorization, peer.address.into(), peer.time_out)
            .await
    }

    /// Looks for changes until it is dropped.
    pub async fn watch(self: Arc<Self>) {
        let Some(file) = self.file.clone() else {
            return;
        };
        let mut failing = false;
        loop {
            tokio::time::sleep(LOOK_AGAIN).await;
            // What is refused has been logged.
            let unread = match Arc::clone(&self).look(Occasion::Interval).await {
                Err(ReloadError::Unread(error)) => Some(error),
                _ => None,
            };
            if let Some(error) = unread.as_ref().filter(|_| !failing) {
                cannot_look(&file, error);
            }
            failing = unread.is_some();
        }
    }

    /// Reads, waits, reads again. The files may lie on a network that hangs, so that is done where it holds nobody up.
    ///
    /// # Errors
    /// See [`ReloadError`]. The old configuration stays.
    async fn look(self: Arc<Self>, occasion: Occasion) -> Result<(), ReloadError> {
        let _looking = self.looking.lock().await;
        let web = Arc::clone(&self);
        let Some(change) = offload::run("web-config", move || web.change(occasion)).await? else {
            return Ok(());
        };
        tokio::time::sleep(SETTLES).await;
        let web = Arc::clone(&self);
        offload::run("web-config", move || web.settle(change)).await?
    }

    /// What is there now, if it was not judged yet or is to be judged again.
    fn change(&self, occasion: Occasion) -> Option<Change> {
        let file = self.file.as_ref()?;
        let seen = self.seen();
        let is_in_force = seen.judged == seen.in_force;
        if seen.judged.is_current() && (occasion == Occasion::Interval || is_in_force) {
            if occasion == Occasion::Reload {
                tracing::info!(file = %Shown(file), "the web configuration has not changed");
            }
            return None;
        }
        drop(seen);
        let (read, config) = WebConfig::load(file, &self.costs);
        Some(Change { read, config })
    }

    /// Takes a change into force if it is still the same. One that can't be used is logged once, and the old
    /// configuration stays.
    fn settle(&self, change: Change) -> Result<(), ReloadError> {
        let Some(file) = &self.file else { return Ok(()) };
        if !change.read.is_current() {
            tracing::debug!(file = %Shown(file), "the web configuration is being written: the next look finds what came of it");
            return Err(ReloadError::BeingWritten(file.clone()));
        }
        let mut seen = self.seen();
        seen.judged = change.read;
        if seen.judged == seen.in_force {
            tracing::info!(file = %Shown(file), "the web configuration is again the one in force");
            return Ok(());
        }
        let config = match change.config {
            Ok(config) => config,
            Err(error) => return Err(refuse(file, error.to_string().replace('\n', " "))),
        };
        let lost = self.current.load().protection.lost_in(&config.protection);
        if !lost.is_empty() {
            let why = format!(
                "{} would protect the port less: {}. If that is meant, restart the exporter, which takes the file as it is",
                Shown(file),
                lost.join("; ")
            );
            return Err(refuse(file, why));
        }
        seen.in_force = seen.judged.clone();
        warn(file, &config);
        tracing::info!(file = %Shown(file), "the web configuration has changed and is in force: {}", config.protection);
        self.current.store(Arc::new(config));
        Ok(())
    }

    fn seen(&self) -> MutexGuard<'_, Fingerprints> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn warn(file: &Path, config: &WebConfig) {
    for warning in &config.warnings {
        tracing::warn!(file = %Shown(file), "web configuration: {warning}");
    }
}

fn cannot_look(file: &Path, error: &offload::Error) {
    tracing::error!(
        file = %Shown(file),
        "the files of the web configuration can't be looked at, the one before stays in force: {error}. It is tried again every {} s, and this is logged once",
        LOOK_AGAIN.as_secs()
    );
}

fn refuse(file: &Path, why: String) -> ReloadError {
    tracing::error!(
        file = %Shown(file),
        "the web configuration has changed and is not taken over, the one before stays in force. {why}"
    );
    ReloadError::Refused(why)
}

#[cfg(test)]
mod tests;
