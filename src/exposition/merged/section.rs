//! A part of an exposition: families of many operations, and their bytes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;

use super::order;
use super::run::{Piece, Run, runs};
use crate::exposition::gzip::Blocks;
use crate::exposition::page::Part;
use crate::exposition::{Format, head};

/// Families in their order.
#[derive(Debug, Default)]
pub(super) struct Section {
    /// Those of each operation.
    operations: Vec<Arc<[Part]>>,
    /// The parts of each family. Made when the first format is asked for.
    families: OnceLock<Vec<Vec<Part>>>,
    forms: [Form; Format::ALL.len()],
}

/// A section in one format.
#[derive(Debug, Default)]
struct Form {
    runs: OnceLock<Arc<[Arc<Run>]>>,
    zipped: OnceLock<Option<Blocks>>,
    /// The runs of a section before, until those of this one are made.
    before: Mutex<Option<Arc<[Arc<Run>]>>>,
}

impl Section {
    /// The section after another one: that one itself if nothing has changed.
    pub(super) fn following(before: &Arc<Self>, operations: Vec<Arc<[Part]>>) -> Arc<Self> {
        let same = |(one, other)| Arc::ptr_eq(one, other);
        if before.operations.len() == operations.len() && before.operations.iter().zip(&operations).all(same)
        {
            return Arc::clone(before);
        }
        Arc::new(Self {
            operations,
            families: OnceLock::new(),
            forms: Format::ALL.map(|format| Form::following(&before.forms[format as usize])),
        })
    }

    /// Whether it is made of these very parts.
    pub(super) fn is_of(&self, mut operations: impl Iterator<Item = Arc<[Part]>>) -> bool {
        let mut own = self.operations.iter();
        let are_same = operations.all(|parts| own.next().is_some_and(|own| Arc::ptr_eq(own, &parts)));
        are_same && own.next().is_none()
    }

    /// The bytes as they are, in chunks.
    pub(super) fn plain(&self, format: Format) -> Vec<Bytes> {
        let runs = self.runs(format).iter();
        runs.map(|run| run.plain().clone()).collect()
    }

    /// The bytes compressed; `None` if that failed.
    pub(super) fn zipped(&self, format: Format) -> Option<&Blocks> {
        let zipped = self.forms[format as usize].zipped.get_or_init(|| {
            let runs = self.runs(format).iter();
            let blocks: Vec<&Blocks> = runs.map(|run| run.blocks()).collect::<Option<_>>()?;
            Some(Blocks::joined(blocks))
        });
        zipped.as_ref()
    }

    fn runs(&self, format: Format) -> &[Arc<Run>] {
        let form = &self.forms[format as usize];
        if let Some(made) = form.runs.get() {
            return made;
        }
        let made = form.runs.get_or_init(|| {
            let before = form.before();
            runs(self.pieces(format), before.as_deref().unwrap_or_default())
        });
        form.forget_before();
        made
    }

    /// Heads and samples in their order.
    fn pieces(&self, format: Format) -> Vec<Piece> {
        let families = self.families.get_or_init(|| by_family(&self.operations));
        let mut pieces = Vec::new();
        for family in families {
            let samples: Vec<Bytes> = family.iter().map(|part| part.samples(format)).collect();
            let length = samples.iter().map(Bytes::len).sum();
            let head = family.first().map(|part| head(format, part.meta(), length));
            pieces.extend(head.map(|head| Piece::Head(head.into())));
            pieces.extend(samples.into_iter().map(Piece::Samples));
        }
        pieces
    }
}

/// The parts of each family, in the order of the operations.
fn by_family(operations: &[Arc<[Part]>]) -> Vec<Vec<Part>> {
    let order = order::union(operations.iter().map(|parts| names(parts)));
    let places: HashMap<&str, usize> = order.iter().enumerate().map(|(at, name)| (*name, at)).collect();
    let mut families = vec![Vec::new(); order.len()];
    for part in operations.iter().flat_map(|parts| parts.iter()) {
        if let Some(place) = places.get(part.meta().name) {
            families[*place].push(part.clone());
        }
    }
    families
}

fn names(parts: &[Part]) -> Vec<&str> {
    parts.iter().map(|part| part.meta().name).collect()
}

impl Form {
    fn following(before: &Self) -> Self {
        // What was not made for the section before may have been made for the one before that.
        let runs = before.runs.get().cloned().or_else(|| before.before());
        Self {
            before: Mutex::new(runs),
            ..Self::default()
        }
    }

    /// While this section is being made, the next one may need them too.
    fn before(&self) -> Option<Arc<[Arc<Run>]>> {
        let before = self.before.lock().unwrap_or_else(PoisonError::into_inner);
        before.clone()
    }

    fn forget_before(&self) {
        *self.before.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
