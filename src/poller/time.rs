//! Two clocks: ours, and the server's as its `Date` headers show it.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use tokio::time::Instant;

use super::intake::Begun;
use crate::clock::{Clock, WRITTEN};
use wolkvox::Zone;

/// A `Date` that is further than this from all that is known of the time is not believed: each month between would be
/// asked for. (Our own clock can't be wrong by more: no certificate is valid for so long.)
const ABSURD: TimeDelta = TimeDelta::days(400);

/// A time by our clock, and the moment at which it was so by the monotonic one.
type Anchor = (DateTime<Utc>, Instant);

/// Our clock, and what is known of the server's.
pub(super) struct Clocks {
    clock: Arc<dyn Clock>,
    zone: Zone,
    /// The newest `Date` header and when it came. Carried on by the monotonic clock, so that a jump of ours does not
    /// move the server's.
    server: Option<Anchor>,
    /// When this process began to count, where no earlier one did.
    began: Option<Anchor>,
    has_logged_disbelief: bool,
}

impl Clocks {
    pub(super) fn new(clock: Arc<dyn Clock>, zone: Zone) -> Clocks {
        Clocks {
            clock,
            zone,
            server: None,
            began: None,
            has_logged_disbelief: false,
        }
    }

    /// Counting begins now, `since` by our clock.
    pub(super) fn begin_counting(&mut self, since: DateTime<Utc>) {
        self.began = Some((since, Instant::now()));
    }

    /// Our clock as if it had not been set since counting began. A machine without a battery begins in 1970 and gets the time
    /// when its network is up. How long ago counting began is known all the same.
    pub(super) fn ours_since_start(&self) -> DateTime<Utc> {
        carried_on(self.began).unwrap_or_else(|| self.ours())
    }

    /// Our clock.
    pub(super) fn ours(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// When this process began to count, by our clock as it is now.
    fn began(&self) -> Option<DateTime<Utc>> {
        let (_, at) = self.began?;
        self.ours()
            .checked_sub_signed(TimeDelta::from_std(at.elapsed()).ok()?)
    }

    /// The server's clock, as far as it is known; else ours.
    pub(super) fn servers(&self) -> DateTime<Utc> {
        carried_on(self.server).unwrap_or_else(|| self.ours())
    }

    /// Whether the server's clock is known.
    pub(super) fn knows_server(&self) -> bool {
        self.server.is_some()
    }

    /// Whether a `Date` can be the server's clock. `watermark` is up to where it has answered.
    pub(super) fn believes(&self, date: DateTime<Utc>, watermark: DateTime<Utc>) -> bool {
        let ours = self.ours();
        let is_far = |from: DateTime<Utc>| (date - from).abs() > ABSURD;
        ours < WRITTEN || !is_far(ours) || !is_far(watermark)
    }

    /// What a range begins with.
    pub(super) fn earlier(&self) -> DateTime<Utc> {
        self.ours().min(self.servers())
    }

    /// What a range ends with.
    pub(super) fn later(&self) -> DateTime<Utc> {
        self.ours().max(self.servers())
    }

    /// The operation's local date.
    pub(super) fn today(&self) -> NaiveDate {
        self.day_of(self.ours())
    }

    /// The operation's local date at a time.
    pub(super) fn day_of(&self, at: DateTime<Utc>) -> NaiveDate {
        at.with_timezone(&self.zone).date_naive()
    }

    /// The time from which a range looks back: the cursor, or now if a clock that was ahead has moved the cursor beyond it.
    /// Never before counting began, since nothing before it is counted. So a clock that shows 1970 does not make us ask for
    /// years.
    pub(super) fn start_of_range(
        &self,
        cursor: DateTime<Utc>,
        counting_since: Option<DateTime<Utc>>,
    ) -> DateTime<Utc> {
        let begin = counting_since.or(self.began());
        let begin = begin.filter(|begin| *begin <= self.later());
        let from = cursor.min(self.earlier());
        begin.map_or(from, |begin| from.max(begin))
    }

    /// Notes the `Date` header of an answer. One that is not believed is logged once.
    pub(super) fn note(&mut self, date: DateTime<Utc>, begun: &Begun) {
        if begun.is_believed {
            self.server = Some((date, begun.at));
        } else if !std::mem::replace(&mut self.has_logged_disbelief, true) {
            tracing::warn!(
                date = %date.format("%FT%TZ"),
                "Wolkvox' answer is dated {}, more than a year from this machine's clock: the date is passed over. Set this machine's clock (NTP); if it is right, a proxy or Wolkvox itself is wrong",
                date.format("%FT%TZ")
            );
        }
    }
}

fn carried_on(anchor: Option<Anchor>) -> Option<DateTime<Utc>> {
    let (time, at) = anchor?;
    time.checked_add_signed(TimeDelta::from_std(at.elapsed()).ok()?)
}
