//! What is counted, and what of it may be shown: the ledger, its store, what is staged since the last commit, and what
//! the last commit published.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use tokio::time::Instant;

use super::disbelief::{Disbelief, NotBelieved, TRUSTED_FOR};
use super::first_shown::FirstShown;
use super::publication::Snapshot;
use crate::chats::exemplar::Exemplars;
use crate::chats::latest_window::Latest;
use crate::chats::{AnswerCounts, Ledger, Tallied};
use crate::ledger::{Store, StoreError};
use wolkvox::history::Purpose;
use wolkvox::{Error, Window};

/// What is not committed yet, beside the ledger itself.
#[derive(Debug, Default)]
pub(super) struct Staged {
    /// Answers were applied to the ledger.
    has_answers: bool,
    pub(super) exemplars: Exemplars,
    /// The latest window, and when it must be withdrawn.
    pub(super) latest: Option<(Latest, Instant)>,
}

/// The ledger and its store.
pub(super) struct Books<D> {
    pub(super) ledger: Ledger,
    store: D,
    staged: Staged,
    pub(super) snapshot: Snapshot,
    first_shown: FirstShown,
    disbelief: Disbelief,
}

impl<D: Store> Books<D> {
    /// Opens a ledger; its stored values are shown at once. What is new is shown as 0 for `zero_for`.
    pub(super) fn open(ledger: Ledger, store: D, today: NaiveDate, zero_for: Duration) -> Books<D> {
        Books {
            snapshot: Snapshot::new(&ledger, today),
            first_shown: FirstShown::new(zero_for),
            ledger,
            store,
            staged: Staged::default(),
            disbelief: Disbelief::default(),
        }
    }

    /// Applies a whole answer to the ledger.
    pub(super) fn stage(&mut self, tallied: Tallied) -> AnswerCounts {
        self.staged.exemplars.add(tallied.exemplars);
        self.ledger.apply(tallied.absorbed);
        self.staged.has_answers = true;
        tallied.counts
    }

    /// What is the latest window as soon as its chats are committed.
    pub(super) fn stage_latest(&mut self, latest: Latest, expires: Instant) {
        self.staged.latest = Some((latest, expires));
    }

    pub(super) fn has_staged_answers(&self) -> bool {
        self.staged.has_answers
    }

    /// Makes the ledger outlive a crash, and takes it as what is published from now on: with the values of what was 0 for
    /// long enough. Returns the bytes of the state.
    pub(super) async fn commit(&mut self, today: NaiveDate) -> Result<u64, StoreError> {
        let due = self.first_shown.due(Instant::now());
        if let Some(batch) = due {
            self.ledger.totals.lift(batch);
        }
        let bytes = self.store.commit(&self.ledger).await?;
        if let Some(batch) = due {
            self.first_shown.lift(batch);
        }
        self.ledger.totals.end_batch();
        let staged = std::mem::take(&mut self.staged);
        self.snapshot.put(&self.ledger, staged, today);
        Ok(bytes)
    }

    /// What the last commit made ready was shown.
    pub(super) fn note_shown(&mut self) {
        self.first_shown.note(self.snapshot.totals(), Instant::now());
    }

    /// When something has been 0 for long enough.
    pub(super) fn next_lift(&self) -> Option<Instant> {
        self.first_shown.next()
    }

    /// The cycle is over. What it could not commit of a latest window is never shown.
    pub(super) fn end_cycle(&mut self) {
        self.staged.latest = None;
    }

    /// Drops the label sets that had no chat since then.
    pub(super) fn retire(&mut self, before: DateTime<Utc>) {
        self.ledger.totals.retire(before);
        self.snapshot.exemplars.retain(&self.ledger.totals);
    }

    /// Whether the report has shown rows in a chunk before, so that an answer without any can't be true.
    pub(super) fn knows_rows_in(&self, chunk: &Window, now: DateTime<Utc>) -> bool {
        let range = chunk.date_ini..chunk.date_end;
        self.ledger.seen.has_rows_in(&range, now - TRUSTED_FOR)
    }

    /// The failure of a range of which these chunks are not believed; `None` if there are none.
    pub(super) fn disbelieve(&mut self, purpose: Purpose, range: &NotBelieved) -> Option<Error> {
        self.disbelief.failure(purpose, range, &mut self.ledger.seen)
    }
}
