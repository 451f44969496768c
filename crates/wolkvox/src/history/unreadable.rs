//! Seconds of the report that could not be read, though their neighbours could.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::Error;

/// A second is given up after this many failures while its neighbours succeeded.
pub(super) const GIVE_UP_AFTER: u32 = 3;

/// Where seconds that can't be read begin, and how often each has failed. Kept from cycle to cycle, in memory only.
#[derive(Debug, Default)]
pub(super) struct Unreadable(BTreeMap<DateTime<Utc>, u32>);

/// What comes next of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Up to here as usual.
    Usual { to: DateTime<Utc> },
    /// From here something could not be read, so often.
    Unreadable { from: DateTime<Utc>, failures: u32 },
}

/// Where to go on behind something unreadable. Neighbouring chunks share their boundary second, so the unreadable second is
/// the one after the last good chunk. What follows must begin beyond it.
pub(super) fn behind(from: DateTime<Utc>) -> DateTime<Utc> {
    from + TimeDelta::seconds(2)
}

impl Unreadable {
    /// What comes at `at`, on the way to `to`.
    pub(super) fn part(&self, at: DateTime<Utc>, to: DateTime<Utc>) -> Part {
        match self.0.range(..to).find(|(from, _)| behind(**from) > at) {
            Some((&from, &failures)) if from <= at => Part::Unreadable { from, failures },
            Some((&from, _)) => Part::Usual { to: from },
            None => Part::Usual { to },
        }
    }

    /// Notes that what begins at `from` failed while its neighbours succeeded; returns how often now.
    pub(super) fn note_failure(&mut self, from: DateTime<Utc>) -> u32 {
        let failures = self.0.entry(from).or_default();
        *failures += 1;
        *failures
    }

    /// Notes that what begins at `from` can be read again.
    pub(super) fn note_readable(&mut self, from: DateTime<Utc>) {
        self.0.remove(&from);
    }

    /// Forgets what no range reaches any more.
    pub(super) fn forget_before(&mut self, start: DateTime<Utc>) {
        self.0.retain(|from, _| behind(*from) > start);
    }
}

/// Seconds in a row that failed while the server answered other calls. What is behind the last of them was not read yet: so
/// it is not known whether they are at fault, or the server. Kept from cycle to cycle, so that a search which comes to its
/// end in few calls a cycle need not ask for them again.
#[derive(Debug, Default)]
pub(super) struct Suspects(Vec<(DateTime<Utc>, Error)>);

impl Suspects {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn push(&mut self, from: DateTime<Utc>, error: &Error) {
        self.0.push((from, error.clone()));
    }

    /// None of them is one: it is the server that fails. Returns where the first begins.
    pub(super) fn drop_all(&mut self) -> Option<DateTime<Utc>> {
        self.0.drain(..).map(|(from, _)| from).min()
    }

    /// The first that does not end before `at`.
    pub(super) fn next(&self, at: DateTime<Utc>) -> Option<&(DateTime<Utc>, Error)> {
        self.0.iter().find(|(from, _)| behind(*from) > at)
    }

    /// What begins at `at` was read: those before it are at fault.
    pub(super) fn take_before(&mut self, at: DateTime<Utc>) -> Vec<(DateTime<Utc>, Error)> {
        self.0.extract_if(.., |(from, _)| *from < at).collect()
    }

    /// Forgets what no range reaches any more.
    pub(super) fn forget_before(&mut self, start: DateTime<Utc>) {
        self.0.retain(|(from, _)| behind(*from) > start);
    }
}

#[cfg(test)]
mod tests;
