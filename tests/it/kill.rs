//! `kill -9` at any moment, again and again, while half of the requests go wrong: in the end the totals are the truth, and
//! over all scrapes none ever fell.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use wolkvox_exporter::simulator::Fault;

use crate::support::exposition::Exposition;
use crate::support::placed::{Placed, minutes, now, seconds};
use crate::support::process::{Exporter, state, variables, wait_until, with};

/// How many times to kill; `tests/run --long` asks for many more.
const KILLS: &str = "EXPORTER_TEST_KILLS";
/// Exporters at the same time, each with an operation of its own: they mostly wait.
const OPERATIONS: u64 = 4;
/// Of the requests, how many go wrong.
const SPOILED: f64 = 0.5;

/// What a run went through.
#[derive(Default)]
struct Figures {
    kills: u64,
    requests: u64,
    spoiled: u64,
    scrapes: u64,
    chats: u64,
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
    ]
}

async fn kill_again_and_again(seed: u64, kills: u64) -> Figures {
    let mut operation = Placed::start().await;
    let state = state();
    let count_from = now() - minutes(4);
    // Around the beginning nothing closes: which side a chat of that second is on is tested elsewhere.
    operation.place_uncounted(count_from - minutes(2), count_from - seconds(5));
    operation.place(count_from + seconds(5), now() + seconds(1));
    let variables = with(
        variables(&operation, state.path()),
        "COUNT_FROM",
        &count_from.to_rfc3339(),
    );
    let variables = with(variables, "REQUEST_TIMEOUT", "2s");
    operation.handle().by_chance(seed, SPOILED, faults(seed));

    let mut newest = Exposition::default();
    let mut scrapes = 0;
    for kill in 0..kills {
        operation.place_until(now() + seconds(2));
        let exporter = Exporter::serve(&variables).await;
        live(kill, &exporter, &operation, &mut newest).await;
        scrapes += exporter.scrape().await.sum("wolkvox_exporter_scrapes_total") as u64;
        exporter.kill().await;
    }

    let spoiled = operation.handle().spoiled();
    operation.handle().by_chance(seed, 0.0, Vec::new());
    let exporter = Exporter::serve(&variables).await;
    let page = exporter.settle(&operation, &mut newest).await;
    // A poll and a sweep over everything find nothing that would count twice.
    let watermark = |page: &Exposition| page.sum("wolkvox_watermark_timestamp_seconds");
    let later = watermark(&page) + 3.0;
    let page = exporter
        .scrape_until("more polls", &mut newest, |page| watermark(page) > later)
        .await;
    operation.assert_counted(&page);
    Figures {
        kills,
        requests: operation.handle().requests().len() as u64,
        spoiled,
        scrapes,
        chats: operation.expected().len() as u64,
    }
}

/// Up to the moment of the kill: another one each time.
async fn live(kill: u64, exporter: &Exporter, operation: &Placed, newest: &mut Exposition) {
    let handle = operation.handle();
    let page = exporter.scrape_until("a page", newest, |_| true).await;
    match kill % 5 {
        // After a poll that was shown.
        0 => drop(
            exporter
                .scrape_until("a poll", newest, |page| page.up().is_some())
                .await,
        ),
        // In the middle of an answer, of which a part was read.
        1 => {
            let after_bytes = 1000 + 700 * usize::try_from(kill % 97).expect("small");
            handle.misbehave(Fault::StallBody { after_bytes });
            wait_until("a request", || handle.in_flight() > 0).await;
        }
        // When totals have just moved.
        2 => {
            let before = page.sum("wolkvox_chats_total");
            let enough = operation.is_counted(&page);
            let moved = |page: &Exposition| enough || page.sum("wolkvox_chats_total") > before;
            exporter.scrape_until("new chats", newest, moved).await;
        }
        // As soon as a request is made: decoding, committing and publishing follow within milliseconds.
        3 => {
            let before = handle.requests().len();
            wait_until("a request", || handle.requests().len() > before).await;
        }
        // At any moment.
        _ => {
            let (begun, moment) = (Instant::now(), Duration::from_millis(kill * 7919 % 1500));
            exporter
                .scrape_until("the moment", newest, |_| begun.elapsed() >= moment)
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
        all.requests += run.requests;
        all.spoiled += run.spoiled;
        all.scrapes += run.scrapes;
        all.chats += run.chats;
    }
    assert!(all.spoiled > all.kills / 4, "hardly a request was spoiled");
    eprintln!(
        "{} kills, {} requests of which {} were spoiled, {} scrapes, {} chats; lost: 0, twice: 0",
        all.kills, all.requests, all.spoiled, all.scrapes, all.chats
    );
}
