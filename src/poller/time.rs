//! Two clocks: ours, and the server's as its `Date` headers tell.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use tokio::time::Instant;

use crate::clock::Clock;

/// Our clock, and what is known of the server's.
pub(super) struct Clocks {
    clock: Arc<dyn Clock>,
    zone: Tz,
    /// The newest `Date` header and when it came. Carried on by the monotonic clock, so that a jump of ours does not
    /// move the server's.
    server: Option<(DateTime<Utc>, Instant)>,
}

impl Clocks {
    pub(super) fn new(clock: Arc<dyn Clock>, zone: Tz) -> Clocks {
        Clocks {
            clock,
            zone,
            server: None,
        }
    }

    /// Our clock.
    pub(super) fn ours(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// The server's clock, as far as it is known; else ours.
    pub(super) fn servers(&self) -> DateTime<Utc> {
        self.server
            .and_then(|(date, at)| Some(date + chrono::TimeDelta::from_std(at.elapsed()).ok()?))
            .unwrap_or_else(|| self.ours())
    }

    /// What a stretch begins with.
    pub(super) fn earlier(&self) -> DateTime<Utc> {
        self.ours().min(self.servers())
    }

    /// What a stretch ends with.
    pub(super) fn later(&self) -> DateTime<Utc> {
        self.ours().max(self.servers())
    }

    /// The operation's local date.
    pub(super) fn today(&self) -> NaiveDate {
        self.ours().with_timezone(&self.zone).date_naive()
    }

    /// Notes a `Date` header that came at `at`.
    pub(super) fn note(&mut self, date: DateTime<Utc>, at: Instant) {
        self.server = Some((date, at));
    }
}
