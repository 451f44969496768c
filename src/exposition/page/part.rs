//! A family of one operation, and its bytes.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use crate::exposition::{Format, Options, samples};
use crate::metrics::{Meta, Rows};

/// A family as one page shows it.
#[derive(Debug, Clone)]
pub(in crate::exposition) struct Part {
    rows: Arc<dyn Rows>,
    options: Options,
    /// The samples by format. Pages share them for as long as the family does not change.
    samples: Arc<[OnceLock<Bytes>; Format::ALL.len()]>,
}

/// The parts of these families, of which those that have not changed share their bytes with the parts before.
pub(super) fn following(before: &[Part], families: Vec<Arc<dyn Rows>>, options: Options) -> Arc<[Part]> {
    let known: HashMap<&str, &Part> = before.iter().map(|part| (part.meta().name, part)).collect();
    let part = |rows: Arc<dyn Rows>| {
        let same = known.get(rows.meta().name);
        let same = same.filter(|part| rows.are_those_of(&*part.rows));
        let samples = same.map(|part| Arc::clone(&part.samples));
        // The rows are those of this page: the tables of the page before may go.
        Part {
            rows,
            options,
            samples: samples.unwrap_or_default(),
        }
    };
    let families = families.into_iter().filter(|rows| rows.lines() > 0);
    families.map(part).collect()
}

impl Part {
    pub(in crate::exposition) fn meta(&self) -> Meta<'_> {
        self.rows.meta()
    }

    /// The samples without the head of the family. They are rendered here if nobody has asked for them before.
    pub(in crate::exposition) fn samples(&self, format: Format) -> Bytes {
        let rendered = &self.samples[format as usize];
        rendered
            .get_or_init(|| samples(format, &*self.rows, self.options).into())
            .clone()
    }
}
