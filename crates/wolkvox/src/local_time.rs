//! Local times of the report as instants, with the zone's offset looked up once per local hour: the rows of an answer lie in
//! a few hours, and a zone takes longer to ask than a date takes to read.

use chrono::{DateTime, FixedOffset, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use super::{Zone, window};

/// Local hours that are remembered: more than the longest range has that the vendor answers, 31 days.
const HOURS: usize = 1024;
const SECONDS_OF_AN_HOUR: i64 = 3600;

/// Says which instants a local time can stand for.
pub trait Instants {
    /// The earliest and the latest one: see [`window::to_instants`].
    fn instants_of(&mut self, local: NaiveDateTime) -> (DateTime<Utc>, DateTime<Utc>);
}

impl Instants for Zone {
    fn instants_of(&mut self, local: NaiveDateTime) -> (DateTime<Utc>, DateTime<Utc>) {
        window::to_instants(local, *self)
    }
}

impl Instants for Tz {
    fn instants_of(&mut self, local: NaiveDateTime) -> (DateTime<Utc>, DateTime<Utc>) {
        window::to_instants(local, *self)
    }
}

impl Instants for FixedOffset {
    fn instants_of(&mut self, local: NaiveDateTime) -> (DateTime<Utc>, DateTime<Utc>) {
        window::to_instants(local, *self)
    }
}

impl<I: Instants + ?Sized> Instants for &mut I {
    fn instants_of(&mut self, local: NaiveDateTime) -> (DateTime<Utc>, DateTime<Utc>) {
        (**self).instants_of(local)
    }
}

/// A zone that remembers the offsets of local hours. Each reader of rows has its own, so that none waits for another.
#[derive(Debug, Clone)]
pub struct HourlyZone {
    zone: Zone,
    /// By the hour's number, modulo their length. Empty until the first time is read.
    hours: Vec<Option<Hour>>,
}

#[derive(Debug, Clone, Copy)]
struct Hour {
    /// Counted from 1970 as if local were UTC.
    number: i64,
    /// That of all its seconds. `None` where some of them are repeated, skipped, or have another one.
    offset: Option<TimeDelta>,
}

impl HourlyZone {
    /// Remembers nothing yet.
    pub fn new(zone: impl Into<Zone>) -> HourlyZone {
        HourlyZone {
            zone: zone.into(),
            hours: Vec::new(),
        }
    }

    fn offset(&mut self, number: i64) -> Option<TimeDelta> {
        if self.hours.is_empty() {
            self.hours.resize(HOURS, None);
        }
        let length = i64::try_from(HOURS).ok()?;
        let place = usize::try_from(number.rem_euclid(length)).ok()?;
        if let Some(hour) = self.hours[place].filter(|hour| hour.number == number) {
            return hour.offset;
        }
        let offset = self.look_up(number);
        self.hours[place] = Some(Hour { number, offset });
        offset
    }

    /// An hour has one offset if its first and its last second have the same one and occur once. A change of the clocks in
    /// between, or a repetition of what lies in between, would take two changes within the hour, and no zone has had that.
    fn look_up(&self, number: i64) -> Option<TimeDelta> {
        let first = DateTime::from_timestamp(number.checked_mul(SECONDS_OF_AN_HOUR)?, 0)?.naive_utc();
        let last = first.checked_add_signed(TimeDelta::seconds(SECONDS_OF_AN_HOUR - 1))?;
        let instant = |local| self.zone.from_local_datetime(&local).single();
        let offset_at_first = first - instant(first)?.naive_utc();
        let offset_at_last = last - instant(last)?.naive_utc();
        (offset_at_first == offset_at_last).then_some(offset_at_first)
    }
}

impl Instants for HourlyZone {
    fn instants_of(&mut self, local: NaiveDateTime) -> (DateTime<Utc>, DateTime<Utc>) {
        let number = local.and_utc().timestamp().div_euclid(SECONDS_OF_AN_HOUR);
        let offset = self.offset(number);
        match offset.and_then(|offset| local.checked_sub_signed(offset)) {
            Some(instant) => (instant.and_utc(), instant.and_utc()),
            None => window::to_instants(local, self.zone),
        }
    }
}

#[cfg(test)]
mod tests;
