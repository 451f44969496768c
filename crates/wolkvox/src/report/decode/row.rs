//! Reads one row, key by key and value by value.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::report::{Key, Read, Row, RowError, Value};

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

/// One entry of `data`, of which these keys are read.
pub(super) struct RowSeed<'k>(pub(super) &'k [Key]);

impl<'de> DeserializeSeed<'de> for RowSeed<'_> {
    type Value = Result<Row, RowError>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for RowSeed<'_> {
    type Value = Result<Row, RowError>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut draft = Draft {
            row: Row::with_capacity(self.0.len()),
            ranks: BTreeMap::new(),
        };
        while let Some(key) = map.next_key_seed(KeySeed(|key: &str| self.key(key)))? {
            match key {
                RowKey::Read(key) => {
                    let value = match key.read {
                        Read::Value => map.next_value_seed(ValueSeed)?,
                        Read::Presence => {
                            map.next_value::<IgnoredAny>()?;
                            Value::Text(String::new())
                        }
                    };
                    draft.put(key, value);
                }
                RowKey::Other => drop(map.next_value::<IgnoredAny>()?),
                RowKey::Number => {
                    map.next_value::<IgnoredAny>()?;
                    skip_map(map)?;
                    return Ok(Err(RowError));
                }
            }
        }
        Ok(Ok(draft.row))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        skip_seq(seq).map(|()| Err(RowError))
    }

    same_for!(
        Self::Value, Err(RowError),
        visit_str: &str, visit_bool: bool, visit_u64: u64, visit_i64: i64, visit_f64: f64
    );
}

/// A key of a row.
enum RowKey<'k> {
    Read(&'k Key),
    Number,
    Other,
}

impl<'k> RowSeed<'k> {
    fn key(&self, name: &str) -> RowKey<'k> {
        match self.0.iter().find(|key| key.name == name) {
            Some(key) => RowKey::Read(key),
            // In lower case, as all keys are here.
            None if name.eq_ignore_ascii_case(NUMBER) => RowKey::Number,
            None => RowKey::Other,
        }
    }
}

/// A row while it is read.
struct Draft {
    row: Row,
    /// The rank of each value, where it is not 0.
    ranks: BTreeMap<usize, u8>,
}

impl Draft {
    /// Of several values for one field, a blank one never replaces another, and the lower rank wins; among equals
    /// the last one counts, as is usual with JSON.
    fn put(&mut self, key: &Key, value: Value) {
        let known_rank = self.ranks.get(&key.index).copied().unwrap_or(0);
        let replaces = match self.row.get(key.index) {
            Value::Absent => true,
            known if is_blank(known) => !is_blank(&value) || key.rank <= known_rank,
            _ => !is_blank(&value) && key.rank <= known_rank,
        };
        if replaces {
            if key.rank != known_rank {
                self.ranks.insert(key.index, key.rank);
            }
            self.row.set(key.index, value);
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
        let Some(is_number) = map.next_key_seed(KeySeed(|key: &str| key.eq_ignore_ascii_case(NUMBER)))?
        else {
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
pub(super) struct KeySeed<F>(pub(super) F);

impl<'de, K, F: FnOnce(&str) -> K> DeserializeSeed<'de> for KeySeed<F> {
    type Value = K;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<K, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<K, F: FnOnce(&str) -> K> Visitor<'_> for KeySeed<F> {
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
