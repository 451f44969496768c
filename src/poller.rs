//! The only place that knows the whole way of a chat. [`Poller::step`] does one cycle; [`run`] decides when the next begins.

mod books;
pub mod budget;
mod cycle;
mod disbelief;
pub(crate) mod families;
mod first_shown;
mod intake;
mod pause;
mod publication;
mod reading;
mod schedule;
mod skill_names;
pub mod stats;
mod sweep;
mod time;
pub mod view;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;
use tracing::Instrument;

use crate::chats::Ledger;
use crate::chats::latest_window::Recent;
use crate::clock::Clock;
use crate::config::{Described, OperationConfig};
use crate::ledger::{Store, StoreError};
use crate::poller::stats::{FailureReason, Stats};
use wolkvox::history::{Purpose, Reader};
use wolkvox::{Error, Lists, Reason, Source, window};

pub use cycle::{Cycle, CycleFailure, ReadSummary};
pub use pause::{Pause, PauseReason};
pub use publication::{LastPoll, Publication, Publish};
pub use schedule::{Schedule, run};

use books::Books;
use budget::{Pace, Share, Slowdown};
use reading::Reading;
use skill_names::NamedSkills;
use sweep::{Due, Sweeps};
use time::Clocks;

/// Polls the report, counts, commits and publishes.
pub struct Poller<S, D, P> {
    reader: Reader<S>,
    books: Books<D>,
    publisher: P,
    clocks: Clocks,
    config: OperationConfig,
    examples: Examples,
    share: Share,
    skills: NamedSkills,
    stats: Stats,
    sweeps: Sweeps,
    recent: Recent,
    last_poll: Option<LastPoll>,
    /// Why the last cycle failed, if it did: its poll, or else its sweep.
    last_failure: Option<FailureReason>,
    /// Damaged states that were put aside at this start.
    recoveries: u64,
    /// From when on they are shown. `increase()` needs a 0 before them.
    recoveries_due: Instant,
}

/// What a poller is made of.
pub struct Parts<S, D, P> {
    /// Whom it asks.
    pub source: S,
    /// Where its ledger is kept.
    pub store: D,
    /// Where its publications go.
    pub publisher: P,
    /// Our clock.
    pub clock: Arc<dyn Clock>,
    /// The operation's settings.
    pub config: OperationConfig,
    /// Whether chats are kept as examples, for exemplars.
    pub examples: Examples,
    /// Its share of the day's calls.
    pub share: Share,
    /// What it goes on with.
    pub ledger: Ledger,
    /// Damaged states that were put aside at this start.
    pub recoveries: u64,
}

/// Whether the newest chat of each histogram bucket is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Examples {
    /// For exemplars.
    Keep,
    /// Nobody would see them.
    Leave,
}

impl<S: Source + Lists, D: Store, P: Publish> Poller<S, D, P> {
    /// Starts with a ledger. A restored one is published at once. That of a first start is committed before the first
    /// request, so that no crash can move the start of counting.
    ///
    /// # Errors
    /// The first commit failed.
    pub async fn start(parts: Parts<S, D, P>) -> Result<Self, StoreError> {
        let Parts {
            source,
            store,
            publisher,
            clock,
            config,
            examples,
            share,
            mut ledger,
            recoveries,
        } = parts;
        let zone = config.server.timezone;
        let mut clocks = Clocks::new(clock, zone);
        if ledger.has_just_started() {
            clocks.begin_counting(ledger.counting.since);
        }
        ledger.totals.restrict_to(config.counting.agents);
        let known_until = clocks.ours().max(ledger.cursors.poll);
        let since = (!ledger.is_first_start()).then_some(known_until);
        ledger.totals.begin_days(zone, since);
        let recontact = config.counting.recontact.as_ref();
        let begun = ledger.totals.begin_recontacts(recontact);
        begun.map_err(StoreError::Unwritable)?;
        let mut poller = Poller {
            reader: Reader::in_cycles(source, zone),
            books: Books::open(ledger, store, clocks.today(), config.polling.poll_interval),
            publisher,
            skills: NamedSkills::new(&config.counting),
            stats: Stats::new(clocks.ours(), Pace::usual(&config.polling)),
            recoveries,
            recoveries_due: Instant::now() + config.polling.poll_interval,
            sweeps: Sweeps::every(config.polling.sweep_interval),
            clocks,
            config,
            examples,
            share,
            recent: Recent::default(),
            last_poll: None,
            last_failure: None,
        };
        poller.commit().await?;
        poller.keep_pace();
        poller.publish();
        Ok(poller)
    }

    /// One cycle: asks, counts, commits, publishes. `next_cycle` is when the next one is due; a retry must not run into
    /// it.
    pub async fn step(&mut self, next_cycle: Option<Instant>) -> Cycle {
        let span = self.span(self.stats.polls + 1);
        self.cycle(next_cycle).instrument(span).await
    }

    /// What the lines of the log have in common that come from this cycle.
    fn span(&self, cycle: u64) -> tracing::Span {
        let operation = &self.config.server.operation;
        // At the level of errors: it tells where any line comes from.
        tracing::error_span!(parent: None, "cycle", operation, cycle)
    }

    async fn cycle(&mut self, next_cycle: Option<Instant>) -> Cycle {
        let started = Instant::now();
        self.stats.polls += 1;
        self.stats.pause = None;
        self.keep_pace();
        self.reader.begin_cycle(next_cycle);
        let poll_from = self.look_back(self.books.ledger.cursors.poll, self.config.polling.window);
        let mut cycle = Cycle::of(self.poll(poll_from).await);
        // What fails the poll would fail the sweep as well; it stays due.
        if cycle.poll.is_ok() {
            self.books.ledger.last_success = Some(self.clocks.ours());
            let begun = Instant::now();
            cycle.sweep = self.sweep(poll_from).await;
            cycle.sweep_duration = begun.elapsed();
            self.forget();
            self.retire();
            self.forget_what_is_past();
        }
        self.books.ledger.end_cycle();
        if let Err(error) = self.commit().await {
            cycle.fail_to_commit(error);
        }
        self.books.end_cycle();
        self.note_outcome(&cycle, started.elapsed());
        self.keep_pace();
        self.publish();
        Box::pin(self.refresh_skill_names(&cycle, next_cycle)).await;
        cycle
    }

    /// The poll. What it read is the latest window as soon as its chats are committed.
    async fn poll(&mut self, from: DateTime<Utc>) -> Result<ReadSummary, CycleFailure> {
        let to = self.clocks.later();
        let floor = self.books.ledger.seen.floor();
        let range = self.reader.open(Purpose::Poll, from, to, floor);
        let Reading {
            summary, gatherer, ..
        } = Box::pin(self.read(Reading::new(Purpose::Poll, from, to), range)).await?;
        if summary.answers == 0 {
            return Err(nothing_to_ask(self.config.server.described).into());
        }
        self.books.ledger.settle(reading::found(Purpose::Poll));
        let window = self.config.polling.window;
        let counting = &self.config.counting;
        let latest = gatherer.finish_poll(&mut self.recent, summary.to, window, counting);
        let expires = Instant::now() + 2 * self.stats.pace.interval;
        self.books.stage_latest(latest, expires);
        Ok(summary)
    }

    /// The sweep, if it is due and there are calls for it: up to where this cycle's poll began.
    async fn sweep(&mut self, to: DateTime<Utc>) -> Option<Result<ReadSummary, CycleFailure>> {
        let age = self.clocks.earlier() - self.books.ledger.cursors.sweep;
        if self.stats.pace.slowdown != Slowdown::None && !self.sweeps.spares_call(age) {
            return None;
        }
        let from = self.look_back(
            self.books.ledger.cursors.sweep,
            self.config.polling.sweep_lookback,
        );
        let Due { from, to, left } = self.sweeps.begin(from, to)?;
        let floor = self.books.ledger.seen.floor();
        let mut reading = Reading::new(Purpose::Sweep, from, to);
        let range = match left {
            Some(mut left) => {
                left.range.resume(floor);
                reading.not_believed = left.not_believed;
                left.range
            }
            None => self.reader.open(Purpose::Sweep, from, to, floor),
        };
        let read = Box::pin(self.read(reading, range)).await;
        let result = read.map(|reading| reading.summary);
        if result.as_ref().is_ok_and(|summary| summary.is_whole) {
            self.books.ledger.settle(reading::found(Purpose::Sweep));
            if let Some((from, to)) = self.sweeps.end() {
                self.books.ledger.totals.note_read(from, to);
            }
        }
        Some(result)
    }

    /// Counts, logs and shows a pause that Wolkvox calls for.
    fn pause(&mut self, pause: Pause) {
        self.stats.note_pause(pause);
        pause.log();
        self.publish();
    }

    /// Where a range begins that looks back from a cursor.
    fn look_back(&self, cursor: DateTime<Utc>, look_back: Duration) -> DateTime<Utc> {
        let known_since = self.books.ledger.counting.known_since();
        self.clocks.start_of_range(cursor, known_since) - look_back
    }

    /// Forgets the ids that no later request can return.
    fn forget(&mut self) {
        let cursors = self.books.ledger.cursors;
        let poll_from = self.look_back(cursors.poll, self.config.polling.window);
        let next_start = match self.config.polling.sweep_interval {
            Some(_) => poll_from.min(self.look_back(cursors.sweep, self.config.polling.sweep_lookback)),
            None => poll_from,
        };
        self.reader.forget_before(next_start);
        let date_ini = window::least_local(self.config.server.timezone, next_start);
        self.books.ledger.forget_before(date_ini);
    }

    /// Drops days and closes of customers that are past by both clocks.
    fn forget_what_is_past(&mut self) {
        let (now, zone) = (self.clocks.earlier(), self.config.server.timezone);
        let totals = &mut self.books.ledger.totals;
        totals.forget_days_before(now, zone);
        if let Some(recontact) = &self.config.counting.recontact {
            totals.forget_closes_before(now, recontact);
        }
    }

    /// Drops the label sets that had no chat for long, by the earlier of both clocks. A clock that runs ahead must not drop
    /// all of them.
    fn retire(&mut self) {
        if let Some(retire_after) = self
            .config
            .counting
            .retire_after
            .filter(|_| self.clocks.knows_server())
        {
            self.books.retire(self.clocks.earlier() - retire_after);
        }
    }

    async fn commit(&mut self) -> Result<(), StoreError> {
        let committed = self.books.commit(self.clocks.today()).await;
        let bytes = committed.inspect_err(|_| self.stats.state_commit_failures += 1)?;
        self.stats.state_commits += 1;
        self.stats.last_commit = Some(self.clocks.ours());
        self.stats.state_bytes = Some(bytes);
        Ok(())
    }

    /// Takes the calls that are left today into account.
    fn keep_pace(&mut self) {
        let (today, now) = (self.clocks.today(), self.clocks.ours());
        self.share.note(today, self.books.ledger.requests_on(today));
        self.stats.group_requests_today = self.share.calls_of_group(now);
        if let Some(pace) = self.share.pace(now) {
            pace.log_change(self.stats.pace, self.config.server.described);
            self.stats.pace = pace;
        }
    }

    fn note_outcome(&mut self, cycle: &Cycle, duration: Duration) {
        let ended = self.clocks.ours();
        for failure in cycle.failures() {
            self.stats.note_failure(failure.reason());
        }
        if Instant::now() >= self.recoveries_due {
            self.stats.state_recoveries = self.recoveries;
        }
        self.stats.up = Some(cycle.poll.is_ok());
        self.stats.last_poll = Some(ended);
        self.stats.poll_duration = Some(duration);
        cycle.log(duration, self.last_failure);
        self.last_failure = cycle.failures().next().map(CycleFailure::reason);
        self.last_poll = Some(LastPoll::new(self.stats.polls, ended, duration, &cycle.poll));
    }

    fn publish(&mut self) {
        let snapshot = &self.books.snapshot;
        let last_poll = self.last_poll.as_ref();
        let skill_names = self.skills.shown();
        self.publisher
            .publish(snapshot.publication(&self.config, skill_names, &self.stats, last_poll));
        self.books.note_shown();
    }
}

/// A poll that has nothing to ask for is an error: it must not look like one that found no chats.
fn nothing_to_ask(described: Described) -> Error {
    let [timezone, window] = ["TIMEZONE", "WINDOW"].map(|name| described.setting(name));
    Error::new(
        Reason::BadRequest,
        format!(
            "there was nothing to ask for: all of the window lies before times that are counted and forgotten. A clock or {timezone} went back by more than {window}; polling goes on when the time is past again"
        ),
    )
}
