//! The same decoding in another way, for tests and fuzzing: the whole body is mended first, `serde_json` parses it, and all of
//! it is in memory. [`Decoder`](super::Decoder) has to come to the same rows and the same verdict, however the body is cut into
//! chunks.

mod repair;

use std::collections::BTreeMap;
use std::io::Read as _;
use std::ops::ControlFlow;
use std::{fmt, mem};

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::envelope::{Data, EnvelopeKey};
use super::nesting::Container;
use super::text::STRING_LIMIT;
use super::{DecodeError, Decoder, Envelope, Key, Read, Row, RowError, Value};
use repair::Repair;

/// U+FEFF, which some servers put before the body.
const MARK: &[u8] = "\u{feff}".as_bytes();

/// The rows of an answer, and its verdict.
pub type Decoded = Result<(Vec<Result<Row<'static>, RowError>>, Envelope), DecodeError>;

/// Decodes a whole body.
///
/// # Errors
/// As [`decode`](super::decode) has them; the texts differ.
pub fn decode(body: &[u8], keys: &[Key]) -> Decoded {
    let mut mended = String::new();
    let mut repair = Repair::new(body);
    // Reading from memory does not fail, and what is mended is UTF-8.
    let _ = repair.read_to_string(&mut mended);
    if mended.trim_ascii().is_empty() {
        return Err(DecodeError::Empty);
    }
    let object: Object = parse(&mended).map_err(|error| {
        if error.is_eof() || is_cut_number(&mended) {
            DecodeError::Truncated
        } else {
            DecodeError::NotJson(error.to_string())
        }
    })?;
    let mut envelope = Envelope::default();
    let mut data = Data::default();
    let mut rows = Vec::new();
    for (name, value) in &object.0 {
        match EnvelopeKey::of(name) {
            Some(EnvelopeKey::Data) => read_data(value, keys, &mut data, &mut rows),
            Some(key) => envelope.put(key, self::value(text(value).as_ref())),
            None => {}
        }
    }
    envelope.has_data = data.is_there(envelope.announced());
    envelope.rows = rows.len() as u64;
    Ok((rows, envelope))
}

/// Panics where the decoder comes to something else when it is fed chunks of these sizes, over and over.
///
/// # Panics
/// On disagreement: that is what it is for.
pub fn assert_agreed(body: &[u8], keys: &[Key], sizes: &[usize]) {
    let expected = decode(body, keys);
    let shown = String::from_utf8_lossy(body);
    match (expected, decode_in_chunks(body, keys, sizes)) {
        (Ok(expected), Ok(decoded)) => assert_eq!(decoded, expected, "{shown}"),
        (Err(expected), Err(error)) => {
            let is_same = mem::discriminant(&expected) == mem::discriminant(&error);
            let may_differ = !begins_an_object(body) || ends_in_an_escape(body);
            assert!(is_same || may_differ, "{shown}: {expected:?}, {error:?}");
        }
        (expected, decoded) => panic!("{shown}: {expected:?}, {decoded:?}"),
    }
}

fn decode_in_chunks(mut body: &[u8], keys: &[Key], sizes: &[usize]) -> Decoded {
    let mut rows = Vec::new();
    let mut decoder = Decoder::new(keys);
    let mut sizes = sizes.iter().cycle();
    while !body.is_empty() {
        let size = sizes
            .next()
            .map_or(body.len(), |size| (*size).clamp(1, body.len()));
        let (chunk, rest) = body.split_at(size);
        decoder.feed(chunk, &mut |row| {
            rows.push(row.map(Row::into_owned));
            ControlFlow::Continue(())
        })?;
        body = rest;
    }
    Ok((rows, decoder.finish()?))
}

/// Whether a body of which this is the end may be cut within an escape that is none: whether it is cut or no JSON depends on
/// how far ahead one reads.
fn ends_in_an_escape(body: &[u8]) -> bool {
    let end = &body[body.len().saturating_sub(12)..];
    end.windows(2).any(|pair| pair == b"\\u")
}

fn begins_an_object(body: &[u8]) -> bool {
    let is_blank = |byte: &&u8| byte.is_ascii_whitespace() || MARK.contains(byte);
    body.iter().find(|byte| !is_blank(byte)) == Some(&b'{')
}

fn parse(text: &str) -> Result<Object, serde_json::Error> {
    serde_json::from_str(text)
}

/// A number cut behind its sign or its point is a matter of syntax to `serde_json`. With another digit it is not.
fn is_cut_number(text: &str) -> bool {
    text.ends_with(['-', '+', '.', 'e', 'E']) && parse(&format!("{text}0")).is_err_and(|error| error.is_eof())
}

fn read_data(json: &RawValue, keys: &[Key], data: &mut Data, rows: &mut Vec<Result<Row<'static>, RowError>>) {
    if json.get() == "null" {
        data.note_null();
    } else if let Ok(list) = serde_json::from_str::<Vec<Box<RawValue>>>(json.get()) {
        data.begin(Container::List);
        rows.extend(list.iter().map(|entry| row(entry, keys)));
        data.end();
    } else if let Ok(object) = serde_json::from_str::<Object>(json.get()) {
        data.begin(Container::Object);
        for (name, entry) in &object.0 {
            if data.note_key(name) {
                rows.push(row(entry, keys));
            }
        }
        data.end();
    }
}

fn row(json: &RawValue, keys: &[Key]) -> Result<Row<'static>, RowError> {
    let object: Object = serde_json::from_str(json.get()).map_err(|_| RowError)?;
    let mut row = Row::default();
    let mut ranks = BTreeMap::new();
    for (name, json) in &object.0 {
        let name = name.trim().to_ascii_lowercase();
        let Some(key) = keys.iter().find(|key| key.name == name) else {
            continue;
        };
        let text = match key.read {
            Read::Presence => Some(String::new()),
            Read::Value => text(json),
        };
        let known_rank = ranks.get(&key.index).copied().unwrap_or(0);
        let value = value(text.as_ref());
        let replaces = match row.get(key.index) {
            Value::Absent => true,
            known if is_blank(known) => !is_blank(value) || key.rank <= known_rank,
            _ => !is_blank(value) && key.rank <= known_rank,
        };
        if replaces {
            ranks.insert(key.index, key.rank);
            row.set(key.index, value);
        }
    }
    Ok(row)
}

/// The text of a value that has one and can be read.
fn text(json: &RawValue) -> Option<String> {
    let text = match json.get().as_bytes()[0] {
        b'"' => serde_json::from_str(json.get()).ok(),
        b'n' => Some(String::new()),
        b'-' | b'0'..=b'9' => Some(json.get().to_owned()).filter(|number| number.len() <= STRING_LIMIT),
        _ => None,
    };
    text.filter(|text: &String| !text.contains(char::REPLACEMENT_CHARACTER))
}

fn value(text: Option<&String>) -> Value<'_> {
    text.map_or(Value::Unreadable, |text| Value::Text(text))
}

fn is_blank(value: Value<'_>) -> bool {
    match value {
        Value::Absent => true,
        Value::Text(text) => matches!(text.trim(), "" | "-"),
        Value::Unreadable => false,
    }
}

/// The entries of an object in their order, twice where they come twice.
struct Object(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Object, D::Error> {
        deserializer.deserialize_map(Entries)
    }
}

struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = Object;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Object(entries))
    }
}
