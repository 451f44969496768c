//! The label sets of a chat: one in each table that it is counted in.

mod table;

use std::hash::{BuildHasher, Hasher as _};
use std::ops::Index;
use std::sync::Arc;

use super::chat::Chat;
use crate::config::Agents;
use table::{Open, Read};

pub use table::{Label, PerTable, Table};

/// A chat, and the hashes of its open labels: each is in several tables, and hashed once.
#[derive(Debug)]
pub(super) struct HashedChat<'a> {
    chat: &'a Chat,
    hashes: [Option<u64>; Open::ALL.len()],
}

impl<'a> HashedChat<'a> {
    pub(super) fn new(chat: &'a Chat, hashing: &impl BuildHasher) -> HashedChat<'a> {
        let hashes = Open::ALL.map(|open| open.of(chat).map(|text| hashing.hash_one(text)));
        HashedChat { chat, hashes }
    }

    /// The [`LabelSet::hash`] of the chat's label set in a table; `None` if the chat is left out.
    pub(super) fn hash(&self, table: Table, hashing: &impl BuildHasher) -> Option<u64> {
        let mut hasher = hashing.build_hasher();
        for label in table.labels() {
            hasher.write_u64(match label.read {
                Read::Open(open) => self.hashes[open as usize]?,
                Read::Word(_, of) => of(self.chat)?.into(),
                Read::Setting => return None,
            });
        }
        Some(hasher.finish())
    }
}

/// The value of a label.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum LabelValue {
    /// A word of the label, and its place among them.
    Word(u8, &'static str),
    Text(Box<str>),
}

impl LabelValue {
    fn new(label: &Label, text: &str) -> LabelValue {
        let words = match label.read {
            Read::Open(_) | Read::Setting => &[],
            Read::Word(words, _) => words,
        };
        let mut places = (0..).zip(words);
        match places.find(|(_, word)| **word == text) {
            Some((place, word)) => LabelValue::Word(place, word),
            None => LabelValue::Text(text.into()),
        }
    }

    /// That of a chat; `None` if the chat is left out of the table.
    fn of(label: &Label, chat: &Chat) -> Option<LabelValue> {
        match label.read {
            Read::Open(open) => Some(LabelValue::Text(open.of(chat)?.into())),
            Read::Word(words, of) => {
                let place = of(chat)?;
                Some(LabelValue::Word(place, words.get(usize::from(place))?))
            }
            Read::Setting => None,
        }
    }

    /// Whether it is that of a chat.
    fn is_of(&self, label: &Label, chat: &Chat) -> bool {
        match (self, &label.read) {
            (LabelValue::Text(text), Read::Open(open)) => open.of(chat) == Some(text),
            (LabelValue::Word(place, _), Read::Word(_, of)) => of(chat) == Some(*place),
            _ => false,
        }
    }

    fn hash(&self, hashing: &impl BuildHasher) -> u64 {
        match self {
            LabelValue::Word(place, _) => (*place).into(),
            LabelValue::Text(text) => hashing.hash_one(&**text),
        }
    }

    fn as_str(&self) -> &str {
        match self {
            LabelValue::Word(_, word) => word,
            LabelValue::Text(text) => text,
        }
    }
}

/// The values of a table's labels, in their order. Clones share them: a chat's label sets are kept in many places.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelSet(Arc<[LabelValue]>);

impl LabelSet {
    /// The label set of a table with these values.
    pub fn new<'a>(table: Table, values: impl IntoIterator<Item = &'a str>) -> LabelSet {
        let pairs = table.labels().iter().zip(values);
        LabelSet(
            pairs
                .map(|(label, value)| LabelValue::new(label, value))
                .collect(),
        )
    }

    /// That of a chat; `None` if the chat is left out of the table.
    pub(super) fn of(table: Table, chat: &Chat) -> Option<LabelSet> {
        let values = table.labels().iter().map(|label| LabelValue::of(label, chat));
        values.collect::<Option<Arc<[_]>>>().map(LabelSet)
    }

    /// The values, in the order of the labels.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(LabelValue::as_str)
    }

    /// The values by their labels' names.
    pub fn pairs(&self, table: Table) -> impl Iterator<Item = (&'static str, &str)> {
        let names = table.labels().iter().map(|label| label.name);
        names.zip(self.0.iter().map(LabelValue::as_str))
    }

    /// The value of a label of the table, by its name.
    pub fn get(&self, table: Table, label: &str) -> Option<&str> {
        self.pairs(table)
            .find(|(name, _)| *name == label)
            .map(|(_, value)| value)
    }

    /// The id that a text belongs to, where the table is one of ids with texts.
    pub(super) fn id_with_text(&self, table: Table) -> Option<&str> {
        self.get(table, table.text_of()?)
    }

    /// A hash of the values: those of equal label sets are equal.
    pub(super) fn hash(&self, hashing: &impl BuildHasher) -> u64 {
        let mut hasher = hashing.build_hasher();
        for value in self.0.iter() {
            hasher.write_u64(value.hash(hashing));
        }
        hasher.finish()
    }

    /// Whether it is the label set of a chat.
    pub(super) fn is_of(&self, table: Table, chat: &Chat) -> bool {
        let mut pairs = table.labels().iter().zip(self.0.iter());
        pairs.all(|(label, value)| value.is_of(label, chat))
    }

    /// Bytes of all its values.
    pub fn bytes(&self) -> usize {
        self.0.iter().map(|value| value.as_str().len()).sum()
    }

    /// The label set that stands in for this one past the series limit: what the report decides becomes `other`.
    #[must_use]
    pub fn limited(&self, table: Table, other: &str) -> LabelSet {
        let pairs = table.labels().iter().zip(self.0.iter());
        let limited = pairs.map(|(label, value)| match label.read {
            Read::Word(..) | Read::Setting => value.clone(),
            Read::Open(_) => LabelValue::Text(other.into()),
        });
        LabelSet(limited.collect())
    }

    /// The label set without its first label.
    #[must_use]
    pub fn without_first(&self) -> LabelSet {
        LabelSet(self.0[1..].into())
    }
}

/// The label sets that one chat adds to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys(pub(super) PerTable<Option<LabelSet>>);

impl Keys {
    /// The label sets of a chat.
    pub fn of(chat: &Chat, agents: Agents) -> Keys {
        Keys(Table::ALL.map(|table| {
            let is_left_out = agents == Agents::Off && table.is_of_agents();
            LabelSet::of(table, chat).filter(|_| !is_left_out)
        }))
    }

    /// These label sets, at most one of a table.
    pub fn from_sets(sets: impl IntoIterator<Item = (Table, LabelSet)>) -> Keys {
        let mut keys = Keys(PerTable::default());
        for (table, set) in sets {
            keys.0[table as usize] = Some(set);
        }
        keys
    }

    /// Whether the chat adds to a table under this id, and not under what stands in for it.
    #[cfg(test)]
    pub(super) fn has_id(&self, table: Table, id: &str) -> bool {
        let set = self[table].as_ref();
        set.is_some_and(|set| set.id_with_text(table) == Some(id))
    }

    /// The tables that the chat adds to, with its label sets.
    pub fn each(&self) -> impl Iterator<Item = (Table, &LabelSet)> {
        let pairs = Table::ALL.into_iter().zip(&self.0);
        pairs.filter_map(|(table, set)| Some((table, set.as_ref()?)))
    }
}

impl Index<Table> for Keys {
    type Output = Option<LabelSet>;

    fn index(&self, table: Table) -> &Option<LabelSet> {
        &self.0[table as usize]
    }
}
