//! What is shown as 0 although it may hold more. `increase()` works on differences: a series that appears with the value 3
//! would hide its first three chats. So a label set, and a family that begins after its label sets did, is shown as 0
//! until a scrape must have seen it.
//!
//! This is part of what is committed: the state says what the publication that follows shows as 0. A start after a crash
//! can therefore show as 0 again what may never have been scraped, and nothing that was shown above 0.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Totals, name_of};
use crate::chats::field::FieldSet;
use crate::chats::key::{LabelSet, PerTable, Table};
use crate::chats::measure::Measure;

/// What was committed together for the first time. Batches are numbered within the process, from 1; what the state brought
/// is of batch 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Batch(u64);

impl Batch {
    /// What the state brought.
    pub(super) const RESTORED: Batch = Batch(0);
}

/// Label sets, each with the batch that it came with.
pub type SetsAt0 = BTreeMap<LabelSet, Batch>;

/// What is shown as 0. A clone costs next to nothing, and most of the time there is nothing in it.
#[derive(Debug, Clone)]
pub(super) struct ZeroFirst {
    sets: PerTable<Arc<SetsAt0>>,
    /// By [`name_of`]: at 0 for all their label sets.
    families: BTreeMap<String, Batch>,
    /// That of what comes from now on.
    current: Batch,
    /// Something came in the current batch.
    has_begun: bool,
}

impl Default for ZeroFirst {
    fn default() -> ZeroFirst {
        ZeroFirst {
            sets: PerTable::default(),
            families: BTreeMap::new(),
            current: Batch(1),
            has_begun: false,
        }
    }
}

/// Two are the same that show the same as 0. The batches only say for how long.
impl PartialEq for ZeroFirst {
    fn eq(&self, other: &ZeroFirst) -> bool {
        let mut tables = self.sets.iter().zip(&other.sets);
        self.families.keys().eq(other.families.keys())
            && tables.all(|(mine, theirs)| Arc::ptr_eq(mine, theirs) || mine.keys().eq(theirs.keys()))
    }
}

impl Eq for ZeroFirst {}

impl ZeroFirst {
    /// New label sets of a table.
    pub(super) fn begin(&mut self, table: Table, new: Vec<LabelSet>) {
        if new.is_empty() {
            return;
        }
        let batch = self.current;
        Arc::make_mut(&mut self.sets[table as usize]).extend(new.into_iter().map(|set| (set, batch)));
        self.has_begun = true;
    }

    /// A family begins, with whatever label sets its table has.
    pub(super) fn begin_family(&mut self, name: String) {
        self.families.insert(name, self.current);
        self.has_begun = true;
    }

    /// What the state of a table brought.
    pub(super) fn restore(&mut self, table: Table, sets: SetsAt0) {
        self.sets[table as usize] = sets.into();
    }

    /// The families that the state brought.
    pub(super) fn restore_families(&mut self, names: impl IntoIterator<Item = String>) {
        self.families = names.into_iter().map(|name| (name, Batch::RESTORED)).collect();
    }

    /// All that is here was committed: what comes later is of a later batch.
    pub(super) fn end_batch(&mut self) {
        if std::mem::take(&mut self.has_begun) {
            self.current.0 += 1;
        }
    }

    /// The newest batch that has ended.
    pub(super) fn newest(&self) -> Batch {
        Batch(self.current.0 - 1)
    }

    /// Lets these batches be shown with their values.
    pub(super) fn lift(&mut self, up_to: Batch) {
        self.keep(|_, _, batch| batch > up_to);
        self.families.retain(|_, batch| *batch > up_to);
    }

    /// Lets everything be shown with its value.
    pub(super) fn lift_all(&mut self) {
        self.sets = PerTable::default();
        self.families.clear();
    }

    /// Keeps the label sets that fit.
    pub(super) fn keep(&mut self, mut fits: impl FnMut(Table, &LabelSet, Batch) -> bool) {
        for table in Table::ALL {
            let sets = &mut self.sets[table as usize];
            // What is shared is copied only where something goes.
            if !sets.iter().all(|(set, batch)| fits(table, set, *batch)) {
                Arc::make_mut(sets).retain(|set, batch| fits(table, set, *batch));
            }
        }
    }

    /// Whether everything is shown with its value.
    pub(super) fn is_empty(&self) -> bool {
        self.families.is_empty() && self.sets.iter().all(|sets| sets.is_empty())
    }

    /// The label sets of a table.
    pub(super) fn sets(&self, table: Table) -> &Arc<SetsAt0> {
        &self.sets[table as usize]
    }

    /// The families, by [`name_of`].
    pub(super) fn families(&self) -> impl ExactSizeIterator<Item = &str> {
        self.families.keys().map(String::as_str)
    }

    /// Whether a family is at 0 for all its label sets.
    pub(super) fn has_family(&self, name: &str) -> bool {
        self.families.contains_key(name)
    }
}

impl Totals {
    /// The label sets of a table that are shown as 0 for now, to be kept.
    pub fn sets_at_0(&self, table: Table) -> Arc<SetsAt0> {
        Arc::clone(self.zero_first.sets(table))
    }

    /// Whether all label sets show this measure as 0 for now: its family began after they did.
    pub fn is_family_at_0(&self, table: Table, measure: &Measure) -> bool {
        self.has_any_at_0() && self.zero_first.has_family(&name_of(table, measure))
    }

    /// Whether anything is shown as 0 for now.
    pub fn has_any_at_0(&self) -> bool {
        !self.zero_first.is_empty()
    }

    /// Shows what came with these batches with its values. To be committed before it is shown.
    pub fn lift(&mut self, up_to: Batch) {
        self.zero_first.lift(up_to);
    }

    /// Shows everything with its value: nobody scrapes, or everything was scraped as 0.
    pub fn lift_all(&mut self) {
        self.zero_first.lift_all();
    }

    /// What is here was committed.
    pub fn end_batch(&mut self) {
        self.zero_first.end_batch();
    }

    /// The newest batch that was committed.
    pub fn newest_batch(&self) -> Batch {
        self.zero_first.newest()
    }

    /// What comes back later begins at 0 anew.
    pub(super) fn forget_zeros_of_what_is_gone(&mut self) {
        let tables = &self.tables;
        self.zero_first
            .keep(|table, set, _| tables[table as usize].contains_key(set));
    }

    /// Adds fields that the server has sent. What counts those that it never sent before begins at 0.
    pub(super) fn begin_families(&mut self, sent: FieldSet) {
        let before = self.sent;
        self.sent.extend(sent);
        if self.sent == before {
            return;
        }
        for table in Table::ALL {
            let is_new = |measure: &&Measure| {
                let field = measure.where_sent;
                field.is_some_and(|field| sent.contains(field) && !before.contains(field))
            };
            for measure in table.measures().iter().filter(is_new) {
                self.zero_first.begin_family(name_of(table, measure));
            }
        }
    }
}

#[cfg(test)]
mod tests;
