//! Reads the settings again while the exporter runs: the operations file, the token files, the web configuration. What can't
//! be used is refused as a whole, and all goes on as before.

use std::sync::Arc;

use exporter_web::Web;
use leases::Member;
use tokio::sync::mpsc;
use wolkvox::client::Tls;

use super::LONGEST_LEAVE;
use super::fleet::{Changes, Fleet, OfOperation, Prepared};
use super::shard::Shard;
use crate::client::ClientError;
use crate::clock::Clock;
use crate::config::{Config, ConfigError, OperationConfig};
use crate::http::{self, NotHeld, ReloadRequest, Shared};
use crate::operation::state::States;
use crate::service_manager::{News, ServiceManager};
use crate::signal::{self, Request};

/// Reads the settings.
pub type ReadConfig = Arc<dyn Fn(chrono::DateTime<chrono::Utc>) -> Result<Config, ConfigError> + Send + Sync>;

/// Why a reload was refused.
#[derive(Debug, thiserror::Error)]
enum ReloadError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// One sentence each.
    #[error("{}", .0.join("; "))]
    Tokens(Vec<String>),
    #[error(transparent)]
    Client(#[from] OfOperation<ClientError>),
    #[error(transparent)]
    Web(#[from] exporter_web::ReloadError),
    #[error("the files were not read: {0}")]
    Unread(#[from] offload::Error),
}

/// What is needed for a reload.
pub(super) struct Reloader {
    pub(super) read: ReadConfig,
    pub(super) shard: Option<Shard>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) web: Arc<Web>,
    pub(super) shared: Arc<Shared>,
    pub(super) fleet: Fleet,
    /// The roots that clients share.
    pub(super) tls: Tls,
    pub(super) states: States,
    /// Is told when one begins and ends.
    pub(super) service_manager: Arc<ServiceManager>,
}

/// What was read and can be used, and is not in force yet.
struct Read {
    hash: String,
    /// What concerns all operations.
    warnings: Vec<String>,
    changes: Changes,
    prepared: Vec<Prepared>,
    /// All operations that there are then.
    members: Vec<Member>,
}

impl Reloader {
    /// Does what signals and requests ask for, one after another, until it is dropped.
    pub(super) async fn obey(
        &mut self,
        mut signals: signal::Requests,
        mut requests: mpsc::Receiver<ReloadRequest>,
    ) {
        loop {
            tokio::select! {
                signal = signals.next() => match signal {
                    Request::Reload => drop(self.reload("SIGHUP").await),
                    Request::Meaningless(signal) => tracing::info!(
                        signal,
                        "{signal} means nothing here and is passed over: SIGHUP reads files again, SIGTERM ends the exporter"
                    ),
                },
                Some(request) = requests.recv() => {
                    let outcome = self.reload("POST /-/reload").await;
                    // Whoever asked may have left.
                    let _ = request.send(outcome);
                }
            }
        }
    }

    /// Ends all operations. Other replicas may have them at once.
    pub(super) async fn stop(self) {
        self.fleet.stop().await;
        if let States::Shared(replica) = &self.states {
            // A database that hangs must not hold up the end.
            let _ = tokio::time::timeout(LONGEST_LEAVE, replica.leave()).await;
        }
    }

    /// Reads again, and says in the log and to whoever asked what came of it.
    async fn reload(&mut self, asked_by: &'static str) -> Result<String, String> {
        self.service_manager.tell([News::Reloading]);
        let outcome = self.try_reload().await;
        // Also where the settings were refused: it goes on as before.
        self.service_manager.tell([News::Ready]);
        self.shared.note_reload(
            outcome
                .as_ref()
                .ok()
                .map(|(hash, _)| (hash.clone(), self.clock.now())),
        );
        match outcome {
            Ok((_, changes)) => {
                tracing::info!(asked_by, "{asked_by}: the settings were read again: {changes}");
                let still = standing_still(&self.shared);
                Ok(format!("The settings were read again: {changes}.{still}"))
            }
            Err(error) => {
                let error = error.to_string();
                tracing::error!(
                    asked_by,
                    "{asked_by}: the settings were not taken over, all goes on as before: {}",
                    one_line(&error)
                );
                Err(format!(
                    "The settings were not taken over, all goes on as before: {error}"
                ))
            }
        }
    }

    async fn try_reload(&mut self) -> Result<(String, Changes), ReloadError> {
        let Read {
            hash,
            warnings,
            changes,
            prepared,
            members,
        } = self.read().await?;
        self.web.reload().await?;
        for warning in &warnings {
            tracing::warn!("{warning}");
        }
        self.shared.set_warnings(warnings);
        if let States::Shared(replica) = &self.states {
            replica.configure(&members, &hash);
        }
        self.fleet.apply(&changes, prepared).await;
        if let States::Shared(replica) = &self.states {
            // Their pollers have ended.
            replica.give_up(changes.removed.iter().map(String::as_str)).await;
        }
        Ok((hash, changes))
    }

    /// Reads all files; they may lie on a network that hangs.
    async fn read(&self) -> Result<Read, ReloadError> {
        let (read, now, shard) = (Arc::clone(&self.read), self.clock.now(), self.shard);
        let config = offload::run("reload", move || read(now)).await??;
        let hash = config.hash();
        let warnings = config.warnings;
        let wanted = held(config.operations, shard);
        let changes = self.fleet.changes(&wanted);
        let members = super::members(wanted.iter());
        let is_new = |config: &OperationConfig| {
            changes.added.contains(config.name()) || changes.changed.contains(config.name())
        };
        let new: Vec<OperationConfig> = wanted.iter().filter(|config| is_new(config)).cloned().collect();
        let tls = self.tls.clone();
        let prepared = offload::run("reload", move || {
            let problem = |config: &OperationConfig| {
                let problem = config.server.token.problem()?;
                Some(format!("operation {:?}: {problem}", config.name()))
            };
            let problems: Vec<_> = wanted.iter().filter_map(problem).collect();
            if !problems.is_empty() {
                return Err(ReloadError::Tokens(problems));
            }
            let prepared = new.into_iter().map(|config| Prepared::new(config, &tls));
            prepared.collect::<Result<_, _>>().map_err(ReloadError::from)
        });
        let prepared = prepared.await??;
        Ok(Read {
            hash,
            warnings,
            changes,
            prepared,
            members,
        })
    }
}

/// The operations of a shard.
pub(super) fn held(operations: Vec<OperationConfig>, shard: Option<Shard>) -> Vec<OperationConfig> {
    let is_held = |config: &OperationConfig| shard.is_none_or(|shard| shard.holds(&config.group));
    operations.into_iter().filter(is_held).collect()
}

impl std::fmt::Display for Changes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (what, names) in [
            ("added", &self.added),
            ("changed", &self.changed),
            ("removed", &self.removed),
        ] {
            if !names.is_empty() {
                write!(f, "{} {what} ({}), ", names.len(), listed(names.iter()))?;
            }
        }
        write!(f, "{} unchanged", self.unchanged)
    }
}

/// Which operations stand still, as a sentence more for whoever asked; empty where none does.
fn standing_still(shared: &Shared) -> String {
    let operations = shared.operations();
    let is_still = |operation: &Arc<http::Operation>| {
        matches!(operation.status().not_held, Some(NotHeld::StandsStill(_)))
    };
    let still = operations.iter().filter(|operation| is_still(operation));
    let names: Vec<_> = still.map(|operation| operation.name().to_owned()).collect();
    if names.is_empty() {
        return String::new();
    }
    format!(
        " Standing still: {} ({}), see the status page (/) or the log.",
        names.len(),
        listed(names.iter())
    )
}

/// A text of several lines as one, for the log.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Names for people; of many only the first.
fn listed<'a>(names: impl ExactSizeIterator<Item = &'a String>) -> String {
    const MOST: usize = 10;
    let more = names.len().saturating_sub(MOST);
    let mut listed: Vec<_> = names.take(MOST).cloned().collect();
    if more > 0 {
        listed.push(format!("and {more} more"));
    }
    listed.join(", ")
}

#[cfg(test)]
mod tests;
