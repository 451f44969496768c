//! Replicas are killed, stopped, ended, cut off, added and reloaded, and the database is stopped, while chats come and requests
//! go wrong. In the end the totals of every operation are the truth. Until then no two replicas show one operation, nothing
//! falls, each total is seen at 0 first, and never are more than two calls in flight per group.
//!
//! A Prometheus finds the operations by `/sd`. It goes to another port only some seconds after it was told, so that what
//! `increase()` adds up to is the truth only where polls are further apart than that.

mod witness;

use std::time::{Duration, Instant};

use simulator::Fault;

use super::*;
use crate::prometheus::sd::{Name, begin, hold_back};
use crate::support::placed::{Placed, now, seconds};
use crate::support::postgres::proxy;
use crate::support::process::send;
use crate::support::prometheus::Prometheus;
use witness::Witness;

/// How many things happen; `tests/run --long` asks for many more.
const EVENTS: &str = "EXPORTER_TEST_EVENTS";
/// How many groups of two operations; the same.
const GROUPS: &str = "EXPORTER_TEST_GROUPS";
/// Seconds between two polls; the same.
const INTERVAL: &str = "EXPORTER_TEST_STORM_INTERVAL";
/// From so many seconds on Prometheus sees each 0.
const SEEN_BY_PROMETHEUS: usize = 8;
/// Replicas that there are most of the time.
const REPLICAS: usize = 3;
/// Of the requests, how many go wrong.
const SPOILED: f64 = 0.05;

/// A number of the environment.
fn number(name: &str, usual: usize) -> usize {
    std::env::var(name).map_or(usual, |text| text.parse().expect("a number"))
}

/// What happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    /// `kill -9` of a replica, and another in its place.
    Kill,
    /// A replica is stopped for longer than its lease.
    Stop,
    /// A replica ends by SIGTERM, and another in its place.
    End,
    /// The connections of a replica are cut.
    Cut,
    /// The answer of a replica's next commit is lost, or the commit, or it comes late.
    Spoil(proxy::Fault),
    /// The database is stopped at once, and started.
    Database,
    /// One replica more, for a while.
    Add,
    /// All replicas read a changed file.
    Reload,
}

const ALL: [Event; 10] = [
    Event::Kill,
    Event::Stop,
    Event::Spoil(proxy::Fault::DropAnswer),
    Event::End,
    Event::Reload,
    Event::Cut,
    Event::Spoil(proxy::Fault::Swallow),
    Event::Database,
    Event::Add,
    Event::Spoil(proxy::Fault::Late),
];

/// The names of the operations of a group.
fn pair(group: usize) -> [String; 2] {
    ["a", "b"].map(|which| format!("g{group:02}{which}"))
}

/// A file in which both operations of a group ask one server, and some have other settings.
fn file(fleet: &Fleet, groups: usize, interval: usize, change: usize) -> String {
    let mut text = String::new();
    for group in 0..groups {
        let [first, second] = pair(group);
        let timeout = if (group + change).is_multiple_of(3) {
            50
        } else {
            60
        };
        for name in [first.as_str(), second.as_str()] {
            text += &fleet.table_as(&first, name);
            text += &format!(
                "group = \"g{group:02}\"\nrequest_timeout = \"{timeout}s\"\npoll_interval = \"{interval}s\"\n"
            );
        }
    }
    text
}

/// Waits until Prometheus has all chats of an operation, and compares what they have come to with the truth. Where the machine is
/// too busy, Prometheus may not scrape an operation for a whole interval, and miss a 0: such a total begins with what it was
/// then. How many did.
async fn increases_are_the_truth(prometheus: &Prometheus, name: &str, chats: u64, interval: usize) -> usize {
    let chats = chats as f64;
    let totals = format!("wolkvox_chats_total{{instance=\"{name}\"}}");
    wait_for("all chats in Prometheus", || async {
        let counted = prometheus.value(&format!("sum({totals})"), None).await?;
        (counted > chats - 0.5).then_some(())
    })
    .await;
    // At the very time of a scrape, increase() has nothing to guess.
    let scraped = format!("timestamp(wolkvox_polls_total{{instance=\"{name}\"}})");
    let time = prometheus.value(&scraped, None).await;
    let late = format!("{totals} and min_over_time({totals}[3h]) > 0");
    let late = prometheus.query(&late, time).await;
    for total in late.keys() {
        let gap = gap_before(prometheus, name, total, time).await;
        assert!(
            gap > interval as f64 - 0.1,
            "the 0 of {total} was not shown, though it was scraped {gap} s before"
        );
    }
    let query = format!("sum(increase({totals}[3h]) and min_over_time({totals}[3h]) == 0)");
    let found = prometheus.value(&query, time).await.expect("an increase") + late.values().sum::<f64>();
    assert!(
        (found - chats).abs() <= chats * 1e-9 + 1e-9,
        "{query}: {found}, in truth {chats}"
    );
    late.len()
}

/// How long before the first sample of a total its operation was scraped last, in seconds.
async fn gap_before(prometheus: &Prometheus, name: &str, total: &str, time: Option<f64>) -> f64 {
    let first = format!("min_over_time(timestamp({total})[3h:1s])");
    let first = prometheus.value(&first, time).await.expect("a first sample");
    let before = format!("max_over_time(timestamp(wolkvox_polls_total{{instance=\"{name}\"}})[10m:250ms])");
    let before = prometheus.value(&before, Some(first - 0.5)).await;
    before.map_or(f64::INFINITY, |before| first - before)
}

/// The replicas, and what they stand on.
struct Storm {
    groups: usize,
    interval: usize,
    fleet: Fleet,
    database: Postgres,
    replicas: Vec<Replica>,
    /// Where Prometheus asks for the targets.
    name: Name,
    prometheus: Prometheus,
    witness: Witness,
    /// Between two events: whoever takes over does so within a lease, and polls within an interval.
    calm: Duration,
}

impl Storm {
    async fn begin(groups: usize, interval: usize) -> Storm {
        let database = database().await;
        let firsts: Vec<String> = (0..groups).map(|group| pair(group)[0].clone()).collect();
        let firsts: Vec<&str> = firsts.iter().map(String::as_str).collect();
        let fleet = Fleet::of(&firsts).await;
        fleet.write(&file(&fleet, groups, interval, 0));
        for (seed, (name, operation)) in (0..).zip(&fleet.operations) {
            hold_back(&fleet, name);
            let faults = vec![Fault::ResetBeforeHeaders, Fault::status(500, "INTERNAL")];
            operation.handle().by_chance(seed, SPOILED, faults);
        }
        let mut replicas = Vec::new();
        for _ in 0..REPLICAS {
            replicas.push(Replica::start(&fleet, &database).await);
        }
        let name = Name::new().await;
        name.lead_to(&replicas[0].exporter);
        let prometheus = Prometheus::discovering(&name.jobs()).await;
        begin(&prometheus, &fleet, &firsts).await;
        let names: Vec<String> = (0..groups).flat_map(pair).collect();
        Storm {
            groups,
            interval,
            fleet,
            database,
            replicas,
            name,
            prometheus,
            witness: Witness::new(&names),
            calm: LEASE + Duration::from_secs(interval as u64),
        }
    }

    /// Looks at all of them for a while.
    async fn look_for(&mut self, time: Duration) {
        let replicas: Vec<_> = self.replicas.iter().collect();
        self.witness.look_for(time, &replicas).await;
    }

    /// Lets something happen to the replica at this place.
    async fn happen(&mut self, event: Event, number: usize) {
        let at = number % self.replicas.len();
        // To one that stays as it is.
        let next = (at + 1) % self.replicas.len();
        self.name.lead_to(&self.replicas[next].exporter);
        for operation in self.fleet.operations.values_mut() {
            operation.place_until(now() + seconds(1));
        }
        match event {
            Event::Kill => {
                let replica = self.replicas.remove(at);
                self.replicas.push(replica.killed_and_started(&self.fleet).await);
            }
            Event::Stop => self.stop(at).await,
            Event::End => {
                let mut replica = self.replicas.remove(at);
                replica.end().await;
                self.replicas
                    .push(Replica::start_through(replica.proxy, &self.fleet).await);
            }
            Event::Cut => self.replicas[at].proxy.cut(),
            Event::Spoil(fault) => self.replicas[at].proxy.order(fault),
            Event::Database => {
                self.database.stop_at_once().await;
                self.look_for(LEASE / 2).await;
                self.database.start_again().await;
            }
            Event::Add => {
                let more = Replica::start(&self.fleet, &self.database).await;
                self.replicas.push(more);
            }
            Event::Reload => {
                self.fleet
                    .write(&file(&self.fleet, self.groups, self.interval, number));
                for replica in &self.replicas {
                    replica.exporter.signal("HUP").await;
                }
            }
        }
    }

    async fn stop(&mut self, at: usize) {
        let pid = self.replicas[at].exporter.pid();
        send("STOP", pid).await;
        let others = self
            .replicas
            .iter()
            .filter(|replica| replica.exporter.pid() != pid);
        let longer_than_its_lease = LEASE + Duration::from_secs(1);
        self.witness
            .look_for(longer_than_its_lease, &others.collect::<Vec<_>>())
            .await;
        send("CONT", pid).await;
    }

    /// What an event leaves behind ends, and the next one may follow at once.
    async fn end(&mut self, event: Event) {
        match event {
            Event::Add => self.replicas.pop().unwrap().end().await,
            Event::Spoil(proxy::Fault::Late) => self.deliver().await,
            _ => {}
        }
    }

    /// Commits that were held up arrive, long after it was settled that they had not.
    async fn deliver(&mut self) {
        if self.replicas.iter().any(|replica| replica.proxy.has_late()) {
            // One that has just been held up is settled at once.
            self.look_for(Duration::from_secs(1)).await;
        }
        for replica in &self.replicas {
            while replica.proxy.has_late() {
                let said = replica.proxy.deliver().await;
                assert_ne!(said.as_deref(), Some("UPDATE 1"), "it was settled before");
            }
        }
    }

    /// The chats of all servers.
    fn chats(&self) -> u64 {
        let chats = |placed: &Placed| placed.truth().all.chats;
        self.fleet.operations.values().map(chats).sum()
    }

    /// How often an operation was claimed.
    async fn claims(&self) -> String {
        let claims = "select sum(epoch) from wolkvox_operation";
        self.database.rows(claims).await.concat()
    }

    /// Waits until all chats are counted, and compares what each operation shows with the truth. How many totals Prometheus did not
    /// see at 0, because it did not look.
    async fn settle(&mut self) -> usize {
        let mut unseen = 0;
        for operation in self.fleet.operations.values() {
            operation.handle().by_chance(0, 0.0, Vec::new());
        }
        for group in 0..self.groups {
            let placed = &self.fleet.operations[&pair(group)[0]];
            for name in pair(group) {
                let page = wait_for("all chats", || async {
                    let (_, page) = holder(&self.replicas, &name).await?;
                    let page = page.of(&name);
                    placed.is_counted(&page).then_some(page)
                })
                .await;
                placed.assert_counted(&page);
                if self.interval >= SEEN_BY_PROMETHEUS {
                    let chats = placed.truth().all.chats;
                    unseen += increases_are_the_truth(&self.prometheus, &name, chats, self.interval).await;
                }
            }
            let most = placed.handle().most_in_flight();
            assert!(most <= 2, "{most} calls at once in group {group}");
        }
        for replica in &self.replicas {
            self.witness.look(replica).await;
        }
        let resets = self
            .prometheus
            .value("max(resets(wolkvox_chats_total[3h]))", None)
            .await;
        assert_eq!(resets, Some(0.0), "nothing falls");
        history::assert_unbroken(&self.database).await;
        unseen
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_kills_and_cuts_loses_no_chat_counts_none_twice_and_lets_nothing_fall() {
    let (events, groups, interval) = (number(EVENTS, ALL.len()), number(GROUPS, 3), number(INTERVAL, 1));
    let mut storm = Storm::begin(groups, interval).await;
    let first = Instant::now();
    storm.look_for(storm.calm).await;
    for number in 0..events {
        let begun = Instant::now();
        let event = ALL[number % ALL.len()];
        storm.happen(event, number).await;
        storm.witness.looked_away(begun.elapsed());
        storm.look_for(storm.calm).await;
        let begun = Instant::now();
        storm.end(event).await;
        storm.witness.looked_away(begun.elapsed());
    }
    let unseen = storm.settle().await;
    let missed: u64 = storm.witness.watches.values().map(|watch| watch.missed).sum();
    eprintln!(
        "{events} events in {} minutes, {} operations in {groups} groups, {} chats, {} claims: lost 0, counted twice 0, polls every {interval} s; the longest time in which an operation was not shown: {:.1} s (lease {} s); totals seen too late for their 0: {missed}, by Prometheus: {unseen}",
        first.elapsed().as_secs() / 60,
        2 * groups,
        2 * storm.chats(),
        storm.claims().await,
        storm.witness.longest_gap.as_secs_f32(),
        LEASE.as_secs()
    );
}
