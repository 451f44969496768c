//! What a page of about 20,000 lines costs: to publish it, at the first scrape after that, and at the next ones. To compare with:
//! compressing the same bytes as one stream, which no exporter can do without.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

#[path = "support/page.rs"]
mod page;
mod support;

use std::hint::black_box;
use std::io::Write as _;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use chrono_tz::America::Bogota;
use criterion::{BatchSize, Criterion};
use flate2::Compression;
use flate2::write::GzEncoder;
use prometheus::Registry;
use wolkvox::{Row, Value};
use wolkvox_exporter::chats::chat::Chat;
use wolkvox_exporter::chats::{Field, Ledger, Tally, Totals};
use wolkvox_exporter::exposition::{Encoding, Exposition, Format, Options, Page, Rendered};
use wolkvox_exporter::ledger::FoundBy;
use wolkvox_exporter::metrics::process::Process;

use page::families;
use support::{CONFIG, now};

fn chat(id: u32, skill: u32) -> Chat {
    let mut row = Row::default();
    let asa = id * 7 % 900;
    for (field, text) in [
        (Field::ConnId, (1_900_000_000 + u64::from(id)).to_string()),
        (
            Field::DateClose,
            (now() - TimeDelta::seconds(i64::from(id % 3_000)))
                .with_timezone(&Bogota)
                .format("%F %T")
                .to_string(),
        ),
        (Field::Channel, ["whatsapp", "web"][id as usize % 2].to_owned()),
        (Field::SkillId, skill.to_string()),
        (Field::AgentId, (2_000 + id % 300).to_string()),
        (Field::Asa, format!("00:{:02}:{:02}", asa / 60, asa % 60)),
        (Field::ChatDuration, "00:09:00".to_owned()),
        (Field::TimeOnAgent, "00:07:12".to_owned()),
        (Field::AgentResponse, "9".to_owned()),
        (Field::CodAct, (100 + id % 20).to_string()),
        (Field::Transfer, "no".to_owned()),
    ] {
        row.set(field, Value::Text(&text));
    }
    Chat::from_row(&row, Bogota).unwrap()
}

/// A ledger after these chats more.
fn counted(ledger: &Ledger, chats: impl Iterator<Item = Chat>) -> Ledger {
    let end = now().with_timezone(&Bogota).naive_local();
    let mut tally = Tally::begin(ledger, &CONFIG.counting, FoundBy::Poll, end);
    tally.answered(now(), now(), end);
    for chat in chats {
        tally.absorb(&chat);
    }
    let mut ledger = ledger.clone();
    ledger.apply(tally.finish().absorbed);
    // As most of the time: nothing is at 0 because it is new.
    ledger.totals.lift_all();
    ledger
}

/// The page that follows another one.
fn publish(before: &Page, totals: &Totals) -> Arc<Page> {
    Arc::new(Page::following(before, families(&CONFIG, totals), None))
}

/// The exposition of it that follows another one.
fn show(before: &Exposition, page: Arc<Page>) -> Exposition {
    Exposition::following(before, vec![page], tokio::time::Instant::now())
}

static PROCESS: LazyLock<Process> = LazyLock::new(|| Process::register(Registry::new()).unwrap());

fn scrape(shown: &Exposition, format: Format, encoding: Encoding) -> Rendered {
    shown.answer(format, encoding, &PROCESS.families())
}

fn bytes(rendered: &Rendered) -> Vec<u8> {
    rendered.chunks.iter().flatten().copied().collect()
}

fn compress(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

/// The least of several runs, each with something made for it: what else the machine does can only add to it.
fn least<I, T>(mut setup: impl FnMut() -> I, mut run: impl FnMut(I) -> T) -> Duration {
    let one = |_| {
        let input = setup();
        let begun = Instant::now();
        black_box(run(input));
        begun.elapsed()
    };
    (0..15).map(one).min().unwrap()
}

const FORMS: [(Format, Encoding); 4] = [
    (Format::Text, Encoding::Gzip),
    (Format::Text, Encoding::Identity),
    (Format::OpenMetrics, Encoding::Gzip),
    (Format::Protobuf, Encoding::Gzip),
];

/// Pages of many operations, after the chats of each.
fn pages(before: &[Arc<Page>], totals: &Totals) -> Vec<Arc<Page>> {
    let mut config = CONFIG.clone();
    let mut page = |(at, before): (usize, &Arc<Page>)| {
        config.server.operation = format!("operation-{at}");
        Arc::new(Page::following(before, families(&config, totals), None))
    };
    before.iter().enumerate().map(&mut page).collect()
}

/// What a merged exposition costs, and how well it is compressed.
fn many_operations() {
    const OPERATIONS: usize = 1_000;
    let first = Ledger::first_start(now(), Some(now() - TimeDelta::days(1)));
    let ledger = counted(&first, (0..200).map(|id| chat(id, id % 3)));
    let one_more = counted(&ledger, [chat(50_000, 2)].into_iter());
    let empty = Arc::new(Page::empty(Options::default()));
    let before = pages(&vec![empty; OPERATIONS], &ledger.totals);
    let show = |before: &Exposition, pages: &[Arc<Page>]| {
        Exposition::following(before, pages.to_vec(), tokio::time::Instant::now())
    };
    let nothing = Exposition::empty(Options::default());
    let took = |what: &str, run: &mut dyn FnMut()| {
        let begun = Instant::now();
        run();
        println!("{OPERATIONS} operations, {what}: {:?}", begun.elapsed());
    };
    let shown = show(&nothing, &before);
    for (format, encoding) in FORMS {
        took(&format!("first scrape, {format:?}, {encoding:?}"), &mut || {
            scrape(&shown, format, encoding);
        });
    }
    let plain = bytes(&scrape(&shown, Format::Text, Encoding::Identity));
    let one = compress(&plain).len();
    let ratio = |what: &str, shown: &Exposition| {
        let joined = bytes(&scrape(shown, Format::Text, Encoding::Gzip)).len();
        println!(
            "{OPERATIONS} operations, {what}: {} bytes, compressed {joined}: {:.3} of one stream",
            plain.len(),
            joined as f64 / one as f64
        );
    };
    ratio("at first", &shown);
    took("the same again", &mut || {
        scrape(&shown, Format::Text, Encoding::Gzip);
    });
    let mut now_shown = before.clone();
    let changed = pages(&before, &one_more.totals);
    let mut last = shown;
    for part in 0..4 {
        let range = part * OPERATIONS / 20..(part + 1) * OPERATIONS / 20;
        now_shown[range.clone()].clone_from_slice(&changed[range]);
        let next = show(&last, &now_shown);
        took("after a chat in one of 20", &mut || {
            scrape(&next, Format::Text, Encoding::Gzip);
        });
        last = next;
    }
    ratio("then", &last);
}

fn main() {
    let first = Ledger::first_start(now(), Some(now() - TimeDelta::days(1)));
    let ledger = counted(&first, (0..40_000).map(|id| chat(id, id % 230)));
    let one_more = counted(&ledger, [chat(50_000, 7)].into_iter());
    let empty = Page::empty(Options::default());
    let page = publish(&empty, &ledger.totals);
    let nothing = Exposition::empty(Options::default());
    let shown = show(&nothing, Arc::clone(&page));
    let plain = bytes(&scrape(&shown, Format::Text, Encoding::Identity));
    let lines = plain.split(|byte| *byte == b'\n').count();

    let mut criterion = Criterion::default().configure_from_args().sample_size(20);
    criterion.bench_function("compress the text as one stream", |bencher| {
        bencher.iter(|| compress(black_box(&plain)));
    });
    criterion.bench_function("publish", |bencher| {
        bencher.iter(|| publish(&page, black_box(&one_more.totals)));
    });
    for (format, encoding) in FORMS {
        criterion.bench_function(&format!("first scrape, {format:?}, {encoding:?}"), |bencher| {
            bencher.iter_batched(
                || publish(&empty, &ledger.totals),
                |page| scrape(&show(&nothing, page), format, encoding),
                BatchSize::PerIteration,
            );
        });
        scrape(&shown, format, encoding);
        criterion.bench_function(&format!("next scrape, {format:?}, {encoding:?}"), |bencher| {
            bencher.iter(|| scrape(black_box(&shown), format, encoding));
        });
    }
    criterion.final_summary();

    // `cargo test` runs each benchmark once and measures nothing.
    if std::env::args().any(|argument| argument == "--bench") {
        let joined = bytes(&scrape(&shown, Format::Text, Encoding::Gzip)).len();
        let one = compress(&plain).len();
        println!(
            "{lines} lines, {} bytes, compressed {joined}: {:.3} of one stream",
            plain.len(),
            joined as f64 / one as f64
        );
        let stream = least(|| (), |()| compress(&plain)).as_secs_f64();
        let compare = |what: &str, took: Duration| {
            println!(
                "{what}: {took:?}, {:.3} of compressing one stream",
                took.as_secs_f64() / stream
            );
        };
        compare(
            "publish, a chat more",
            least(|| (), |()| publish(&page, &one_more.totals)),
        );
        for (format, encoding) in FORMS {
            let fresh = || publish(&empty, &ledger.totals);
            let what = format!("{format:?}, {encoding:?}");
            compare(
                &format!("first scrape of all, {what}"),
                least(fresh, |page| scrape(&show(&nothing, page), format, encoding)),
            );
            let after_a_chat = || publish(&page, &one_more.totals);
            compare(
                &format!("first scrape after a chat, {what}"),
                least(after_a_chat, |page| scrape(&show(&shown, page), format, encoding)),
            );
            compare(
                &format!("next scrape, {what}"),
                least(|| (), |()| scrape(&shown, format, encoding)),
            );
        }
        compare("the live tail of it", least(|| (), |()| PROCESS.families()));
        many_operations();
    }
}
