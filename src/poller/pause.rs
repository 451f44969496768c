//! Pauses that Wolkvox calls for. Each is counted, logged, and shown on the status page for as long as it lasts.

use std::borrow::Cow;
use std::time::Duration;

use chrono::{DateTime, Utc};
use wolkvox::history::LONGEST_PAUSE;
use wolkvox::{Error, Reason};

/// A longer time than this is not told from it: what the server asks for is read up to a day.
const LONGEST_ASKED: Duration = Duration::from_secs(24 * 3600);

/// Why the next call waits longer than usual: the label `reason` of `wolkvox_api_pauses_total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PauseReason {
    /// The answer was 429 or 503, and said when to come back.
    RetryAfter,
    /// The day's calls are used up.
    Quota,
    /// Too many calls at once on this token.
    Concurrency,
}

impl PauseReason {
    /// All of them.
    pub const ALL: [PauseReason; 3] = [
        PauseReason::RetryAfter,
        PauseReason::Quota,
        PauseReason::Concurrency,
    ];

    /// Why the call waits that comes after a failed one; `None` where Wolkvox did not call for it.
    pub(super) fn of(error: &Error) -> Option<PauseReason> {
        match error.reason() {
            _ if error.retry_after().is_some() => Some(PauseReason::RetryAfter),
            Reason::Quota => Some(PauseReason::Quota),
            Reason::Concurrency => Some(PauseReason::Concurrency),
            _ => None,
        }
    }

    /// The value of the label `reason`.
    pub fn as_str(self) -> &'static str {
        match self {
            PauseReason::RetryAfter => "retry_after",
            PauseReason::Quota => "quota",
            PauseReason::Concurrency => "concurrency",
        }
    }
}

/// A pause that Wolkvox called for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// When the next call is made, by our clock, UTC.
    pub until: DateTime<Utc>,
    /// Why.
    pub reason: PauseReason,
    /// How long Wolkvox asked to wait, if it did; it may be longer than the pause.
    pub asked: Option<Duration>,
}

impl Pause {
    /// Why, for people, behind "until …: ".
    pub fn words(self) -> Cow<'static, str> {
        match self.reason {
            PauseReason::RetryAfter => asked_to_wait(self.asked.unwrap_or_default()).into(),
            PauseReason::Quota => {
                "the day's calls are used up (each pause is twice as long as the one before, up to an hour)"
                    .into()
            }
            PauseReason::Concurrency => "too many calls at once on this token".into(),
        }
    }

    pub(super) fn log(self) {
        tracing::info!(
            reason = self.reason.as_str(),
            until = %self.until.format("%FT%TZ"),
            "no call until {}: {}",
            self.until.format("%FT%TZ"),
            self.words()
        );
    }
}

fn asked_to_wait(asked: Duration) -> String {
    let at_most = if asked > LONGEST_PAUSE {
        "; the exporter waits an hour at most"
    } else {
        ""
    };
    let asked = if asked >= LONGEST_ASKED {
        "a day or more".to_owned()
    } else {
        humantime::format_duration(Duration::from_secs(asked.as_secs())).to_string()
    };
    format!("Wolkvox asked to wait {asked} (Retry-After){at_most}")
}
