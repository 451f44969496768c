//! A stretch of time, asked for piece by piece. A second that can't be read is passed over when its neighbours can.

use std::ops::RangeInclusive;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::cutter::{GIVE_UP_AFTER, Part, Remedy, SHORTEST, behind, may_lie_in_one_row};
use super::request::Answered;
use super::{Failure, Poller, Publish, Summary};
use crate::latest::Gatherer;
use crate::ledger::{Found, Store};
use crate::wolkvox::{self, Source, Window, window};

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
            last_call: None,
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
                Ok(()) => {
                    self.note_neighbour(walk);
                    self.cutter.note_read(piece.to);
                }
                Err(Failure::Api(error)) => match self.cutter.remedy(&error, &piece) {
                    Remedy::Halve => {
                        tell_halved(&error, &piece);
                        return Ok(piece.from.max(at));
                    }
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
                Ok(()) => {}
                Err(Failure::Api(error)) if may_lie_in_one_row(&error) => {
                    is_readable = false;
                    if !is_given_up {
                        walk.suspect = Some((from, error));
                    }
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
    async fn take(&mut self, walk: &mut Walk<'_>, piece: Window) -> Result<(), Failure> {
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
