//! Reloads five times a second, each with something else in the file, while chats come and requests go wrong, and `kill -9` in
//! between. In the end the totals of every operation are the truth. Until then nothing falls, each total is seen at 0 first,
//! and an operation that nobody changed is not begun anew.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use simulator::Fault;

use crate::support::exposition::Exposition;
use crate::support::fleet::Fleet;
use crate::support::placed::{now, seconds};
use crate::support::process::Exporter;
use crate::support::watch::Watch;

/// How many times to kill in all such tests; `tests/run --long` asks for many more.
const KILLS: &str = "EXPORTER_TEST_KILLS";
/// How long each of them lives.
const LIFE: Duration = Duration::from_secs(7);
/// So often the file changes in each life, however slow the machine is.
const LEAST_CHANGES: u32 = 10;
/// Between two reloads.
const PAUSE: Duration = Duration::from_millis(200);
/// Of the requests, how many go wrong.
const SPOILED: f64 = 0.15;

/// In every file, with the same settings.
const KEPT: &str = "kept";
/// In every file, with settings that change.
const CHANGED: &str = "changed";
/// In every file; it goes from group to group.
const REGROUPED: &str = "regrouped";
/// In some files.
const COMES: &str = "comes";

/// How often it is killed here.
fn lives() -> u32 {
    let kills = std::env::var(KILLS).map(|kills| kills.parse::<u32>().expect("a number of kills"));
    kills.map_or(3, |kills| kills.div_ceil(100))
}

/// What stands in the file.
#[derive(Debug, Clone, Copy, Default)]
struct Written {
    is_slow: bool,
    is_named: bool,
    is_together: bool,
    is_there: bool,
    is_broken: bool,
}

impl Written {
    /// The next file, by a number that may be anything.
    fn next(self, number: u64) -> Written {
        let mut next = Written {
            is_broken: false,
            ..self
        };
        match number % 7 {
            0 => next.is_slow = !self.is_slow,
            1 => next.is_named = !self.is_named,
            2 => next.is_together = !self.is_together,
            3 => next.is_there = !self.is_there,
            4 => next.is_broken = true,
            5 => {
                next.is_slow = !self.is_slow;
                next.is_together = !self.is_together;
                next.is_there = !self.is_there;
            }
            // The same again.
            _ => {}
        }
        next
    }

    fn text(self, fleet: &Fleet) -> String {
        let interval = if self.is_slow { "2s" } else { "1s" };
        let mut changed =
            fleet.table(CHANGED) + &format!("poll_interval = \"{interval}\"\ngroup = \"together\"\n");
        if self.is_named {
            changed += "[operation.skills]\n\"12\" = \"Sales\"\n";
        }
        let mut regrouped = fleet.table(REGROUPED);
        if self.is_together {
            regrouped += "group = \"together\"\n";
        }
        let mut text = [fleet.table(KEPT), regrouped, changed].concat();
        if self.is_there {
            text += &fleet.table(COMES);
        }
        if self.is_broken {
            text += "[[operation]]\nname = \"unfinished\n";
        }
        text
    }
}

/// What was seen last of each operation.
struct Witness {
    pages: BTreeMap<&'static str, Exposition>,
    watch: Watch,
    /// Cycles of the operation that nobody changes, in this life.
    polls: f64,
}

impl Witness {
    fn new() -> Witness {
        Witness {
            pages: BTreeMap::new(),
            watch: Watch::new(),
            polls: 0.0,
        }
    }

    async fn begin(&mut self, fleet: &Fleet) -> Exporter {
        self.watch.begin();
        self.polls = 0.0;
        Exporter::serve(&fleet.variables()).await
    }

    async fn look(&mut self, exporter: &Exporter) {
        let page = exporter.scrape().await;
        let mut totals = Vec::new();
        for name in [KEPT, CHANGED, REGROUPED, COMES] {
            let page = page.of(name);
            // The exporter's own families name one that has nothing to show yet.
            let is_shown = page
                .0
                .keys()
                .any(|series| series.starts_with("wolkvox_polls_total"));
            if name == COMES && !is_shown {
                continue;
            }
            assert!(is_shown, "{name} is not shown: {}", exporter.log.text());
            page.assert_not_below(self.pages.get(name).unwrap_or(&Exposition::default()));
            let of_it = page.totals();
            totals.extend(of_it.map(|(series, value)| (format!("{series} of {name}"), value)));
            self.pages.insert(name, page);
        }
        self.watch.see(totals);
        let polls = self.pages[KEPT].sum("wolkvox_polls_total");
        assert!(
            polls >= self.polls,
            "{KEPT} was begun anew: {} cycles, then {polls}",
            self.polls
        );
        self.polls = polls;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_reloads_and_kills_loses_no_chat_counts_none_twice_and_touches_nothing_else() {
    let mut fleet = Fleet::of(&[KEPT, CHANGED, REGROUPED, COMES]).await;
    for (seed, operation) in (0..).zip(fleet.operations.values()) {
        let faults = vec![
            Fault::ResetBeforeHeaders,
            Fault::CutBody { after_bytes: 3000 },
            Fault::status(500, "INTERNAL"),
        ];
        operation.handle().by_chance(seed, SPOILED, faults);
    }
    let mut witness = Witness::new();
    let mut written = Written::default();
    let (mut number, mut reloads) = (20_260_131_u64, 0);
    for _ in 0..lives() {
        written.is_broken = false;
        fleet.write(&written.text(&fleet));
        let exporter = witness.begin(&fleet).await;
        let (born, mut changes) = (Instant::now(), 0);
        while born.elapsed() < LIFE || changes < LEAST_CHANGES {
            changes += 1;
            number = number
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            written = written.next(number >> 33);
            fleet.write(&written.text(&fleet));
            exporter.signal("HUP").await;
            witness.look(&exporter).await;
            for operation in fleet.operations.values_mut() {
                operation.place_until(now() + seconds(1));
            }
            tokio::time::sleep(PAUSE).await;
            witness.look(&exporter).await;
        }
        reloads += exporter.log.text().matches("the settings were").count();
        exporter.kill().await;
        witness.watch.killed();
    }
    assert!(reloads > 20, "{reloads} reloads");
    for operation in fleet.operations.values() {
        operation.handle().by_chance(0, 0.0, Vec::new());
    }
    written.is_there = true;
    written.is_broken = false;
    fleet.write(&written.text(&fleet));
    let exporter = witness.begin(&fleet).await;
    witness.look(&exporter).await;
    fleet.settle_all(&exporter).await;
    witness.look(&exporter).await;
}
