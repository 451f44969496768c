//! Tokens that may go on in another chunk, and what comes of them at their end.

use super::{Decoder, EnvelopeKey, Expect, OnRow, Role, Token, no_object};
use crate::report::text::{self, RAW_LIMIT, Raw, STRING_LIMIT};
use crate::report::token::{Found, OpenString, OpenWord};
use crate::report::{DecodeError, Value};

impl Decoder<'_> {
    /// Goes on with the open token. Returns the first byte that was not used.
    pub(super) fn resume(
        &mut self,
        chunk: &[u8],
        at: usize,
        on_row: &mut OnRow<'_>,
    ) -> Result<usize, DecodeError> {
        let rest = &chunk[at..];
        let mut token = self.token;
        let found = match &mut token {
            Token::None => Found::End(0),
            Token::Key(string) | Token::Text(string) => string.resume(rest),
            Token::Number(number) => number.resume(rest),
            Token::Word(word) => word.resume(rest),
        };
        match found {
            Found::Bad(bad) => Err(self.bad(at + bad)),
            Found::Open => {
                self.token = token;
                self.keep(rest);
                Ok(chunk.len())
            }
            Found::End(end) => {
                self.token = Token::None;
                self.end(token, &rest[..end], on_row)?;
                let has_quote = matches!(token, Token::Key(_) | Token::Text(_));
                Ok(at + end + usize::from(has_quote))
            }
        }
    }

    /// Keeps what the token, which began in this chunk, has in it.
    pub(super) fn keep_first(&mut self, bytes: &[u8]) {
        self.raw.clear();
        self.keep(bytes);
    }

    /// Keeps another part of the token, as far as it can matter.
    fn keep(&mut self, bytes: &[u8]) {
        let room = RAW_LIMIT.saturating_sub(self.raw.len());
        self.raw.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// The token ends behind these bytes.
    fn end(&mut self, token: Token, last: &[u8], on_row: &mut OnRow<'_>) -> Result<(), DecodeError> {
        let mut raw = std::mem::take(&mut self.raw);
        let bytes = if raw.is_empty() {
            last
        } else {
            let room = RAW_LIMIT.saturating_sub(raw.len());
            raw.extend_from_slice(&last[..last.len().min(room)]);
            &raw
        };
        let result = match token {
            Token::Key(OpenString { has_escapes, .. }) => {
                self.key_ended(Raw { bytes, has_escapes });
                Ok(())
            }
            Token::Text(OpenString { has_escapes, .. }) => {
                self.text_ended(Raw { bytes, has_escapes }, on_row)
            }
            Token::Number(_) => self.number(bytes, on_row),
            Token::Word(word) => self.word(word, on_row),
            Token::None => Ok(()),
        };
        raw.clear();
        self.raw = raw;
        result
    }

    fn text_ended(&mut self, raw: Raw<'_>, on_row: &mut OnRow<'_>) -> Result<(), DecodeError> {
        self.expect = Expect::CommaOrEnd;
        match self.role {
            Role::Field(key) => self.draft.put_string(self.fields.key(key), raw),
            Role::Envelope(key) => {
                let mut words = String::new();
                let is_readable = text::read(raw, &mut words);
                let value = if is_readable {
                    Value::Text(&words)
                } else {
                    Value::Unreadable
                };
                self.envelope.put(key, value);
            }
            _ => return self.other(on_row),
        }
        Ok(())
    }

    fn number(&mut self, digits: &[u8], on_row: &mut OnRow<'_>) -> Result<(), DecodeError> {
        // A part of a number is another number.
        let digits = Some(digits).filter(|digits| digits.len() <= STRING_LIMIT);
        match digits.and_then(|digits| std::str::from_utf8(digits).ok()) {
            Some(digits) => self.plain(digits, on_row),
            None => self.unreadable_scalar(on_row),
        }
    }

    fn word(&mut self, word: OpenWord, on_row: &mut OnRow<'_>) -> Result<(), DecodeError> {
        if !word.is_null() {
            return self.unreadable_scalar(on_row);
        }
        if self.role == Role::Envelope(EnvelopeKey::Data) {
            self.data.note_null();
        }
        self.plain("", on_row)
    }

    /// A value ends that is this text.
    fn plain(&mut self, text: &str, on_row: &mut OnRow<'_>) -> Result<(), DecodeError> {
        self.expect = Expect::CommaOrEnd;
        match self.role {
            Role::Field(key) => self.draft.put_text(self.fields.key(key), text),
            Role::Envelope(key) => self.envelope.put(key, Value::Text(text)),
            _ => return self.other(on_row),
        }
        Ok(())
    }

    fn unreadable_scalar(&mut self, on_row: &mut OnRow<'_>) -> Result<(), DecodeError> {
        self.expect = Expect::CommaOrEnd;
        self.unreadable(on_row)
    }

    /// A value that is no text.
    pub(super) fn unreadable(&mut self, on_row: &mut OnRow<'_>) -> Result<(), DecodeError> {
        match self.role {
            Role::Field(key) => self.draft.put_unreadable(self.fields.key(key)),
            Role::Envelope(key) => self.envelope.put(key, Value::Unreadable),
            _ => return self.other(on_row),
        }
        Ok(())
    }

    /// A value whose text does not matter.
    fn other(&mut self, on_row: &mut OnRow<'_>) -> Result<(), DecodeError> {
        match self.role {
            Role::Entry => self.reject(on_row),
            Role::Body => Err(no_object()),
            _ => Ok(()),
        }
    }
}
