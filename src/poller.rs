//! The only place that knows the whole way of a chat. [`Poller::step`] goes it once; [`run`] decides when to go again.

mod cutter;
mod doubt;
pub mod families;
mod intake;
mod publication;
mod reach;
mod request;
mod schedule;
pub mod stats;
mod stretch;
mod sweep;
mod time;
pub mod view;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use tokio::time::Instant;

use crate::chats::exemplar::Exemplars;
use crate::chats::latest_window::{Gatherer, Latest};
use crate::chats::{Ledger, Rules};
use crate::clock::Clock;
use crate::ledger::{Found, Store, StoreError};
use crate::metrics;
use crate::poller::stats::{FailureReason, Stats};
use wolkvox::{self, Source};

pub use publication::{LastPoll, Publication, Publish};
pub use schedule::{Schedule, run};

use cutter::Cutter;
use doubt::Doubts;
use publication::Shelf;
use request::Retries;
use sweep::SweepUnderWay;
use time::Clocks;

/// How to poll.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The zone of the report's dates.
    pub zone: Tz,
    /// `WOLKVOX_POLL_INTERVAL`.
    pub poll_interval: Duration,
    /// `WOLKVOX_WINDOW`: how far a poll reaches back, and what the latest window covers.
    pub window: TimeDelta,
    /// `WOLKVOX_SWEEP_INTERVAL`; `None` is off.
    pub sweep_interval: Option<Duration>,
    /// `WOLKVOX_SWEEP_LOOKBACK`.
    pub sweep_lookback: TimeDelta,
    /// How to count.
    pub rules: Rules,
    /// `WOLKVOX_RETIRE_AFTER`: label sets without a chat for so long are dropped; `None` is off.
    pub retire_after: Option<TimeDelta>,
    /// Whether examples are kept for OpenMetrics.
    pub exemplars: bool,
    /// What is shown of the settings.
    pub shown: metrics::Settings,
}

/// Why a poll or a sweep did not reach its end.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A call failed.
    #[error(transparent)]
    Api(#[from] wolkvox::Error),
    /// The state could not be committed; nothing new is shown until it can.
    #[error(transparent)]
    State(#[from] StoreError),
}

impl Failure {
    /// The label `reason`.
    pub fn reason(&self) -> FailureReason {
        match self {
            Failure::Api(error) => FailureReason::Api(error.reason()),
            Failure::State(_) => FailureReason::State,
        }
    }
}

/// What a poll or a sweep read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// Where it began, UTC.
    pub from: DateTime<Utc>,
    /// Where it ended, UTC.
    pub to: DateTime<Utc>,
    /// Whole answers.
    pub answers: u64,
    /// Rows read.
    pub rows: u64,
    /// New chats that were counted.
    pub counted: u64,
    /// New chats from before the start of counting.
    pub remembered: u64,
    /// Rows of chats already known.
    pub duplicate: u64,
    /// Whether it came to its end; a sweep goes on after the next poll.
    pub is_whole: bool,
}

/// What came of one beat: a poll, its pieces, and the sweep when due.
#[derive(Debug)]
pub struct Beat {
    /// The poll; also failed where its rows could not be committed.
    pub poll: Result<Summary, Failure>,
    /// The sweep, if it was due.
    pub sweep: Option<Result<Summary, Failure>>,
    /// How long the sweep took.
    sweep_duration: Duration,
}

impl Beat {
    /// What failed: the poll, and the sweep.
    pub fn failures(&self) -> impl Iterator<Item = &Failure> {
        let sweep = self.sweep.as_ref().and_then(|sweep| sweep.as_ref().err());
        self.poll.as_ref().err().into_iter().chain(sweep)
    }

    /// How long the server asked us to wait before the next call.
    pub fn retry_after(&self) -> Option<Duration> {
        self.failures().filter_map(asked_to_wait).max()
    }
}

/// Polls the report, counts, commits and publishes.
pub struct Poller<S, D, P> {
    source: S,
    store: D,
    publisher: P,
    clocks: Clocks,
    settings: Settings,
    ledger: Ledger,
    stats: Stats,
    exemplars: Exemplars,
    /// Of chats that are not committed yet.
    new_exemplars: Exemplars,
    shelf: Shelf,
    latest: Option<(Latest, Instant)>,
    /// Of chats that are not committed yet.
    next_latest: Option<(Latest, Instant)>,
    last_poll: Option<LastPoll>,
    /// Why the last beat failed, if it did: its poll, or else its sweep.
    last_failure: Option<FailureReason>,
    /// `None` where sweeps are off.
    sweep_due: Option<Instant>,
    /// The sweep that has not reached its end yet.
    sweep_under_way: Option<SweepUnderWay>,
    /// Something was applied since the last commit.
    uncommitted: bool,
    retries: Retries,
    cutter: Cutter,
    doubts: Doubts,
}

impl<S: Source, D: Store, P: Publish> Poller<S, D, P> {
    /// Takes up a ledger: a restored one is shown at once; that of a first start is committed before the first
    /// request, so that no crash can move the start of counting. `recoveries` are the damaged states that were put aside
    /// at this start.
    ///
    /// # Errors
    /// The first commit failed.
    pub async fn start(
        source: S,
        store: D,
        publisher: P,
        clock: Arc<dyn Clock>,
        settings: Settings,
        mut ledger: Ledger,
        recoveries: u64,
    ) -> Result<Self, StoreError> {
        let mut clocks = Clocks::new(clock, settings.zone);
        if ledger.has_just_started() {
            clocks.begin_counting(ledger.counting.since);
        }
        ledger.totals.restrict_to(settings.rules.agents);
        let mut poller = Poller {
            source,
            store,
            publisher,
            stats: Stats {
                state_recoveries: recoveries,
                ..Stats::new(clocks.ours())
            },
            shelf: Shelf::new(&ledger, clocks.today()),
            sweep_due: settings.sweep_interval.map(|_| Instant::now()),
            sweep_under_way: None,
            clocks,
            settings,
            ledger,
            exemplars: Exemplars::default(),
            new_exemplars: Exemplars::default(),
            latest: None,
            next_latest: None,
            last_poll: None,
            last_failure: None,
            uncommitted: true,
            retries: Retries::default(),
            cutter: Cutter::default(),
            doubts: Doubts::default(),
        };
        poller.commit().await?;
        poller.publish();
        Ok(poller)
    }

    /// One beat: asks, counts, commits, publishes. `next_beat` is when the next one is due; a retry must not run into
    /// it.
    pub async fn step(&mut self, next_beat: Option<Instant>) -> Beat {
        let started = Instant::now();
        self.stats.polls += 1;
        self.shelf.begin_beat();
        self.retries = Retries::until(next_beat);
        self.cutter.begin_beat();
        let poll_from = self.poll_from();
        let (poll, latest) = match self.poll(poll_from).await {
            Ok((summary, latest)) => (Ok(summary), Some(latest)),
            Err(failure) => (Err(failure), None),
        };
        // From now on it is the latest window, as soon as its chats are committed, until it is withdrawn.
        self.next_latest = latest.map(|latest| (latest, Instant::now() + 2 * self.settings.poll_interval));
        let mut beat = Beat {
            poll,
            sweep: None,
            sweep_duration: Duration::ZERO,
        };
        // What fails the poll would fail the sweep as well; it stays due.
        if beat.poll.is_ok() {
            self.ledger.last_success = Some(self.clocks.ours());
            let begun = Instant::now();
            beat.sweep = self.sweep(poll_from).await;
            beat.sweep_duration = begun.elapsed();
            self.forget();
            self.retire();
        }
        self.ledger.end_beat();
        if let Err(error) = self.commit().await {
            // A sweep that could not commit either failed for the same cause, which is counted and told once.
            beat.sweep = beat
                .sweep
                .filter(|sweep| !matches!(sweep, Err(Failure::State(_))));
            beat.poll = Err(error.into());
        }
        self.next_latest = None;
        self.note_outcome(&beat, started);
        self.publish();
        beat
    }

    /// The poll, and the latest window that it makes.
    async fn poll(&mut self, from: DateTime<Utc>) -> Result<(Summary, Latest), Failure> {
        let to = self.clocks.later();
        let mut gatherer = Gatherer::default();
        let summary = self.stretch(Found::ByPoll, from, to, Some(&mut gatherer)).await?;
        if summary.answers == 0 {
            return Err(nothing_to_ask().into());
        }
        self.ledger.settle(Found::ByPoll);
        let asa_target_ms = self.settings.rules.asa_target_ms;
        let latest = gatherer.finish(summary.to, self.settings.window, asa_target_ms);
        Ok((summary, latest))
    }

    /// Drops the label sets that had no chat for long. By the earlier of two clocks: one that runs ahead must not drop all.
    fn retire(&mut self) {
        if let Some(retire_after) = self.settings.retire_after.filter(|_| self.clocks.knows_server()) {
            self.ledger.totals.retire(self.clocks.earlier() - retire_after);
            self.exemplars.retain(&self.ledger.totals);
        }
    }

    /// Makes the ledger outlive a crash, and puts it on the shelf that publications are made from.
    async fn commit(&mut self) -> Result<(), StoreError> {
        match self.store.commit(&self.ledger).await {
            Ok(bytes) => {
                self.exemplars.add(std::mem::take(&mut self.new_exemplars));
                self.stats.state_commits += 1;
                self.stats.last_commit = Some(self.clocks.ours());
                self.stats.state_bytes = Some(bytes);
                self.shelf.put(&self.ledger, self.clocks.today());
                self.uncommitted = false;
                if let Some(latest) = self.next_latest.take() {
                    self.latest = Some(latest);
                }
                Ok(())
            }
            Err(error) => {
                self.stats.state_commit_failures += 1;
                Err(error)
            }
        }
    }

    fn note_outcome(&mut self, beat: &Beat, started: Instant) {
        let ended = self.clocks.ours();
        let duration = started.elapsed();
        for failure in beat.failures() {
            self.stats.note_failure(failure.reason());
        }
        self.stats.up = Some(beat.poll.is_ok());
        self.stats.last_poll = Some(ended);
        self.stats.poll_duration = Some(duration);
        log("poll", &beat.poll, duration, self.is_told(&beat.poll));
        if let Some(sweep) = &beat.sweep {
            log("sweep", sweep, beat.sweep_duration, self.is_told(sweep));
        }
        self.last_failure = beat.failures().next().map(Failure::reason);
        self.last_poll = Some(LastPoll::new(ended, duration, &beat.poll));
    }

    /// Used-up calls come back at midnight: that is told once, not at each try.
    fn is_told(&self, result: &Result<Summary, Failure>) -> bool {
        let quota = FailureReason::Api(wolkvox::Reason::Quota);
        let is_quota = result.as_ref().is_err_and(|failure| failure.reason() == quota);
        is_quota && self.last_failure == Some(quota)
    }

    fn publish(&self) {
        let latest = self.latest.as_ref().map(|(latest, expires)| (latest, *expires));
        let latest = latest.filter(|(_, expires)| *expires > Instant::now());
        let view = self
            .shelf
            .view(&self.settings.shown, &self.exemplars, &self.stats);
        self.publisher.publish(Publication {
            view,
            latest,
            last_poll: self.last_poll.as_ref(),
        });
    }
}

/// A poll that asks nothing must not look like one that found nothing.
fn nothing_to_ask() -> wolkvox::Error {
    wolkvox::Error::new(
        wolkvox::Reason::BadRequest,
        "there was nothing to ask for: all of the window lies before times that are counted and forgotten. A clock or WOLKVOX_TIMEZONE went back by more than WOLKVOX_WINDOW; polling goes on when the time is past again",
    )
}

fn asked_to_wait(failure: &Failure) -> Option<Duration> {
    match failure {
        Failure::Api(error) => error.retry_after(),
        Failure::State(_) => None,
    }
}

/// One line per poll: readable, and with fields. What was told already is only for those who debug.
fn log(what: &str, result: &Result<Summary, Failure>, duration: Duration, is_told: bool) {
    let duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    match result {
        Ok(summary) => tracing::info!(
            outcome = "ok",
            from = %summary.from.format("%FT%TZ"),
            to = %summary.to.format("%FT%TZ"),
            answers = summary.answers,
            rows = summary.rows,
            new = summary.counted,
            remembered = summary.remembered,
            duplicate = summary.duplicate,
            duration_ms,
            "{what}: {} new chats counted", summary.counted
        ),
        Err(failure) if is_told => tracing::debug!(
            outcome = "failed",
            reason = failure.reason().as_str(),
            duration_ms,
            "{what} failed as before: {failure}"
        ),
        Err(failure) => tracing::warn!(
            outcome = "failed",
            reason = failure.reason().as_str(),
            duration_ms,
            "{what} failed: {failure}. Nothing is lost: the next good one covers this time too"
        ),
    }
}
