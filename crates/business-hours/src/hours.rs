//! The opening hours of a week, and how they are written.

use std::fmt;

use chrono::{Datelike as _, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Weekday};

use super::error::Mistake;
use super::parse;

pub(super) const MINUTES_OF_DAY: u16 = 24 * 60;

/// Where a day stands in [`DAYS`].
pub(super) fn index_of(day: Weekday) -> usize {
    day.num_days_from_monday() as usize
}

/// Monday first.
pub(super) const DAYS: [Weekday; 7] = [
    Weekday::Mon,
    Weekday::Tue,
    Weekday::Wed,
    Weekday::Thu,
    Weekday::Fri,
    Weekday::Sat,
    Weekday::Sun,
];

/// How a day is written.
pub(super) fn short(day: Weekday) -> &'static str {
    match day {
        Weekday::Mon => "Mo",
        Weekday::Tue => "Tu",
        Weekday::Wed => "We",
        Weekday::Thu => "Th",
        Weekday::Fri => "Fr",
        Weekday::Sat => "Sa",
        Weekday::Sun => "Su",
    }
}

/// From one time of day to another, in minutes since the midnight that the day begins with. The end is beyond 24 hours where
/// it lies on the next day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TimeRange {
    pub(super) start: u16,
    pub(super) end: u16,
}

impl fmt::Display for TimeRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = if self.end > MINUTES_OF_DAY {
            self.end - MINUTES_OF_DAY
        } else {
            self.end
        };
        let Self { start, .. } = self;
        write!(
            f,
            "{:02}:{:02}-{:02}:{:02}",
            start / 60,
            start % 60,
            end / 60,
            end % 60
        )
    }
}

/// Dates in a row, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct DateRange {
    pub(super) first: NaiveDate,
    pub(super) last: NaiveDate,
}

impl fmt::Display for DateRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            self.first.fmt(f)
        } else {
            write!(f, "{}..{}", self.first, self.last)
        }
    }
}

/// When it is open: times for each day of the week, but for days off. There is at least one time that is open. An opening
/// belongs to the day on which it begins: a day off takes away what begins on it, and not what goes on from the day before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusinessHours {
    /// Monday first; each in order. They may overlap.
    pub(super) week: [Vec<TimeRange>; 7],
    /// In order, apart from each other.
    pub(super) off: Vec<DateRange>,
}

impl BusinessHours {
    /// Reads a text such as `Mo-Fr 08:00-18:00; Sa 09:00-13:00; off 2026-12-25`.
    ///
    /// # Errors
    /// All that is wrong, at most one mistake a part.
    pub fn parse(text: &str) -> Result<BusinessHours, Vec<Mistake>> {
        parse::hours(text)
    }

    /// The last of the days off that are dates.
    pub fn last_day_off(&self) -> Option<NaiveDate> {
        self.off.last().map(|range| range.last)
    }

    /// The openings that begin on a day, as local times, in the order of their beginnings.
    pub(super) fn on(&self, date: NaiveDate) -> impl Iterator<Item = (NaiveDateTime, NaiveDateTime)> {
        let ranges: &[TimeRange] = if self.is_off(date) {
            &[]
        } else {
            &self.week[index_of(date.weekday())]
        };
        let at = move |minutes: u16| {
            let midnight = date.and_time(NaiveTime::MIN);
            midnight.checked_add_signed(TimeDelta::minutes(minutes.into()))
        };
        ranges
            .iter()
            .filter_map(move |range| Some((at(range.start)?, at(range.end)?)))
    }

    fn is_off(&self, date: NaiveDate) -> bool {
        let after = self.off.partition_point(|range| range.first <= date);
        after > 0 && date <= self.off[after - 1].last
    }
}

/// In a form that [`BusinessHours::parse`] reads: each day once, days of the same times together.
impl fmt::Display for BusinessHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        for (at, times) in self.week.iter().enumerate() {
            let is_new = !times.is_empty() && !self.week[..at].contains(times);
            if is_new {
                parts.push(format!("{} {}", days_with(&self.week, times), list(times)));
            }
        }
        if !self.off.is_empty() {
            parts.push(format!("off {}", list(&self.off)));
        }
        f.write_str(&parts.join("; "))
    }
}

fn list<T: fmt::Display>(items: &[T]) -> String {
    let items: Vec<_> = items.iter().map(T::to_string).collect();
    items.join(",")
}

/// The days that have these times, as `Mo-We,Fr`.
fn days_with(week: &[Vec<TimeRange>; 7], times: &[TimeRange]) -> String {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for day in (0..week.len()).filter(|day| week[*day] == times) {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == day => *last = day,
            _ => runs.push((day, day)),
        }
    }
    let run = |(first, last): &(usize, usize)| {
        let [one, other] = [first, last].map(|day| short(DAYS[*day]));
        if first == last {
            one.to_owned()
        } else {
            format!("{one}-{other}")
        }
    };
    let runs: Vec<_> = runs.iter().map(run).collect();
    runs.join(",")
}

#[cfg(test)]
pub(crate) mod tests;
