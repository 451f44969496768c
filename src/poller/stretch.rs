//! A stretch of time, asked for piece by piece. A second that can't be read is passed over when its neighbours can.

use std::ops::RangeInclusive;
use std::time::Duration;

use chrono::{DateTime, SubsecRound, Utc};
use tokio::time::Instant;

use super::cutter::{GIVE_UP_AFTER, Part, Remedy, SHORTEST, behind, may_lie_in_one_row};
use super::request::Answered;
use super::{Failure, Poller, Publish, Summary};
use crate::chats::latest_window::Gatherer;
use crate::ledger::{Found, Store};
use wolkvox::{self, Source, Window, window};

fn tell_halved(error: &wolkvox::Error, piece: &Window) {
    tracing::info!(
        reason = error.reason().as_str(),
        from = %piece.from.format("%FT%TZ"),
        to = %piece.to.format("%FT%TZ"),
        "a piece of the report could not be read: {error}. Asking for half of it"
    );
}

/// A server that answers one call at a time rests between the pieces of a stretch for as long as the last one took it,
/// within these bounds: others want their answers too.
const REST: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(10);

/// How far a stretch has come.
struct Walk<'a> {
    found: Found,
    summary: Summary,
    gatherer: Option<&'a mut Gatherer>,
    /// How long the last call took, its retry included.
    last_call: Option<Duration>,
    /// Failed, and not yet known whether what follows can be read.
    suspects: Vec<(DateTime<Utc>, wolkvox::Error)>,
    /// Unreadable, but not given up yet: the cursor stays before it.
    open: Option<wolkvox::Error>,
    /// Said to be empty, which is not believed: the cursor stays before them.
    doubted: Vec<Window>,
    /// Rows of later pieces.
    rows_behind_doubt: u64,
}

impl Walk<'_> {
    /// Whether all up to here was read, so that the cursor may move.
    fn has_no_gap(&self) -> bool {
        self.suspects.is_empty() && self.open.is_none() && self.doubted.is_empty()
    }
}

/// What came of an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Taken {
    Whole,
    /// It has no rows where the report is known to have some.
    Doubted,
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
        let result = self.walk(found, from, to, gatherer).await;
        if result.as_ref().is_ok_and(|summary| summary.is_whole) {
            self.cutter.note_end(found, None);
        } else if let Err(failure) = &result {
            self.cutter.note_end(found, Some(failure));
        }
        result
    }

    async fn walk(
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
            is_whole: true,
        };
        let mut walk = Walk {
            found,
            summary,
            gatherer,
            last_call: None,
            suspects: Vec::new(),
            open: None,
            doubted: Vec::new(),
            rows_behind_doubt: 0,
        };
        // The report has whole seconds, and so have pieces: else the search for one second would never come to it.
        let mut at = from.trunc_subsecs(0);
        while at < to && !self.is_beyond_now(&walk, at) {
            if self.has_to_give_way(&walk) {
                walk.summary.is_whole = false;
                break;
            }
            at = match self.cutter.part(found, at, to) {
                Part::Usual { to } => self.usual(&mut walk, at, to).await?,
                Part::Unreadable { from, failures } => self.unreadable(&mut walk, from, failures).await?,
            };
        }
        let doubt = self.doubt(found, &walk.doubted, walk.rows_behind_doubt);
        if doubt.is_some() && found == Found::BySweep {
            // Later chats may end the doubt, and a sweep that went on would never ask for them.
            self.sweep_under_way = None;
        }
        let unread = walk.suspects.pop().map(|(_, error)| error).or(walk.open);
        match unread.or(doubt) {
            Some(error) => Err(error.into()),
            None => Ok(walk.summary),
        }
    }

    /// A sweep must not keep the next poll waiting; it goes on after that.
    fn has_to_give_way(&self, walk: &Walk<'_>) -> bool {
        walk.found == Found::BySweep && walk.last_call.is_some() && self.retries.is_next_beat_due()
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
                Ok(Taken::Whole) => {
                    self.note_neighbour(walk);
                    self.cutter.note_read(walk.found, piece.to);
                }
                Ok(Taken::Doubted) => {}
                Err(Failure::Api(error)) => match self.cutter.remedy(walk.found, &error, &piece) {
                    Remedy::Halve => {
                        tell_halved(&error, &piece);
                        return Ok(piece.from.max(at));
                    }
                    // Too many in a row: it is not a few seconds, it is the server.
                    Remedy::GoAround if walk.suspects.len() < self.cutter.suspects(walk.found) => {
                        walk.suspects.push((piece.from, error));
                        return Ok(behind(piece.from));
                    }
                    _ => return Err(error.into()),
                },
                Err(failure) => return Err(failure),
            }
        }
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
        let mut is_readable = true;
        // Second by second: where `date_end` is exclusive, one of the two can be read.
        for piece in window::pieces(from, behind(from), self.settings.zone, floor, SHORTEST) {
            match self.take(walk, piece).await {
                Ok(Taken::Whole) => {}
                Ok(Taken::Doubted) => is_readable = false,
                Err(Failure::Api(error)) if may_lie_in_one_row(&error) => {
                    if is_readable && !is_given_up {
                        walk.suspects.push((from, error));
                    }
                    is_readable = false;
                }
                Err(failure) => return Err(failure),
            }
        }
        if is_readable {
            self.cutter.note_readable(from);
            self.note_neighbour(walk);
        }
        Ok(behind(from))
    }

    /// Asks for one piece and takes it in.
    async fn take(&mut self, walk: &mut Walk<'_>, piece: Window) -> Result<Taken, Failure> {
        if self.uncommitted {
            self.commit().await?;
            self.publish();
        }
        if let Some(took) = walk.last_call {
            tokio::time::sleep(took.clamp(*REST.start(), *REST.end())).await;
        }
        let began = Instant::now();
        let asked = self.ask(walk.found, piece).await;
        walk.last_call = Some(began.elapsed());
        let Answered {
            counts,
            to,
            at,
            chats,
        } = asked?;
        if counts.rows == 0 && self.has_shown_rows_in(&piece) {
            walk.doubted.push(piece);
            return Ok(Taken::Doubted);
        }
        if !walk.doubted.is_empty() {
            walk.rows_behind_doubt += counts.rows;
        }
        if walk.has_no_gap() {
            self.ledger.advance(walk.found, piece.from, to, at);
            if let (Found::BySweep, Some(sweep)) = (walk.found, &mut self.sweep_under_way) {
                sweep.reach(piece.to);
            }
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
        Ok(Taken::Whole)
    }

    /// A good piece behind suspects: it is their fault.
    fn note_neighbour(&mut self, walk: &mut Walk<'_>) {
        for (from, error) in std::mem::take(&mut walk.suspects) {
            self.note_unreadable(walk, from, error);
        }
    }

    fn note_unreadable(&mut self, walk: &mut Walk<'_>, from: DateTime<Utc>, error: wolkvox::Error) {
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
