//! The wide look for rows that came late.

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::{Failure, Poller, Publish, Summary};
use crate::ledger::{Found, Store};
use wolkvox::Source;

/// A sweep goes on where it failed: were it to begin anew at each beat, one whose answers are slow would never reach its
/// end. That stays where it was at first, for the next sweep looks back from there at what came late meanwhile.
#[derive(Debug, Clone, Copy)]
pub(super) struct SweepUnderWay {
    at: DateTime<Utc>,
    to: DateTime<Utc>,
    begun: Instant,
}

impl SweepUnderWay {
    /// All up to here was read.
    pub(super) fn reach(&mut self, at: DateTime<Utc>) {
        self.at = at;
    }
}

impl<S: Source, D: Store, P: Publish> Poller<S, D, P> {
    /// The sweep, if it is due: up to where this beat's poll began.
    pub(super) async fn sweep(&mut self, to: DateTime<Utc>) -> Option<Result<Summary, Failure>> {
        let interval = self.settings.sweep_interval?;
        let begun = Instant::now();
        if self.sweep_due.is_none_or(|due| due > begun) {
            return None;
        }
        let from = self.sweep_from();
        let sweep = *self
            .sweep_under_way
            .get_or_insert(SweepUnderWay { at: from, to, begun });
        let result = self.stretch(Found::BySweep, sweep.at, sweep.to, None).await;
        if result.as_ref().is_ok_and(|summary| summary.is_whole) {
            self.sweep_under_way = None;
            self.ledger.settle(Found::BySweep);
            self.sweep_due = Some(sweep.begun + interval);
        }
        Some(result)
    }
}
