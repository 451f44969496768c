//! Reads an answer's body while it arrives, in chunks of any size. What it keeps is one row's values, the token that it is in
//! and which containers are open, each of them bounded: no answer decides how much memory it takes.
//!
//! It is one machine, which can stop behind any byte. A row's field that lies whole in a chunk, as nearly all do, goes a short
//! way through it ([`Decoder::plain_fields`]). What is broken in a string is mended where it stands, when its field is read.

mod key;
mod token_end;

use std::ops::ControlFlow;

use super::envelope::{Data, Envelope, EnvelopeKey};
use super::field::Fields;
use super::nesting::{Container, DEEPEST, Nesting};
use super::row::Draft;
use super::token::{OpenNumber, OpenString, OpenWord};
use super::{Key, Report, Row, RowError, UnknownKeys};

/// Why a body is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
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

/// Takes each entry of `data`, in the server's order. What it got counts only if the whole answer is good, for the envelope's
/// verdict may come after the rows.
pub type OnRow<'a> = dyn FnMut(Result<Row<'_>, RowError>) -> ControlFlow<()> + 'a;

/// Decodes one body that is all there, of whose rows these keys are read.
///
/// # Errors
/// See [`DecodeError`].
pub fn decode(body: &[u8], keys: &[Key], on_row: &mut OnRow<'_>) -> Result<Envelope, DecodeError> {
    let mut decoder = Decoder::new(keys);
    decoder.feed(body, on_row)?;
    decoder.finish()
}

/// Decodes one body. After an error it is of no more use.
#[derive(Debug)]
pub struct Decoder<'k> {
    fields: Fields<'k>,
    draft: Draft,
    nesting: Nesting,
    expect: Expect,
    token: Token,
    /// What the value is for that comes next, or is being read.
    role: Role,
    /// Within the container `data`.
    in_data: bool,
    /// Within an object in it.
    in_row: bool,
    data: Data,
    envelope: Envelope,
    /// What is kept of a token that began in an earlier chunk.
    raw: Vec<u8>,
    /// Bytes of the chunks before this one.
    offset: u64,
    /// Where the row's last key began, if that was in this chunk.
    key_start: Option<usize>,
    /// Keys that are not read, and are known.
    unread: &'k [&'k str],
    unknown: UnknownKeys,
}

/// What may come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    /// The body's first character. So many bytes of a byte order mark before it have come, and a blank that JSON does not know.
    Start {
        mark: usize,
        has_odd_blank: bool,
    },
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    Colon,
    CommaOrEnd,
    /// Nothing more.
    Nothing,
}

/// The token that the last chunk ended in.
#[derive(Debug, Clone, Copy)]
enum Token {
    None,
    Key(OpenString),
    Text(OpenString),
    Number(OpenNumber),
    Word(OpenWord),
}

/// What a value is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// The whole body.
    Body,
    /// A key of the envelope.
    Envelope(EnvelopeKey),
    /// An entry of `data`.
    Entry,
    /// The key of that number, in a row.
    Field(usize),
    /// Nothing: it has to be JSON.
    Skipped,
}

/// Depths of the containers that are not skipped.
const ENVELOPE: usize = 1;
const DATA: usize = 2;
const ROW: usize = 3;

const MARK: &[u8] = "\u{feff}".as_bytes();

impl<'k> Decoder<'k> {
    /// For a body of whose rows these keys are read.
    pub fn new(keys: &'k [Key]) -> Decoder<'k> {
        Decoder {
            fields: Fields::new(keys),
            draft: Draft::new(keys),
            nesting: Nesting::default(),
            expect: Expect::Start {
                mark: 0,
                has_odd_blank: false,
            },
            token: Token::None,
            role: Role::Body,
            in_data: false,
            in_row: false,
            data: Data::default(),
            envelope: Envelope::default(),
            raw: Vec::new(),
            offset: 0,
            key_start: None,
            unread: &[],
            unknown: UnknownKeys::default(),
        }
    }

    /// For a body of this report.
    pub fn of(report: &'k Report) -> Decoder<'k> {
        Decoder {
            unread: report.unread,
            ..Decoder::new(&report.keys)
        }
    }

    /// The keys of the rows up to now that are neither read nor known.
    pub fn unknown_keys(&self) -> &UnknownKeys {
        &self.unknown
    }

    /// Takes the bytes that come next.
    ///
    /// # Errors
    /// [`DecodeError::NotJson`], [`DecodeError::Stopped`].
    pub fn feed(&mut self, chunk: &[u8], on_row: &mut OnRow<'_>) -> Result<(), DecodeError> {
        self.key_start = None;
        let mut at = 0;
        while at < chunk.len() {
            at = match self.token {
                Token::None => self.structure(chunk, at, on_row)?,
                _ => self.resume(chunk, at, on_row)?,
            };
        }
        self.offset += chunk.len() as u64;
        Ok(())
    }

    /// Nothing more comes.
    ///
    /// # Errors
    /// [`DecodeError::Empty`], [`DecodeError::Truncated`], [`DecodeError::NotJson`].
    pub fn finish(mut self) -> Result<Envelope, DecodeError> {
        match (self.expect, self.token) {
            (Expect::Start { mark: 0, .. }, _) => Err(DecodeError::Empty),
            (Expect::Start { .. }, _) => Err(not_json(self.offset)),
            (Expect::Nothing, _) => {
                self.envelope.has_data = self.data.is_there(self.envelope.announced());
                Ok(self.envelope)
            }
            (_, Token::Number(number)) if self.role == Role::Body && number.is_whole() => Err(no_object()),
            _ => Err(DecodeError::Truncated),
        }
    }

    fn bad(&self, at: usize) -> DecodeError {
        not_json(self.offset + at as u64)
    }

    /// Goes on where no token is open. Returns the first byte that was not used.
    fn structure(&mut self, chunk: &[u8], at: usize, on_row: &mut OnRow<'_>) -> Result<usize, DecodeError> {
        if let Expect::Start { mark, has_odd_blank } = self.expect {
            return self.start(chunk[at], at, mark, has_odd_blank);
        }
        let byte = chunk[at];
        if matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
            return Ok(at + 1);
        }
        match (self.expect, byte) {
            (Expect::Key | Expect::KeyOrEnd, b'"') => self.key(chunk, at, on_row),
            (Expect::KeyOrEnd, b'}') | (Expect::ValueOrEnd, b']') => {
                self.close(on_row)?;
                Ok(at + 1)
            }
            (Expect::Value | Expect::ValueOrEnd, _) => self.value(chunk, at, on_row),
            (Expect::Colon, b':') => {
                self.expect = Expect::Value;
                Ok(at + 1)
            }
            (Expect::CommaOrEnd, _) => self.behind_value(byte, at, on_row),
            _ => Err(self.bad(at)),
        }
    }

    /// The beginning of the body.
    fn start(&mut self, byte: u8, at: usize, mark: usize, has_odd_blank: bool) -> Result<usize, DecodeError> {
        let is_blank = byte.is_ascii_whitespace();
        if MARK.get(mark) == Some(&byte) {
            // Some PHP servers send a byte order mark, which is no JSON.
            self.expect = Expect::Start {
                mark: (mark + 1) % MARK.len(),
                has_odd_blank,
            };
            return Ok(at + 1);
        }
        match byte {
            _ if mark > 0 => Err(self.bad(at)),
            _ if is_blank => {
                self.expect = Expect::Start {
                    mark,
                    has_odd_blank: has_odd_blank || byte == b'\x0c',
                };
                Ok(at + 1)
            }
            b'<' => Err(DecodeError::NotJson(
                "the body is HTML, or a warning of the server's software".into(),
            )),
            _ if has_odd_blank => Err(self.bad(at)),
            b'[' => Err(no_object()),
            _ => {
                self.expect = Expect::Value;
                Ok(at)
            }
        }
    }

    /// A value begins.
    fn value(&mut self, chunk: &[u8], at: usize, on_row: &mut OnRow<'_>) -> Result<usize, DecodeError> {
        if self.in_row && self.nesting.depth() == ROW {
            let key = match self.role {
                Role::Field(key) => Some(key),
                _ => None,
            };
            let bytes = self.key_start.take().map(|start| &chunk[start..at]);
            self.fields.pass(bytes, key);
        }
        let byte = chunk[at];
        match byte {
            b'{' => self.open(Container::Object, at, on_row)?,
            b'[' => self.open(Container::List, at, on_row)?,
            b'"' => {
                self.token = Token::Text(OpenString::default());
                self.raw.clear();
            }
            b'-' | b'0'..=b'9' => {
                self.token = Token::Number(OpenNumber::default());
                self.raw.clear();
                return Ok(at);
            }
            _ => {
                self.token = Token::Word(OpenWord::of(byte).ok_or_else(|| self.bad(at))?);
                return Ok(at);
            }
        }
        Ok(at + 1)
    }

    fn open(&mut self, container: Container, at: usize, on_row: &mut OnRow<'_>) -> Result<(), DecodeError> {
        match (self.role, container) {
            (Role::Entry, Container::Object) => {
                self.in_row = true;
                self.draft.clear();
                self.fields.restart();
            }
            (Role::Envelope(EnvelopeKey::Data), _) => {
                self.in_data = true;
                self.data.begin(container);
            }
            (Role::Body, Container::Object) | (Role::Skipped, _) => {}
            _ => self.unreadable(on_row)?,
        }
        if !self.nesting.open(container) {
            return Err(DecodeError::NotJson(format!(
                "the body is nested deeper than {DEEPEST} levels (byte {})",
                self.offset + at as u64
            )));
        }
        match container {
            Container::Object => self.expect = Expect::KeyOrEnd,
            Container::List => {
                self.expect = Expect::ValueOrEnd;
                self.role = self.role_in_list();
            }
        }
        Ok(())
    }

    fn role_in_list(&self) -> Role {
        let is_entry = self.in_data && self.nesting.depth() == DATA;
        if is_entry { Role::Entry } else { Role::Skipped }
    }

    fn behind_value(&mut self, byte: u8, at: usize, on_row: &mut OnRow<'_>) -> Result<usize, DecodeError> {
        match (self.nesting.innermost(), byte) {
            (Some(Container::Object), b',') => self.expect = Expect::Key,
            (Some(Container::List), b',') => {
                self.expect = Expect::Value;
                self.role = self.role_in_list();
            }
            (Some(Container::Object), b'}') | (Some(Container::List), b']') => self.close(on_row)?,
            _ => return Err(self.bad(at)),
        }
        Ok(at + 1)
    }

    /// The innermost container ends.
    fn close(&mut self, on_row: &mut OnRow<'_>) -> Result<(), DecodeError> {
        let depth = self.nesting.depth();
        self.nesting.close();
        self.expect = if depth == ENVELOPE {
            Expect::Nothing
        } else {
            Expect::CommaOrEnd
        };
        if self.in_row && depth == ROW {
            self.in_row = false;
            self.envelope.rows += 1;
            return go_on(on_row(Ok(self.draft.row())));
        }
        if self.in_data && depth == DATA {
            self.in_data = false;
            self.data.end();
        }
        Ok(())
    }

    fn reject(&mut self, on_row: &mut OnRow<'_>) -> Result<(), DecodeError> {
        self.envelope.rows += 1;
        go_on(on_row(Err(RowError)))
    }
}

fn go_on(flow: ControlFlow<()>) -> Result<(), DecodeError> {
    match flow {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(DecodeError::Stopped),
    }
}

fn not_json(byte: u64) -> DecodeError {
    DecodeError::NotJson(format!("the body is not JSON (byte {})", byte + 1))
}

fn no_object() -> DecodeError {
    DecodeError::NotJson("the body is JSON, but not an object".into())
}

#[cfg(test)]
mod tests;
