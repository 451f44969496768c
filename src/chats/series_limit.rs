//! The series limit: which label sets a chat may add to. Past the limit a new one is counted with its open labels as
//! `other`; closed words stay, and nothing that exists is dropped. The values of labels have a limit of their own: few long
//! ones cost as much memory as many short ones.

use super::chat::MAX_LABEL_BYTES;
use super::key::{Keys, LabelSet, Table};
use super::totals::Totals;

/// The value of an open label past the limit.
pub(crate) const OTHER: &str = "other";
/// Bytes that the values of labels may take in all sample lines of the report. That is 111 for each line of the default limit;
/// those of a usual report have about 20.
pub(crate) const LABEL_BYTES: usize = 16 * 1024 * 1024;

/// Admits label sets, and texts of ids, while the lines and the bytes last.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SeriesLimit<'a> {
    base: &'a Totals,
    most_lines: usize,
    most_bytes: usize,
    /// Lines of the base and of what was admitted since.
    lines: usize,
    /// Bytes of the values of labels in those lines.
    bytes: usize,
}

impl<'a> SeriesLimit<'a> {
    /// Goes on from what exists.
    pub(crate) fn new(base: &'a Totals, most_lines: usize) -> SeriesLimit<'a> {
        SeriesLimit::within(base, most_lines, LABEL_BYTES)
    }

    pub(crate) fn within(base: &'a Totals, most_lines: usize, most_bytes: usize) -> SeriesLimit<'a> {
        SeriesLimit {
            base,
            most_lines,
            most_bytes,
            lines: base.lines(),
            bytes: base.label_bytes(),
        }
    }

    /// The label set to count under: this one, or past the limit the one that stands in for it. `is_added` tells what this
    /// answer has added.
    pub(crate) fn admit(
        &mut self,
        table: Table,
        set: &LabelSet,
        is_added: impl FnOnce(Table, &LabelSet) -> bool,
    ) -> LabelSet {
        if self.base[table].contains_key(set) || is_added(table, set) || self.take(table, set) {
            set.clone()
        } else {
            set.limited(table, OTHER)
        }
    }

    /// The label sets under which a chat is shown that is counted already. It takes no lines, since it adds nothing.
    pub(crate) fn look_up(&self, mut keys: Keys, is_added: impl Fn(Table, &LabelSet) -> bool) -> Keys {
        let mut aside = *self;
        for (table, set) in Table::ALL.into_iter().zip(&mut keys.0) {
            *set = set.take().map(|set| aside.admit(table, &set, &is_added));
        }
        keys
    }

    /// Whether the label sets of any chat fit, whichever they are.
    pub(crate) fn has_room(&self) -> bool {
        let most: usize = Table::ALL.into_iter().map(Table::lines_of_new).sum();
        let bytes = Table::ALL.map(|table| table.labels().len() * MAX_LABEL_BYTES * table.lines());
        self.lines + most <= self.most_lines && self.bytes + bytes.iter().sum::<usize>() <= self.most_bytes
    }

    /// Takes the room of a new label set, if there is as much.
    fn take(&mut self, table: Table, set: &LabelSet) -> bool {
        let (lines, bytes) = (table.lines_of_new(), set.bytes() * table.lines());
        let fits = self.lines + lines <= self.most_lines && self.bytes + bytes <= self.most_bytes;
        if fits {
            self.lines += lines;
            self.bytes += bytes;
        }
        fits
    }

    /// Whether there is room for the text of an id, where a shorter one or none is known. Its line was admitted with the label
    /// set. `new` is what this answer has added.
    pub(crate) fn fits_text(&mut self, table: Table, id: &str, text: &str, new: &Totals) -> bool {
        let bytes = |text: &str| id.len() + text.len();
        let known = [self.base, new]
            .into_iter()
            .filter_map(|totals| Some(bytes(&totals.texts(table).get(id)?.text)))
            .max();
        let more = bytes(text).saturating_sub(known.unwrap_or_default());
        let fits = more == 0 || self.bytes + more <= self.most_bytes;
        self.bytes += if fits { more } else { 0 };
        fits
    }
}

#[cfg(test)]
mod tests;
