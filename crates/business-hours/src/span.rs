//! Openings as instants: what of a local time becomes of it where clocks are changed.

use chrono::offset::LocalResult;
use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc};

use super::BusinessHours;

/// More minutes than were ever skipped at once: a whole day at the date line.
const LONGEST_GAP: u32 = 26 * 60;
/// So many days around now are looked at first.
const NEAR: u64 = 3;
/// A week has an opening and, if it does not go on for ever, its end; another one, because a change of clocks may hide what
/// is short; and a day for what goes on from the day before.
const ENOUGH: u64 = 16;

/// Whether it is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is.
    Open,
    /// It is not.
    Closed,
}

/// A time without a change: what is open before, in between and after another as one opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Whether it is open.
    pub state: State,
    /// When that began; `None` where it has no beginning, as around the clock.
    pub from: Option<DateTime<Utc>>,
    /// When it ends: the first instant after it. `None` where it has no end.
    pub to: Option<DateTime<Utc>>,
}

impl Span {
    /// Whether an instant lies in it.
    pub fn holds(&self, instant: DateTime<Utc>) -> bool {
        self.from.is_none_or(|from| from <= instant) && self.to.is_none_or(|to| instant < to)
    }
}

/// An opening: its first instant, and the first one after it.
type Opening = (DateTime<Utc>, DateTime<Utc>);

impl BusinessHours {
    /// The span that an instant lies in, by the local times of `zone`.
    ///
    /// A local time that comes twice is the first one, for beginnings and for ends. One that is skipped is the instant at which
    /// clocks are put forward: what would begin in the missing hour begins with the hour after it, and what would lie in it
    /// altogether does not take place.
    pub fn at<Z: TimeZone>(&self, now: DateTime<Utc>, zone: &Z) -> Span {
        let today = now.with_timezone(zone).date_naive();
        let mut days = Around::new(self, today);
        loop {
            let openings = self.openings(days.first, days.last, zone);
            let begun = openings.partition_point(|(from, _)| *from <= now);
            let current = begun.checked_sub(1).map(|at| openings[at]);
            // What begins on an earlier day ends with the day after it at the latest.
            let whole_from = midnight(days.first, 1, zone);
            let is_whole = |at: DateTime<Utc>| whole_from.is_some_and(|from| from < at);
            // What begins on a later day begins with it at the earliest.
            let whole_to = midnight(days.last, 1, zone);
            let (state, from, to) = match current {
                Some((from, to)) if now < to => {
                    let ends = whole_to.is_some_and(|midnight| to < midnight);
                    (State::Open, Some(from), ends.then_some(to))
                }
                before => {
                    let next = openings.get(begun).map(|(from, _)| *from);
                    (State::Closed, before.map(|(_, to)| to), next)
                }
            };
            let span = Span {
                state,
                from: from.filter(|from| is_whole(*from)),
                to,
            };
            let is_wider = days.widen(span.from.is_none(), span.to.is_none());
            if !is_wider {
                return span;
            }
        }
    }

    /// The openings that begin on these days, in order and apart from each other.
    fn openings<Z: TimeZone>(&self, first: NaiveDate, last: NaiveDate, zone: &Z) -> Vec<Opening> {
        let mut openings: Vec<Opening> = Vec::new();
        for date in first.iter_days().take_while(|date| *date <= last) {
            for (from, to) in self.on(date) {
                let (Some(from), Some(to)) = (instant(from, zone), instant(to, zone)) else {
                    continue;
                };
                match openings.last_mut() {
                    _ if from == to => {}
                    Some((_, end)) if from <= *end => *end = to.max(*end),
                    _ => openings.push((from, to)),
                }
            }
        }
        openings
    }
}

/// The days that are looked at, and how far it makes sense to look.
struct Around {
    first: NaiveDate,
    last: NaiveDate,
    earliest: NaiveDate,
    latest: NaiveDate,
}

impl Around {
    fn new(hours: &BusinessHours, today: NaiveDate) -> Self {
        let earliest_off = hours.off.first().map_or(today, |range| range.first);
        let latest_off = hours.off.last().map_or(today, |range| range.last);
        Self {
            first: before(today, NEAR),
            last: after(today, NEAR),
            earliest: before(today.min(earliest_off), ENOUGH),
            latest: after(today.max(latest_off), ENOUGH),
        }
    }

    /// Looks at twice as many days before, or after. `false` where that is no more.
    fn widen(&mut self, is_before_wanted: bool, is_after_wanted: bool) -> bool {
        let days = u64::try_from((self.last - self.first).num_days()).unwrap_or(ENOUGH);
        let (first, last) = (self.first, self.last);
        if is_before_wanted {
            self.first = before(first, days).max(self.earliest);
        }
        if is_after_wanted {
            self.last = after(last, days).min(self.latest);
        }
        (self.first, self.last) != (first, last)
    }
}

/// So many days earlier, or the first day of the calendar.
fn before(date: NaiveDate, days: u64) -> NaiveDate {
    date.checked_sub_days(Days::new(days)).unwrap_or(NaiveDate::MIN)
}

fn after(date: NaiveDate, days: u64) -> NaiveDate {
    date.checked_add_days(Days::new(days)).unwrap_or(NaiveDate::MAX)
}

/// When a day so much later begins.
fn midnight<Z: TimeZone>(date: NaiveDate, days: u64, zone: &Z) -> Option<DateTime<Utc>> {
    let date = date.checked_add_days(Days::new(days))?;
    instant(date.and_time(NaiveTime::MIN), zone)
}

/// The first instant at which clocks show a local time, or a later one where they skip it. So a later local time never is
/// an earlier instant.
fn instant<Z: TimeZone>(local: NaiveDateTime, zone: &Z) -> Option<DateTime<Utc>> {
    let mut local = local;
    for _ in 0..LONGEST_GAP {
        match zone.from_local_datetime(&local) {
            LocalResult::Single(time) => return Some(time.to_utc()),
            LocalResult::Ambiguous(one, other) => return Some(one.to_utc().min(other.to_utc())),
            LocalResult::None => local = local.checked_add_signed(TimeDelta::minutes(1))?,
        }
    }
    None
}

#[cfg(test)]
mod tests;
