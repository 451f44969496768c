//! The zone of the report's dates: one of the IANA's, or a fixed offset from UTC.

use std::fmt;
use std::str::FromStr;

use chrono::offset::LocalResult;
use chrono::{FixedOffset, NaiveDate, NaiveDateTime, Offset, TimeZone};
use chrono_tz::{Tz, TzOffset};

/// The release of the IANA's data that zones are read by.
pub const DATA_VERSION: &str = chrono_tz::IANA_TZDB_VERSION;

/// No zone has ever been further from UTC.
const FURTHEST_HOURS: i32 = 15;

/// Where the report's dates are local times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zone {
    /// A place, with the changes of its clocks: `America/Bogota`.
    Named(Tz),
    /// Always the same distance from UTC: `-05:00`.
    Fixed(FixedOffset),
}

/// A text that is no zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not an IANA time zone such as America/Bogota or Europe/Madrid, nor an offset from UTC in hours and minutes such as -05:00"
)]
pub struct ZoneError;

impl FromStr for Zone {
    type Err = ZoneError;

    fn from_str(text: &str) -> Result<Zone, ZoneError> {
        if let Some(offset) = fixed_offset(text) {
            return Ok(Zone::Fixed(offset));
        }
        match text {
            // As it ends a time of RFC 3339.
            "Z" | "z" => Ok(Zone::Named(Tz::UTC)),
            name => Tz::from_str_insensitive(name)
                .map(Zone::Named)
                .map_err(|_| ZoneError),
        }
    }
}

/// `+HH:MM` or `-HH:MM`, as at the end of a time of RFC 3339. Shorter forms are not taken: with a sign that means the
/// opposite in a name (`Etc/GMT+5`), what is meant should be plain.
fn fixed_offset(text: &str) -> Option<FixedOffset> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+')?),
    };
    let (hours, minutes) = rest.split_once(':')?;
    let two_digits = |text: &str| {
        let is_plain = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        is_plain.then(|| text.parse::<i32>().ok())?
    };
    let (hours, minutes) = (two_digits(hours)?, two_digits(minutes)?);
    let is_real = hours <= FURTHEST_HOURS && minutes < 60;
    is_real.then(|| FixedOffset::east_opt(sign * (hours * 3600 + minutes * 60)))?
}

/// The form that [`Zone::from_str`] reads; the state keeps it.
impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Zone::Named(zone) => f.write_str(zone.name()),
            Zone::Fixed(offset) => offset.fmt(f),
        }
    }
}

impl From<Tz> for Zone {
    fn from(zone: Tz) -> Zone {
        Zone::Named(zone)
    }
}

impl From<FixedOffset> for Zone {
    fn from(offset: FixedOffset) -> Zone {
        Zone::Fixed(offset)
    }
}

/// A zone's distance from UTC at some time. It knows its zone, as arithmetic with local times needs it to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZoneOffset {
    /// Of a place.
    Named(TzOffset),
    /// Always the same.
    Fixed(FixedOffset),
}

impl Offset for ZoneOffset {
    fn fix(&self) -> FixedOffset {
        match self {
            ZoneOffset::Named(offset) => offset.fix(),
            ZoneOffset::Fixed(offset) => *offset,
        }
    }
}

impl fmt::Display for ZoneOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ZoneOffset::Named(offset) => offset.fmt(f),
            ZoneOffset::Fixed(offset) => offset.fmt(f),
        }
    }
}

impl TimeZone for Zone {
    type Offset = ZoneOffset;

    fn from_offset(offset: &ZoneOffset) -> Zone {
        match offset {
            ZoneOffset::Named(offset) => Zone::Named(Tz::from_offset(offset)),
            ZoneOffset::Fixed(offset) => Zone::Fixed(*offset),
        }
    }

    fn offset_from_local_date(&self, local: &NaiveDate) -> LocalResult<ZoneOffset> {
        match self {
            Zone::Named(zone) => zone.offset_from_local_date(local).map(ZoneOffset::Named),
            Zone::Fixed(offset) => LocalResult::Single(ZoneOffset::Fixed(*offset)),
        }
    }

    fn offset_from_local_datetime(&self, local: &NaiveDateTime) -> LocalResult<ZoneOffset> {
        match self {
            Zone::Named(zone) => zone.offset_from_local_datetime(local).map(ZoneOffset::Named),
            Zone::Fixed(offset) => LocalResult::Single(ZoneOffset::Fixed(*offset)),
        }
    }

    fn offset_from_utc_date(&self, utc: &NaiveDate) -> ZoneOffset {
        match self {
            Zone::Named(zone) => ZoneOffset::Named(zone.offset_from_utc_date(utc)),
            Zone::Fixed(offset) => ZoneOffset::Fixed(*offset),
        }
    }

    fn offset_from_utc_datetime(&self, utc: &NaiveDateTime) -> ZoneOffset {
        match self {
            Zone::Named(zone) => ZoneOffset::Named(zone.offset_from_utc_datetime(utc)),
            Zone::Fixed(offset) => ZoneOffset::Fixed(*offset),
        }
    }
}

#[cfg(test)]
mod tests;
