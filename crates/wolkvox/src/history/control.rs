//! A question that every server which is up can answer. It is asked before a search: a server that fails every call has no
//! row that is at fault, and a search through it would be many calls for nothing.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{Error, Window};

use super::OpenRange;

/// Which second is asked for.
#[derive(Debug, Default)]
pub(super) struct Control {
    /// In the middle of the last good chunk.
    read_before: Option<DateTime<Utc>>,
    /// How often the question failed since then.
    failures: u32,
}

/// A failure that is judged when the question was answered.
#[derive(Debug)]
pub(super) struct Held {
    /// The question.
    pub(super) question: Window,
    /// What failed.
    pub(super) chunk: Window,
    /// Why.
    pub(super) error: Error,
}

impl Control {
    /// A chunk was good.
    pub(super) fn note_read(&mut self, chunk: &Window) {
        let middle = TimeDelta::seconds((chunk.to - chunk.from).num_seconds() / 2);
        *self = Control {
            read_before: Some(chunk.from + middle),
            failures: 0,
        };
    }

    /// The question failed.
    pub(super) fn note_failure(&mut self) {
        self.failures = self.failures.wrapping_add(1);
    }

    /// A second that was read before, and every other time the last one of the range, which moves on with the time: the
    /// second that was read may have become unreadable. `None` if the range has none above its floor.
    pub(super) fn question(&self, range: &OpenRange) -> Option<Window> {
        let is_its_turn = self.failures.is_multiple_of(2);
        let read_before = self.read_before.filter(|_| is_its_turn);
        read_before
            .and_then(|at| range.chunk(at, at))
            .or_else(|| range.last_second())
    }
}

#[cfg(test)]
mod tests;
