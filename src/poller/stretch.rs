//! A stretch of time, asked for piece by piece. Pieces that are too large or too slow are halved, and grow again with
//! each good one; a second that can't be read is found, and passed over when its neighbours can.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::request::Answered;
use super::{Failure, Poller, Publish, Summary};
use crate::latest::Gatherer;
use crate::ledger::{Found, Store};
use crate::wolkvox::{self, Reason, Source, Window, window};

/// The shortest piece.
const SHORTEST: TimeDelta = TimeDelta::seconds(1);
/// A second is given up after so many failures while its neighbours succeeded.
const GIVE_UP_AFTER: u32 = 3;
/// How many pieces of one beat may run into their time-out: each takes as long as is allowed at all.
const TIMEOUTS_PER_BEAT: u32 = 4;

/// How pieces are cut. Kept from beat to beat, in memory only.
#[derive(Debug)]
pub(super) struct Cutter {
    length: TimeDelta,
    /// Where stretches that can't be read begin, and how often they have failed.
    unreadable: BTreeMap<DateTime<Utc>, u32>,
    /// Beats in a row that failed at an answer whose fault may lie in one row.
    failed_beats: u32,
    timeouts: u32,
}

impl Default for Cutter {
    fn default() -> Cutter {
        Cutter {
            length: window::LONGEST,
            unreadable: BTreeMap::new(),
            failed_beats: 0,
            timeouts: 0,
        }
    }
}

/// What comes next of a stretch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Up to here as usual.
    Usual { to: DateTime<Utc> },
    /// From here something could not be read, so often.
    Unreadable { from: DateTime<Utc>, failures: u32 },
}

/// What to do about a piece that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Remedy {
    /// Ask for half of it.
    Halve,
    /// It can't be shorter: go on behind it, and see whether its neighbour can be read.
    GoAround,
    /// Leave it to the next beat.
    None,
}

/// Where to go on behind something unreadable. Neighbouring pieces share their boundary second, so that the culprit is
/// the second after the last good piece; what follows must begin beyond it.
fn behind(from: DateTime<Utc>) -> DateTime<Utc> {
    from + TimeDelta::seconds(2)
}

impl Cutter {
    pub(super) fn begin_beat(&mut self) {
        self.timeouts = 0;
    }

    /// Notes how the beat ended.
    pub(super) fn end_beat(&mut self, failure: Option<&Failure>) {
        match failure {
            Some(Failure::Api(error)) if may_lie_in_one_row(error) => self.failed_beats += 1,
            _ => self.failed_beats = 0,
        }
    }

    /// Forgets what no request reaches any more.
    pub(super) fn forget_before(&mut self, start: DateTime<Utc>) {
        self.unreadable.retain(|from, _| behind(*from) > start);
    }

    fn part(&self, at: DateTime<Utc>, to: DateTime<Utc>) -> Part {
        let end = to.min(at.checked_add_signed(self.length).unwrap_or(to));
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

    /// After a good piece, the next may be twice as long.
    fn grow(&mut self) {
        self.length = (self.length * 2).min(window::LONGEST);
    }

    fn remedy(&mut self, error: &wolkvox::Error, piece: &Window) -> Remedy {
        let is_timeout = error.reason() == Reason::Timeout;
        if !may_lie_in_one_row(error) || !(error.is_about_size() || self.is_search_due()) {
            return Remedy::None;
        }
        let length = piece.to - piece.from;
        if length <= SHORTEST {
            return Remedy::GoAround;
        }
        // Whole seconds: the report tells no less apart.
        self.length = TimeDelta::seconds(length.num_seconds() / 2).max(SHORTEST);
        self.timeouts += u32::from(is_timeout);
        if is_timeout && self.timeouts >= TIMEOUTS_PER_BEAT {
            Remedy::None
        } else {
            Remedy::Halve
        }
    }

    /// A server that fails every call is not searched through at every beat: only at the 3rd, 6th, 12th, … failure.
    fn is_search_due(&self) -> bool {
        let failures = self.failed_beats + 1;
        failures.is_multiple_of(3) && (failures / 3).is_power_of_two()
    }

    /// Notes that what begins at `from` failed while its neighbours succeeded; returns how often now.
    fn note_unreadable(&mut self, from: DateTime<Utc>) -> u32 {
        let failures = self.unreadable.entry(from).or_default();
        *failures += 1;
        *failures
    }
}

/// Whether one row may be what makes the server, or us, fail.
fn may_lie_in_one_row(error: &wolkvox::Error) -> bool {
    match error.reason() {
        Reason::HttpStatus => error.status().is_some_and(|status| status >= 500),
        Reason::NotJson => true,
        _ => error.is_about_size(),
    }
}

/// How far a stretch has come.
struct Walk<'a> {
    found: Found,
    summary: Summary,
    gatherer: Option<&'a mut Gatherer>,
    /// Failed, and not yet known whether what follows can be read.
    suspect: Option<(DateTime<Utc>, wolkvox::Error)>,
    /// Unreadable, but not given up yet: the cursor stays before it.
    open: Option<wolkvox::Error>,
}

impl<S: Source, D: Store, P: Publish> Poller<S, D, P> {
    /// Asks for a stretch piece by piece; each one is committed and published before the next is asked for, so that a
    /// long backlog gets through even if the process is killed in between.
    pub(super) async fn stretch(
        &mut self,
        found: Found,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        gatherer: Option<&mut Gatherer>,
    ) -> Result<Summary, Failure> {
        let summary = Summary {
            from,
            to,
            answers: 0,
            rows: 0,
            counted: 0,
            remembered: 0,
            duplicate: 0,
        };
        let mut walk = Walk {
            found,
            summary,
            gatherer,
            suspect: None,
            open: None,
        };
        let mut at = from;
        while at < to && !self.is_beyond_now(&walk, at) {
            at = match self.cutter.part(at, to) {
                Part::Usual { to } => self.usual(&mut walk, at, to).await?,
                Part::Unreadable { from, failures } => self.unreadable(&mut walk, from, failures).await?,
            };
        }
        match walk.suspect.map(|(_, error)| error).or(walk.open) {
            Some(error) => Err(error.into()),
            None => Ok(walk.summary),
        }
    }

    /// An answer may have shown that our idea of now was far ahead.
    fn is_beyond_now(&self, walk: &Walk<'_>, at: DateTime<Utc>) -> bool {
        walk.found == Found::ByPoll && walk.summary.answers > 0 && at > self.clocks.later()
    }

    /// Asks from `at` up to `to`; returns where to go on.
    async fn usual(
        &mut self,
        walk: &mut Walk<'_>,
        at: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<DateTime<Utc>, Failure> {
        let floor = self.ledger.seen.floor();
        for piece in window::pieces(at, to, self.settings.zone, floor, window::LONGEST) {
            match self.take(walk, piece).await {
                Ok(()) => self.note_neighbour(walk),
                Err(Failure::Api(error)) => match self.cutter.remedy(&error, &piece) {
                    Remedy::Halve => return Ok(piece.from.max(at)),
                    // Two in a row: it is not the one second.
                    Remedy::GoAround if walk.suspect.is_none() => {
                        walk.suspect = Some((piece.from, error));
                        return Ok(behind(piece.from));
                    }
                    _ => return Err(error.into()),
                },
                Err(failure) => return Err(failure),
            }
        }
        self.cutter.grow();
        Ok(to)
    }

    /// Asks for what could not be read before. What was given up is only asked for by sweeps.
    async fn unreadable(
        &mut self,
        walk: &mut Walk<'_>,
        from: DateTime<Utc>,
        failures: u32,
    ) -> Result<DateTime<Utc>, Failure> {
        let is_given_up = failures >= GIVE_UP_AFTER;
        if is_given_up && walk.found == Found::ByPoll {
            return Ok(behind(from));
        }
        let floor = self.ledger.seen.floor();
        for piece in window::pieces(from, behind(from), self.settings.zone, floor, window::LONGEST) {
            match self.take(walk, piece).await {
                Ok(()) => {}
                Err(Failure::Api(error)) if may_lie_in_one_row(&error) => {
                    if !is_given_up {
                        walk.suspect = Some((from, error));
                    }
                    return Ok(behind(from));
                }
                Err(failure) => return Err(failure),
            }
        }
        self.cutter.unreadable.remove(&from);
        self.note_neighbour(walk);
        Ok(behind(from))
    }

    /// Asks for one piece and takes it in.
    async fn take(&mut self, walk: &mut Walk<'_>, piece: Window) -> Result<(), Failure> {
        if self.uncommitted {
            self.commit().await?;
            self.publish();
        }
        let Answered {
            counts,
            to,
            at,
            chats,
        } = self.ask(walk.found, piece).await?;
        if walk.suspect.is_none() && walk.open.is_none() {
            // Not before what was asked for: a Date from long ago must not have years asked for again.
            self.ledger.advance(walk.found, to.max(piece.from), at);
        }
        if let Some(gatherer) = walk.gatherer.as_deref_mut() {
            gatherer.extend(chats);
        }
        walk.summary.answers += 1;
        walk.summary.rows += counts.rows;
        walk.summary.counted += counts.counted;
        walk.summary.remembered += counts.remembered;
        walk.summary.duplicate += counts.duplicate;
        walk.summary.to = to;
        Ok(())
    }

    /// A good piece behind a suspect: it is the suspect's fault.
    fn note_neighbour(&mut self, walk: &mut Walk<'_>) {
        let Some((from, error)) = walk.suspect.take() else {
            return;
        };
        let failures = self.cutter.note_unreadable(from);
        if failures < GIVE_UP_AFTER {
            walk.open = Some(error);
            return;
        }
        self.stats.stretches_skipped += 1;
        tracing::error!(
            reason = error.reason().as_str(),
            from = %from.format("%FT%TZ"),
            to = %behind(from).format("%FT%TZ"),
            "a second of the report could not be read {failures} times while its neighbours could: polls pass over it from now on, sweeps try it again. Chats closed in it are missing until then. The last failure: {error}"
        );
    }
}

#[cfg(test)]
mod tests;
