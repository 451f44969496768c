//! One entry of `data`: its values as the server sent them.

use std::borrow::Cow;
use std::fmt;
use std::hash::{BuildHasher, Hasher};

use super::text::{self, Raw, STRING_LIMIT};
use super::{Key, Read};

/// What a row holds for a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Value<'a> {
    /// The key is not in the row.
    #[default]
    Absent,
    /// A string, or the text of a number, as sent and untrimmed; `null` is the empty text.
    Text(&'a str),
    /// A boolean, an object, a list, a string that is not UTF-8, or a number of more than 4096 characters.
    Unreadable,
}

/// The values of the keys that are read, as the server sends them, by [`Key::index`]. The decoder lends its own memory,
/// which serves one row after the other.
#[derive(Clone, Default)]
pub struct Row<'a> {
    slots: Cow<'a, [Slot]>,
    /// The texts of all values, and of some that other values of the same field took the place of.
    text: Cow<'a, str>,
}

/// Where the value of a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Slot {
    start: u32,
    length: u32,
    kind: Kind,
    /// Of the key that it came under.
    rank: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Kind {
    #[default]
    Absent,
    Text,
    Unreadable,
}

impl Slot {
    fn value<'a>(&self, text: &'a str) -> Value<'a> {
        let start = self.start as usize;
        match self.kind {
            Kind::Absent => Value::Absent,
            Kind::Text => Value::Text(text.get(start..start + self.length as usize).unwrap_or_default()),
            Kind::Unreadable => Value::Unreadable,
        }
    }

    fn of_text(start: usize, end: usize) -> Slot {
        // A row of more than 4 GiB of text has no such place: the text reads as empty.
        let places = u32::try_from(start).and_then(|start| Ok((start, u32::try_from(end)? - start)));
        let (start, length) = places.unwrap_or_default();
        Slot {
            start,
            length,
            kind: Kind::Text,
            rank: 0,
        }
    }

    fn unreadable() -> Slot {
        Slot {
            kind: Kind::Unreadable,
            ..Slot::default()
        }
    }
}

impl Row<'_> {
    /// What the row holds for a field.
    pub fn get(&self, field: impl Into<usize>) -> Value<'_> {
        let slot = self.slots.get(field.into());
        slot.map_or(Value::Absent, |slot| slot.value(&self.text))
    }

    /// Puts a value in; the last one counts.
    pub fn set(&mut self, field: impl Into<usize>, value: Value<'_>) {
        let index = field.into();
        let start = self.text.len();
        let slot = match value {
            Value::Absent => Slot::default(),
            Value::Unreadable => Slot::unreadable(),
            Value::Text(text) => {
                self.text.to_mut().push_str(text);
                Slot::of_text(start, start + text.len())
            }
        };
        let slots = self.slots.to_mut();
        if index >= slots.len() {
            slots.resize(index + 1, Slot::default());
        }
        slots[index] = slot;
    }

    /// The row with memory of its own.
    pub fn into_owned(self) -> Row<'static> {
        Row {
            slots: Cow::Owned(self.slots.into_owned()),
            text: Cow::Owned(self.text.into_owned()),
        }
    }

    /// A number that is another one when any value is, but for a chance of 1 in 2⁶⁴. Rows with the same values in another
    /// order may have different ones.
    pub fn fingerprint(&self, hashing: &impl BuildHasher) -> u64 {
        let mut hasher = hashing.build_hasher();
        hasher.write(self.text.as_bytes());
        for slot in &*self.slots {
            let place = u64::from(slot.start) << 32 | u64::from(slot.length);
            hasher.write_u64(place << 2 | slot.kind as u64);
        }
        hasher.finish()
    }
}

impl PartialEq for Row<'_> {
    fn eq(&self, other: &Row<'_>) -> bool {
        let fields = self.slots.len().max(other.slots.len());
        (0..fields).all(|field| self.get(field) == other.get(field))
    }
}

impl Eq for Row<'_> {}

impl fmt::Debug for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = (0..self.slots.len()).map(|field| self.get(field));
        f.debug_list().entries(values).finish()
    }
}

/// The row that is being read. Its memory serves all rows of an answer.
#[derive(Debug)]
pub(super) struct Draft {
    slots: Vec<Slot>,
    text: String,
}

impl Draft {
    /// For rows of which these keys are read.
    pub(super) fn new(keys: &[Key]) -> Draft {
        let fields = keys.iter().map(|key| key.index + 1).max().unwrap_or(0);
        Draft {
            slots: vec![Slot::default(); fields],
            text: String::new(),
        }
    }

    /// Bytes of memory.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.text.capacity() + self.slots.capacity() * size_of::<Slot>()
    }

    /// A row begins.
    pub(super) fn clear(&mut self) {
        self.slots.fill(Slot::default());
        self.text.clear();
    }

    /// What was read.
    pub(super) fn row(&self) -> Row<'_> {
        Row {
            slots: Cow::Borrowed(&self.slots),
            text: Cow::Borrowed(&self.text),
        }
    }

    /// Takes a string, as it stands between its quotes.
    #[inline]
    pub(super) fn put_string(&mut self, key: &Key, raw: Raw<'_>) {
        if key.read == Read::Presence {
            return self.put_text(key, "");
        }
        let start = self.text.len();
        if text::read(raw, &mut self.text) {
            self.put(key, Slot::of_text(start, self.text.len()));
        } else {
            self.text.truncate(start);
            self.put_unreadable(key);
        }
    }

    /// Takes the text of a number, or the empty text.
    pub(super) fn put_text(&mut self, key: &Key, text: &str) {
        let start = self.text.len();
        if key.read == Read::Value {
            self.text.push_str(text);
        }
        self.put(key, Slot::of_text(start, self.text.len()));
    }

    /// Takes what is no text.
    pub(super) fn put_unreadable(&mut self, key: &Key) {
        match key.read {
            Read::Value => self.put(key, Slot::unreadable()),
            Read::Presence => self.put_text(key, ""),
        }
    }

    /// Of several values for one field, a blank one never replaces another, and the lower rank wins; among equals the last one
    /// counts, as is usual with JSON.
    #[inline]
    fn put(&mut self, key: &Key, slot: Slot) {
        let Some(&known) = self.slots.get(key.index) else {
            return;
        };
        let replaces = known.kind == Kind::Absent || {
            let is_blank = is_blank(slot.value(&self.text));
            let has_rank = key.rank <= known.rank;
            if self.is_blank(known) {
                !is_blank || has_rank
            } else {
                !is_blank && has_rank
            }
        };
        if replaces {
            self.slots[key.index] = Slot {
                rank: key.rank,
                ..slot
            };
        } else if slot.kind == Kind::Text {
            self.text.truncate(slot.start as usize);
        }
        if self.text.len() > 2 * STRING_LIMIT * self.slots.len() {
            self.compact();
        }
    }

    fn is_blank(&self, slot: Slot) -> bool {
        is_blank(slot.value(&self.text))
    }

    /// Drops the texts that others took the place of: a key may come any number of times.
    fn compact(&mut self) {
        let mut text = String::new();
        for slot in self.slots.iter_mut().filter(|slot| slot.kind == Kind::Text) {
            let start = text.len();
            if let Value::Text(value) = slot.value(&self.text) {
                text.push_str(value);
            }
            *slot = Slot {
                rank: slot.rank,
                ..Slot::of_text(start, text.len())
            };
        }
        self.text = text;
    }
}

fn is_blank(value: Value<'_>) -> bool {
    match value {
        Value::Absent => true,
        Value::Text(text) => matches!(text.trim(), "" | "-"),
        Value::Unreadable => false,
    }
}
