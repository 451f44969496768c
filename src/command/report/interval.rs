//! The intervals of local time that a range is cut into: each instant of the range lies in exactly one.

use chrono::{DateTime, FixedOffset, Offset as _, TimeDelta, TimeZone as _, Utc};
use wolkvox::{Zone, window};

/// How long an interval is where the clocks do not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Seconds from one to the next; they divide an hour.
    Seconds(i64),
    /// From one local midnight to the next: 23 or 25 hours where the clocks change.
    Day,
}

/// An interval, as far as it lies in the range. Intervals are in the order of time.
///
/// A change of the clocks ends an interval that is shorter than a day: an hour that comes twice is two, which differ in
/// their offset from UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interval {
    /// Its beginning, which may lie before the range, in local time.
    pub start: DateTime<FixedOffset>,
    /// The first instant of it in the range, UTC.
    pub from: DateTime<Utc>,
    /// The first instant after it, or the end of the range, UTC.
    pub to: DateTime<Utc>,
}

impl Interval {
    /// How much of it lies in the range.
    pub fn length(&self) -> TimeDelta {
        self.to - self.from
    }
}

/// The intervals of a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intervals(Vec<Interval>);

impl Intervals {
    /// Those that `from` to before `to` is made of. None where the range is empty.
    pub fn covering(from: DateTime<Utc>, to: DateTime<Utc>, unit: Unit, zone: Zone) -> Intervals {
        let mut intervals = Vec::new();
        let mut start = unit.start(from, zone);
        while start < to {
            let next = unit.next(start, zone);
            intervals.push(Interval {
                start: local(start, zone),
                from: start.max(from),
                to: next.min(to),
            });
            start = next;
        }
        Intervals(intervals)
    }

    /// The one that an instant of the range lies in.
    pub fn at(&self, instant: DateTime<Utc>) -> Option<Interval> {
        let after = self.0.partition_point(|interval| interval.from <= instant);
        let last = self.0.get(after.checked_sub(1)?)?;
        (instant < last.to).then_some(*last)
    }

    /// All, in the order of time.
    pub fn iter(&self) -> impl Iterator<Item = Interval> + '_ {
        self.0.iter().copied()
    }
}

impl Unit {
    /// The beginning of the interval that `instant` lies in.
    fn start(self, instant: DateTime<Utc>, zone: Zone) -> DateTime<Utc> {
        match self {
            Unit::Seconds(length) => {
                let second = instant.timestamp();
                let start = second - (second + offset(second, zone)).rem_euclid(length);
                // Since the last full hour the clocks may have been changed: then it begins there.
                window::offset_since(utc(start), utc(second), zone)
            }
            Unit::Day => {
                let day = local(instant, zone).date_naive();
                let next = day.succ_opt().map(|next| window::midnight(next, zone));
                // Clocks that go back from a minute past midnight repeat the evening: that minute's day goes on.
                next.filter(|next| *next <= instant)
                    .unwrap_or_else(|| window::midnight(day, zone))
            }
        }
    }

    /// The beginning of the interval after the one that begins with `start`.
    fn next(self, start: DateTime<Utc>, zone: Zone) -> DateTime<Utc> {
        match self {
            Unit::Seconds(length) => {
                let second = start.timestamp();
                let end = second + length - (second + offset(second, zone)).rem_euclid(length);
                let changed = window::offset_since(start, utc(end - 1), zone);
                if changed == start { utc(end) } else { changed }
            }
            Unit::Day => {
                let mut day = local(start, zone).date_naive();
                // A day that a place crossing the date line left out is passed over.
                while let Some(next) = day.succ_opt() {
                    day = next;
                    let midnight = window::midnight(day, zone);
                    if midnight > start {
                        return midnight;
                    }
                }
                DateTime::<Utc>::MAX_UTC
            }
        }
    }
}

fn local(instant: DateTime<Utc>, zone: Zone) -> DateTime<FixedOffset> {
    let offset = zone.offset_from_utc_datetime(&instant.naive_utc()).fix();
    instant.with_timezone(&offset)
}

fn offset(second: i64, zone: Zone) -> i64 {
    i64::from(local(utc(second), zone).offset().local_minus_utc())
}

fn utc(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(second, 0).unwrap_or_default()
}

#[cfg(test)]
mod tests;
