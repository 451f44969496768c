//! Reads an answer's body while it arrives, with one row in memory at a time.

mod row;

use std::ops::ControlFlow;
use std::{fmt, io};

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;

use super::repair::Repair;
use super::{Key, Row, RowError, Value};
use crate::RawText;
use row::{KeySeed, RowSeed, ValueSeed, same_for, skip_map};

/// What the envelope says of its answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Envelope {
    /// `code`, which mirrors the HTTP status.
    pub code: Code,
    /// `error`, trimmed; empty if missing or `null`, as a word too.
    pub error: RawText,
    /// `msg`, trimmed; empty if missing.
    pub msg: RawText,
    /// Whether there is a `data`, and it is a list.
    pub has_data: bool,
    /// Entries of `data`, rejected ones included.
    pub rows: u64,
}

/// The envelope's `code`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Code {
    /// Missing, `null`, blank or 0: says nothing.
    #[default]
    None,
    /// A number, or a string that is one.
    Number(u16),
    /// Anything else.
    Unreadable,
}

impl Envelope {
    /// N of `N records were found`.
    pub fn announced(&self) -> Option<u64> {
        self.msg.announced_records()
    }

    /// What the server has to say: `msg`, or `error` where that is all there is.
    pub fn text(&self) -> &RawText {
        if self.msg.is_empty() {
            &self.error
        } else {
            &self.msg
        }
    }
}

/// Why a body is no answer.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Reading failed.
    #[error("reading the answer failed: {0}")]
    Read(io::Error),
    /// There is nothing but blanks.
    #[error("the body is empty")]
    Empty,
    /// The JSON ends in its middle.
    #[error("the JSON ends in its middle")]
    Truncated,
    /// Not JSON, or not an envelope. The text holds nothing of the body.
    #[error("{0}")]
    NotJson(String),
    /// `on_row` asked to stop.
    #[error("stopped")]
    Stopped,
}

/// Decodes one body, of whose rows these keys are read. `on_row` gets each entry of `data`, in the server's order; what it
/// got counts only if the result is good, for the envelope's verdict may come after the rows.
///
/// # Errors
/// See [`DecodeError`].
pub fn decode(
    reader: impl io::Read,
    keys: &[Key],
    on_row: &mut dyn FnMut(Result<Row, RowError>) -> ControlFlow<()>,
) -> Result<Envelope, DecodeError> {
    let mut repair = Repair::new(reader);
    let mut reading = Decoding {
        keys,
        on_row,
        envelope: Envelope::default(),
        stopped: false,
    };
    let mut json = serde_json::Deserializer::from_reader(&mut repair);
    let result = json
        .deserialize_map(EnvelopeVisitor(&mut reading))
        .and_then(|()| json.end());
    match result {
        Ok(()) => Ok(reading.envelope),
        Err(_) if reading.stopped => Err(DecodeError::Stopped),
        Err(error) => Err(judge(error, &repair)),
    }
}

fn judge<R: io::Read>(error: serde_json::Error, body: &Repair<R>) -> DecodeError {
    match error.classify() {
        Category::Io => DecodeError::Read(error.into()),
        _ if body.first().is_none() => DecodeError::Empty,
        Category::Eof => DecodeError::Truncated,
        // A number cut behind its sign or its point is a matter of syntax to serde_json.
        Category::Syntax if body.has_ended() => DecodeError::Truncated,
        Category::Syntax if body.first() == Some(b'<') => {
            DecodeError::NotJson("the body is HTML, or a warning of the server's software".into())
        }
        Category::Syntax => DecodeError::NotJson(format!(
            "the body is not JSON (line {}, column {})",
            error.line(),
            error.column()
        )),
        // Not the parser's own text: it quotes what it found.
        Category::Data => DecodeError::NotJson("the body is JSON, but not an object".into()),
    }
}

struct Decoding<'a> {
    keys: &'a [Key],
    on_row: &'a mut dyn FnMut(Result<Row, RowError>) -> ControlFlow<()>,
    envelope: Envelope,
    stopped: bool,
}

struct EnvelopeVisitor<'r, 'a>(&'r mut Decoding<'a>);

impl<'de> Visitor<'de> for EnvelopeVisitor<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an envelope")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key_seed(KeySeed(envelope_key))? {
            match key {
                EnvelopeKey::Data => map.next_value_seed(DataSeed(self.0))?,
                EnvelopeKey::Code => self.0.envelope.code = code(&map.next_value_seed(ValueSeed)?),
                EnvelopeKey::Error => self.0.envelope.error = text(map.next_value_seed(ValueSeed)?),
                EnvelopeKey::Msg => self.0.envelope.msg = text(map.next_value_seed(ValueSeed)?),
                EnvelopeKey::Other => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

enum EnvelopeKey {
    Data,
    Code,
    Error,
    Msg,
    Other,
}

fn envelope_key(key: &str) -> EnvelopeKey {
    match key {
        "data" => EnvelopeKey::Data,
        "code" => EnvelopeKey::Code,
        "error" => EnvelopeKey::Error,
        "msg" => EnvelopeKey::Msg,
        _ => EnvelopeKey::Other,
    }
}

fn code(value: &Value) -> Code {
    let Value::Text(text) = value else {
        return Code::Unreadable;
    };
    match text.trim() {
        "" | "-" => Code::None,
        word if word.eq_ignore_ascii_case("null") => Code::None,
        number if number.bytes().all(|byte| byte.is_ascii_digit()) => match number.parse() {
            Ok(0) => Code::None,
            Ok(number) => Code::Number(number),
            Err(_) => Code::Unreadable,
        },
        _ => Code::Unreadable,
    }
}

fn text(value: Value) -> RawText {
    match value {
        Value::Text(text) if !text.trim().eq_ignore_ascii_case("null") => RawText::new(text.trim()),
        _ => RawText::default(),
    }
}

/// The entries of `data`.
struct DataSeed<'r, 'a>(&'r mut Decoding<'a>);

impl<'de> DeserializeSeed<'de> for DataSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for DataSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<(), A::Error> {
        let reading = self.0;
        reading.envelope.has_data = true;
        while let Some(row) = rows.next_element_seed(RowSeed(reading.keys))? {
            reading.envelope.rows += 1;
            if (reading.on_row)(row).is_break() {
                reading.stopped = true;
                return Err(A::Error::custom("stopped"));
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        skip_map(map)
    }

    same_for!((), (), visit_str: &str, visit_bool: bool, visit_u64: u64, visit_i64: i64, visit_f64: f64);
}

#[cfg(test)]
mod tests;
