//! The totals per label set.

use std::collections::btree_map;
use std::iter::Peekable;
use std::sync::Arc;

use crate::chats::exemplar::{Example, Examples, Exemplars};
use crate::chats::key::{LabelSet, Table};
use crate::chats::measure::Measure;
use crate::chats::totals::{Batch, Cell, Entry, Sets, SetsAt0, Totals};
use crate::metrics::family::Exemplar;
use crate::metrics::rows::{Meta, Row, Rows};
use crate::metrics::spec::{Spec, seconds};

pub(super) fn specs() -> impl Iterator<Item = &'static Spec> {
    let measures = Table::ALL.into_iter().flat_map(Table::measures);
    measures.map(|measure| &measure.spec)
}

/// The families of the totals. What is at 0 for now is shown so, whatever it holds.
pub fn families(operation: &str, totals: &Totals, exemplars: &Exemplars) -> Vec<Arc<dyn Rows>> {
    let operation: Arc<str> = operation.into();
    let mut families: Vec<Arc<dyn Rows>> = Vec::new();
    for table in Table::ALL {
        let sets = totals.share(table);
        let sets_at_0 = totals.sets_at_0(table);
        for (slot, measure) in table.measures().iter().enumerate() {
            if !totals.is_sent(measure) {
                continue;
            }
            families.push(Arc::new(TotalRows {
                operation: Arc::clone(&operation),
                table,
                slot,
                sets: Arc::clone(&sets),
                at_0: if totals.is_family_at_0(table, measure) {
                    At0::All
                } else {
                    At0::Sets(Arc::clone(&sets_at_0))
                },
                restarted_ms: totals.restarted_ms(table, measure),
                exemplars: exemplars.share(table),
            }));
        }
    }
    families
}

/// Which label sets are shown as 0 for now.
#[derive(Debug)]
enum At0 {
    /// All: the family began after they did.
    All,
    /// These.
    Sets(Arc<SetsAt0>),
}

/// One measure of a table, as it is shown.
#[derive(Debug)]
struct TotalRows {
    operation: Arc<str>,
    table: Table,
    slot: usize,
    sets: Arc<Sets>,
    at_0: At0,
    restarted_ms: Option<i64>,
    exemplars: Arc<Examples>,
}

/// A label set as it is shown.
struct Shown<'a> {
    set: &'a LabelSet,
    entry: &'a Arc<Entry>,
    is_at_0: bool,
}

impl TotalRows {
    fn measure(&self) -> &'static Measure {
        &self.table.measures()[self.slot]
    }

    fn shown(&self) -> impl Iterator<Item = Shown<'_>> {
        let mut at_0: Option<Peekable<btree_map::Keys<LabelSet, Batch>>> = match &self.at_0 {
            At0::All => None,
            At0::Sets(sets) => Some(sets.keys().peekable()),
        };
        self.sets.iter().map(move |(set, entry)| Shown {
            set,
            entry,
            is_at_0: at_0
                .as_mut()
                .is_none_or(|sets| sets.next_if(|first| *first == set).is_some()),
        })
    }

    /// The examples that a label set shows; empty where it has none.
    fn examples(&self, shown: &Shown<'_>) -> &[Option<Example>] {
        let examples = self.exemplars.get(shown.set).filter(|_| !shown.is_at_0);
        examples.map_or(&[], |examples| &examples[self.slot])
    }

    /// The value that a label set shows.
    fn value<'a>(&self, shown: &Shown<'a>, zero: &'a Cell) -> &'a Cell {
        if shown.is_at_0 {
            zero
        } else {
            &shown.entry.cells[self.slot]
        }
    }

    /// Whether nothing was touched since another publication. Two that share less can look the same too.
    fn shares_all_with(&self, other: &TotalRows) -> bool {
        let is_same_at_0 = match (&self.at_0, &other.at_0) {
            (At0::All, At0::All) => true,
            (At0::Sets(mine), At0::Sets(theirs)) => Arc::ptr_eq(mine, theirs),
            _ => false,
        };
        // An example comes with a chat, which changes the label sets.
        is_same_at_0 && Arc::ptr_eq(&self.sets, &other.sets) && self.restarted_ms == other.restarted_ms
    }

    /// Whether a label set looks the same as in another publication.
    fn is_same(&self, mine: &Shown<'_>, other: &TotalRows, theirs: &Shown<'_>, zero: &Cell) -> bool {
        let is_same_start =
            || mine.entry.started_ms(self.restarted_ms) == theirs.entry.started_ms(other.restarted_ms);
        let is_same_value = || {
            // An example comes with a chat, which changes the entry.
            let is_same_entry = mine.is_at_0 == theirs.is_at_0 && Arc::ptr_eq(mine.entry, theirs.entry);
            is_same_entry
                || self.value(mine, zero) == other.value(theirs, zero)
                    && (self.measure().bounds().is_none() || self.examples(mine) == other.examples(theirs))
        };
        mine.set == theirs.set && is_same_start() && is_same_value()
    }
}

impl Rows for TotalRows {
    fn meta(&self) -> Meta<'_> {
        self.measure().spec.meta()
    }

    fn lines(&self) -> usize {
        self.sets.len() * self.measure().spec.kind.lines()
    }

    fn each(&self, visit: &mut dyn FnMut(Row<'_>)) {
        let kind = self.measure().spec.kind;
        let zero = Cell::zero(kind);
        let (mut labels, mut buckets) = (Vec::new(), Vec::new());
        for shown in self.shown() {
            labels.clear();
            labels.push(("operation", &*self.operation));
            labels.extend(shown.set.pairs(self.table));
            visit(Row {
                labels: &labels,
                point: self.value(&shown, &zero).sample().point(kind, &mut buckets),
                created_ms: Some(shown.entry.started_ms(self.restarted_ms)),
                exemplars: &|| exemplars(self.examples(&shown)),
            });
        }
    }

    fn are_those_of(&self, other: &dyn Rows) -> bool {
        let Some(other) = other.downcast::<TotalRows>() else {
            return false;
        };
        let is_same_family = self.operation == other.operation
            && self.table == other.table
            && self.slot == other.slot
            && self.sets.len() == other.sets.len();
        let zero = Cell::zero(self.measure().spec.kind);
        let mut pairs = self.shown().zip(other.shown());
        is_same_family
            && (self.shares_all_with(other)
                || pairs.all(|(mine, theirs)| self.is_same(&mine, other, &theirs, &zero)))
    }
}

fn exemplars(buckets: &[Option<Example>]) -> Vec<Option<Exemplar>> {
    let exemplar = |example: &Example| Exemplar {
        labels: vec![("conn_id".to_owned(), example.id.to_string())],
        value: seconds(example.milliseconds),
        timestamp_ms: Some(example.at.timestamp_millis()),
    };
    buckets
        .iter()
        .map(|example| example.as_ref().map(exemplar))
        .collect()
}
