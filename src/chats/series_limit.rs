//! The series limit: which label sets a chat may add to. Past the limit a new one is counted with its open labels as
//! `other`; closed words stay, and nothing that exists is dropped.

use super::key::{Keys, LabelSet, Table};
use super::totals::Totals;

/// The value of an open label past the limit.
pub(crate) const OTHER: &str = "other";

/// Admits label sets while the lines last.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SeriesLimit<'a> {
    base: &'a Totals,
    limit: usize,
    /// Lines of the base and of what was admitted since.
    lines: usize,
}

impl<'a> SeriesLimit<'a> {
    /// Goes on from what exists.
    pub(crate) fn new(base: &'a Totals, limit: usize) -> SeriesLimit<'a> {
        SeriesLimit {
            base,
            limit,
            lines: base.lines(),
        }
    }

    /// The label sets to count under, and whether one of them is past the limit. `new` is what this answer has added.
    pub(crate) fn admit(&mut self, mut keys: Keys, new: &Totals) -> (Keys, bool) {
        let mut limited = false;
        for (table, set) in Table::ALL.into_iter().zip(&mut keys.0) {
            if let Some(set) = set.as_mut().filter(|set| !self.fits(table, set, new)) {
                *set = set.limited(table, OTHER);
                limited = true;
            }
        }
        (keys, limited)
    }

    /// The label sets under which a chat is shown that is counted already. It takes no lines, since it adds nothing.
    pub(crate) fn look_up(&self, keys: Keys, new: &Totals) -> Keys {
        let mut aside = *self;
        aside.admit(keys, new).0
    }

    /// Whether the label sets of any chat fit, whichever they are.
    pub(crate) fn has_room(&self) -> bool {
        let most: usize = Table::ALL.into_iter().map(Table::lines_of_new).sum();
        self.lines + most <= self.limit
    }

    fn fits(&mut self, table: Table, set: &LabelSet, new: &Totals) -> bool {
        if self.base[table].contains_key(set) || new[table].contains_key(set) {
            return true;
        }
        let lines = table.lines_of_new();
        let fits = self.lines + lines <= self.limit;
        self.lines += if fits { lines } else { 0 };
        fits
    }
}
