//! When to go again: at a fixed interval, aligned to the clock, with the pauses that the server asks for.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;
use tracing::Instrument;

use super::pause::{Pause, PauseReason};
use super::publication::Publish;
use super::{Cycle, CycleFailure, Poller};
use crate::ledger::Store;
use wolkvox::history::{LONGEST_PAUSE, doubled};
use wolkvox::{Lists, Reason, Source};

/// How long the first poll after a restart waits for a scrape of the restored totals.
const LONGEST_WAIT_FOR_SCRAPE: Duration = Duration::from_secs(60);

/// When cycles begin: at multiples of the interval since the epoch, and a phase, so that it does not drift and survives
/// restarts.
#[derive(Debug, Clone)]
pub struct Schedule {
    interval: Duration,
    phase: Duration,
    quota_failures: u32,
}

/// When the next cycle begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NextCycle {
    /// By our clock, UTC.
    pub at: DateTime<Utc>,
    /// Why that is later than usual, if it is.
    pub pause: Option<PauseReason>,
}

impl Schedule {
    /// Cycles at this interval.
    pub fn new(interval: Duration) -> Schedule {
        Schedule {
            interval,
            phase: Duration::ZERO,
            quota_failures: 0,
        }
    }

    /// The same, each a share of the interval later: from 0 to below 1. So operations do not poll all at once.
    #[must_use]
    pub fn at_phase(self, share: f64) -> Schedule {
        let phase = self.interval.mul_f64(share);
        Schedule { phase, ..self }
    }

    /// The first time after `now` that leaves at least half an interval after `started`: a cycle that took long is not
    /// followed by another one at once.
    pub fn next(&self, started: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
        let earliest = now.max(started + self.interval / 2);
        self.at_or_after(earliest + TimeDelta::milliseconds(1))
    }

    fn at_or_after(&self, earliest: DateTime<Utc>) -> DateTime<Utc> {
        let milliseconds = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        let (interval, phase) = (milliseconds(self.interval).max(1), milliseconds(self.phase));
        let count = (earliest.timestamp_millis() - phase).div_euclid(interval);
        let aligned = |count: i64| {
            DateTime::from_timestamp_millis(count.saturating_mul(interval).saturating_add(phase))
        };
        let at = aligned(count)
            .filter(|at| *at >= earliest)
            .or_else(|| aligned(count.saturating_add(1)));
        at.unwrap_or(earliest)
    }

    /// When the cycle after one begins that began at `started` and ended at `now`, with the pause that it calls for.
    /// `interval` is longer than usual where few calls are left; it was found at `now`, and counts from then: it may end at
    /// midnight.
    pub fn after(
        &mut self,
        cycle: &Cycle,
        started: DateTime<Utc>,
        now: DateTime<Utc>,
        interval: Duration,
    ) -> NextCycle {
        let usual = if interval > self.interval {
            now + interval
        } else {
            self.next(started, now)
        };
        let quota = self.quota_pause(cycle).map(|pause| started + pause);
        let asked = cycle.retry_after().map(|pause| now + pause.min(LONGEST_PAUSE));
        let not_before = [(quota, PauseReason::Quota), (asked, PauseReason::RetryAfter)]
            .into_iter()
            .filter_map(|(at, reason)| Some((at?, reason)))
            .max();
        match not_before {
            Some((at, reason)) if at > usual => NextCycle {
                at: self.at_or_after(at),
                pause: Some(reason),
            },
            _ => NextCycle {
                at: usual,
                pause: None,
            },
        }
    }

    /// The day's quota is used up: the pause doubles from one interval to an hour.
    fn quota_pause(&mut self, cycle: &Cycle) -> Option<Duration> {
        let is_quota = |failure: &CycleFailure| matches!(failure, CycleFailure::Api(error) if error.reason() == Reason::Quota);
        if !cycle.failures().any(is_quota) {
            self.quota_failures = 0;
            return None;
        }
        let pause = doubled(self.interval, self.quota_failures);
        self.quota_failures += 1;
        // An interval beyond the longest pause is not shortened.
        Some(pause.min(LONGEST_PAUSE.max(self.interval)))
    }
}

/// Goes on stepping until it is dropped, or until `leave` resolves and a cycle is over. After a restart the first poll waits until
/// the restored totals were scraped: otherwise what is then caught up would never reach `increase()`. `announce` is told of each
/// cycle, and when the next one is due.
pub async fn run<S: Source + Lists, D: Store, P: Publish>(
    mut poller: Poller<S, D, P>,
    mut schedule: Schedule,
    restored: bool,
    scraped: impl Future<Output = ()>,
    announce: impl Fn(&Cycle, DateTime<Utc>),
    leave: impl Future<Output = ()>,
) {
    let mut leave = pin!(leave);
    let interval = schedule.interval;
    if restored {
        // Whether it was scraped or not, polling goes on.
        let _ = tokio::time::timeout(interval.min(LONGEST_WAIT_FOR_SCRAPE), scraped).await;
    }
    loop {
        let began = Instant::now();
        let started = poller.clocks.ours();
        let next = schedule.next(started, started);
        let cycle = poller.step(Some(instant_of(next, started))).await;
        let now = poller.clocks.ours();
        // In today's reading of our clock: were it set back during the cycle, the next one would be that far off.
        let started = now - began.elapsed();
        let NextCycle { at, pause } = schedule.after(&cycle, started, now, poller.stats.pace.interval);
        if let Some(reason) = pause {
            let asked = cycle.retry_after();
            poller.pause(Pause {
                until: at,
                reason,
                asked,
            });
        }
        announce(&cycle, at);
        tokio::select! {
            () = &mut leave => return,
            () = poller.rest_until(instant_of(at, now)) => {}
        }
    }
}

impl<S: Source + Lists, D: Store, P: Publish> Poller<S, D, P> {
    /// Waits until the next cycle. What was shown as 0 for long enough meanwhile is shown with its value: the next cycle may
    /// be far off.
    pub async fn rest_until(&mut self, next_cycle: Instant) {
        while let Some(due) = self.books.next_lift().filter(|due| *due < next_cycle) {
            tokio::time::sleep_until(due).await;
            // The disk is full, or the like. The next cycle tries again, and tells.
            let span = self.span(self.stats.polls);
            if self.commit().instrument(span).await.is_err() {
                break;
            }
            self.publish();
        }
        tokio::time::sleep_until(next_cycle).await;
    }
}

fn instant_of(at: DateTime<Utc>, now: DateTime<Utc>) -> Instant {
    Instant::now() + (at - now).to_std().unwrap_or_default()
}

#[cfg(test)]
mod tests;
