//! Reading a range that is wanted whole: after failures it is tried again until it is there, or there is no hope.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::retry::{PersistentRetries, Retries};
use super::size::{Remedy, Search};
use super::{Kind, Next, Pace, Range, Reader};
use crate::{Class, Error, Reason, Sink, Source, Window};

/// No chunk gets shorter.
const SHORTEST: TimeDelta = TimeDelta::minutes(1);

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

/// Something that a person who waits wants to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The next call is made after so long.
    Pause(Duration),
    /// A call failed, and another one follows.
    Trouble(String),
}

impl<S: Source> Reader<S> {
    /// A reader that waits for `pace` between two calls, and goes on after failures.
    pub fn persistent(source: S, zone: Tz, pace: Duration) -> Reader<S> {
        Reader {
            pace: Pace::Fixed { pace, at_once: 1 },
            retries: Retries::Persistent(PersistentRetries::default()),
            shortest: SHORTEST,
            ..Reader::in_cycles(source, zone)
        }
    }

    /// Makes the first `calls` without waiting for the pace: what a person is waiting for.
    #[must_use]
    pub fn with_calls_at_once(mut self, calls: u64) -> Reader<S> {
        if let Pace::Fixed { at_once, .. } = &mut self.pace {
            *at_once = calls;
        }
        self
    }

    /// Reads the next chunk of a range, with as many calls as it takes; `None` at its end.
    ///
    /// # Errors
    /// The call failed, and asking again or for less does not help.
    pub async fn read_next<K: Sink>(
        &mut self,
        range: &mut Range,
        sink: impl Fn(&Window) -> K,
        mut notify: impl FnMut(Notice),
    ) -> Result<Option<(Window, K)>, ReadError> {
        let mut is_explained = false;
        while let Some(chunk) = self.next(range) {
            let wait = self.wait(range);
            if !wait.is_zero() && !is_explained {
                notify(Notice::Pause(wait));
            }
            let call = self.ask(range, &chunk, &sink).await;
            let Err(cause) = call.exchange.result else {
                self.accept(range, &chunk);
                return Ok(Some((chunk, call.sink)));
            };
            let Some(what) = in_words(call.next) else {
                return Err(ReadError {
                    from: chunk.from,
                    to: chunk.to,
                    cause,
                });
            };
            let rounded = self.wait(range) + Duration::from_millis(500);
            let when = match rounded.as_secs() {
                0 => String::new(),
                seconds => format!(" in {}", humantime::format_duration(Duration::from_secs(seconds))),
            };
            notify(Notice::Trouble(format!("{cause}. {what}{when}")));
            is_explained = true;
        }
        Ok(None)
    }

    /// What follows a failure where the range is wanted whole.
    pub(super) fn persist(&mut self, range: &mut Range, chunk: &Window, error: &Error) -> Next {
        if error.reason() == Reason::Connect {
            // No call of the vendor's was used.
            self.last_call = None;
        }
        let Retries::Persistent(persistent) = &mut self.retries else {
            return Next::End;
        };
        let search = Search::due_if(persistent.is_search_due());
        let size = match range.kind {
            Kind::Poll => &mut self.polls,
            Kind::Sweep => &mut self.sweeps,
        };
        let remedy = size.remedy(error, chunk, self.shortest, search);
        let after = match remedy {
            // A known way out is no failure.
            Remedy::Halve if error.class() == Class::Smaller => Some(Duration::ZERO),
            _ => persistent.pause(&self.pauses, error),
        };
        match (remedy, after) {
            (_, None) => Next::End,
            (Remedy::Halve | Remedy::Later, Some(after)) => Next::Smaller {
                length: self.next_length(range.kind, chunk),
                after,
            },
            (Remedy::Shortest | Remedy::None, Some(after)) => Next::Again(after),
        }
    }
}

fn in_words(next: Next) -> Option<String> {
    match next {
        Next::Again(_) => Some("Asking again".to_owned()),
        Next::Smaller { length, .. } => {
            let length = length.to_std().unwrap_or_default();
            Some(format!(
                "Asking for {} at a time",
                humantime::format_duration(length)
            ))
        }
        Next::Judge | Next::Around | Next::End => None,
    }
}
