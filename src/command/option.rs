//! What the values of options mean, where several commands have them.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use clap::Args;
use wolkvox::{Zone, window};

use super::Failure;
use crate::config::{Config, OperationConfig};

/// Which operation a command is for.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct OperationArgument {
    /// The operation, where several are configured
    #[arg(long = "operation", value_name = "NAME")]
    pub name: Option<String>,
}

impl OperationArgument {
    /// The operation that is meant, as the environment and the operations file describe it. Nothing in them may lie after
    /// `now`.
    ///
    /// # Errors
    /// The settings can't be used, or it is not clear which operation is meant.
    pub fn read(&self, now: DateTime<Utc>) -> Result<OperationConfig, Failure> {
        Ok(Config::from_env(now)?.choose(self.name.as_deref())?)
    }
}

/// A time as given: a day of the operation, whose zone only the configuration knows, or an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeArgument {
    /// A local day.
    Day(NaiveDate),
    /// An instant.
    Instant(DateTime<Utc>),
}

impl TimeArgument {
    /// The instant: of a day, its first. Where the clocks skip midnight, that is when they do.
    pub fn at(self, zone: impl Into<Zone>) -> DateTime<Utc> {
        match self {
            TimeArgument::Day(day) => window::midnight(day, zone),
            TimeArgument::Instant(at) => at,
        }
    }
}

impl std::str::FromStr for TimeArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<TimeArgument, String> {
        if let Ok(day) = text.parse() {
            return Ok(TimeArgument::Day(day));
        }
        DateTime::parse_from_rfc3339(text)
            .map(|at| TimeArgument::Instant(at.to_utc()))
            .map_err(|_| {
                "it must be a day such as 2026-10-01 or a time such as 2026-10-01T08:00:00-05:00".to_owned()
            })
    }
}

/// A length of time with its unit.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .map_err(|_| "it must be a duration with a unit, such as 5m or 0s".to_owned())
}

/// A pause between two calls. One of a day makes one call a day; nobody waits longer on purpose.
pub(super) fn pace(text: &str) -> Result<Duration, String> {
    let pace = duration(text)?;
    if pace > Duration::from_secs(24 * 3600) {
        return Err("it must be a day at the most".to_owned());
    }
    Ok(pace)
}

#[cfg(test)]
mod tests;
