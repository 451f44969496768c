//! The gauges of the present day.

use super::*;
use crate::chats::families::TodayRows;
use crate::chats::today::Today;
use crate::chats::{Ledger, Tally};
use crate::clock::{Clock, SystemClock};
use crate::ledger::{FoundBy, Moment};
use crate::metrics::TimedRows as _;

/// The gauges of a day on which a chat closed.
pub(super) fn families() -> Vec<Family> {
    let mut ledger = Ledger::first_start(now(), None);
    ledger.totals.begin_days(UTC.into(), None);
    ledger.totals.note_read(now(), now());
    let mut tally = Tally::begin(&ledger, &COUNTING, FoundBy::Poll, now().naive_utc()).by_days_of(UTC.into());
    tally.answered(now(), now(), now().naive_utc());
    tally.absorb(&Chat {
        closed: Some(Moment {
            earliest: now(),
            latest: now(),
        }),
        ..chat("7", "2001")
    });
    let absorbed = tally.finish().absorbed;
    ledger.apply(absorbed);
    let expires = tokio::time::Instant::now() + Duration::from_secs(60);
    let today = Today::new(&ledger.totals, UTC.into(), expires);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    values(&TodayRows::new("ventas", today, &clock).at(now()).0)
}
