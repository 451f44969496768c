//! The parts of a poll behind the decoder, for an answer of 59,000 rows with 20,000 series: reading rows into chats, counting
//! them, looking up known ones, committing, and a start with a million ids. Times are those of one machine; what is compared
//! from one version to another is the ratios that are printed first, of CPU time.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

use std::borrow::Borrow;
mod support;

use std::hint::black_box;
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use chrono_tz::America::Bogota;
use criterion::{BatchSize, Criterion};
use wolkvox::{HourlyZone, Row, Value};
use wolkvox_exporter::chats::chat::Chat;
use wolkvox_exporter::chats::{Field, Ledger, Tallied, Tally, Totals};
use wolkvox_exporter::ledger::FoundBy;
use wolkvox_exporter::ledger::state::{self, Origin};

use support::{CONFIG, now};

const ROWS: u32 = 59_000;
const REMEMBERED: u32 = 1_000_000;
/// As Wolkvox numbers chats: the time in tenths of a second, and a counter.
const FIRST_ID: u64 = 29_922_885_000_005;

/// Of so many, all but the ids alike. They close within the last day.
fn row(number: u32, of: u32) -> Row<'static> {
    let place = i64::from(number) * 86_400_000 / i64::from(of);
    let closed = (now() - TimeDelta::days(1) + TimeDelta::milliseconds(place)).with_timezone(&Bogota);
    let opened = closed - TimeDelta::minutes(9);
    let time = |at: DateTime<_>| at.format("%F %T").to_string();
    let (channel, skill) = (["whatsapp", "web", "facebook"][number as usize % 3], number % 70);
    let asa = number % 900;
    let fields = [
        (
            Field::ConnId,
            (FIRST_ID + 137 * u64::from(number) + u64::from(number % 100)).to_string(),
        ),
        (Field::Channel, channel.to_owned()),
        (Field::Date, time(opened)),
        (Field::DateClose, time(closed)),
        (Field::CustomerChars, (number % 900).to_string()),
        (Field::AgentId, (1000 + number % 200).to_string()),
        (Field::AgentName, String::new()),
        (Field::AgentChars, "240".to_owned()),
        (Field::AgentAnswers, "6".to_owned()),
        (Field::TimeOnAgent, "00:07:12".to_owned()),
        (Field::ChatDuration, "00:09:00".to_owned()),
        (Field::AgentResponse, "00:00:20".to_owned()),
        (Field::CodAct, (100 + number % 20).to_string()),
        (Field::DescriptionCodAct, "Sale closed".to_owned()),
        (Field::SkillId, skill.to_string()),
        (Field::Asa, format!("00:{:02}:{:02}", asa / 60, asa % 60)),
        (Field::LastParticipant, "agent".to_owned()),
        (
            Field::Feeling,
            ["neutral", "positive"][number as usize % 2].to_owned(),
        ),
        (Field::Transfer, "no".to_owned()),
    ];
    let mut row = Row::default();
    for (field, text) in fields {
        row.set(field, Value::Text(&text));
    }
    row
}

/// Reads rows as one answer's.
fn chats<R: Borrow<Row<'static>>>(rows: impl IntoIterator<Item = R>) -> impl Iterator<Item = Chat> {
    let mut zone = HourlyZone::new(Bogota);
    rows.into_iter()
        .map(move |row| Chat::from_row(row.borrow(), &mut zone).unwrap())
}

/// Counts them as one answer.
fn count(ledger: &Ledger, chats: impl IntoIterator<Item = Chat>) -> Tallied {
    let end = now().with_timezone(&Bogota).naive_local();
    // As a poll does: exemplars are off by default.
    let mut tally = Tally::begin(ledger, &CONFIG.counting, FoundBy::Poll, end).without_examples();
    tally.answered(now(), now(), end);
    for chat in chats {
        tally.absorb(&chat);
    }
    tally.finish()
}

fn counted(rows: u32) -> Ledger {
    let mut ledger = Ledger::first_start(now(), Some(now() - TimeDelta::days(2)));
    let tallied = count(&ledger, chats((0..rows).map(|number| row(number, rows))));
    ledger.apply(tallied.absorbed);
    // As most of the time: nothing is at 0 because it is new.
    ledger.totals.lift_all();
    ledger
}

fn origin() -> Origin {
    Origin {
        operation: "ventas".to_owned(),
        host: "wv0001.wolkvox.com".to_owned(),
        agent_dni: None,
        timezone: "America/Bogota".to_owned(),
    }
}

/// CPU time of this thread.
#[cfg(unix)]
fn cpu_time() -> Duration {
    use rustix::time::{ClockId, clock_gettime};

    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap()
}

/// Elsewhere the time of day has to do.
#[cfg(not(unix))]
fn cpu_time() -> Duration {
    std::time::UNIX_EPOCH.elapsed().unwrap()
}

/// The least of several runs: what else the machine does can only add to it.
fn least<T>(mut run: impl FnMut() -> T) -> Duration {
    let one = |_| {
        let begun = cpu_time();
        black_box(run());
        cpu_time().saturating_sub(begun)
    };
    (0..7).map(one).min().unwrap()
}

/// Bytes of this process in memory.
#[cfg(target_os = "linux")]
fn resident() -> u64 {
    let statm = procfs::process::Process::myself().unwrap().statm().unwrap();
    statm.resident * procfs::page_size()
}

#[cfg(not(target_os = "linux"))]
fn resident() -> u64 {
    0
}

/// What only a measurement shows: ratios, bytes of the state, and memory per id.
fn measure(rows: &[Row<'static>], stored: &[u8]) {
    let empty = Ledger::first_start(now(), Some(now() - TimeDelta::days(2)));
    let full = counted(ROWS);
    let bytes = state::encode(&origin(), &full).unwrap().len();
    let reading = least(|| chats(rows).count());
    let counting = least(|| count(&empty, chats(rows)));
    let known = least(|| count(&full, chats(rows)));
    let applying = least(|| {
        let mut ledger = empty.clone();
        ledger.apply(count(&empty, chats(rows)).absorbed);
        ledger
    });
    let writing = least(|| state::encode(&origin(), &full).unwrap());
    println!(
        "{ROWS} rows, {} lines, a state of {bytes} bytes: into chats {reading:?}, counted {counting:?}, with apply {applying:?}, all known {known:?}, written {writing:?} = {:.2} of counting",
        full.totals.lines(),
        writing.as_secs_f64() / counting.as_secs_f64(),
    );
    let start = least(|| state::decode::<Totals>(stored).unwrap());
    let before = resident();
    let (_, ledger) = state::decode::<Totals>(stored).unwrap();
    let after = resident();
    let again = least(|| state::encode(&origin(), &ledger).unwrap());
    println!(
        "{} ids: {} bytes, read in {start:?}, written in {again:?}, {} bytes of memory an id",
        ledger.seen.len(),
        stored.len(),
        (after - before) / u64::from(REMEMBERED),
    );
}

fn main() {
    // `cargo test` runs each benchmark once and measures nothing.
    let is_measured = std::env::args().any(|argument| argument == "--bench");
    let rows: Vec<Row> = (0..ROWS).map(|number| row(number, ROWS)).collect();
    let remembered = if is_measured { REMEMBERED } else { ROWS };
    let stored = state::encode(&origin(), &counted(remembered)).unwrap();
    if is_measured {
        measure(&rows, &stored);
    }
    let empty = Ledger::first_start(now(), Some(now() - TimeDelta::days(2)));
    let full = counted(ROWS);
    let mut criterion = Criterion::default().configure_from_args().sample_size(10);
    criterion.bench_function("read 59,000 rows into chats", |bencher| {
        bencher.iter(|| chats(black_box(&rows)).count());
    });
    let all: Vec<Chat> = chats(&rows).collect();
    criterion.bench_function("count 59,000 new chats", |bencher| {
        bencher.iter_batched(
            || all.clone(),
            |chats| count(&empty, chats),
            BatchSize::LargeInput,
        );
    });
    criterion.bench_function("look up 59,000 known chats", |bencher| {
        bencher.iter_batched(|| all.clone(), |chats| count(&full, chats), BatchSize::LargeInput);
    });
    criterion.bench_function("write a state of 59,000 ids and 20,000 series", |bencher| {
        bencher.iter(|| state::encode(&origin(), black_box(&full)).unwrap());
    });
    criterion.bench_function("read a state of 1,000,000 ids and 20,000 series", |bencher| {
        bencher.iter(|| state::decode::<Totals>(black_box(&stored)).unwrap());
    });
    criterion.final_summary();
}
