//! Ids, and when what they stand for began and ended.

use std::borrow::Borrow;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// The id of what is counted once. Which ids are valid is decided where they are read.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Id(Box<str>);

impl Id {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Id {
    fn from(text: &str) -> Id {
        Id(text.into())
    }
}

impl Borrow<str> for Id {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// A local time of the report as instants. They differ only in the repeated hour of daylight saving.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// The first instant with this local time, UTC: what times are measured from.
    pub earliest: DateTime<Utc>,
    /// The last instant with this local time, UTC: what is compared with the start of counting, so that a chat
    /// that may be from before or after it is counted.
    pub latest: DateTime<Utc>,
}

impl Moment {
    /// The moment so much later; `None` beyond what a clock can show.
    pub fn after(self, milliseconds: u64) -> Option<Moment> {
        let delta = TimeDelta::try_milliseconds(i64::try_from(milliseconds).ok()?)?;
        Some(Moment {
            earliest: self.earliest.checked_add_signed(delta)?,
            latest: self.latest.checked_add_signed(delta)?,
        })
    }
}
