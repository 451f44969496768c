//! When a sweep is due, and where one that has not reached its end goes on.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

use super::disbelief::NotBelieved;
use wolkvox::history::OpenRange;

/// A sweep is made this often, however few calls there are left in a day.
const LONGEST_WITHOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// A sweep goes on where it was left. If it began anew in each cycle, one with slow answers, or with a second that can't be
/// read, would never reach its end. The end stays where it was at first: the next sweep looks back from there, and finds what
/// came late meanwhile.
#[derive(Debug)]
struct UnderWay {
    /// Where it began.
    from: DateTime<Utc>,
    /// Up to here it was read without a gap.
    at: DateTime<Utc>,
    to: DateTime<Utc>,
    begun: Instant,
    /// `None` where it begins anew from `at`.
    left: Option<Left>,
}

/// A sweep that failed or gave way before its end, with what it has learned.
#[derive(Debug)]
pub(super) struct Left {
    pub(super) range: OpenRange,
    pub(super) not_believed: NotBelieved,
}

/// A sweep that is due.
#[derive(Debug)]
pub(super) struct Due {
    pub(super) from: DateTime<Utc>,
    pub(super) to: DateTime<Utc>,
    /// Goes on with this, if it was left.
    pub(super) left: Option<Left>,
}

/// The sweeps of an operation. They find rows that come late.
#[derive(Debug)]
pub(super) struct Sweeps {
    /// `None` where sweeps are off.
    interval: Option<Duration>,
    due: Instant,
    /// When one was last begun although few calls were left.
    spared: Option<Instant>,
    under_way: Option<UnderWay>,
}

impl Sweeps {
    /// The first is due at once.
    pub(super) fn every(interval: Option<Duration>) -> Sweeps {
        Sweeps {
            interval,
            due: Instant::now(),
            spared: None,
            under_way: None,
        }
    }

    /// The range to read now, if one is due: from `from` to `to`, or what is left of the one that is under way.
    pub(super) fn begin(&mut self, from: DateTime<Utc>, to: DateTime<Utc>) -> Option<Due> {
        let begun = Instant::now();
        if self.interval.is_none() || self.due > begun {
            return None;
        }
        let under_way = self.under_way.get_or_insert(UnderWay {
            from,
            at: from,
            to,
            begun,
            left: None,
        });
        Some(Due {
            from: under_way.at,
            to: under_way.to,
            left: under_way.left.take(),
        })
    }

    /// Whether a sweep is made although the calls that are left today would not last for it. One is, where the last good one
    /// lies `age` back and that is more than a day: rows that came late would never be found, and ids never be forgotten. What
    /// fails is not tried again within the interval.
    pub(super) fn spares_call(&mut self, age: TimeDelta) -> bool {
        let Some(interval) = self.interval else {
            return false;
        };
        let is_old = age.to_std().is_ok_and(|age| age > interval.max(LONGEST_WITHOUT));
        let is_early = self.spared.is_some_and(|at| at.elapsed() < interval);
        if is_old && !is_early {
            self.spared = Some(Instant::now());
        }
        is_old && !is_early
    }

    /// All up to here was read.
    pub(super) fn reach(&mut self, at: DateTime<Utc>) {
        if let Some(under_way) = &mut self.under_way {
            under_way.at = at;
        }
    }

    /// It failed or gave way before its end.
    pub(super) fn leave(&mut self, left: Left) {
        if let Some(under_way) = &mut self.under_way {
            under_way.left = Some(left);
        }
    }

    /// It reached its end. Returns from where to where it went.
    pub(super) fn end(&mut self) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let under_way = self.under_way.take()?;
        if let Some(interval) = self.interval {
            self.due = under_way.begun + interval;
        }
        Some((under_way.from, under_way.to))
    }

    /// The next one begins anew.
    pub(super) fn abandon(&mut self) {
        self.under_way = None;
    }
}
