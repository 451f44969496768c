//! The wire format of a report: what a row holds, and how a body is read. The caller says which
//! report, and which keys of its rows.

mod decode;
mod repair;

pub use decode::{Code, DecodeError, Envelope, decode};

/// A report to ask for, and what to read of its rows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Its name in the query: `api=…`.
    pub name: &'static str,
    /// What to read of a row. All other keys are skipped by the decoder and never become a value.
    pub keys: Vec<Key>,
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

/// What a row holds for a field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Value {
    /// The key is not in the row.
    #[default]
    Absent,
    /// A string, or the text of a number, as sent and untrimmed; `null` is the empty text.
    Text(String),
    /// A boolean, an object, a list, or a string that is not UTF-8.
    Unreadable,
}

/// One entry of `data`: the values of the keys that are read, as the server sends them, by [`Key::index`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Row(Vec<Value>);

impl Row {
    /// An empty row with room for so many values.
    pub(crate) fn with_capacity(values: usize) -> Row {
        Row(Vec::with_capacity(values))
    }

    /// What the row holds for a field.
    pub fn get(&self, field: impl Into<usize>) -> &Value {
        self.0.get(field.into()).unwrap_or(&Value::Absent)
    }

    /// Puts a value in; the last one counts.
    pub fn set(&mut self, field: impl Into<usize>, value: Value) {
        let index = field.into();
        if index >= self.0.len() {
            self.0.resize(index + 1, Value::Absent);
        }
        self.0[index] = value;
    }
}

/// Why an entry of `data` is no row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an entry of `data` is not a JSON object")]
pub struct RowError;
