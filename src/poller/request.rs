//! Single requests, and the one retry.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::intake::Intake;
use super::publication::Publish;
use super::{Failure, Poller};
use crate::chats::AnswerCounts;
use crate::chats::latest_window::Gatherer;
use crate::ledger::{Found, Store};
use wolkvox::{self, Reason, Source, Window};

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

    /// Whether the next beat should have begun.
    pub(super) fn is_next_beat_due(&self) -> bool {
        self.next_beat.is_some_and(|next| next <= Instant::now())
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

/// A whole answer, applied to the ledger.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) counts: AnswerCounts,
    /// Up to when the piece was answered: what was closed while the server was answering may be missing.
    pub(super) to: DateTime<Utc>,
    /// When, by the server's clock.
    pub(super) at: DateTime<Utc>,
    pub(super) chats: Gatherer,
}

impl<S: Source, D: Store, P: Publish> Poller<S, D, P> {
    /// Asks for one piece, with the beat's one retry, and applies it.
    pub(super) async fn ask(&mut self, found: Found, piece: Window) -> Result<Answered, Failure> {
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

    async fn ask_once(&mut self, found: Found, piece: Window) -> Result<Answered, wolkvox::Error> {
        self.ledger.count_request(self.clocks.today());
        let asked_at = self.clocks.ours();
        let mut intake = Intake::new(&self.ledger, &self.settings, &self.clocks, found, piece);
        let exchange = self.source.report(&piece, &mut intake).await;
        let begun = intake.begun();
        let taken = intake.finish();
        self.stats.note_exchange(&exchange);
        let server = begun.and_then(|begun| begun.server());
        if let Some((begun, date)) = begun.and_then(|begun| Some((begun, begun.date?))) {
            self.stats.clock_offset_ms = Some((date - begun.ours).num_milliseconds());
            match server {
                Some(date) => self.clocks.note(date, begun.at),
                None => self.clocks.tell_disbelief(date),
            }
        }
        exchange.result?;
        let (tallied, chats) = taken;
        let answered_at = server.unwrap_or(asked_at);
        let to = piece.to.min(answered_at);
        let counts = tallied.counts;
        self.stats.answers.add(&counts);
        if self.settings.exemplars {
            self.new_exemplars.add(tallied.exemplars);
        }
        self.ledger.apply(tallied.absorbed);
        self.uncommitted = true;
        Ok(Answered {
            counts,
            to,
            at: answered_at,
            chats,
        })
    }
}
