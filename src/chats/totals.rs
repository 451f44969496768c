//! What has been counted: a value per measure and label set, in sorted maps, so that they compare and serialise the same
//! way every time.

mod cell;
mod name;
mod removal;
mod stored;
mod zero_first;

use std::collections::{BTreeMap, btree_map};
use std::ops::Index;
use std::sync::Arc;

use chrono::{DateTime, Utc};

pub use cell::Cell;
pub use name::{Name, Names};
pub use zero_first::{Batch, SetsAt0};

use super::chat::Chat;
use super::field::FieldSet;
#[cfg(test)]
use super::key::Keys;
use super::key::{LabelSet, PerTable, Table};
use super::measure::Measure;
use super::recontact::Customers;
use super::today::Days;
#[cfg(test)]
use crate::config::Agents;
use crate::config::Counting;
use crate::ledger::{Counted, Counts};
use crate::metrics::histogram::Histogram;
use name::note;
use zero_first::ZeroFirst;

/// A label set's totals and when it was first seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When it started at 0: milliseconds since the epoch. The `_created` time of OpenMetrics.
    pub created_ms: i64,
    /// When a chat was last seen for it: milliseconds since the epoch. A label set without a chat for long may be retired.
    pub touched_ms: i64,
    /// The totals, by the measures of the table.
    pub cells: Box<[Cell]>,
}

impl Entry {
    /// The totals of a label set that begins at `now`.
    pub(super) fn new(cells: Box<[Cell]>, now: DateTime<Utc>) -> Entry {
        Entry {
            created_ms: now.timestamp_millis(),
            touched_ms: now.timestamp_millis(),
            cells,
        }
    }

    /// Chats counted: what the first measure of every table counts.
    pub fn chats(&self) -> u64 {
        self.cells.first().map_or(0, Cell::count)
    }

    /// When the value of a measure started at 0 that has this [`Totals::restarted_ms`]: milliseconds since the epoch.
    pub fn started_ms(&self, restarted_ms: Option<i64>) -> i64 {
        restarted_ms.map_or(self.created_ms, |restarted| restarted.max(self.created_ms))
    }
}

/// Label sets and their totals. Clones of a table share the entries until one of them changes.
pub type Sets = BTreeMap<LabelSet, Arc<Entry>>;

/// Everything that is counted per chat. A clone costs next to nothing: what changes is copied when it does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Totals {
    tables: PerTable<Arc<Sets>>,
    /// Names of agents by id; empty unless names are switched on.
    pub agent_names: Arc<Names>,
    /// Texts of the codes.
    pub descriptions: Arc<Names>,
    /// Fields of [`Measure::where_sent`] that the server has sent.
    sent: FieldSet,
    /// Families that started at 0 after their label sets did, by [`name_of`]. The value is when, milliseconds since the
    /// epoch. It is `None` between reading the state and [`Counted::resume`].
    started: BTreeMap<String, Option<i64>>,
    zero_first: ZeroFirst,
    /// The chats by their day.
    pub(super) days: Arc<Days>,
    /// When customers closed chats; empty unless recontacts are counted.
    pub(super) customers: Arc<Customers>,
}

impl Totals {
    /// Takes one chat in, under these label sets: what [`super::Tally`] comes to for all chats of an answer is compared with this. `now` becomes the creation time of those not seen before. A chat that does
    /// not count creates them at 0.
    #[cfg(test)]
    pub(crate) fn absorb(
        &mut self,
        chat: &Chat,
        keys: &Keys,
        counts: Counts,
        counting: &Counting,
        now: DateTime<Utc>,
    ) {
        self.add(chat, keys, counts, counting, now);
        self.note_texts(chat, keys, counting.agents, now);
    }

    #[cfg(test)]
    fn add(&mut self, chat: &Chat, keys: &Keys, counts: Counts, counting: &Counting, now: DateTime<Utc>) {
        for (table, set) in keys.each() {
            let entry = entry(
                Arc::make_mut(&mut self.tables[table as usize]),
                table,
                set,
                now.timestamp_millis(),
            );
            take(&mut entry.cells, table, chat, counts, counting, &mut self.sent);
        }
    }

    /// Texts of ids that have label sets of their own.
    #[cfg(test)]
    fn note_texts(&mut self, chat: &Chat, keys: &Keys, agents: Agents, now: DateTime<Utc>) {
        let as_of_ms = chat
            .closed
            .map_or(now, |closed| closed.earliest)
            .timestamp_millis();
        if agents == Agents::Names && keys.has_id(Table::Agents, &chat.agent_id) {
            note(
                &mut self.agent_names,
                &chat.agent_id,
                chat.agent_name.as_ref(),
                as_of_ms,
            );
        }
        let code = chat.code.as_ref();
        if let Some(code) = code.filter(|code| keys.has_id(Table::Dispositions, code)) {
            note(&mut self.descriptions, code, chat.description.as_ref(), as_of_ms);
        }
    }

    /// Creates a label set at 0.
    #[cfg(test)]
    pub(crate) fn open_set(&mut self, table: Table, set: &LabelSet) {
        entry(Arc::make_mut(&mut self.tables[table as usize]), table, set, 0);
    }

    /// Puts in the label sets of a table that has none yet.
    pub(super) fn begin_table(&mut self, table: Table, sets: Vec<(LabelSet, Entry)>) {
        debug_assert!(self[table].is_empty(), "a table begins once");
        let sets = sets.into_iter().map(|(set, entry)| (set, Arc::new(entry)));
        self.tables[table as usize] = Arc::new(sets.collect());
    }

    /// Adds so many to what the first measure of a label set counts, which is created at 0 first.
    pub(super) fn count_set(&mut self, table: Table, set: &LabelSet, now: DateTime<Utc>, count: u64) {
        let sets = Arc::make_mut(&mut self.tables[table as usize]);
        let entry = entry(sets, table, set, now.timestamp_millis());
        if let Some(cell) = entry.cells.first_mut() {
            cell.add(&Cell::Count(count));
        }
    }

    /// Adds fields that the server has sent.
    pub(super) fn add_sent(&mut self, sent: FieldSet) {
        self.sent.extend(sent);
    }

    /// Creates the label sets of `other` that are not here yet, at 0, with its texts and what the server is known to
    /// send: what a reader of the past shows before a label set has its first chat.
    pub fn add_label_sets_of(&mut self, other: &Totals) {
        for table in Table::ALL {
            let mine = Arc::make_mut(&mut self.tables[table as usize]);
            for (set, theirs) in &other[table] {
                if !mine.contains_key(set) {
                    entry(mine, table, set, theirs.created_ms);
                }
            }
        }
        self.agent_names.clone_from(&other.agent_names);
        self.descriptions.clone_from(&other.descriptions);
        self.sent.extend(other.sent);
    }

    /// All chats counted.
    pub fn chats_counted(&self) -> u64 {
        self[Table::Chats].values().map(|entry| entry.chats()).sum()
    }

    /// Sample lines that the label sets take.
    pub fn lines(&self) -> usize {
        let sets = Table::ALL.map(|table| self[table].len() * table.lines());
        sets.iter().sum::<usize>() + self.agent_names.len() + self.descriptions.len()
    }

    /// Bytes that the values of labels take in all those lines, but for the label `operation`.
    pub fn label_bytes(&self) -> usize {
        let of_sets = Table::ALL.map(|table| {
            let bytes = self[table].keys().map(LabelSet::bytes);
            bytes.sum::<usize>() * table.lines()
        });
        let of_texts = [Table::Agents, Table::Dispositions].map(|table| {
            let texts = self.texts(table);
            let bytes = texts.iter().map(|(id, name)| id.len() + name.text.len());
            bytes.sum::<usize>()
        });
        of_sets.iter().chain(&of_texts).sum()
    }

    /// Whether the server is known to send what a measure counts; until then its family is left out.
    pub fn is_sent(&self, measure: &Measure) -> bool {
        measure.where_sent.is_none_or(|field| self.sent.contains(field))
    }

    /// When the family of a measure started at 0, if that was after its label sets did: milliseconds since the epoch. For
    /// [`Entry::started_ms`].
    pub fn restarted_ms(&self, table: Table, measure: &Measure) -> Option<i64> {
        self.started.get(&name_of(table, measure)).copied().flatten()
    }

    /// A table, to be kept: it stays as it is now. The same `Arc` is the same content.
    pub fn share(&self, table: Table) -> Arc<Sets> {
        Arc::clone(&self.tables[table as usize])
    }

    /// A family starts at 0 for the label sets that are there.
    fn restart(&mut self, table: Table, slot: usize) {
        let measure = &table.measures()[slot];
        let sets = Arc::make_mut(&mut self.tables[table as usize]);
        for entry in sets.values_mut() {
            Arc::make_mut(entry).cells[slot] = Cell::zero(measure.spec.kind);
        }
        if !sets.is_empty() {
            self.started.insert(name_of(table, measure), None);
        }
    }
}

impl Index<Table> for Totals {
    type Output = Sets;

    fn index(&self, table: Table) -> &Sets {
        &self.tables[table as usize]
    }
}

impl Counted for Totals {
    /// The bounds of the histograms, by their names.
    type Layout = BTreeMap<String, Vec<u64>>;

    fn layout() -> Self::Layout {
        let measures = Table::ALL.into_iter().flat_map(Table::measures);
        let bounds =
            measures.filter_map(|measure| Some((measure.name.to_owned(), measure.bounds()?.to_vec())));
        bounds.collect()
    }

    /// A histogram with other bounds starts at 0: its old buckets say nothing about the new ones.
    fn conform(&mut self, stored: &Self::Layout) {
        for table in Table::ALL {
            for (slot, measure) in table.measures().iter().enumerate() {
                let Some(bounds) = measure.bounds() else { continue };
                let fits = |entry: &Arc<Entry>| match &entry.cells[slot] {
                    Cell::Histogram(Histogram { buckets, .. }) => buckets.len() == bounds.len() + 1,
                    _ => false,
                };
                let is_same = stored.get(measure.name).is_some_and(|stored| stored == bounds);
                if !(is_same && self[table].values().all(fits)) {
                    self.restart(table, slot);
                }
            }
        }
    }

    fn resume(&mut self, now: DateTime<Utc>) {
        for (name, started) in &mut self.started {
            if started.is_none() {
                *started = Some(now.timestamp_millis());
                self.zero_first.begin_family(name.clone());
                tracing::warn!(
                    family = family_of(name),
                    "the stored state lacks this family, or has it with other buckets: it starts at 0"
                );
            }
        }
    }

    fn add(&mut self, other: Totals) {
        for (table, theirs) in Table::ALL.into_iter().zip(other.tables) {
            // A table that is shared is copied only where something comes.
            if !theirs.is_empty() {
                let mine = Arc::make_mut(&mut self.tables[table as usize]);
                let new = merge(mine, Arc::unwrap_or_clone(theirs));
                self.zero_first.begin(table, new);
            }
        }
        for (names, others) in [
            (&mut self.agent_names, other.agent_names),
            (&mut self.descriptions, other.descriptions),
        ] {
            for (id, name) in &*others {
                note(names, id, Some(&name.text), name.as_of_ms);
            }
        }
        self.begin_families(other.sent);
        self.add_days(&other.days);
        self.add_closes(&other.customers);
    }
}

/// The name of a measure among those of all tables.
fn name_of(table: Table, measure: &Measure) -> String {
    format!("{}.{}", table.name(), measure.name)
}

/// The family of a measure, by [`name_of`].
fn family_of(name: &str) -> Option<&'static str> {
    let measures = |table: Table| table.measures().iter().map(move |measure| (table, measure));
    let mut all = Table::ALL.into_iter().flat_map(measures);
    let (_, measure) = all.find(|(table, measure)| name_of(*table, measure) == name)?;
    Some(measure.spec.name)
}

fn entry<'a>(sets: &'a mut Sets, table: Table, set: &LabelSet, now_ms: i64) -> &'a mut Entry {
    let new = || {
        Arc::new(Entry {
            created_ms: now_ms,
            touched_ms: now_ms,
            cells: table.zero(),
        })
    };
    let entry = Arc::make_mut(sets.entry(set.clone()).or_insert_with(new));
    entry.touched_ms = entry.touched_ms.max(now_ms);
    entry
}

/// Adds to the values of label sets. Returns those that are new.
fn merge(mine: &mut Sets, theirs: Sets) -> Vec<LabelSet> {
    let mut new = Vec::new();
    for (set, other) in theirs {
        match mine.entry(set) {
            btree_map::Entry::Vacant(vacant) => {
                new.push(vacant.key().clone());
                vacant.insert(other);
            }
            btree_map::Entry::Occupied(mut known) => {
                let known = Arc::make_mut(known.get_mut());
                known.touched_ms = known.touched_ms.max(other.touched_ms);
                for (cell, other) in known.cells.iter_mut().zip(&other.cells) {
                    cell.add(other);
                }
            }
        }
    }
    new
}

/// Adds a chat to the values of a label set, and the fields that only some servers send to those that were sent. A chat that
/// does not count adds to the latter only.
pub(super) fn take(
    cells: &mut [Cell],
    table: Table,
    chat: &Chat,
    counts: Counts,
    counting: &Counting,
    sent: &mut FieldSet,
) {
    for (measure, cell) in table.measures().iter().zip(cells) {
        let Some(value) = measure.of(chat, counting) else {
            continue;
        };
        if counts == Counts::Yes {
            cell.take(measure.spec.kind, value);
        }
        if let Some(field) = measure.where_sent {
            sent.insert(field);
        }
    }
}

#[cfg(test)]
mod tests;
