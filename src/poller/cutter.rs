//! How a stretch is cut into pieces. Those that are too large or too slow are halved, and grow again with each good one;
//! a second that can't be read is searched for, and remembered.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::Failure;
use crate::ledger::Found;
use wolkvox::{self, Reason, Window, window};

/// The shortest piece.
pub(super) const SHORTEST: TimeDelta = TimeDelta::seconds(1);
/// A second is given up after so many failures while its neighbours succeeded.
pub(super) const GIVE_UP_AFTER: u32 = 3;
/// What is no longer than this is never too much to ask for.
const MODEST: TimeDelta = TimeDelta::hours(1);
/// Pieces of the length that failed without a hint are tried again after so many whole stretches, or good pieces of one.
const TRY_LONGER_AFTER: u32 = 12;
/// So many seconds in a row are passed over at most, where they are searched for.
const SUSPECTS: usize = 16;
/// How many pieces of one beat may run into their time-out: each takes as long as is allowed at all.
const TIMEOUTS_PER_BEAT: u32 = 4;

/// How pieces are cut. Kept from beat to beat, in memory only.
#[derive(Debug, Default)]
pub(super) struct Cutter {
    poll: Gait,
    sweep: Gait,
    /// Where stretches that can't be read begin, and how often they have failed.
    unreadable: BTreeMap<DateTime<Utc>, u32>,
    timeouts: u32,
}

/// How long the pieces of polls, or of sweeps, are. Each has its own: that the latest minutes can be read says nothing of a
/// second a day back.
#[derive(Debug)]
struct Gait {
    length: TimeDelta,
    /// Up to here it grows: what was longer failed without a hint why.
    longest: TimeDelta,
    /// Whole stretches since then, and good pieces of the stretch that is being read.
    whole: u32,
    good: u32,
    /// What is twice as long is being tried again.
    is_trial: bool,
    trouble: Option<Trouble>,
    /// Stretches in a row that failed at an answer whose fault may lie in one row.
    failed: u32,
}

/// A piece that could not be read. What is before it grows as usual, and it is cut ever smaller: else the search would
/// begin anew at each beat, and never come to its end where a beat has few tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Trouble {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    /// How much of it is asked for next.
    step: TimeDelta,
}

impl Default for Gait {
    fn default() -> Gait {
        Gait {
            length: window::LONGEST,
            longest: window::LONGEST,
            whole: 0,
            good: 0,
            is_trial: false,
            trouble: None,
            failed: 0,
        }
    }
}

impl Gait {
    fn end_of_piece(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self.trouble {
            Some(trouble) if at < trouble.from => Some(trouble.from.min(at.checked_add_signed(self.length)?)),
            Some(trouble) if at < trouble.to => Some(trouble.to.min(at.checked_add_signed(trouble.step)?)),
            _ => at.checked_add_signed(self.length),
        }
    }

    fn note_read(&mut self, to: DateTime<Utc>) {
        match &mut self.trouble {
            Some(trouble) if (trouble.from..trouble.to).contains(&to) && to > trouble.from => {
                trouble.from = to;
            }
            trouble => {
                if trouble.is_some_and(|trouble| to >= trouble.to) {
                    *trouble = None;
                }
                self.length = (self.length * 2).min(self.longest);
            }
        }
        self.good += 1;
        if self.good.is_multiple_of(TRY_LONGER_AFTER) {
            self.try_longer();
        }
    }

    fn note_end(&mut self, failure: Option<&Failure>) {
        self.good = 0;
        match failure {
            None => {
                self.failed = 0;
                self.whole += 1;
                if self.whole.is_multiple_of(TRY_LONGER_AFTER) {
                    self.try_longer();
                }
            }
            Some(Failure::Api(error)) if may_lie_in_one_row(error) => self.failed += 1,
            // Others say nothing of rows.
            Some(_) => {}
        }
    }

    fn try_longer(&mut self) {
        self.is_trial = self.longest < window::LONGEST;
        self.longest = (self.longest * 2).min(window::LONGEST);
    }

    /// A server that fails every call is not searched through at every beat: only at the 3rd, 6th, 12th, … failure.
    fn is_search_due(&self) -> bool {
        let failures = self.failed + 1;
        failures.is_multiple_of(3) && (failures / 3).is_power_of_two()
    }

    /// Takes half of what failed from here on.
    fn halve(&mut self, piece: &Window) {
        // Whole seconds: the report tells no less apart.
        let half = TimeDelta::seconds((piece.to - piece.from).num_seconds() / 2).max(SHORTEST);
        self.length = half;
        self.trouble = Some(Trouble {
            from: piece.from,
            to: piece.to,
            step: half,
        });
    }

    /// Takes half of what failed, and no more for many pieces: a server that can't do it would fail at each. Half of what
    /// was only tried is known to work: returns whether to ask for it at once.
    fn shorten(&mut self, length: TimeDelta) -> bool {
        self.whole = 0;
        self.good = 0;
        self.longest = (length / 2).max(MODEST);
        self.length = self.length.min(self.longest);
        if let Some(trouble) = &mut self.trouble {
            trouble.step = trouble.step.min(self.longest);
        }
        std::mem::take(&mut self.is_trial)
    }
}

/// What comes next of a stretch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Up to here as usual.
    Usual { to: DateTime<Utc> },
    /// From here something could not be read, so often.
    Unreadable { from: DateTime<Utc>, failures: u32 },
}

/// What to do about a piece that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remedy {
    /// Ask for half of it.
    Halve,
    /// It can't be shorter: go on behind it, and see whether its neighbour can be read.
    GoAround,
    /// Leave it to the next beat, which asks for less where that may help.
    None,
}

/// Where to go on behind something unreadable. Neighbouring pieces share their boundary second, so that the culprit is
/// the second after the last good piece; what follows must begin beyond it.
pub(super) fn behind(from: DateTime<Utc>) -> DateTime<Utc> {
    from + TimeDelta::seconds(2)
}

impl Cutter {
    pub(super) fn begin_beat(&mut self) {
        self.timeouts = 0;
    }

    /// Forgets what no request reaches any more.
    pub(super) fn forget_before(&mut self, start: DateTime<Utc>) {
        self.unreadable.retain(|from, _| behind(*from) > start);
        for gait in [&mut self.poll, &mut self.sweep] {
            gait.trouble = gait.trouble.filter(|trouble| trouble.to > start);
        }
    }

    fn gait(&mut self, found: Found) -> &mut Gait {
        match found {
            Found::ByPoll => &mut self.poll,
            Found::BySweep => &mut self.sweep,
        }
    }

    /// What to ask for at `at`, on the way to `to`.
    pub(super) fn part(&mut self, found: Found, at: DateTime<Utc>, to: DateTime<Utc>) -> Part {
        let end = to.min(self.gait(found).end_of_piece(at).unwrap_or(to));
        let next = self.unreadable.range(..end).find(|(from, _)| behind(**from) > at);
        match next {
            Some((from, failures)) if *from <= at => Part::Unreadable {
                from: *from,
                failures: *failures,
            },
            Some((from, _)) => Part::Usual { to: *from },
            None => Part::Usual { to: end },
        }
    }

    /// A piece up to here was good: the next may be twice as long. What is left of a piece in trouble may not.
    pub(super) fn note_read(&mut self, found: Found, to: DateTime<Utc>) {
        self.gait(found).note_read(to);
    }

    /// A stretch has ended, at its end or by this failure.
    pub(super) fn note_end(&mut self, found: Found, failure: Option<&Failure>) {
        self.gait(found).note_end(failure);
    }

    /// What to do about a piece that failed.
    pub(super) fn remedy(&mut self, found: Found, error: &wolkvox::Error, piece: &Window) -> Remedy {
        let length = piece.to - piece.from;
        if is_silent(error) && length > MODEST {
            let is_worth_it = self.gait(found).shorten(length);
            return if is_worth_it { Remedy::Halve } else { Remedy::None };
        }
        if !may_lie_in_one_row(error)
            || !((error.class() == wolkvox::Class::Smaller) || self.gait(found).is_search_due())
        {
            return Remedy::None;
        }
        if length <= SHORTEST {
            self.gait(found).trouble = None;
            return Remedy::GoAround;
        }
        self.gait(found).halve(piece);
        let is_timeout = error.reason() == Reason::Timeout;
        self.timeouts += u32::from(is_timeout);
        if is_timeout && self.timeouts >= TIMEOUTS_PER_BEAT {
            Remedy::None
        } else {
            Remedy::Halve
        }
    }

    /// How many seconds in a row may be passed over in this beat. A server that fails every call must not cost so many
    /// each time.
    pub(super) fn suspects(&mut self, found: Found) -> usize {
        if self.gait(found).is_search_due() {
            SUSPECTS
        } else {
            1
        }
    }

    /// Notes that what begins at `from` failed while its neighbours succeeded; returns how often now.
    pub(super) fn note_unreadable(&mut self, from: DateTime<Utc>) -> u32 {
        let failures = self.unreadable.entry(from).or_default();
        *failures += 1;
        *failures
    }

    /// Notes that what begins at `from` can be read again.
    pub(super) fn note_readable(&mut self, from: DateTime<Utc>) {
        self.unreadable.remove(&from);
    }
}

/// Whether a failure says nothing of its cause, so that it may be one of size: a server that works on a long stretch for
/// longer than it is waited for has sent nothing yet, and what it says to too many rows nobody knows. Asking again at once
/// would not help a server that is down, so the next beat asks for less.
fn is_silent(error: &wolkvox::Error) -> bool {
    matches!(error.reason(), Reason::Timeout | Reason::BadRequest) && error.class() != wolkvox::Class::Smaller
}

/// Whether one row may be what makes the server, or us, fail.
pub(super) fn may_lie_in_one_row(error: &wolkvox::Error) -> bool {
    match error.reason() {
        Reason::HttpStatus => error.status().is_some_and(|status| status >= 500),
        Reason::NotJson => true,
        _ => error.class() == wolkvox::Class::Smaller,
    }
}

#[cfg(test)]
mod tests;
