//! Families that follow from the time of day, and their bytes for as long as they are the same.

use std::ops::RangeBounds as _;
use std::sync::{Arc, Mutex, PoisonError};

use super::part::{self, Part};
use crate::exposition::Options;
use crate::metrics::TimedRows;
use crate::metrics::rows::Period;

/// The families. Pages that follow one another share it.
#[derive(Debug)]
pub(super) struct Timed {
    rows: Arc<dyn TimedRows>,
    options: Options,
    made: Mutex<Option<Made>>,
    /// Those of the publication before, whose bytes are kept where nothing has changed.
    before: Arc<[Part]>,
}

/// Parts, and when they are those of the families.
#[derive(Debug)]
struct Made {
    period: Period,
    parts: Arc<[Part]>,
}

impl Timed {
    pub(super) fn new(rows: Arc<dyn TimedRows>, options: Options) -> Self {
        Self {
            rows,
            options,
            made: Mutex::default(),
            before: Arc::new([]),
        }
    }

    /// Those of the next publication.
    pub(super) fn following(before: Option<&Self>, rows: Arc<dyn TimedRows>, options: Options) -> Self {
        Self {
            before: before.map_or_else(|| Arc::new([]) as Arc<[Part]>, Self::newest),
            ..Self::new(rows, options)
        }
    }

    /// The parts that were made last.
    fn newest(&self) -> Arc<[Part]> {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(made.as_ref().map_or(&self.before, |made| &made.parts))
    }

    /// Whether it shows these very families.
    pub(super) fn is_of(&self, rows: &Arc<dyn TimedRows>) -> bool {
        Arc::ptr_eq(&self.rows, rows)
    }

    /// The parts as they are now.
    pub(super) fn parts(&self) -> Arc<[Part]> {
        let now = self.rows.now();
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        match &*made {
            Some(made) if made.period.contains(&now) => Arc::clone(&made.parts),
            _ => {
                let (families, period) = self.rows.at(now);
                let parts = part::following(&self.before, families, self.options);
                *made = Some(Made {
                    period,
                    parts: Arc::clone(&parts),
                });
                parts
            }
        }
    }
}
