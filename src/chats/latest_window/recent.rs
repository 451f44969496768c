//! The chats of the last poll, so that the next one reads only the rows that have changed.
//!
//! Polls overlap: most of their rows are those of the poll before. A row that is the same in all its values is the same chat.

use std::collections::HashMap;
use std::num::NonZeroU64;

use chrono::{DateTime, Utc};
use wolkvox::Row;

use super::{Closed, Part};
use crate::ledger::hashing::Hashing;
use crate::ledger::{Id, IdSet};

/// A row's values as a number, which is another one where any of them is. Never 0: an optional one takes half of the memory then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Fingerprint(NonZeroU64);

/// The chats that the last poll gathered.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    chats: Vec<Closed>,
    /// Where in `chats` a row's chat is.
    places: HashMap<Fingerprint, usize, Hashing>,
    /// Seeded once: fingerprints are compared from one poll to the next.
    hashing: Hashing,
}

/// A chat of the last poll whose row has come again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unchanged {
    pub(super) place: usize,
    /// When it closed, UTC.
    pub(crate) closed: DateTime<Utc>,
}

impl Recent {
    /// The fingerprint of a row.
    pub(crate) fn fingerprint(&self, row: &Row<'_>) -> Fingerprint {
        Fingerprint(NonZeroU64::new(row.fingerprint(&self.hashing)).unwrap_or(NonZeroU64::MIN))
    }

    /// The chat of this id, if its row was the same at the last poll.
    pub(crate) fn find(&self, id: &Id, row: Fingerprint) -> Option<Unchanged> {
        let place = *self.places.get(&row)?;
        let chat = self.chats.get(place).filter(|chat| chat.id == *id)?;
        let closed = chat.at;
        Some(Unchanged { place, closed })
    }

    /// The chats of the parts of a poll, those of the last poll among them. A chat that is in several parts stays as it is in the
    /// first one.
    pub(super) fn join(&mut self, parts: Vec<Part>) -> Vec<Closed> {
        let mut old: Vec<Option<Closed>> = std::mem::take(&mut self.chats).into_iter().map(Some).collect();
        self.places.clear();
        let has_several = parts.len() > 1;
        let mut known = IdSet::default();
        let mut chats = Vec::new();
        for part in parts {
            let again = part.again.into_iter();
            let again = again.filter_map(|place| old.get_mut(place).and_then(Option::take));
            let mut of_part = part.chats;
            of_part.extend(again);
            if has_several {
                of_part.retain(|chat| {
                    let is_new = !known.contains(&chat.id);
                    known.add(&chat.id);
                    is_new
                });
            }
            if chats.is_empty() {
                chats = of_part;
            } else {
                chats.append(&mut of_part);
            }
        }
        chats
    }

    /// Keeps the chats of a poll for the next one, as far as their rows say all of them.
    pub(super) fn keep(&mut self, mut chats: Vec<Closed>) {
        chats.retain(|chat| chat.row.is_some());
        chats.shrink_to_fit();
        let places = chats.iter().enumerate();
        self.places = places
            .filter_map(|(place, chat)| Some((chat.row?, place)))
            .collect();
        self.chats = chats;
    }
}
