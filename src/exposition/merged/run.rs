//! Families in a row, whose bytes are handed out and compressed as one.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use crate::exposition::gzip::Blocks;

/// Bytes that are handed out and compressed as one are about so many, if there are so many. Compressed alone, each of
/// many small families would take several times what it takes as a part of the whole.
const RUN: usize = 128 * 1024;

/// What is never parted.
#[derive(Debug, Clone)]
pub(super) enum Piece {
    /// What comes before the samples of a family. It is made anew for each exposition.
    Head(Bytes),
    /// The samples of one operation. What has not changed is at the same place in memory.
    Samples(Bytes),
}

/// What a run is found by: how it begins.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Start<'a> {
    Head(&'a [u8]),
    Samples(*const u8),
}

/// Pieces in a row.
#[derive(Debug, Default)]
pub(super) struct Run {
    pieces: Vec<Piece>,
    plain: OnceLock<Bytes>,
    /// Compressed; `None` if that failed.
    blocks: OnceLock<Option<Blocks>>,
}

impl Piece {
    fn bytes(&self) -> &Bytes {
        let (Self::Head(bytes) | Self::Samples(bytes)) = self;
        bytes
    }

    fn start(&self) -> Start<'_> {
        match self {
            Self::Head(bytes) => Start::Head(bytes),
            Self::Samples(bytes) => Start::Samples(bytes.as_ptr()),
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        let (one, other) = (self.bytes(), other.bytes());
        one.len() == other.len() && (one.as_ptr() == other.as_ptr() || one == other)
    }
}

/// Pieces put together until they are many bytes. Runs that are the same as some before are those. A piece that is large is
/// alone, so that it is handed out without a copy.
pub(super) fn runs(pieces: Vec<Piece>, before: &[Arc<Run>]) -> Arc<[Arc<Run>]> {
    let known: HashMap<Start<'_>, &Arc<Run>> = before
        .iter()
        .filter_map(|run| Some((run.pieces.first()?.start(), run)))
        .collect();
    let kept = |pieces: Vec<Piece>| -> Option<Arc<Run>> {
        let same = known.get(&pieces.first()?.start());
        let same = same.filter(|run| run.has(&pieces)).map(|run| Arc::clone(run));
        Some(same.unwrap_or_else(|| Arc::new(Run::of(pieces))))
    };
    let began_before = |piece: &Piece| known.contains_key(&piece.start());
    parted(pieces, began_before)
        .into_iter()
        .filter_map(kept)
        .collect()
}

/// Where one run grows or shrinks, the next ones begin where they began before: else none of them could be kept. So a run
/// may be half as long, or half as long again. Some are empty.
fn parted(pieces: Vec<Piece>, began_before: impl Fn(&Piece) -> bool) -> Vec<Vec<Piece>> {
    let distances = distances(&pieces, began_before);
    let mut runs = Vec::new();
    let mut run = Vec::new();
    let mut length = 0;
    for (piece, distance) in pieces.into_iter().zip(distances) {
        let is_large = |piece: &Piece| piece.bytes().len() >= RUN;
        let is_full = length >= RUN && distance.is_none_or(|distance| distance >= RUN / 2);
        let began = length >= RUN / 2 && distance == Some(0);
        if is_full || began || is_large(&piece) || run.last().is_some_and(is_large) {
            runs.push(std::mem::take(&mut run));
            length = 0;
        }
        length += piece.bytes().len();
        run.push(piece);
    }
    runs.push(run);
    runs
}

/// How many bytes it is from each piece to the next one that a run began with before: 0 for that piece itself.
fn distances(pieces: &[Piece], began_before: impl Fn(&Piece) -> bool) -> Vec<Option<usize>> {
    let mut next = None;
    let distance = |piece: &Piece| {
        let behind = next.map(|distance: usize| distance + piece.bytes().len());
        next = if began_before(piece) { Some(0) } else { behind };
        next
    };
    let mut distances: Vec<_> = pieces.iter().rev().map(distance).collect();
    distances.reverse();
    distances
}

impl Run {
    fn of(pieces: Vec<Piece>) -> Self {
        Self {
            pieces,
            ..Self::default()
        }
    }

    fn has(&self, pieces: &[Piece]) -> bool {
        let same = |(one, other): (&Piece, &Piece)| one.is_same(other);
        self.pieces.len() == pieces.len() && self.pieces.iter().zip(pieces).all(same)
    }

    pub(super) fn plain(&self) -> &Bytes {
        self.plain.get_or_init(|| match &self.pieces[..] {
            [piece] => piece.bytes().clone(),
            pieces => {
                let pieces: Vec<&[u8]> = pieces.iter().map(|piece| &piece.bytes()[..]).collect();
                pieces.concat().into()
            }
        })
    }

    pub(super) fn blocks(&self) -> Option<&Blocks> {
        let blocks = self.blocks.get_or_init(|| {
            let pieces = self.pieces.iter().map(|piece| &piece.bytes()[..]);
            Blocks::continued(pieces).ok()
        });
        blocks.as_ref()
    }
}

#[cfg(test)]
mod tests;
