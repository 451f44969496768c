//! Stretches, pieces, single requests, and the one retry.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::intake::Intake;
use super::publication::Publish;
use super::{Failure, Poller, Summary};
use crate::latest::Gatherer;
use crate::ledger::{AnswerCounts, Found, Store};
use crate::wolkvox::{self, Reason, Source, Window, window};

/// How long before the one retry, where the server does not say.
const RETRY_AFTER: Duration = Duration::from_secs(10);
/// How long the server needs to forget a call that it still counts as running.
const CONCURRENCY_PAUSE: Duration = Duration::from_secs(30);
/// Nothing is retried that close to the next beat, which covers it anyway.
const TOO_CLOSE: Duration = Duration::from_secs(30);

/// What may still be retried in this beat.
#[derive(Debug, Default)]
pub(super) struct Retries {
    next_beat: Option<Instant>,
    retried: bool,
    waited_for_others: bool,
}

impl Retries {
    /// A beat's retries; none without a next beat.
    pub(super) fn until(next_beat: Option<Instant>) -> Retries {
        Retries {
            next_beat,
            ..Retries::default()
        }
    }

    /// How long to wait before trying again; `None` to leave it to the next beat.
    fn after(&mut self, error: &wolkvox::Error) -> Option<Duration> {
        let left = self.next_beat?.saturating_duration_since(Instant::now());
        let (used, pause) = match error.reason() {
            Reason::Concurrency => (&mut self.waited_for_others, CONCURRENCY_PAUSE),
            _ if error.is_retryable() => (&mut self.retried, RETRY_AFTER),
            _ => return None,
        };
        let pause = error.retry_after().unwrap_or(pause);
        if *used || left <= TOO_CLOSE || pause >= left {
            return None;
        }
        *used = true;
        Some(pause)
    }
}

impl<S: Source, D: Store, P: Publish> Poller<S, D, P> {
    /// Asks for a stretch piece by piece; each one is committed and published before the next is asked for, so that a
    /// long backlog gets through even if the process is killed in between.
    pub(super) async fn stretch(
        &mut self,
        found: Found,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        mut gatherer: Option<&mut Gatherer>,
    ) -> Result<Summary, Failure> {
        let floor = self.ledger.seen.floor();
        let mut summary = Summary {
            from,
            to,
            answers: 0,
            rows: 0,
            counted: 0,
            remembered: 0,
            duplicate: 0,
        };
        for piece in window::pieces(from, to, self.settings.zone, floor, window::LONGEST) {
            // An answer may have shown that our idea of now was far ahead.
            if found == Found::ByPoll && summary.answers > 0 && piece.from > self.clocks.later() {
                break;
            }
            if self.uncommitted {
                self.commit().await?;
                self.publish();
            }
            let (counts, answered_to, chats) = self.ask(found, piece).await?;
            if let Some(gatherer) = gatherer.as_deref_mut() {
                gatherer.extend(chats);
            }
            summary.answers += 1;
            summary.rows += counts.rows;
            summary.counted += counts.counted;
            summary.remembered += counts.remembered;
            summary.duplicate += counts.duplicate;
            summary.to = answered_to;
        }
        Ok(summary)
    }

    /// Asks for one piece, with the beat's one retry, and takes it in. Returns up to when it was answered.
    async fn ask(
        &mut self,
        found: Found,
        piece: Window,
    ) -> Result<(AnswerCounts, DateTime<Utc>, Gatherer), Failure> {
        loop {
            match self.ask_once(found, piece).await {
                Ok(answer) => return Ok(answer),
                Err(error) => match self.retries.after(&error) {
                    Some(pause) => {
                        tracing::info!(
                            reason = error.reason().as_str(),
                            "a call failed: {error}. Trying once more in {} s",
                            pause.as_secs()
                        );
                        tokio::time::sleep(pause).await;
                    }
                    None => return Err(error.into()),
                },
            }
        }
    }

    async fn ask_once(
        &mut self,
        found: Found,
        piece: Window,
    ) -> Result<(AnswerCounts, DateTime<Utc>, Gatherer), wolkvox::Error> {
        self.ledger.count_request(self.clocks.today());
        let asked_at = self.clocks.ours();
        let mut intake = Intake::new(&self.ledger, &self.settings, &self.clocks, found, piece);
        let exchange = self.source.report(&piece, &mut intake).await;
        let begun = intake.begun();
        let taken = intake.finish();
        self.stats.note_exchange(&exchange);
        if let Some((begun, date)) = begun.and_then(|begun| Some((begun, begun.date?))) {
            self.clocks.note(date, begun.at);
            self.stats.clock_offset_ms = Some((date - begun.ours).num_milliseconds());
        }
        exchange.result?;
        let (mut absorbed, gatherer) = taken;
        // What was closed while the server was answering may be missing.
        let answered_at = exchange.date.unwrap_or(asked_at);
        let answered_to = piece.to.min(answered_at);
        let counts = std::mem::take(&mut absorbed.counts);
        self.stats.note_answer(&counts);
        if self.settings.exemplars {
            self.exemplars.add(std::mem::take(&mut absorbed.exemplars));
        }
        self.ledger.apply(absorbed);
        // Not before what was asked for: a Date from long ago must not have years asked for again.
        self.ledger
            .advance(found, answered_to.max(piece.from), answered_at);
        self.uncommitted = true;
        Ok((counts, answered_to, gatherer))
    }
}
