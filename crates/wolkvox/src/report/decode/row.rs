//! Reads one row, key by key and value by value.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::Options;
use crate::report::{Field, Row, RowError, Value};

/// What `serde_json` with `arbitrary_precision` calls the only entry of the map that it makes of a number.
pub(super) const NUMBER: &str = "$serde_json::private::Number";

/// Visitor methods that make the same of whatever scalar comes.
macro_rules! same_for {
    ($output:ty, $result:expr, $($method:ident: $kind:ty),+) => {
        fn visit_unit<E>(self) -> Result<$output, E> {
            Ok($result)
        }
        $(fn $method<E>(self, _: $kind) -> Result<$output, E> {
            Ok($result)
        })+
    };
}
pub(super) use same_for;

/// One entry of `data`.
pub(super) struct RowSeed(pub(super) Options);

impl<'de> DeserializeSeed<'de> for RowSeed {
    type Value = Result<Row, RowError>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for RowSeed {
    type Value = Result<Row, RowError>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut draft = Draft::default();
        while let Some(key) = map.next_key_seed(KeySeed(row_key))? {
            match key {
                RowKey::Field(Field::AgentName, rank) if !self.0.agent_names => {
                    map.next_value::<IgnoredAny>()?;
                    draft.put(Field::AgentName, rank, Value::Text(String::new()));
                }
                RowKey::Field(field, rank) => draft.put(field, rank, map.next_value_seed(ValueSeed)?),
                RowKey::Other => drop(map.next_value::<IgnoredAny>()?),
                RowKey::Number => {
                    map.next_value::<IgnoredAny>()?;
                    skip_map(map)?;
                    return Ok(Err(RowError::NotAnObject));
                }
            }
        }
        Ok(Ok(draft.row))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        skip_seq(seq).map(|()| Err(RowError::NotAnObject))
    }

    same_for!(
        Self::Value, Err(RowError::NotAnObject),
        visit_str: &str, visit_bool: bool, visit_u64: u64, visit_i64: i64, visit_f64: f64
    );
}

/// A key of a row. The rank orders the names of one field: a value under the lower rank wins.
enum RowKey {
    Field(Field, u8),
    Number,
    Other,
}

fn row_key(key: &str) -> RowKey {
    match key {
        "agent_answers" => RowKey::Field(Field::AgentAnswers, 1),
        "first_response_time" => RowKey::Field(Field::Asa, 1),
        // In lower case, as all keys are here.
        _ if key.eq_ignore_ascii_case(NUMBER) => RowKey::Number,
        _ => Field::ALL
            .into_iter()
            .find(|field| field.name() == key)
            .map_or(RowKey::Other, |field| RowKey::Field(field, 0)),
    }
}

/// A row while it is read.
#[derive(Default)]
struct Draft {
    row: Row,
    ranks: [u8; Field::ALL.len()],
}

impl Draft {
    /// Of several values for one field, a blank one never replaces another, and the lower rank wins; among equals
    /// the last one counts, as is usual with JSON.
    fn put(&mut self, field: Field, rank: u8, value: Value) {
        let known_rank = &mut self.ranks[field as usize];
        let replaces = match self.row.get(field) {
            Value::Absent => true,
            known if is_blank(known) => !is_blank(&value) || rank <= *known_rank,
            _ => !is_blank(&value) && rank <= *known_rank,
        };
        if replaces {
            *known_rank = rank;
            self.row.set(field, value);
        }
    }
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Absent => true,
        Value::Text(text) => matches!(text.trim(), "" | "-"),
        Value::Unreadable => false,
    }
}

/// A field's value.
pub(super) struct ValueSeed;

impl<'de> DeserializeSeed<'de> for ValueSeed {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        if text.contains(char::REPLACEMENT_CHARACTER) {
            Ok(Value::Unreadable)
        } else {
            Ok(Value::Text(text.to_owned()))
        }
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Text(number.to_string()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Text(number.to_string()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Text(number.to_string()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Text(String::new()))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Value, E> {
        Ok(Value::Unreadable)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Value, A::Error> {
        skip_seq(seq).map(|()| Value::Unreadable)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let Some(is_number) = map.next_key_seed(KeySeed(|key| key.eq_ignore_ascii_case(NUMBER)))? else {
            return Ok(Value::Unreadable);
        };
        let value = if is_number {
            map.next_value_seed(NumberSeed)?
        } else {
            map.next_value::<IgnoredAny>()?;
            Value::Unreadable
        };
        skip_map(map)?;
        Ok(value)
    }
}

/// The text of a number. An object of the server's could have the key too, and anything in it.
struct NumberSeed;

impl<'de> DeserializeSeed<'de> for NumberSeed {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for NumberSeed {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_str<E>(self, number: &str) -> Result<Value, E> {
        Ok(Value::Text(number.to_owned()))
    }

    same_for!(Value, Value::Unreadable, visit_bool: bool, visit_u64: u64, visit_i64: i64, visit_f64: f64);

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Value, A::Error> {
        skip_seq(seq).map(|()| Value::Unreadable)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Value, A::Error> {
        skip_map(map).map(|()| Value::Unreadable)
    }
}

/// A key, trimmed and in lower case, as what it stands for.
pub(super) struct KeySeed<K>(pub(super) fn(&str) -> K);

impl<'de, K> DeserializeSeed<'de> for KeySeed<K> {
    type Value = K;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<K, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<K> Visitor<'_> for KeySeed<K> {
    type Value = K;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<K, E> {
        let key = key.trim();
        if key.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Ok((self.0)(&key.to_ascii_lowercase()))
        } else {
            Ok((self.0)(key))
        }
    }
}

// serde_json skips ignored values in a loop, not by recursion: their depth costs no stack.

fn skip_seq<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<(), A::Error> {
    while seq.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

pub(super) fn skip_map<'de, A: MapAccess<'de>>(mut map: A) -> Result<(), A::Error> {
    while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}
