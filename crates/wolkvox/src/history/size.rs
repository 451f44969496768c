//! How much one call asks for: the chunk size. A chunk that is too large or too slow is halved, and grows again with each good
//! answer. A chunk that can't be read is searched by bisection.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{Class, Error, Reason, Window, window};

/// A chunk of this length is never too long.
pub(super) const MODEST: TimeDelta = TimeDelta::hours(1);
/// A length that failed is tried again after this many good chunks.
const TRY_LONGER_AFTER: u32 = 12;

/// A row may be at fault where so many ranges failed one after the other.
const SUSPICIOUS: u32 = 3;

/// How long chunks are. Kept from cycle to cycle, in memory only.
#[derive(Debug)]
pub(super) struct ChunkSize {
    size: TimeDelta,
    /// Up to here it grows: what was longer failed.
    limit: TimeDelta,
    /// Good chunks since then.
    good_chunks: u32,
    /// What is twice as long is being tried again.
    is_trial: bool,
    trouble: Option<Trouble>,
    /// Ranges in a row that failed at an answer whose fault may lie in one row.
    failed_ranges: u32,
}

/// A chunk that could not be read. Chunks before it grow as usual, while it is cut ever smaller from cycle to cycle. If the
/// search began anew in each cycle, it would never end where a cycle has few tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Trouble {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    /// How much of it is asked for next.
    step: TimeDelta,
}

/// What to do about a chunk that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remedy {
    /// Ask for half of it.
    Halve,
    /// It can't be shorter.
    Shortest,
    /// Asking for less at once does not help.
    None,
}

impl Default for ChunkSize {
    fn default() -> ChunkSize {
        ChunkSize {
            size: window::LONGEST,
            limit: window::LONGEST,
            good_chunks: 0,
            is_trial: false,
            trouble: None,
            failed_ranges: 0,
        }
    }
}

impl ChunkSize {
    /// Where a chunk ends that begins at `at`.
    pub(super) fn end_of_chunk(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self.trouble {
            Some(trouble) if at < trouble.from => Some(trouble.from.min(at.checked_add_signed(self.size)?)),
            Some(trouble) if at < trouble.to => Some(trouble.to.min(at.checked_add_signed(trouble.step)?)),
            _ => at.checked_add_signed(self.size),
        }
    }

    /// A chunk up to here was good: the next may be twice as long. The rest of a chunk that failed may not.
    pub(super) fn note_read(&mut self, to: DateTime<Utc>) {
        match &mut self.trouble {
            Some(trouble) if (trouble.from..trouble.to).contains(&to) && to > trouble.from => {
                trouble.from = to;
            }
            trouble => {
                if trouble.is_some_and(|trouble| to >= trouble.to) {
                    *trouble = None;
                }
                self.size = (self.size * 2).min(self.limit);
            }
        }
        self.good_chunks += 1;
        if self.good_chunks.is_multiple_of(TRY_LONGER_AFTER) {
            self.is_trial = self.limit < window::LONGEST;
            self.limit = (self.limit * 2).min(window::LONGEST);
        }
    }

    /// A range was read to its end.
    pub(super) fn note_whole_range(&mut self) {
        self.failed_ranges = 0;
    }

    /// A range failed. Failures that say nothing of rows leave the search where it is.
    pub(super) fn note_failed_range(&mut self, error: &Error) {
        self.failed_ranges += u32::from(may_lie_in_one_row(error));
    }

    /// Whether after one more failure a row is a likely cause. It stays so until a range was read to its end: a search takes
    /// more than one cycle.
    pub(super) fn is_search_due(&self) -> bool {
        self.failed_ranges + 1 >= SUSPICIOUS
    }

    /// What to do about a chunk that failed. With `search`, a failure that one row may cause is asked for in halves too, down
    /// to `shortest`.
    pub(super) fn remedy(
        &mut self,
        error: &Error,
        chunk: &Window,
        shortest: TimeDelta,
        search: Search,
    ) -> Remedy {
        let length = chunk.to - chunk.from;
        if may_be_too_long(error) && length > MODEST {
            // Asking at once would not help a server that is down. Half of what was only tried is known to work.
            let is_trial = self.limit_below(length);
            return if is_trial { Remedy::Halve } else { Remedy::None };
        }
        let may_help = match search {
            Search::Due => may_lie_in_one_row(error),
            Search::NotDue => error.class() == Class::Smaller,
        };
        if !may_help {
            return Remedy::None;
        }
        if length <= shortest {
            self.trouble = None;
            return Remedy::Shortest;
        }
        if error.is_too_much() && length > MODEST {
            self.limit_below(length);
        }
        self.halve(chunk, shortest);
        Remedy::Halve
    }

    /// Takes half of what failed from here on.
    fn halve(&mut self, chunk: &Window, shortest: TimeDelta) {
        let half = half(chunk.to - chunk.from).max(shortest);
        self.size = half;
        self.trouble = Some(Trouble {
            from: chunk.from,
            to: chunk.to,
            step: half,
        });
    }

    /// Takes half of what failed, and no more for many chunks: a server that can't answer it would fail at each. Returns
    /// whether the length was only tried.
    fn limit_below(&mut self, length: TimeDelta) -> bool {
        self.good_chunks = 0;
        self.limit = half(length).max(MODEST);
        self.size = self.size.min(self.limit);
        if let Some(trouble) = &mut self.trouble {
            trouble.step = trouble.step.min(self.limit);
        }
        std::mem::take(&mut self.is_trial)
    }

    /// Forgets what no range reaches any more.
    pub(super) fn forget_before(&mut self, start: DateTime<Utc>) {
        self.trouble = self.trouble.filter(|trouble| trouble.to > start);
    }
}

/// In whole seconds, since the report knows nothing smaller. Rounded up, so that no second is left over.
fn half(length: TimeDelta) -> TimeDelta {
    TimeDelta::seconds((length.num_seconds() + 1) / 2)
}

/// Whether a failure is the occasion to search for a row that can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Search {
    Due,
    NotDue,
}

/// Whether a failure does not show its cause, so that the cause may be the length. A server that works on a long range for
/// longer than the time-out has sent nothing yet. What it answers to too many rows is not known.
fn may_be_too_long(error: &Error) -> bool {
    matches!(error.reason(), Reason::Timeout | Reason::BadRequest) && error.class() != Class::Smaller
}

/// Whether one row may be what makes the server, or us, fail.
pub(super) fn may_lie_in_one_row(error: &Error) -> bool {
    match error.reason() {
        Reason::HttpStatus => error.status().is_some_and(|status| status >= 500),
        Reason::NotJson => true,
        _ => error.class() == Class::Smaller,
    }
}

#[cfg(test)]
mod tests;
