//! Maps of ids that take no allocation per id: an operation remembers a million of them.

use std::collections::HashMap;
use std::hash::BuildHasher as _;

use hashbrown::HashTable;

use super::hashing::Hashing;
use super::id::IdRef;

/// Ids.
pub type IdSet = IdMap<()>;

/// A value for each of many ids.
#[derive(Debug, Clone)]
pub struct IdMap<V> {
    numbers: HashMap<u64, V, Hashing>,
    texts: Texts<V>,
}

impl<V> Default for IdMap<V> {
    fn default() -> IdMap<V> {
        IdMap {
            numbers: HashMap::default(),
            texts: Texts::default(),
        }
    }
}

impl<V> IdMap<V> {
    /// The value of an id.
    pub fn get<'a>(&self, id: impl Into<IdRef<'a>>) -> Option<&V> {
        match id.into() {
            IdRef::Number(number) => self.numbers.get(&number),
            IdRef::Text(text) => self.texts.get(text),
        }
    }

    /// Whether an id is in it.
    pub fn contains<'a>(&self, id: impl Into<IdRef<'a>>) -> bool {
        self.get(id).is_some()
    }

    /// Puts in an id with its value. The last value counts.
    pub fn insert<'a>(&mut self, id: impl Into<IdRef<'a>>, value: V) {
        match id.into() {
            IdRef::Number(number) => drop(self.numbers.insert(number, value)),
            IdRef::Text(text) => self.texts.insert(text, value),
        }
    }

    /// How many ids it holds.
    pub fn len(&self) -> usize {
        self.numbers.len() + self.texts.places.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes room for so many more ids, if they are numbers.
    pub fn reserve(&mut self, more: usize) {
        self.numbers.reserve(more);
    }

    /// The ids with their values, in any order.
    pub fn iter(&self) -> impl Iterator<Item = (IdRef<'_>, &V)> {
        let numbers = self.numbers.iter();
        let numbers = numbers.map(|(number, value)| (IdRef::Number(*number), value));
        numbers.chain(self.texts.iter())
    }
}

impl IdSet {
    /// Puts in an id.
    pub fn add<'a>(&mut self, id: impl Into<IdRef<'a>>) {
        self.insert(id, ());
    }
}

impl<V: Copy> IdMap<V> {
    /// Keeps the ids whose value is wanted.
    pub fn retain(&mut self, is_wanted: impl Fn(V) -> bool) {
        self.numbers.retain(|_, value| is_wanted(*value));
        self.texts.retain(&is_wanted);
    }
}

impl<V: PartialEq> PartialEq for IdMap<V> {
    fn eq(&self, other: &IdMap<V>) -> bool {
        self.len() == other.len() && self.iter().all(|(id, value)| other.get(id) == Some(value))
    }
}

impl<V: Eq> Eq for IdMap<V> {}

/// The ids that are no numbers. Their texts stand one behind the other.
#[derive(Debug, Clone)]
struct Texts<V> {
    all: String,
    places: HashTable<Placed<V>>,
    hashing: Hashing,
}

/// Where a text stands.
#[derive(Debug, Clone)]
struct Placed<V> {
    start: usize,
    length: u32,
    value: V,
}

impl<V> Placed<V> {
    fn text<'a>(&self, all: &'a str) -> &'a str {
        let from_start = all.get(self.start..).unwrap_or_default();
        from_start.get(..self.length as usize).unwrap_or_default()
    }
}

impl<V> Default for Texts<V> {
    fn default() -> Texts<V> {
        Texts {
            all: String::new(),
            places: HashTable::new(),
            hashing: Hashing::default(),
        }
    }
}

impl<V> Texts<V> {
    fn get(&self, text: &str) -> Option<&V> {
        let hash = self.hashing.hash_one(text);
        let found = self.places.find(hash, |placed| placed.text(&self.all) == text);
        found.map(|placed| &placed.value)
    }

    fn insert(&mut self, text: &str, value: V) {
        let Texts { all, places, hashing } = self;
        let hash = hashing.hash_one(text);
        if let Some(known) = places.find_mut(hash, |placed| placed.text(all) == text) {
            known.value = value;
            return;
        }
        // No text is longer than the state that it may come from, which has 512 MiB at most.
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        let start = all.len();
        all.push_str(text);
        let placed = Placed { start, length, value };
        places.insert_unique(hash, placed, |placed| hashing.hash_one(placed.text(all)));
    }

    fn iter(&self) -> impl Iterator<Item = (IdRef<'_>, &V)> {
        let texts = self.places.iter();
        texts.map(|placed| (IdRef::Text(placed.text(&self.all)), &placed.value))
    }
}

impl<V: Copy> Texts<V> {
    /// The texts that stay are put together anew.
    fn retain(&mut self, is_wanted: &impl Fn(V) -> bool) {
        if self.places.iter().all(|placed| is_wanted(placed.value)) {
            return;
        }
        let mut kept = Texts::default();
        for placed in self.places.iter().filter(|placed| is_wanted(placed.value)) {
            kept.insert(placed.text(&self.all), placed.value);
        }
        *self = kept;
    }
}

#[cfg(test)]
pub(super) mod tests;
