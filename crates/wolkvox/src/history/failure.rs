//! What follows a call that failed: the same again, less, what is behind it, or nothing in this cycle.

use tokio::time::Instant;

use crate::{Class, Error, Source, Window};

use super::control::Held;
use super::size::{Remedy, Search, may_lie_in_one_row};
use super::{Next, OpenRange, Reader, SHORTEST, persistent};

/// The most seconds in a row that are passed over: during a search, and otherwise. More than that, and it is the server
/// that fails.
const SUSPECTS: (usize, usize) = (16, 1);
/// Where a chunk fails in a way that calls for less, its half may fail too before the server has to show that it answers.
const HALVED_UNASKED: u32 = 1;

impl<S: Source> Reader<S> {
    /// Decides what follows a failure.
    pub(super) fn after_failure(&mut self, range: &mut OpenRange, chunk: &Window, error: &Error) -> Next {
        self.cycle.note_failure(error);
        let next = if self.persistence.is_some() {
            let next = self.ask_for_less(range, chunk, error);
            self.persist(next, error)
        } else {
            self.within_cycle(range, chunk, error)
        };
        follow(range, error, next)
    }

    /// The server answers: so what failed before may be at fault.
    pub(super) fn after_control(&mut self, range: &mut OpenRange, held: &Held) -> Next {
        let next = self.search(range, &held.chunk, &held.error);
        follow(range, &held.error, next)
    }

    /// Few calls of one cycle may fail. What was learned is kept, so that the next cycle goes on from there.
    fn within_cycle(&mut self, range: &mut OpenRange, chunk: &Window, error: &Error) -> Next {
        if range.held.take().is_some() {
            self.control.note_failure();
            return Next::End;
        }
        let may_search = self.may_search(range, error);
        if !may_search {
            let is_spent = self.cycle.is_spent();
            let pause = self.cycle.pause(&self.pauses, error).filter(|_| !is_spent);
            if let Some(pause) = pause {
                return Next::Again(pause);
            }
            if error.retry_after().is_some() {
                return Next::End;
            }
        }
        if may_search && self.has_to_show_that_it_answers(chunk, error) {
            return match self.control.question(range) {
                Some(question) if !self.cycle.is_spent() => {
                    range.held = Some(Held {
                        question,
                        chunk: *chunk,
                        error: error.clone(),
                    });
                    Next::Control
                }
                _ => Next::End,
            };
        }
        let next = self.search(range, chunk, error);
        if self.cycle.is_spent() { Next::End } else { next }
    }

    /// Whether less is asked for instead of the same again. Whoever asks us to wait is not asked for less meanwhile.
    fn may_search(&mut self, range: &OpenRange, error: &Error) -> bool {
        let is_due = || range.probe.is_some() || error.class() == Class::Smaller;
        error.retry_after().is_none()
            && may_lie_in_one_row(error)
            && (is_due() || self.learned(range.purpose).size.is_search_due())
    }

    /// Whether nothing shows yet that the server answers at all. Too many rows are an answer, but not to the shortest question.
    fn has_to_show_that_it_answers(&self, chunk: &Window, error: &Error) -> bool {
        let can_be_less = chunk.to - chunk.from > SHORTEST;
        let is_clear = match error.class() {
            Class::Smaller if can_be_less => error.is_too_much() || self.cycle.failures() <= HALVED_UNASKED,
            _ => false,
        };
        !self.cycle.has_answered() && !is_clear
    }

    fn search(&mut self, range: &mut OpenRange, chunk: &Window, error: &Error) -> Next {
        if range.probe.is_none() {
            return self.ask_for_less(range, chunk, error);
        }
        let suspects = &mut self.learned(range.purpose).suspects;
        range.note_probe_failure(error, suspects)
    }

    /// Asks for less at once, or for what is behind a second that can't be read.
    fn ask_for_less(&mut self, range: &mut OpenRange, chunk: &Window, error: &Error) -> Next {
        let shortest = self
            .persistence
            .as_ref()
            .map_or(SHORTEST, |_| persistent::SHORTEST);
        let is_persistent = self.persistence.is_some();
        let is_due = match &self.persistence {
            Some(persistence) => persistence.is_search_due(),
            None => self.learned(range.purpose).size.is_search_due(),
        };
        let (search, most) = if is_due {
            (Search::Due, SUSPECTS.0)
        } else {
            (Search::NotDue, SUSPECTS.1)
        };
        let learned = self.learned(range.purpose);
        match learned.size.remedy(error, chunk, shortest, search) {
            Remedy::Halve => {
                range.move_before(chunk.from);
                Next::Smaller
            }
            Remedy::Shortest if is_persistent => Next::End,
            Remedy::Shortest if learned.suspects.len() < most => {
                learned.suspects.push(chunk.from, error);
                range.pass_suspect(chunk.from, error);
                Next::Around
            }
            // Too many in a row: the server fails, not a few seconds of the report.
            Remedy::Shortest => {
                if let Some(first) = learned.suspects.drop_all() {
                    range.return_to(first.min(chunk.from));
                }
                Next::End
            }
            Remedy::None => Next::End,
        }
    }
}

fn follow(range: &mut OpenRange, error: &Error, next: Next) -> Next {
    match next {
        Next::Again(pause) => range.not_before = Some(Instant::now() + pause),
        Next::End => range.failure = Some(error.clone()),
        Next::Judge | Next::Smaller | Next::Around | Next::Control => {}
    }
    next
}
