//! What an answer of 59,000 rows costs: decoding and counting it as a stream, and, to compare with, reading the same
//! bytes into a `serde_json::Value`. And what it costs to render a large page, to
//! write and read a busy state, and to make up a month of an operation.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

#[path = "support/page.rs"]
mod page;
mod support;

use std::hint::black_box;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta};
use chrono_tz::America::Bogota;
use criterion::Criterion;
use simulator::{Settings, Simulator};
use wolkvox::{HourlyZone, Row, RowError, report};
use wolkvox_exporter::chats::chat::Chat;
use wolkvox_exporter::chats::{Ledger, Tallied, Tally, Totals, field};
use wolkvox_exporter::exposition::{Options, Page};
use wolkvox_exporter::ledger::FoundBy;
use wolkvox_exporter::ledger::state::{self, Origin};

use page::families;
use support::{CONFIG, now};

const ROWS: u32 = 59_000;

/// An answer as the server writes it: all values strings, about 700 bytes a row.
fn body() -> Vec<u8> {
    let rows: Vec<String> = (0..ROWS).map(row).collect();
    format!(
        r#"{{"code":"200","error":null,"msg":"{ROWS} records were found","data":[{}]}}"#,
        rows.join(",")
    )
    .into_bytes()
}

fn row(row: u32) -> String {
    let closed = (now() - TimeDelta::milliseconds(20 * i64::from(ROWS - row))).with_timezone(&Bogota);
    let opened = closed - TimeDelta::minutes(9);
    let asa = row % 900;
    format!(
        r#"{{"conn_id":"{}","date":"{}","date_close":"{}","channel":"whatsapp","customer_id":"57300{row:07}","customer_name":"Mar\u00eda Fernanda P\u00e9rez {row}","customer_email":"maria.{row}@example.com","customer_phone":"+57 300 {row:07}","agent_id":"{}","agent_name":"Ana Torres","agent_dni":"521900100177","skill_id":"{}","chat_duration":"00:09:00","ASA":"00:{:02}:{:02}","time_on_agent":"00:07:12","agent_average_response_time":"00:00:20","customer_chars":"{}","agent_chars":"240","agent_anwers ":"6","cod_act":"{}","description_cod_act":"Sale closed","comment":"{}","feeling":"neutral","last_participant_who_spoke":"agent","transfer":"no","transfer_type":"-"}}"#,
        1_900_000_000_u64 + u64::from(row),
        opened.format("%F %T"),
        closed.format("%F %T"),
        1000 + row % 300,
        row % 40,
        asa / 60,
        asa % 60,
        row % 900,
        100 + row % 20,
        "lorem ipsum ".repeat(9),
    )
}

fn count(ledger: &Ledger, body: &[u8]) -> Tallied {
    let end = now().with_timezone(&Bogota).naive_local();
    let mut tally = Tally::begin(ledger, &CONFIG.counting, FoundBy::Poll, end);
    tally.answered(now(), now(), end);
    let mut zone = HourlyZone::new(Bogota);
    let mut rows = 0;
    let keys = field::report(CONFIG.counting.agents, field::Customers::Skip).keys;
    let envelope = report::decode(body, &keys, &mut |row: Result<Row<'_>, RowError>| {
        tally.absorb(&Chat::from_row(&row.unwrap(), &mut zone).unwrap());
        rows += 1;
        ControlFlow::Continue(())
    });
    assert_eq!((envelope.unwrap().rows, rows), (u64::from(ROWS), ROWS));
    tally.finish()
}

fn render(totals: &Totals) -> Page {
    Page::new(families(&CONFIG, totals), None, Options::default())
}

fn origin() -> Origin {
    Origin {
        operation: "ventas".to_owned(),
        host: "wv0001.wolkvox.com".to_owned(),
        agent_dni: None,
        timezone: "America/Bogota".to_owned(),
    }
}

/// April of a believable operation, as the simulator answers for it.
fn month(simulator: &Simulator) -> usize {
    let from = DateTime::from_timestamp(1_775_019_600, 0).unwrap();
    simulator.truth(from, from + TimeDelta::days(30)).len()
}

/// The least of several runs: what else the machine does can only add to it.
fn least<T>(mut run: impl FnMut() -> T) -> Duration {
    let one = |_| {
        let begun = Instant::now();
        black_box(run());
        begun.elapsed()
    };
    (0..7).map(one).min().unwrap()
}

fn main() {
    let body = body();
    let ledger = Ledger::first_start(now(), Some(now() - TimeDelta::days(1)));
    let totals = count(&ledger, &body).absorbed.totals;
    let mut counted = ledger.clone();
    counted.apply(count(&ledger, &body).absorbed);
    // As most of the time: nothing is at 0 because it is new.
    counted.totals.lift_all();
    let stored = state::encode(&origin(), &counted).unwrap();
    let simulator = Simulator::new(Settings::believable());
    let mut criterion = Criterion::default().configure_from_args().sample_size(10);
    criterion.bench_function("decode and count 59,000 rows", |bencher| {
        bencher.iter(|| count(&ledger, black_box(&body)));
    });
    criterion.bench_function("the same bytes as a serde_json::Value", |bencher| {
        bencher.iter(|| serde_json::from_slice::<serde_json::Value>(black_box(&body)).unwrap());
    });
    criterion.bench_function("render a large page", |bencher| {
        bencher.iter(|| render(black_box(&totals)));
    });
    criterion.bench_function("write a state of 59,000 ids", |bencher| {
        bencher.iter(|| state::encode(&origin(), black_box(&counted)).unwrap());
    });
    criterion.bench_function("read a state of 59,000 ids", |bencher| {
        bencher.iter(|| state::decode::<Totals>(black_box(&stored)).unwrap());
    });
    criterion.bench_function("make up a month of 30,000 chats", |bencher| {
        bencher.iter(|| month(black_box(&simulator)));
    });
    criterion.final_summary();

    // `cargo test` runs each benchmark once and measures nothing.
    if std::env::args().any(|argument| argument == "--bench") {
        let ours = least(|| count(&ledger, &body));
        let value = least(|| serde_json::from_slice::<serde_json::Value>(&body).unwrap());
        println!(
            "{} bytes: decoding and counting {ours:?}, as a Value {value:?}, ratio {:.2}",
            body.len(),
            ours.as_secs_f64() / value.as_secs_f64()
        );
    }
}
