//! When new label sets and families were first shown as 0, and when their values may follow.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::chats::Totals;
use crate::chats::totals::Batch;

/// What is shown as 0, by when it was first shown. Empty most of the time.
#[derive(Debug)]
pub(super) struct FirstShown {
    /// For so long a 0 stands at least: a Prometheus that scrapes this often has seen it then.
    stands_for: Duration,
    /// Batches in their order, each with the end of its time.
    waiting: VecDeque<(Batch, Instant)>,
    /// The newest that was shown.
    newest: Option<Batch>,
}

impl FirstShown {
    /// Nothing was shown yet.
    pub(super) fn new(stands_for: Duration) -> FirstShown {
        FirstShown {
            stands_for,
            waiting: VecDeque::new(),
            newest: None,
        }
    }

    /// These totals have just been shown.
    pub(super) fn note(&mut self, totals: &Totals, now: Instant) {
        let newest = totals.newest_batch();
        if self.newest < Some(newest) {
            self.newest = Some(newest);
            self.waiting.push_back((newest, now + self.stands_for));
        }
        if !totals.has_any_at_0() {
            self.waiting.clear();
        }
    }

    /// The newest batch whose 0 has stood for long enough; all before it have, too.
    pub(super) fn due(&self, now: Instant) -> Option<Batch> {
        let is_due = |(_, at): &&(Batch, Instant)| *at <= now;
        let due = self.waiting.iter().take_while(is_due).last();
        due.map(|(batch, _)| *batch)
    }

    /// The values of these batches are shown from now on.
    pub(super) fn lift(&mut self, up_to: Batch) {
        self.waiting.retain(|(batch, _)| *batch > up_to);
    }

    /// When the next batch is due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.waiting.front().map(|(_, at)| *at)
    }
}

#[cfg(test)]
mod tests;
