//! `kill -9` at any moment, again and again, while half of the requests go wrong: in the end the totals are the truth, and
//! over all scrapes neither they nor the times that are shown ever fell, and each total was seen at 0 first. So what
//! `increase()` adds up to is the truth as well.

use std::process::Stdio;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use simulator::Fault;
use tokio::task::JoinSet;

use crate::support::exposition::Exposition;
use crate::support::operation::OPERATION;
use crate::support::placed::{Placed, minutes, now, seconds};
use crate::support::process::{
    Exporter, Variables, command, count_from, counting_since, state, wait_until, with,
};
use crate::support::watch::Watch;

/// How many times to kill; `tests/run --long` asks for many more.
const KILLS: &str = "EXPORTER_TEST_KILLS";
/// Exporters at the same time, each with an operation of its own: they mostly wait.
const OPERATIONS: u64 = 4;
/// Of the requests, how many go wrong.
const SPOILED: f64 = 0.5;
/// Then a kill waits for nothing more: on a slow machine the chats that are placed for the next life would else be further
/// back than it looks.
const LIFE: Duration = Duration::from_secs(20);

/// What a run went through.
#[derive(Default)]
struct Figures {
    kills: u64,
    /// Of those, how many came before a port was open.
    unborn: u64,
    requests: u64,
    spoiled: u64,
    scrapes: u64,
    chats: u64,
    /// Totals, and those of them that were scraped too seldom to be seen at 0.
    totals: u64,
    missed: u64,
}

fn faults(seed: u64) -> Vec<Fault> {
    let cut = |kilobytes: usize| Fault::CutBody {
        after_bytes: kilobytes * 1000,
    };
    vec![
        Fault::DropConnections,
        Fault::ResetBeforeHeaders,
        Fault::Stall,
        Fault::StallBody { after_bytes: 5000 },
        cut(0),
        cut(1),
        cut(30 + seed as usize),
        cut(200),
        Fault::WrongContentLength { missing: 7 },
        Fault::AnnounceMore(2),
        Fault::Html200,
        Fault::Html502,
        Fault::PhpWarningBeforeJson,
        Fault::EmptyBody,
        Fault::status(500, "INTERNAL"),
        Fault::status(403, "BACKUP"),
        Fault::status(403, "PLEASE VALIDATE TOKEN"),
        Fault::status(403, "EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN (2)"),
        Fault::status(404, "NO SUCH REPORT"),
        Fault::status(429, "TOO MANY REQUESTS"),
        // A lie, mostly.
        Fault::status(404, "Validate dates entered"),
    ]
}

/// What was seen last, over all lives: nothing may fall from one page to the next.
struct Witness {
    page: Exposition,
    times: [Option<f64>; 2],
    watch: Watch,
}

impl Witness {
    fn new() -> Witness {
        Witness {
            page: Exposition::default(),
            times: [None; 2],
            watch: Watch::new(),
        }
    }

    /// An exporter that is scraped from its birth on.
    async fn begin(&mut self, variables: &Variables) -> Exporter {
        self.watch.begin();
        Exporter::serve(variables).await
    }

    async fn see_until(
        &mut self,
        what: &str,
        exporter: &Exporter,
        is_so: impl Fn(&Exposition) -> bool,
    ) -> Exposition {
        let seen = Mutex::new((&mut self.times, &mut self.watch));
        exporter
            .scrape_until(what, &mut self.page, |page| {
                let (times, watch) = &mut *seen.lock().unwrap();
                **times = later(**times, page);
                watch.see(page.totals().map(|(series, value)| (series.to_owned(), value)));
                is_so(page)
            })
            .await
    }
}

/// How far the exporter has come, by this page; not less far than before.
fn later(before: [Option<f64>; 2], page: &Exposition) -> [Option<f64>; 2] {
    let names = [
        "wolkvox_watermark_timestamp_seconds",
        "wolkvox_last_success_timestamp_seconds",
    ];
    let times = names.map(|name| page.get(&format!("{name}{{operation=\"{OPERATION}\"}}")));
    for ((name, before), time) in names.iter().zip(before).zip(times) {
        assert!(time >= before, "{name} fell from {before:?} to {time:?}");
    }
    times
}

async fn kill_again_and_again(seed: u64, kills: u64) -> Figures {
    let mut operation = Placed::start().await;
    let state = state();
    let variables = counting_since(minutes(3), &mut operation, state.path());
    let began = count_from(&variables);
    // Around the beginning nothing closes: which side a chat of that second is on is tested elsewhere.
    operation.place_uncounted(began - minutes(2), began - seconds(5));
    let variables = with(variables, "REQUEST_TIMEOUT", "2s");
    operation.handle().by_chance(seed, SPOILED, faults(seed));

    let mut witness = Witness::new();
    let (mut scrapes, mut unborn) = (0, 0);
    for kill in 0..kills {
        operation.place_until(now() + seconds(2));
        if kill % 6 == 5 {
            let born = Instant::now();
            be_killed_at_birth(kill, &variables).await;
            witness.watch.look_away(born.elapsed());
            unborn += 1;
            continue;
        }
        let exporter = witness.begin(&variables).await;
        live(kill, &exporter, &operation, &mut witness).await;
        let last = witness.see_until("the last page", &exporter, |_| true).await;
        scrapes += last.sum("wolkvox_exporter_scrapes_total") as u64;
        exporter.kill().await;
        witness.watch.killed();
    }

    let spoiled = operation.handle().spoiled();
    operation.handle().by_chance(seed, 0.0, Vec::new());
    let exporter = witness.begin(&variables).await;
    let is_counted = |page: &Exposition| page.up() == Some(true) && operation.is_counted(page);
    witness.see_until("all chats", &exporter, is_counted).await;
    let page = exporter.settle(&operation, &mut witness.page).await;
    // A poll and a sweep over everything find nothing that would count twice.
    let watermark = |page: &Exposition| page.sum("wolkvox_watermark_timestamp_seconds");
    let later = watermark(&page) + 3.0;
    let page = witness
        .see_until("more polls", &exporter, |page| watermark(page) > later)
        .await;
    operation.assert_counted(&page);
    Figures {
        kills,
        unborn,
        requests: operation.handle().requests().len() as u64,
        spoiled,
        scrapes,
        chats: operation.expected().len() as u64,
        missed: witness.watch.missed,
        totals: witness.watch.known.len() as u64,
    }
}

/// Killed while the state is being opened, read, written for the first time.
async fn be_killed_at_birth(kill: u64, variables: &Variables) {
    let mut child = command::<[&str; 0], _>([], variables)
        .stderr(Stdio::null())
        .spawn()
        .expect("the exporter starts");
    tokio::time::sleep(Duration::from_millis(kill * 7919 % 150)).await;
    child.kill().await.expect("it can be killed");
}

/// Up to the moment of the kill: another one each time.
async fn live(kill: u64, exporter: &Exporter, operation: &Placed, witness: &mut Witness) {
    let handle = operation.handle();
    let born = Instant::now();
    let is_over = || born.elapsed() >= LIFE;
    let page = witness.see_until("a page", exporter, |_| true).await;
    match kill % 6 {
        // After a poll that was shown.
        0 => {
            let polled = |page: &Exposition| page.up().is_some() || is_over();
            witness.see_until("a poll", exporter, polled).await;
        }
        // In the middle of an answer, of which a part was read.
        1 => {
            let after_bytes = 1000 + 700 * usize::try_from(kill % 97).expect("small");
            handle.misbehave(Fault::StallBody { after_bytes });
            wait_until("a request", || handle.in_flight() > 0 || is_over()).await;
        }
        // When totals have just moved.
        2 => {
            let before = page.sum("wolkvox_chats_total");
            let enough = operation.is_counted(&page);
            let moved = |page: &Exposition| enough || page.sum("wolkvox_chats_total") > before || is_over();
            witness.see_until("new chats", exporter, moved).await;
        }
        // As soon as a request is made: decoding, committing and publishing follow within milliseconds.
        3 => {
            let before = handle.requests().len();
            wait_until("a request", || handle.requests().len() > before || is_over()).await;
        }
        // At any moment.
        _ => {
            let moment = Duration::from_millis(kill * 7919 % 1500);
            witness
                .see_until("the moment", exporter, |_| born.elapsed() >= moment)
                .await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_again_and_again_it_counts_each_chat_once_and_no_total_falls() {
    let kills = std::env::var(KILLS).map_or(200, |kills| kills.parse::<u64>().expect("a number of kills"));
    let mut runs = JoinSet::new();
    for operation in 0..OPERATIONS {
        runs.spawn(kill_again_and_again(operation, kills.div_ceil(OPERATIONS)));
    }
    let mut all = Figures::default();
    while let Some(run) = runs.join_next().await {
        let run = run.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
        all.kills += run.kills;
        all.unborn += run.unborn;
        all.requests += run.requests;
        all.spoiled += run.spoiled;
        all.scrapes += run.scrapes;
        all.chats += run.chats;
        all.totals += run.totals;
        all.missed += run.missed;
    }
    assert!(all.missed < all.totals / 2, "the 0 was seldom looked for");
    assert!(all.spoiled > all.kills / 4, "hardly a request was spoiled");
    eprintln!(
        "{} kills of which {} before a port was open, {} requests of which {} were spoiled, {} scrapes, {} chats; lost: 0, twice: 0; {} totals, of which {} were not looked for in time to see their 0",
        all.kills, all.unborn, all.requests, all.spoiled, all.scrapes, all.chats, all.totals, all.missed
    );
}
