//! What may be shown: only what is committed, and a label set's first beat as 0.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use tokio::time::Instant;

use super::view::{Progress, View};
use super::{Failure, Summary};
use crate::chats::exemplar::Exemplars;
use crate::chats::latest_window::Latest;
use crate::chats::{Ledger, Totals};
use crate::metrics::Settings;
use crate::poller::stats::Stats;

/// How the last poll went, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastPoll {
    /// When it ended, our clock.
    pub at: DateTime<Utc>,
    /// How long it took.
    pub duration: Duration,
    /// Whether it succeeded.
    pub ok: bool,
    /// A sentence.
    pub outcome: String,
}

impl LastPoll {
    pub(super) fn new(at: DateTime<Utc>, duration: Duration, poll: &Result<Summary, Failure>) -> LastPoll {
        let outcome = match poll {
            Ok(summary) => format!(
                "read {} rows: {} new chats counted, {} already known",
                summary.rows, summary.counted, summary.duplicate
            ),
            Err(failure) => failure.to_string(),
        };
        LastPoll {
            at,
            duration,
            ok: poll.is_ok(),
            outcome,
        }
    }
}

/// All that is shown from now on.
#[derive(Debug, Clone, Copy)]
pub struct Publication<'a> {
    /// The families' source.
    pub view: View<'a>,
    /// The latest window and when it must be withdrawn.
    pub latest: Option<(&'a Latest, Instant)>,
    /// How the last poll went.
    pub last_poll: Option<&'a LastPoll>,
}

/// Where publications go.
pub trait Publish: Send {
    /// Shows this from now on.
    fn publish(&self, publication: Publication<'_>);
}

/// What was committed last, and what was shown before the current beat.
#[derive(Debug)]
pub(super) struct Shelf {
    totals: Arc<Totals>,
    progress: Progress,
    shown: Arc<Totals>,
    /// Nothing was committed in this beat yet.
    beat_begins: bool,
}

impl Shelf {
    /// What a restart shows: stored values at once.
    pub(super) fn new(ledger: &Ledger, today: NaiveDate) -> Shelf {
        let totals = Arc::new(ledger.totals.clone());
        Shelf {
            shown: Arc::clone(&totals),
            totals,
            progress: progress(ledger, today),
            beat_begins: false,
        }
    }

    pub(super) fn begin_beat(&mut self) {
        self.beat_begins = true;
    }

    /// Takes what has just been committed.
    pub(super) fn put(&mut self, ledger: &Ledger, today: NaiveDate) {
        let before = std::mem::replace(&mut self.totals, Arc::new(ledger.totals.clone()));
        if std::mem::take(&mut self.beat_begins) {
            self.shown = before;
        }
        self.progress = progress(ledger, today);
    }

    pub(super) fn view<'a>(
        &'a self,
        settings: &'a Settings,
        exemplars: &'a Exemplars,
        stats: &'a Stats,
    ) -> View<'a> {
        View {
            settings,
            totals: &self.totals,
            shown: &self.shown,
            exemplars,
            progress: &self.progress,
            stats,
        }
    }
}

fn progress(ledger: &Ledger, today: NaiveDate) -> Progress {
    Progress {
        counting_since: ledger.counting.since,
        watermark: ledger.cursors.poll,
        last_success: ledger.last_success,
        last_chat_close: ledger.last_chat_close,
        seen_chats: ledger.seen.len(),
        requests_today: ledger.requests_on(today),
    }
}
