//! The wire format of a report: what a row holds, and how a body is read. The caller says which
//! report, and which keys of its rows.

mod decode;
mod envelope;
mod field;
mod nesting;
#[cfg(any(test, fuzzing))]
pub mod reference;
mod row;
mod text;
mod token;
mod unknown;

pub use decode::{DecodeError, Decoder, OnRow, decode};
pub use envelope::{Code, Envelope};
pub use row::{Row, Value};
pub use unknown::UnknownKeys;

/// A report to ask for, and what to read of its rows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Its name in the query: `api=…`.
    pub name: &'static str,
    /// What to read of a row. All other keys are skipped by the decoder and never become a value.
    pub keys: Vec<Key>,
    /// Keys that its rows are known to have besides, trimmed and in lower case. What is in neither list is [`UnknownKeys`].
    pub unread: &'static [&'static str],
}

/// A list to ask for, which has no dates: what is configured in an operation, such as its skills.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// The page of the API that has it: `information.php`.
    pub page: &'static str,
    /// Its name there, and what to read of its rows.
    pub report: Report,
    /// Most bytes of the answer, after decompression.
    pub max_bytes: u64,
    /// An answer of that many rows or more is refused.
    pub max_rows: u64,
}

/// A key of a row that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// As it is compared: trimmed and in lower case.
    pub name: &'static str,
    /// Where its value stands in a [`Row`]. The names of one field share it.
    pub index: usize,
    /// Orders the names of one field: a value under the lower rank wins.
    pub rank: u8,
    /// What is kept of it.
    pub read: Read,
}

/// What is kept of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// Its value.
    Value,
    /// That it is there: its value reads as empty text, whatever was sent. For personal data.
    Presence,
}

/// Why an entry of `data` is no row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an entry of `data` is not a JSON object")]
pub struct RowError;
