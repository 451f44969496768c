//! Reads a stretch of the past in polite pieces: as large as the vendor answers, smaller where it does not, with a
//! pause between two calls.

mod length;
mod patience;

use std::time::Duration;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use chrono_tz::Tz;
use tokio::time::Instant;

pub use patience::Pauses;

use crate::chats::chat::{Chat, NotAChat};
use length::Length;
use patience::{Patience, Remedy};
use wolkvox::{self, Exchange, Reason, Row, RowError, Sink, Source, Window, window};

/// A stretch could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{} to {} could not be read: {cause}", from.format("%FT%TZ"), to.format("%FT%TZ"))]
pub struct ReadError {
    /// Where the piece that failed begins, UTC.
    pub from: DateTime<Utc>,
    /// Where it ends, UTC.
    pub to: DateTime<Utc>,
    /// Why.
    pub cause: wolkvox::Error,
}

/// What one call brought.
#[derive(Debug)]
pub struct Piece {
    /// What was asked for.
    pub window: Window,
    /// Its chats, in the server's order; ids may repeat.
    pub chats: Vec<Chat>,
    /// Rows that are no chat.
    pub rejected: u64,
}

/// Something that a person who waits wants to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The next call is made after so long.
    Pause(Duration),
    /// A call failed, and another one follows.
    Trouble(String),
}

/// Asks for one piece after the other.
#[derive(Debug)]
pub struct Reader<S> {
    source: S,
    zone: Tz,
    /// Between the end of one call and the next.
    pace: Duration,
    /// Calls that need not wait for the pace.
    at_once: u32,
    pauses: Pauses,
    length: Length,
    has_answered: bool,
    /// The last call that the next one has to keep its distance from.
    last_call: Option<Instant>,
    calls: u64,
}

impl<S: Source> Reader<S> {
    /// A reader that waits for `pace` between two calls. Dates are local times of `zone`.
    pub fn new(source: S, zone: Tz, pace: Duration) -> Reader<S> {
        Reader {
            source,
            zone,
            pace,
            at_once: 1,
            pauses: Pauses::default(),
            length: Length::new(),
            has_answered: false,
            last_call: None,
            calls: 0,
        }
    }

    /// Makes the first `calls` without a pause: what a person is waiting for.
    #[must_use]
    pub fn with_calls_at_once(mut self, calls: u32) -> Reader<S> {
        self.at_once = calls;
        self
    }

    /// Waits in another way after failures.
    #[must_use]
    pub fn with_pauses(mut self, pauses: Pauses) -> Reader<S> {
        self.pauses = pauses;
        self
    }

    /// How long it waits between two calls.
    pub fn pace(&self) -> Duration {
        self.pace
    }

    /// Calls made.
    pub fn calls(&self) -> u64 {
        self.calls
    }

    /// Reads the next piece of the stretch that begins at `cursor` and ends at `to`. `None` at its end; otherwise go
    /// on from the end of the piece.
    ///
    /// # Errors
    /// The call failed, and asking again or for less does not help.
    pub async fn next(
        &mut self,
        cursor: DateTime<Utc>,
        to: DateTime<Utc>,
        mut tell: impl FnMut(Notice),
    ) -> Result<Option<Piece>, ReadError> {
        let mut patience = Patience::new(self.pauses, self.has_answered);
        while let Some(window) = self.window(cursor, to) {
            self.keep_pace(&mut tell).await;
            let (exchange, gathered) = self.call(&window).await;
            let Err(error) = exchange.result else {
                self.has_answered = true;
                self.length.note_good();
                return Ok(Some(Piece {
                    window,
                    chats: gathered.chats,
                    rejected: gathered.rejected,
                }));
            };
            self.endure(&mut patience, window, error, &mut tell).await?;
        }
        Ok(None)
    }

    /// What the next call asks for.
    fn window(&self, cursor: DateTime<Utc>, to: DateTime<Utc>) -> Option<Window> {
        let pieces = window::pieces(cursor, to, self.zone, None, self.length.now());
        // The last second of a month is a piece of its own; it was in the piece before.
        let is_left = |piece: &Window| piece.to > cursor || piece.from == piece.to && cursor == to;
        pieces.into_iter().find(is_left)
    }

    async fn call(&mut self, window: &Window) -> (Exchange, Gathered) {
        let mut gathered = Gathered {
            zone: self.zone,
            chats: Vec::new(),
            rejected: 0,
        };
        let exchange = self.source.report(window, &mut gathered).await;
        self.calls += 1;
        self.last_call = Some(Instant::now());
        (exchange, gathered)
    }

    async fn keep_pace(&mut self, tell: &mut impl FnMut(Notice)) {
        let left = self.pace_left();
        if !left.is_zero() {
            tell(Notice::Pause(left));
            tokio::time::sleep(left).await;
        }
    }

    /// How long the pace has the next call wait.
    fn pace_left(&self) -> Duration {
        self.last_call
            .filter(|_| self.calls >= u64::from(self.at_once))
            .map_or(Duration::ZERO, |last| self.pace.saturating_sub(last.elapsed()))
    }

    /// Decides what follows a failure, and waits before it.
    async fn endure(
        &mut self,
        patience: &mut Patience,
        window: Window,
        error: wolkvox::Error,
        tell: &mut impl FnMut(Notice),
    ) -> Result<(), ReadError> {
        let length = window.to - window.from;
        if error.reason() == Reason::Connect {
            // No call of the vendor's was used.
            self.last_call = None;
        }
        let (pause, what) = match patience.remedy(&error, length) {
            Remedy::Again(pause) => (pause, "Asking again".to_owned()),
            Remedy::Less(pause) => {
                let is_too_much = matches!(error.reason(), Reason::TooManyRows | Reason::TooLarge);
                self.length.halve(length, is_too_much);
                let shorter = self.length.now().to_std().unwrap_or_default();
                (
                    pause,
                    format!("Asking for {} at a time", humantime::format_duration(shorter)),
                )
            }
            Remedy::GiveUp => {
                return Err(ReadError {
                    from: window.from,
                    to: window.to,
                    cause: error,
                });
            }
        };
        let pause = pause.max(self.pace_left());
        let when = match pause.as_secs() {
            0 => String::new(),
            seconds => format!(" in {}", humantime::format_duration(Duration::from_secs(seconds))),
        };
        tell(Notice::Trouble(format!("{error}. {what}{when}")));
        tokio::time::sleep(pause).await;
        self.last_call = None;
        Ok(())
    }
}

/// The last second of a stretch that ends before `until`: the report's times are whole seconds, and one more would cost
/// a call of its own at the end of a month.
pub(crate) fn last_second_before(until: DateTime<Utc>) -> DateTime<Utc> {
    (until - TimeDelta::nanoseconds(1)).trunc_subsecs(0)
}

struct Gathered {
    zone: Tz,
    chats: Vec<Chat>,
    rejected: u64,
}

impl Sink for Gathered {
    fn begin(&mut self, _date: Option<DateTime<Utc>>) {}

    fn row(&mut self, row: Result<Row, RowError>) {
        match row
            .map_err(NotAChat::from)
            .and_then(|row| Chat::from_row(&row, self.zone))
        {
            Ok(chat) => self.chats.push(chat),
            Err(_) => self.rejected += 1,
        }
    }
}

#[cfg(test)]
mod tests;
