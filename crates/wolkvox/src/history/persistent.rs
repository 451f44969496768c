//! Reads a range that is wanted as a whole: after failures it tries again, until all is read or no try can help.

use std::time::Duration;

use crate::{Class, Error, Reason, Sink, Source, Window, Zone};
use chrono::{DateTime, TimeDelta, Utc};

use super::{Next, OpenRange, Pauses, Reader};

/// No chunk gets shorter.
pub(super) const SHORTEST: TimeDelta = TimeDelta::minutes(1);
/// This many calls in a row may fail for a cause that may pass by itself. With the usual pauses that is three quarters of an
/// hour.
const MOST_FAILURES: u32 = 8;
/// As long as nothing was ever answered, the settings are more likely to be wrong than the server to be down.
const MOST_FAILURES_AT_FIRST: u32 = 3;
/// Used-up calls are there again after a day. With the usual pauses, these tries take longer than that.
const MOST_FAILURES_FOR_QUOTA: u32 = 30;
/// A server that fails so often in a row may fail because of what it is asked for.
const SUSPICIOUS: u32 = 3;

/// A range could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{} to {} could not be read: {cause}", from.format("%FT%TZ"), to.format("%FT%TZ"))]
pub struct ReadError {
    /// Where the chunk that failed begins, UTC.
    pub from: DateTime<Utc>,
    /// Where it ends, UTC.
    pub to: DateTime<Utc>,
    /// Why.
    pub cause: Error,
}

/// Something that explains a pause to the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The next call is made after so long.
    Pause(Duration),
    /// A call failed, and another one follows.
    Trouble(String),
}

/// How a reader goes on after failures.
#[derive(Debug, Default)]
pub(super) struct Persistence {
    /// From the end of a call to the next one.
    pub(super) pace: Duration,
    /// So many calls need not wait for that.
    pub(super) calls_at_once: u64,
    /// Since the last whole answer, without those that had a known way out.
    failures: u32,
    /// Whether this server ever gave a whole answer.
    has_answered: bool,
}

impl Persistence {
    pub(super) fn note_answer(&mut self) {
        self.failures = 0;
        self.has_answered = true;
    }

    /// Whether after one more failure the requested range is a likely cause.
    pub(super) fn is_search_due(&self) -> bool {
        self.failures + 1 >= SUSPICIOUS
    }

    /// How long to wait before another call; `None` to give up.
    fn pause(&mut self, pauses: &Pauses, error: &Error) -> Option<Duration> {
        self.failures += 1;
        let most = match error.reason() {
            _ if error.class() == Class::GiveUp => 0,
            // Less would have been asked for.
            Reason::TooLarge | Reason::TooManyRows => 0,
            Reason::Quota => MOST_FAILURES_FOR_QUOTA,
            Reason::Connect | Reason::NotJson if !self.has_answered => MOST_FAILURES_AT_FIRST,
            _ => MOST_FAILURES,
        };
        (self.failures <= most).then(|| pauses.after(error, self.failures))
    }
}

impl<S: Source> Reader<S> {
    /// A reader that waits for `pace` between two calls, and goes on after failures.
    pub fn persistent(source: S, zone: impl Into<Zone>, pace: Duration) -> Reader<S> {
        Reader {
            persistence: Some(Persistence {
                pace,
                calls_at_once: 1,
                ..Persistence::default()
            }),
            ..Reader::in_cycles(source, zone)
        }
    }

    /// Makes the first `calls` without waiting for the pace, since the user waits for them.
    #[must_use]
    pub fn with_calls_at_once(mut self, calls: u64) -> Reader<S> {
        if let Some(persistence) = &mut self.persistence {
            persistence.calls_at_once = calls;
        }
        self
    }

    /// Reads the next chunk of a range, with as many calls as it takes; `None` at its end.
    ///
    /// # Errors
    /// The call failed, and asking again or for less does not help.
    pub async fn read_next<K: Sink>(
        &mut self,
        range: &mut OpenRange,
        sink: impl Fn(&Window) -> K,
        mut notify: impl FnMut(Notice),
    ) -> Result<Option<(Window, K)>, ReadError> {
        let mut failed: Option<(Window, Error)> = None;
        while let Some(chunk) = self.next(range) {
            let wait = self.wait(range);
            match failed {
                Some((before, cause)) => notify(Notice::Trouble(trouble(&cause, &before, &chunk, wait))),
                None if !wait.is_zero() => notify(Notice::Pause(wait)),
                None => {}
            }
            let call = self.ask(range, &chunk, &sink).await;
            match call.exchange.result {
                Ok(_) => {
                    self.accept(range, &chunk);
                    return Ok(Some((chunk, call.sink)));
                }
                Err(cause) => failed = Some((chunk, cause)),
            }
        }
        match failed {
            Some((Window { from, to, .. }, cause)) => Err(ReadError { from, to, cause }),
            None => Ok(None),
        }
    }

    /// A reader that is after whole ranges tries again, unless there is no hope.
    pub(super) fn persist(&mut self, next: Next, error: &Error) -> Next {
        let Some(persistence) = &mut self.persistence else {
            return next;
        };
        if error.reason() == Reason::Connect {
            // No call of the vendor's was used: it need not keep the pace.
            self.last_call = None;
        }
        // A known way out is no failure.
        if next == Next::Smaller && error.class() == Class::Smaller {
            return next;
        }
        persistence
            .pause(&self.pauses, error)
            .map_or(Next::End, Next::Again)
    }
}

fn trouble(cause: &Error, failed: &Window, next: &Window, wait: Duration) -> String {
    let length = next.to - next.from;
    let what = if length < failed.to - failed.from {
        let length = length.to_std().unwrap_or_default();
        format!("Asking for {} at a time", humantime::format_duration(length))
    } else {
        "Asking again".to_owned()
    };
    match (wait + Duration::from_millis(500)).as_secs() {
        0 => format!("{cause}. {what}"),
        seconds => {
            let wait = humantime::format_duration(Duration::from_secs(seconds));
            format!("{cause}. {what} in {wait}")
        }
    }
}

#[cfg(test)]
mod tests;
