//! How an operation is doing: what it publishes of itself for the status page and `/api/v1/status`.

mod polls;
mod settings;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

pub(crate) use super::numbers::Numbers;
pub(crate) use crate::poller::Pause;
pub(crate) use crate::poller::budget::{Pace, Slowdown};
pub(crate) use polls::Polls;
pub(super) use polls::{Failing, KEPT, Poll};
pub(crate) use settings::Settings;

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

/// Calls since the operation's midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Calls {
    /// Its own.
    pub own: u64,
    /// Those of its group, its own among them.
    pub group: u64,
}

/// Sample lines on `/metrics`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Series {
    pub shown: u64,
    /// Chats counted under `other` since the start, because of the limit.
    pub limited: u64,
}

/// How an operation is doing. All times are UTC; what never happened is `None`.
#[derive(Debug, Clone)]
pub(crate) struct Status {
    pub operation: String,
    /// The address of its Wolkvox server, without anything secret.
    pub server: String,
    /// Whether the server is the built-in simulator.
    pub demo: bool,
    pub started_at: DateTime<Utc>,
    pub settings: Arc<Settings>,
    /// How the polls since the start went.
    pub polls: Polls,
    /// When a poll last succeeded, which may have been before a restart.
    pub last_success: Option<DateTime<Utc>>,
    /// Everything closed before this has been asked for. Where nothing was ever read it is when counting began.
    pub watermark: Option<DateTime<Utc>>,
    /// Chats that closed before this are not counted.
    pub counting_since: Option<DateTime<Utc>>,
    pub chats_counted: u64,
    /// Seconds of the report that polls pass over, since the start.
    pub seconds_skipped: u64,
    pub next_poll: Option<DateTime<Utc>>,
    /// The last pause that Wolkvox called for. It is over when its time is.
    pub pause: Option<Pause>,
    /// What is left out so that the day's calls last.
    pub pace: Option<Pace>,
    pub calls: Calls,
    pub series: Series,
    /// What was counted lately; `None` before the first publication.
    pub numbers: Option<Arc<dyn Numbers>>,
    /// Why it is not polled; `None` where it is.
    pub not_held: Option<NotHeld>,
}

impl Status {
    /// The status of an operation that was just started: nothing has happened yet.
    pub(crate) fn new(
        operation: impl Into<String>,
        server: impl Into<String>,
        started_at: DateTime<Utc>,
        settings: Arc<Settings>,
    ) -> Self {
        Self {
            operation: operation.into(),
            server: server.into(),
            demo: false,
            started_at,
            settings,
            polls: Polls::default(),
            last_success: None,
            watermark: None,
            counting_since: None,
            chats_counted: 0,
            seconds_skipped: 0,
            next_poll: None,
            pause: None,
            pace: None,
            calls: Calls::default(),
            series: Series::default(),
            numbers: None,
            not_held: None,
        }
    }
}

impl Status {
    /// Up to when the report was read; `None` where nothing of it was read yet. A watermark alone does not tell: it begins at
    /// the start of counting.
    pub(super) fn data_up_to(&self) -> Option<DateTime<Utc>> {
        let watermark = self.watermark?;
        let was_read =
            self.last_success.is_some() || self.counting_since.is_none_or(|since| watermark > since);
        was_read.then_some(watermark)
    }

    /// When the newest data came; `None` where there is none. A good poll brings all there is: whether the server's clock is slow
    /// does not matter.
    pub(super) fn newest_data(&self) -> Option<DateTime<Utc>> {
        let up_to = self.data_up_to()?;
        Some(self.last_success.map_or(up_to, |success| success.max(up_to)))
    }

    /// The time between two polls that is in effect.
    pub(super) fn interval(&self) -> TimeDelta {
        let interval = self
            .pace
            .map_or(self.settings.polling.poll_interval, |pace| pace.interval);
        // It is a day at the most.
        TimeDelta::from_std(interval).unwrap_or(TimeDelta::days(1))
    }
}

#[cfg(test)]
pub(in crate::http) mod tests;
