//! How far back to ask, and what can be forgotten because nothing asks for it again.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Poller, Publish};
use crate::ledger::Store;
use wolkvox::{Source, window};

impl<S: Source, D: Store, P: Publish> Poller<S, D, P> {
    /// Where a poll that begins now would ask from.
    pub(super) fn poll_from(&self) -> DateTime<Utc> {
        self.from(self.ledger.cursors.poll, self.settings.window)
    }

    /// Where a sweep that begins now would ask from.
    pub(super) fn sweep_from(&self) -> DateTime<Utc> {
        self.from(self.ledger.cursors.sweep, self.settings.sweep_lookback)
    }

    /// A look back from a cursor, or from now where a clock that was ahead has moved the cursor beyond it. What closed
    /// before counting began is never counted, so that no clock (as that of a machine that starts in 1970) has years
    /// before it asked for.
    fn from(&self, cursor: DateTime<Utc>, look_back: TimeDelta) -> DateTime<Utc> {
        let begin = self.ledger.counting.known_since().or(self.clocks.began());
        let begin = begin.filter(|begin| *begin <= self.clocks.later());
        let from = cursor.min(self.clocks.earlier());
        begin.map_or(from, |begin| from.max(begin)) - look_back
    }

    /// Forgets the ids that no later request can return.
    pub(super) fn forget(&mut self) {
        let poll_from = self.poll_from();
        let next_start = match self.settings.sweep_interval {
            Some(_) => poll_from.min(self.sweep_from()),
            None => poll_from,
        };
        self.cutter.forget_before(next_start);
        // Long enough to hold the other side of a repeated hour.
        let probe = window::pieces(
            next_start,
            next_start + TimeDelta::hours(4),
            self.settings.zone,
            None,
            window::LONGEST,
        );
        if let Some(date_ini) = probe.iter().map(|window| window.date_ini).min() {
            self.ledger.forget_before(date_ini);
        }
    }
}
