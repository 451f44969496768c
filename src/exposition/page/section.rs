//! A part of a page that is shown or left out as a whole, and its bytes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;

use crate::exposition::gzip::Blocks;
use crate::exposition::{Format, Options, head, samples};
use crate::metrics::Rows;

/// Bytes that are handed out and compressed as one are at least so many, if there are so many. Compressed alone, each of
/// many small families would take several times what it takes as a part of the whole.
const RUN: usize = 128 * 1024;

/// Families in their order.
#[derive(Debug, Default)]
pub(super) struct Section {
    parts: Vec<Part>,
    forms: [Form; Format::ALL.len()],
}

/// A family of one operation. Pages share its bytes for as long as it does not change.
#[derive(Debug)]
struct Part {
    rows: Arc<dyn Rows>,
    samples: [OnceLock<Bytes>; Format::ALL.len()],
}

/// A section in one format.
#[derive(Debug, Default)]
struct Form {
    runs: OnceLock<Arc<[Run]>>,
    zipped: OnceLock<Option<Blocks>>,
    /// The runs of the section before, until those of this one are made.
    before: Mutex<Option<Arc<[Run]>>>,
}

/// Families in a row.
#[derive(Debug, Default)]
struct Run {
    /// Heads and samples.
    pieces: Vec<Bytes>,
    plain: OnceLock<Bytes>,
    /// Compressed; `None` if that failed.
    blocks: OnceLock<Option<Blocks>>,
}

impl Section {
    /// The section after another one.
    pub(super) fn following(before: &Self, families: Vec<Arc<dyn Rows>>) -> Self {
        let known: HashMap<&str, &Part> = before
            .parts
            .iter()
            .map(|part| (part.rows.meta().name, part))
            .collect();
        let part = |rows: Arc<dyn Rows>| {
            let same = known.get(rows.meta().name);
            let same = same.filter(|part| rows.are_those_of(&*part.rows));
            let samples = same.map(|part| part.samples.clone());
            // The rows are those of this page: the tables of the page before may go.
            Part {
                rows,
                samples: samples.unwrap_or_default(),
            }
        };
        let families = families.into_iter().filter(|rows| rows.lines() > 0);
        Self {
            parts: families.map(part).collect(),
            forms: Format::ALL.map(|format| Form::following(&before.forms[format as usize])),
        }
    }

    /// The bytes as they are, in chunks.
    pub(super) fn plain(&self, format: Format, options: Options) -> Vec<Bytes> {
        let runs = self.runs(format, options).iter();
        runs.map(|run| run.plain().clone()).collect()
    }

    /// The bytes compressed; `None` if that failed.
    pub(super) fn zipped(&self, format: Format, options: Options) -> Option<&Blocks> {
        let zipped = self.forms[format as usize].zipped.get_or_init(|| {
            let runs = self.runs(format, options).iter();
            let blocks: Vec<&Blocks> = runs.map(Run::blocks).collect::<Option<_>>()?;
            Some(Blocks::joined(blocks))
        });
        zipped.as_ref()
    }

    fn runs(&self, format: Format, options: Options) -> &[Run] {
        let form = &self.forms[format as usize];
        form.runs.get_or_init(|| {
            let before = form.take_before();
            let before = before.as_deref().unwrap_or_default();
            let runs = runs(self.pieces(format, options));
            runs.into_iter().map(|run| run.kept_from(before)).collect()
        })
    }

    /// Heads and samples in their order. Parts of one name that follow each other have one head.
    fn pieces(&self, format: Format, options: Options) -> Vec<Bytes> {
        let mut pieces = Vec::new();
        for family in self
            .parts
            .chunk_by(|one, next| one.rows.meta() == next.rows.meta())
        {
            let samples: Vec<Bytes> = family.iter().map(|part| part.samples(format, options)).collect();
            let length = samples.iter().map(Bytes::len).sum();
            pieces.push(head(format, family[0].rows.meta(), length).into());
            pieces.extend(samples);
        }
        pieces
    }
}

impl Part {
    fn samples(&self, format: Format, options: Options) -> Bytes {
        let rendered = &self.samples[format as usize];
        rendered
            .get_or_init(|| samples(format, &*self.rows, options).into())
            .clone()
    }
}

impl Form {
    fn following(before: &Self) -> Self {
        // What was not made for the section before may have been made for the one before that.
        let runs = before.runs.get().cloned().or_else(|| before.take_before());
        Self {
            before: Mutex::new(runs),
            ..Self::default()
        }
    }

    fn take_before(&self) -> Option<Arc<[Run]>> {
        self.before.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Pieces put together until they are many bytes. One that is large is alone, so that it is handed out without a copy.
fn runs(pieces: Vec<Bytes>) -> Vec<Run> {
    let mut runs = vec![Run::default()];
    let mut length = 0;
    for piece in pieces {
        if length >= RUN || piece.len() >= RUN {
            runs.push(Run::default());
            length = 0;
        }
        length += piece.len();
        if let Some(run) = runs.last_mut() {
            run.pieces.push(piece);
        }
    }
    runs.retain(|run| !run.pieces.is_empty());
    runs
}

impl Run {
    /// With the bytes of the same run, if there was one before.
    fn kept_from(mut self, before: &[Run]) -> Self {
        if let Some(same) = before.iter().find(|run| run.pieces == self.pieces) {
            self.plain.clone_from(&same.plain);
            self.blocks.clone_from(&same.blocks);
        }
        self
    }

    fn plain(&self) -> &Bytes {
        self.plain.get_or_init(|| match &self.pieces[..] {
            [piece] => piece.clone(),
            pieces => pieces.concat().into(),
        })
    }

    fn blocks(&self) -> Option<&Blocks> {
        let blocks = self.blocks.get_or_init(|| {
            let pieces = self.pieces.iter().map(|piece| &piece[..]);
            Blocks::continued(pieces).ok()
        });
        blocks.as_ref()
    }
}
