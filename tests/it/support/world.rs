//! An exporter without its sockets, its disk and its clock: a poller between a report, a disk and what is shown, on
//! paused time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use chrono_tz::{Tz, UTC};
use simulator::memory::{Chat, MemorySource};
use tokio::time::Instant;
use wolkvox_exporter::chats::Field;
use wolkvox_exporter::clock::Clock;
use wolkvox_exporter::config::{Config, OperationConfig, Recontact};
use wolkvox_exporter::ledger::Ledger;
use wolkvox_exporter::poller::budget::Share;
use wolkvox_exporter::poller::{Cycle, CycleFailure, Examples, Parts, Poller, Schedule};

use super::disk::Disk;
use super::shown::Shown;

/// The true time, which passes with tokio's, and our clock, which may be off. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Time {
    base: DateTime<Utc>,
    begin: Instant,
    skew_ms: Arc<AtomicI64>,
}

impl Time {
    fn new(base: DateTime<Utc>) -> Time {
        Time {
            base,
            begin: Instant::now(),
            skew_ms: Arc::default(),
        }
    }

    pub(crate) fn truth(&self) -> DateTime<Utc> {
        self.base + TimeDelta::from_std(self.begin.elapsed()).unwrap()
    }

    /// Sets our clock off by this.
    pub(crate) fn skew(&self, skew: TimeDelta) {
        self.skew_ms.store(skew.num_milliseconds(), Ordering::Relaxed);
    }
}

impl Clock for Time {
    fn now(&self) -> DateTime<Utc> {
        self.truth() + TimeDelta::milliseconds(self.skew_ms.load(Ordering::Relaxed))
    }
}

/// The time that the server is handed: the true one, whatever our clock says.
struct TrueTime(Time);

impl simulator::Clock for TrueTime {
    fn now(&self) -> DateTime<Utc> {
        self.0.truth()
    }
}

/// A server without chats.
fn server(time: &Time, zone: Tz) -> MemorySource {
    let time = Arc::new(TrueTime(time.clone()));
    MemorySource::new(time, zone, Field::ALL.map(Field::name))
}

pub(crate) struct World {
    pub(crate) time: Time,
    pub(crate) server: MemorySource,
    pub(crate) disk: Disk,
    pub(crate) shown: Shown,
    pub(crate) config: OperationConfig,
    /// Damaged states that each start puts aside.
    pub(crate) recoveries: u64,
    /// From the first start to the first scrape; then one comes per poll interval.
    pub(crate) scraped_after: Duration,
    poller: Option<Poller<MemorySource, Disk, Shown>>,
    next_id: u64,
}

pub(crate) fn minutes(minutes: i64) -> TimeDelta {
    TimeDelta::minutes(minutes)
}

pub(crate) fn hours(hours: i64) -> TimeDelta {
    TimeDelta::hours(hours)
}

/// Whether an answer without rows was not believed.
pub(crate) fn is_disbelief(failure: &CycleFailure) -> bool {
    failure.to_string().contains("not believed")
}

/// A time such as `2026-03-10 12:00:00`, UTC.
pub(crate) fn utc(text: &str) -> DateTime<Utc> {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S")
        .unwrap()
        .and_utc()
}

/// As the configuration has it.
pub(crate) fn length(time: TimeDelta) -> Duration {
    time.to_std().unwrap()
}

/// `WOLKVOX_RECONTACT` as it is read.
pub(crate) fn recontact(text: &str) -> Option<Recontact> {
    let config = read(UTC, &[("RECONTACT", text)]);
    config.counting.recontact
}

pub(crate) fn config(zone: Tz) -> OperationConfig {
    read(zone, &[])
}

fn read(zone: Tz, more: &[(&str, &str)]) -> OperationConfig {
    let variables = [
        ("BASE_URL", "https://wv0001.wolkvox.com"),
        ("TOKEN", "t0ken"),
        ("OPERATION", "ventas"),
        ("TIMEZONE", zone.name()),
        ("WINDOW", "15m"),
        ("API_DAILY_LIMIT", "5000"),
        ("ASA_TARGET", "20s"),
        ("SKILL_NAMES", "12=Sales"),
        ("EXEMPLARS", "true"),
    ];
    let variables = variables
        .iter()
        .chain(more)
        .map(|(name, value)| (format!("WOLKVOX_{name}"), Ok((*value).to_owned())));
    Config::from_variables(variables, DateTime::UNIX_EPOCH)
        .unwrap()
        .choose(None)
        .unwrap()
}

impl World {
    /// Nothing is running yet.
    pub(crate) fn at(now: &str, zone: Tz) -> World {
        let time = Time::new(utc(now));
        let disk = Disk::default();
        World {
            server: server(&time, zone),
            shown: Shown::new(disk.clone()),
            config: config(zone),
            recoveries: 0,
            scraped_after: Duration::from_secs(7),
            poller: None,
            next_id: 100_000,
            disk,
            time,
        }
    }

    /// A running exporter in Bogotá that has had its first cycle, with a label set that is no longer new in the next one.
    pub(crate) async fn running() -> World {
        World::running_at("2026-03-10 15:00:00", chrono_tz::America::Bogota).await
    }

    pub(crate) async fn running_at(now: &str, zone: Tz) -> World {
        let mut world = World::at(now, zone);
        let before = world.time.truth() - minutes(10);
        world.happen(Chat::new("before", before));
        world.start().await;
        world.cycle().await;
        world
    }

    pub(crate) async fn start(&mut self) {
        let ledger = Ledger::resume(self.disk.read(), self.time.now(), self.config.counting.count_from);
        self.shown
            .begin_process(self.config.polling.poll_interval, self.scraped_after);
        let poller = Poller::start(Parts {
            source: self.server.clone(),
            store: self.disk.clone(),
            publisher: self.shown.clone(),
            clock: Arc::new(self.time.clone()),
            config: self.config.clone(),
            examples: Examples::Keep,
            share: Share::of(&Arc::default(), &self.config),
            ledger,
            recoveries: self.recoveries,
        });
        self.poller = Some(Box::pin(poller).await.expect("the first commit succeeds"));
    }

    /// As with `kill -9`: what is not on the disk is gone.
    pub(crate) fn crash(&mut self) {
        self.poller = None;
        self.shown.end_process();
    }

    pub(crate) async fn restart(&mut self) {
        self.crash();
        self.start().await;
    }

    pub(crate) fn take_poller(&mut self) -> Poller<MemorySource, Disk, Shown> {
        self.poller.take().expect("the exporter runs")
    }

    pub(crate) fn schedule(&self) -> Schedule {
        Schedule::new(self.config.polling.poll_interval)
    }

    /// One cycle, up to where the next one is due.
    pub(crate) async fn cycle(&mut self) -> Cycle {
        let next = Instant::now() + self.config.polling.poll_interval;
        let cycle = self.step(next).await;
        self.poller().rest_until(next).await;
        cycle
    }

    /// One cycle, up to its end.
    pub(crate) async fn step(&mut self, next: Instant) -> Cycle {
        let cycle = Box::pin(self.poller().step(Some(next))).await;
        self.assert_disbelieves_nothing_true(&cycle);
        cycle
    }

    /// So long no cycle begins.
    pub(crate) async fn rest(&mut self, time: TimeDelta) {
        self.poller().rest_until(Instant::now() + length(time)).await;
    }

    fn poller(&mut self) -> &mut Poller<MemorySource, Disk, Shown> {
        self.poller.as_mut().expect("the exporter runs")
    }

    /// Only an answer that hides chats is not believed.
    fn assert_disbelieves_nothing_true(&self, cycle: &Cycle) {
        let disbelief = cycle.failures().find(|failure| is_disbelief(failure));
        let hides = self.server.with(|state| state.has_hidden);
        assert!(hides || disbelief.is_none(), "{disbelief:?}");
    }

    pub(crate) async fn cycles(&mut self, count: u32) {
        for _ in 0..count {
            self.cycle().await;
        }
    }

    /// A cycle that has to be good.
    pub(crate) async fn good_cycle(&mut self) {
        let cycle = self.cycle().await;
        cycle.poll.expect("the poll succeeds");
        if let Some(sweep) = cycle.sweep {
            sweep.expect("the sweep succeeds");
        }
    }

    /// A cycle in whose middle, or before the next one, the process is killed.
    pub(crate) async fn killed_cycle(&mut self, after: Duration) {
        // Whether it got through or not, the process is gone then.
        let _ = tokio::time::timeout(after, self.cycle()).await;
        self.crash();
    }

    pub(crate) async fn wait(&self, time: TimeDelta) {
        tokio::time::sleep(time.to_std().unwrap()).await;
    }

    /// The server's clock stays as it is from now until the chat has closed.
    pub(crate) fn happen(&mut self, mut chat: Chat) {
        self.server.with(|state| {
            chat.offset = state.offset;
            state.chats.push(chat);
        });
    }

    /// A chat with a new id, closed that long ago by the server's clock.
    pub(crate) fn closed_ago(&mut self, ago: TimeDelta) -> Chat {
        self.next_id += 1;
        Chat::new(self.next_id.to_string(), self.server.now() - ago)
    }

    /// Chats that close now.
    pub(crate) fn close(&mut self, count: usize) {
        for _ in 0..count {
            let chat = self.closed_ago(TimeDelta::zero());
            self.happen(chat);
        }
    }

    /// Chats counted, as shown.
    pub(crate) fn counted(&self) -> u64 {
        self.shown.sum("wolkvox_chats_total", "").round() as u64
    }

    /// Chats counted, on the disk.
    pub(crate) fn committed(&self) -> u64 {
        self.disk.committed().totals.chats_counted()
    }
}
