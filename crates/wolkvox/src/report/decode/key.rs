//! Keys, and what the values are for that follow them; and the short way through the fields of a row.

use super::{Container, DATA, Decoder, ENVELOPE, EnvelopeKey, Expect, OnRow, ROW, Role, Token};
use crate::report::DecodeError;
use crate::report::text::{self, Raw};
use crate::report::token::{Found, OpenString};

impl Decoder<'_> {
    /// A key begins.
    pub(super) fn key(
        &mut self,
        chunk: &[u8],
        at: usize,
        on_row: &mut OnRow<'_>,
    ) -> Result<usize, DecodeError> {
        let is_of_row = self.in_row && self.nesting.depth() == ROW;
        if is_of_row {
            let next = self.plain_fields(chunk, at, on_row)?;
            if next > at {
                return Ok(next);
            }
            self.key_start = Some(at);
        }
        let mut string = OpenString::default();
        let rest = &chunk[at + 1..];
        match string.resume(rest) {
            Found::End(end) => {
                let bytes = &rest[..end];
                let has_escapes = string.has_escapes;
                self.key_ended(Raw { bytes, has_escapes });
                Ok(at + end + 2)
            }
            Found::Bad(bad) => Err(self.bad(at + 1 + bad)),
            Found::Open => {
                self.token = Token::Key(string);
                self.keep_first(rest);
                Ok(chunk.len())
            }
        }
    }

    /// Reads fields for as long as they are strings under keys that can be guessed, each of them with what is behind it in this
    /// chunk and without blanks; and the rows behind them.
    fn plain_fields(
        &mut self,
        chunk: &[u8],
        mut at: usize,
        on_row: &mut OnRow<'_>,
    ) -> Result<usize, DecodeError> {
        while let Some((length, key)) = self.fields.guess(&chunk[at..]) {
            let value = at + length;
            let Some((b'"', rest)) = chunk[value..].split_first() else {
                break;
            };
            let mut string = OpenString::default();
            let Found::End(end) = string.resume(rest) else {
                break;
            };
            let Some(behind @ (b',' | b'}')) = rest.get(end + 1) else {
                break;
            };
            if let Some(key) = key {
                let has_escapes = string.has_escapes;
                let bytes = &rest[..end];
                self.draft
                    .put_string(self.fields.key(key), Raw { bytes, has_escapes });
            }
            self.fields.pass_guessed();
            at = value + end + 3;
            if *behind == b',' {
                self.expect = Expect::Key;
                continue;
            }
            self.close(on_row)?;
            let is_list = self.nesting.innermost() == Some(Container::List);
            if !is_list || !chunk[at..].starts_with(b",{") {
                break;
            }
            self.role = Role::Entry;
            self.open(Container::Object, at + 1, on_row)?;
            at += 2;
        }
        Ok(at)
    }

    /// A key that is not read. Those that can be guessed came here once.
    fn note_unread(&mut self, name: &str) {
        let is_known = |known: &&str| known.eq_ignore_ascii_case(name.trim());
        if !self.unread.iter().any(is_known) {
            self.unknown.note(name);
        }
    }

    /// What the value is for whose key this is.
    pub(super) fn key_ended(&mut self, raw: Raw<'_>) {
        self.expect = Expect::Colon;
        let depth = self.nesting.depth();
        let is_read = depth == ENVELOPE || depth == DATA && self.in_data || depth == ROW && self.in_row;
        self.role = Role::Skipped;
        if !is_read {
            return;
        }
        let mut name = String::new();
        text::mend(raw.bytes, &mut name);
        match depth {
            ENVELOPE => self.role = EnvelopeKey::of(&name).map_or(Role::Skipped, Role::Envelope),
            DATA if self.data.note_key(&name) => self.role = Role::Entry,
            DATA => {}
            _ => match self.fields.look_up(&name) {
                Some(key) => self.role = Role::Field(key),
                None => self.note_unread(&name),
            },
        }
    }
}
