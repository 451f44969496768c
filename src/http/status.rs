//! How the exporter is doing, for the status page.

use chrono::{DateTime, Utc};

pub(crate) use crate::poller::budget::{Pace, Slowdown};
pub(crate) use crate::poller::today::Today;
pub(crate) use crate::poller::{LastPoll, Pause};

/// What `/-/ready` answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readiness {
    /// 503: nothing was published yet.
    Starting,
    /// 200.
    Ready,
}

/// Why an operation is not polled here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NotHeld {
    /// Something is wrong with it: what, and the way out, in words.
    StandsStill(String),
    /// It is another replica's, or nobody's at the moment.
    Elsewhere,
}

/// How the exporter is doing. All times are UTC; what never happened is `None`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Status {
    pub operation: String,
    /// The address of its Wolkvox server, without anything secret.
    pub server: String,
    /// Whether the server is the built-in simulator.
    pub demo: bool,
    pub version: String,
    pub started_at: DateTime<Utc>,
    /// The last poll that ended.
    pub last_poll: Option<LastPoll>,
    /// When a poll last succeeded, which may have been before a restart.
    pub last_success: Option<DateTime<Utc>>,
    /// Everything closed before this has been asked for.
    pub watermark: Option<DateTime<Utc>>,
    /// Chats that closed before this are not counted.
    pub counting_since: Option<DateTime<Utc>>,
    pub chats_counted: u64,
    /// Seconds of the report that polls pass over, since the start.
    pub seconds_skipped: u64,
    pub next_poll: Option<DateTime<Utc>>,
    /// The chats that closed today; `None` before the first good poll.
    pub today: Option<Today>,
    /// The last pause that Wolkvox called for. It is over when its time is.
    pub pause: Option<Pause>,
    /// What is left out so that the day's calls last.
    pub pace: Option<Pace>,
    /// Why it is not polled; `None` where it is.
    pub not_held: Option<NotHeld>,
}

impl Status {
    /// The status of an exporter that was just started: nothing has happened yet.
    pub(crate) fn new(
        operation: impl Into<String>,
        server: impl Into<String>,
        started_at: DateTime<Utc>,
    ) -> Self {
        Self {
            operation: operation.into(),
            server: server.into(),
            demo: false,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at,
            last_poll: None,
            last_success: None,
            watermark: None,
            counting_since: None,
            chats_counted: 0,
            seconds_skipped: 0,
            next_poll: None,
            today: None,
            pause: None,
            pace: None,
            not_held: None,
        }
    }
}
