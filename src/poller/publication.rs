//! What may be shown: only what is committed.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use tokio::time::Instant;

use super::books::Staged;
use super::cycle::{CycleFailure, ReadSummary};
use super::view::{LedgerProgress, View};
use crate::chats::exemplar::Exemplars;
use crate::chats::latest_window::Latest;
use crate::chats::skill_names::SkillNames;
use crate::chats::{Ledger, Totals};
use crate::config::OperationConfig;
use crate::poller::stats::{FailureReason, Stats};
use crate::words::count;

/// How the last poll went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastPoll {
    /// The number of its cycle, from 1, since this poller started.
    pub cycle: u64,
    /// When it ended, our clock.
    pub at: DateTime<Utc>,
    /// From its first call to the publication.
    pub duration: Duration,
    /// The new chats that were counted, or why it failed.
    pub result: Result<u64, FailureReason>,
    /// What it did or why it failed: a sentence for people, without anything secret.
    pub outcome: String,
}

impl LastPoll {
    pub(super) fn new(
        cycle: u64,
        at: DateTime<Utc>,
        duration: Duration,
        poll: &Result<ReadSummary, CycleFailure>,
    ) -> LastPoll {
        let outcome = match poll {
            Ok(summary) => read(summary),
            Err(failure) => failure.to_string(),
        };
        let result = poll.as_ref().map(|summary| summary.counted);
        LastPoll {
            cycle,
            at,
            duration,
            result: result.map_err(CycleFailure::reason),
            outcome,
        }
    }
}

/// What a poll read, in words.
fn read(summary: &ReadSummary) -> String {
    let rows = count(summary.rows, "row");
    let chats = count(summary.counted, "new chat");
    let known = summary.duplicate;
    let rejected = match summary.rejected {
        0 => String::new(),
        rejected => format!(", {rejected} rejected"),
    };
    format!("read {rows}: {chats} counted, {known} already known{rejected}")
}

/// All that is shown from now on.
#[derive(Debug, Clone, Copy)]
pub struct Publication<'a> {
    /// The families' source.
    pub view: View<'a>,
    /// The latest window and when it must be withdrawn.
    pub latest: Option<(&'a Arc<Latest>, Instant)>,
    /// How the last poll went.
    pub last_poll: Option<&'a LastPoll>,
}

/// Where publications go.
pub trait Publish: Send {
    /// Shows this from now on.
    fn publish(&self, publication: Publication<'_>);
}

/// What was committed last.
#[derive(Debug)]
pub(super) struct Snapshot {
    totals: Totals,
    progress: LedgerProgress,
    pub(super) exemplars: Exemplars,
    latest: Option<(Arc<Latest>, Instant)>,
}

impl Snapshot {
    /// What a restart shows: stored values at once.
    pub(super) fn new(ledger: &Ledger, today: NaiveDate) -> Snapshot {
        Snapshot {
            totals: ledger.totals.clone(),
            progress: progress(ledger, today),
            exemplars: Exemplars::default(),
            latest: None,
        }
    }

    /// Takes what has just been committed.
    pub(super) fn put(&mut self, ledger: &Ledger, staged: Staged, today: NaiveDate) {
        self.totals = ledger.totals.clone();
        self.progress = progress(ledger, today);
        self.exemplars.add(staged.exemplars);
        if let Some((latest, expires)) = staged.latest {
            self.latest = Some((Arc::new(latest), expires));
        }
    }

    /// The totals that are shown.
    pub(super) fn totals(&self) -> &Totals {
        &self.totals
    }

    pub(super) fn publication<'a>(
        &'a self,
        config: &'a OperationConfig,
        skill_names: &'a Arc<SkillNames>,
        stats: &'a Stats,
        last_poll: Option<&'a LastPoll>,
    ) -> Publication<'a> {
        let latest = self.latest.as_ref().map(|(latest, expires)| (latest, *expires));
        Publication {
            view: View {
                config,
                totals: &self.totals,
                exemplars: &self.exemplars,
                skill_names,
                progress: &self.progress,
                stats,
            },
            latest: latest.filter(|(_, expires)| *expires > Instant::now()),
            last_poll,
        }
    }
}

fn progress(ledger: &Ledger, today: NaiveDate) -> LedgerProgress {
    LedgerProgress {
        counting_since: ledger.counting.since,
        watermark: ledger.cursors.poll,
        last_success: ledger.last_success,
        last_chat_close: ledger.last_chat_close,
        seen_chats: ledger.seen.len(),
        requests_today: ledger.requests_on(today),
    }
}

#[cfg(test)]
mod tests;
