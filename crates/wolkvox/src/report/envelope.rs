//! What is around the rows of an answer.

use super::Value;
use super::nesting::Container;
use crate::RawText;

/// What the envelope says of its answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Envelope {
    /// `code`, which mirrors the HTTP status.
    pub code: Code,
    /// `error`, trimmed; empty if missing or `null`, as a word too.
    pub error: RawText,
    /// `msg`, trimmed; empty if missing.
    pub msg: RawText,
    /// Whether there are rows, or there are none: `data` is a list, or an object that PHP made of a list, or `null` or `{}`
    /// where `msg` says how many records were found. If that is not 0, the answer was cut.
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

/// What has been seen under `data`. The key may come more than once.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Data {
    /// A list of rows, as the vendor sends it, or an object whose keys are numbers: PHP writes a list with gaps so.
    has_rows: bool,
    /// `null`, or an object without keys.
    has_nothing: bool,
    /// An object in which some keys are numbers and others are not: whether its rows are rows can't be known.
    is_mixed: bool,
    /// The object that is being read.
    object: Option<ObjectKeys>,
}

/// Which keys an object has.
#[derive(Debug, Clone, Copy, Default)]
struct ObjectKeys {
    has_numbers: bool,
    has_words: bool,
}

impl Data {
    /// It is `null`.
    pub(super) fn note_null(&mut self) {
        self.has_nothing = true;
    }

    /// It begins.
    pub(super) fn begin(&mut self, container: Container) {
        self.has_rows |= container == Container::List;
        self.object = (container == Container::Object).then(ObjectKeys::default);
    }

    /// It is an object, and has this key. Returns whether that is the number of a row.
    pub(super) fn note_key(&mut self, name: &str) -> bool {
        let is_number = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
        let keys = self.object.get_or_insert_default();
        keys.has_numbers |= is_number;
        keys.has_words |= !is_number;
        is_number
    }

    /// It ends.
    pub(super) fn end(&mut self) {
        let Some(keys) = self.object.take() else { return };
        self.has_rows |= keys.has_numbers;
        self.has_nothing |= !keys.has_numbers && !keys.has_words;
        self.is_mixed |= keys.has_numbers && keys.has_words;
    }

    /// Whether it is rows, or nothing in an answer that says how many it has.
    pub(super) fn is_there(self, announced: Option<u64>) -> bool {
        let is_empty = self.has_nothing && announced.is_some();
        (self.has_rows || is_empty) && !self.is_mixed
    }
}

/// A key of the envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EnvelopeKey {
    Data,
    Code,
    Error,
    Msg,
}

impl EnvelopeKey {
    /// What a key stands for, trimmed and in any case; `None` for all that are not read.
    pub(super) fn of(key: &str) -> Option<EnvelopeKey> {
        let keys = [
            ("data", EnvelopeKey::Data),
            ("code", EnvelopeKey::Code),
            ("error", EnvelopeKey::Error),
            ("msg", EnvelopeKey::Msg),
        ];
        let found = keys
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(key.trim()));
        found.map(|(_, key)| *key)
    }
}

impl Envelope {
    /// Takes the value of a key; the last one counts.
    pub(super) fn put(&mut self, key: EnvelopeKey, value: Value<'_>) {
        match key {
            EnvelopeKey::Data => {}
            EnvelopeKey::Code => self.code = code(value),
            EnvelopeKey::Error => self.error = words(value),
            EnvelopeKey::Msg => self.msg = words(value),
        }
    }
}

fn code(value: Value<'_>) -> Code {
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

fn words(value: Value<'_>) -> RawText {
    match value {
        Value::Text(text) if !text.trim().eq_ignore_ascii_case("null") => RawText::new(text.trim()),
        _ => RawText::default(),
    }
}
