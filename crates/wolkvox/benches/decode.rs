//! What it costs to read an answer of 59,000 rows, beside what `serde_json` needs to walk over the same rows and keep nothing
//! of them.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

use std::collections::{HashMap, HashSet};
use std::hash::RandomState;
use std::hint::black_box;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use criterion::Criterion;
use serde::de::IgnoredAny;
use wolkvox::report::Decoder;
use wolkvox::{Key, Read, Row, RowError, Value};

const ROWS: u32 = 59_000;
/// As they come from the network, or out of gzip.
const CHUNK: usize = 64 * 1024;

/// The keys that the exporter reads.
const KEYS: [&str; 19] = [
    "conn_id",
    "channel",
    "date",
    "date_close",
    "customer_chars",
    "agent_id",
    "agent_name",
    "agent_chars",
    "agent_anwers",
    "time_on_agent",
    "chat_duration",
    "agent_average_response_time",
    "cod_act",
    "description_cod_act",
    "skill_id",
    "asa",
    "last_participant_who_spoke",
    "feeling",
    "transfer",
];

fn keys() -> Vec<Key> {
    let key = |(index, name)| {
        let read = if name == "agent_name" {
            Read::Presence
        } else {
            Read::Value
        };
        Key {
            name,
            index,
            rank: 0,
            read,
        }
    };
    KEYS.into_iter().enumerate().map(key).collect()
}

/// A row as the vendor writes it: 25 fields, all of them strings, about 900 bytes.
fn row(row: u32) -> String {
    let (minute, second) = (row / 60 % 60, row % 60);
    format!(
        r#"{{"conn_id":"{}","channel":"whatsapp","date":"2026-03-10 08:{minute:02}:{second:02}","date_close":"2026-03-10 09:{minute:02}:{second:02}","customer_id":"57300{row:07}","customer_name":"Mar\u00eda Fernanda P\u00e9rez {row}","customer_email":"maria.{row}@example.com","customer_phone":"+57 300 {row:07}","agent_id":"{}","agent_name":"Ana Torres","agent_dni":"521900100177","skill_id":"{}","chat_duration":"00:09:00","ASA":"00:{:02}:{:02}","time_on_agent":"00:07:12","agent_average_response_time":"00:00:20","customer_chars":"{}","agent_chars":"240","agent_anwers ":"6","cod_act":"{}","description_cod_act":"Sale closed","comment":"{}","feeling":"neutral","last_participant_who_spoke":"agent","transfer":"no"}}"#,
        1_900_000_000_u64 + u64::from(row),
        1000 + row % 200,
        row % 40,
        row % 15,
        row % 60,
        row % 900,
        100 + row % 20,
        "lorem ipsum ".repeat(24),
    )
}

fn decode(body: &[u8], keys: &[Key], mut on_row: impl FnMut(&Row<'_>)) {
    let mut decoder = Decoder::new(keys);
    let mut rows = 0;
    for chunk in body.chunks(CHUNK) {
        let mut on_row = |row: Result<Row<'_>, RowError>| {
            rows += 1;
            on_row(&row.unwrap());
            ControlFlow::Continue(())
        };
        decoder.feed(chunk, &mut on_row).unwrap();
    }
    assert_eq!((decoder.finish().unwrap().rows, rows), (u64::from(ROWS), ROWS));
}

/// All values of each row.
fn read(body: &[u8], keys: &[Key]) -> usize {
    let mut length = 0;
    decode(body, keys, |row| {
        for field in 0..KEYS.len() {
            if let Value::Text(text) = row.get(field) {
                length += text.len();
            }
        }
    });
    length
}

fn id<'a>(row: &'a Row<'_>) -> &'a str {
    match row.get(0_usize) {
        Value::Text(id) => id,
        other => panic!("{other:?}"),
    }
}

fn all_known(body: &[u8], keys: &[Key], known: &HashSet<String>) -> usize {
    let mut found = 0;
    decode(body, keys, |row| found += usize::from(known.contains(id(row))));
    found
}

/// Whether each row is the same as at the last poll.
fn all_unchanged(body: &[u8], keys: &[Key], known: &HashMap<String, u64>, hashing: &RandomState) -> usize {
    let mut found = 0;
    decode(body, keys, |row| {
        let before = known.get(id(row)).copied();
        found += usize::from(before == Some(row.fingerprint(hashing)));
    });
    found
}

fn walk(rows: &[String]) {
    for row in rows {
        serde_json::from_slice::<IgnoredAny>(row.as_bytes()).unwrap();
    }
}

/// The least of several runs: what else the machine does can only add to it.
fn least<T>(mut run: impl FnMut() -> T) -> Duration {
    let one = |_| {
        let begun = Instant::now();
        black_box(run());
        begun.elapsed()
    };
    (0..9).map(one).min().unwrap()
}

fn main() {
    let rows: Vec<String> = (0..ROWS).map(row).collect();
    let body = format!(
        r#"{{"code":"200","error":null,"msg":"{ROWS} records were found","data":[{}]}}"#,
        rows.join(",")
    )
    .into_bytes();
    let keys = keys();
    let hashing = RandomState::new();
    let mut ids = HashSet::new();
    let mut prints = HashMap::new();
    decode(&body, &keys, |row| {
        ids.insert(id(row).to_owned());
        prints.insert(id(row).to_owned(), row.fingerprint(&hashing));
    });
    assert_eq!(all_unchanged(&body, &keys, &prints, &hashing), ids.len());

    let mut criterion = Criterion::default().configure_from_args().sample_size(10);
    criterion.bench_function("read 59,000 rows", |bencher| {
        bencher.iter(|| read(black_box(&body), &keys));
    });
    criterion.bench_function("skip 59,000 rows", |bencher| {
        bencher.iter(|| decode(black_box(&body), &[], |_| {}));
    });
    criterion.bench_function("look 59,000 known ids up", |bencher| {
        bencher.iter(|| all_known(black_box(&body), &keys, &ids));
    });
    criterion.bench_function("see that 59,000 rows are unchanged", |bencher| {
        bencher.iter(|| all_unchanged(black_box(&body), &keys, &prints, &hashing));
    });
    criterion.bench_function("walk over 59,000 rows by serde_json", |bencher| {
        bencher.iter(|| walk(black_box(&rows)));
    });
    criterion.final_summary();

    // `cargo test` runs each benchmark once and measures nothing.
    if std::env::args().any(|argument| argument == "--bench") {
        let walked = least(|| walk(&rows));
        let ratio = |time: Duration| time.as_secs_f64() / walked.as_secs_f64();
        println!("{} bytes; serde_json walks over them in {walked:?}", body.len());
        for (what, time) in [
            ("read", least(|| read(&body, &keys))),
            ("skipped", least(|| decode(&body, &[], |_| {}))),
            ("known", least(|| all_known(&body, &keys, &ids))),
            (
                "unchanged",
                least(|| all_unchanged(&body, &keys, &prints, &hashing)),
            ),
        ] {
            println!("{what} {time:?}, ratio {:.2}", ratio(time));
        }
    }
}
