//! Reads a stretch of the past in polite pieces: as large as the vendor answers, smaller where it does not, with a
//! pause between two calls.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use tokio::time::Instant;

use crate::chat::Chat;
use crate::wolkvox::{self, Reason, Row, RowError, Sink, Source, Window, window};

/// No piece gets smaller.
const SMALLEST: TimeDelta = TimeDelta::minutes(1);
/// So many calls in a row may fail for what may pass by itself.
const PATIENCE: u32 = 5;
/// How long before the next try, where neither the pace nor the server says.
const BREATH: Duration = Duration::from_secs(10);
/// How long the server needs to forget a call that it still counts as running.
const CONCURRENCY_PAUSE: Duration = Duration::from_secs(30);

/// A stretch could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{} to {} could not be read: {cause}", from.format("%FT%TZ"), to.format("%FT%TZ"))]
pub struct ReadError {
    /// Where the piece that failed begins, UTC.
    pub from: DateTime<Utc>,
    /// Where it ends, UTC.
    pub to: DateTime<Utc>,
    /// Why.
    #[source]
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
    longest: TimeDelta,
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
            longest: window::LONGEST,
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
        let mut failures = 0;
        loop {
            // The last second of a month is a piece of its own; it was in the piece before.
            let pieces = window::pieces(cursor, to, self.zone, None, self.longest);
            let is_left = |piece: &Window| piece.to > cursor || piece.from == piece.to && cursor == to;
            let Some(window) = pieces.into_iter().find(is_left) else {
                return Ok(None);
            };
            self.wait(&mut tell).await;
            let mut gathered = Gathered {
                zone: self.zone,
                chats: Vec::new(),
                rejected: 0,
            };
            let exchange = self.source.report(&window, &mut gathered).await;
            self.calls += 1;
            self.last_call = Some(Instant::now());
            match exchange.result {
                Ok(_) => {
                    return Ok(Some(Piece {
                        window,
                        chats: gathered.chats,
                        rejected: gathered.rejected,
                    }));
                }
                Err(error) => self.endure(window, error, &mut failures, &mut tell).await?,
            }
        }
    }

    async fn wait(&mut self, tell: &mut impl FnMut(Notice)) {
        let Some(last) = self.last_call.filter(|_| self.calls >= u64::from(self.at_once)) else {
            return;
        };
        let left = self.pace.saturating_sub(last.elapsed());
        if !left.is_zero() {
            tell(Notice::Pause(left));
            tokio::time::sleep(left).await;
        }
    }

    /// Decides what follows a failure: less, another try, or the end.
    async fn endure(
        &mut self,
        window: Window,
        error: wolkvox::Error,
        failures: &mut u32,
        tell: &mut impl FnMut(Notice),
    ) -> Result<(), ReadError> {
        let length = window.to - window.from;
        let is_too_much = matches!(error.reason(), Reason::TooManyRows | Reason::TooLarge);
        let may_be_too_much = matches!(error.reason(), Reason::Timeout | Reason::Truncated);
        let may_pass =
            error.is_retryable() || matches!(error.reason(), Reason::Concurrency | Reason::Forbidden);
        *failures += u32::from(!is_too_much);
        let shrinks = (is_too_much || may_be_too_much) && length > SMALLEST;
        if *failures > PATIENCE || !(shrinks || may_pass) {
            return Err(ReadError {
                from: window.from,
                to: window.to,
                cause: error,
            });
        }
        if shrinks {
            self.longest = (length / 2).max(SMALLEST);
            let longest = self.longest.to_std().unwrap_or_default();
            tell(Notice::Trouble(format!(
                "{error}. Asking for {} at a time from here on",
                humantime::format_duration(longest)
            )));
            return Ok(());
        }
        let usual = match error.reason() {
            Reason::Concurrency => CONCURRENCY_PAUSE,
            _ => BREATH,
        };
        let pause = error.retry_after().unwrap_or(usual);
        tell(Notice::Trouble(format!(
            "{error}. Trying again in {}",
            humantime::format_duration(Duration::from_secs(pause.as_secs()))
        )));
        tokio::time::sleep(pause).await;
        Ok(())
    }
}

struct Gathered {
    zone: Tz,
    chats: Vec<Chat>,
    rejected: u64,
}

impl Sink for Gathered {
    fn begin(&mut self, _date: Option<DateTime<Utc>>) {}

    fn row(&mut self, row: Result<Row, RowError>) {
        match row.and_then(|row| Chat::from_row(&row, self.zone)) {
            Ok(chat) => self.chats.push(chat),
            Err(_) => self.rejected += 1,
        }
    }
}
