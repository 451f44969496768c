//! Ids, and when what they stand for began and ended.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The id of what is counted once: any text. Which ids are valid is decided where they are read.
///
/// A text that is a number as it is written (`17`, and neither `017` nor `+17`) is kept as that number: nearly all ids are, and
/// then they take no memory of their own.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(Form);

/// Each text has one form.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Form {
    Number(u64),
    Text(Box<str>),
}

/// An id, or the text of one: what ids are looked up by. Numbers are in order, and before all texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum IdRef<'a> {
    /// The text of this number.
    Number(u64),
    /// A text that is not that of a number.
    Text(&'a str),
}

/// The most digits that a [`u64`] has.
const MOST_DIGITS: usize = 20;

impl<'a> From<&'a str> for IdRef<'a> {
    fn from(text: &'a str) -> IdRef<'a> {
        number(text.as_bytes()).map_or(IdRef::Text(text), IdRef::Number)
    }
}

/// The number whose text this is.
fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > MOST_DIGITS || text.len() > 1 && text[0] == b'0' {
        return None;
    }
    text.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

impl<'a> From<&'a Id> for IdRef<'a> {
    fn from(id: &'a Id) -> IdRef<'a> {
        match &id.0 {
            Form::Number(number) => IdRef::Number(*number),
            Form::Text(text) => IdRef::Text(text),
        }
    }
}

impl From<IdRef<'_>> for Id {
    fn from(id: IdRef<'_>) -> Id {
        Id(match id {
            IdRef::Number(number) => Form::Number(number),
            IdRef::Text(text) => Form::Text(text.into()),
        })
    }
}

impl From<&str> for Id {
    fn from(text: &str) -> Id {
        IdRef::from(text).into()
    }
}

impl fmt::Display for IdRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IdRef::Number(number) => number.fmt(f),
            IdRef::Text(text) => text.fmt(f),
        }
    }
}

/// The text that it was read from.
impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        IdRef::from(self).fmt(f)
    }
}

/// As text: a number of more than 2⁵³ is another one to many programs.
impl Serialize for IdRef<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            IdRef::Number(number) => serializer.serialize_str(itoa::Buffer::new().format(*number)),
            IdRef::Text(text) => serializer.serialize_str(text),
        }
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        IdRef::from(self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Id, D::Error> {
        deserializer.deserialize_str(IdVisitor)
    }
}

struct IdVisitor;

impl Visitor<'_> for IdVisitor {
    type Value = Id;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Id, E> {
        Ok(Id::from(text))
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
