//! A month of a busy operation in a minute: the whole exporter but its HTTP server, with beats that follow one another at
//! once while a clock of its own goes on by their interval. Memory, the state and the page stay as large as they are, and in
//! the end each chat was counted once.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use wolkvox_exporter::clock::Clock;
use wolkvox_exporter::exposition::{Format, Options, Page};
use wolkvox_exporter::ledger::store::Identity;
use wolkvox_exporter::ledger::{FileStore, Ledger};
use wolkvox_exporter::metrics::families;
use wolkvox_exporter::poller::{Poller, Publication, Publish};
use wolkvox_exporter::simulator::{Handle, Server, Settings, Simulator};
use wolkvox_exporter::wolkvox::client::{self, Client, Token};

use crate::support::process::state;
use crate::support::world::{hours, minutes, settings, utc};

/// Chats a day, and minutes from beat to beat; `tests/run --long` asks for more and for fewer.
const CHATS: &str = "EXPORTER_TEST_SOAK_CHATS";
const MINUTES: &str = "EXPORTER_TEST_SOAK_MINUTES";
/// Where the child writes its figures.
const FIGURES: &str = "EXPORTER_TEST_SOAK_FIGURES";
const DAYS: i64 = 30;
/// By then everything is as large as it gets: ids are kept for a bit more than a day.
const SETTLED: usize = 7;

/// A clock that stands still between the beats.
#[derive(Debug)]
struct Stepped(AtomicI64);

impl Stepped {
    fn advance(&self, by: TimeDelta) {
        self.0.fetch_add(by.num_milliseconds(), Ordering::SeqCst);
    }
}

impl Clock for Stepped {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// Renders each page as the exporter does, and keeps the last one.
#[derive(Clone, Default)]
struct Shelf(Arc<Mutex<Option<Page>>>);

impl Publish for Shelf {
    fn publish(&self, publication: Publication<'_>) {
        let page = Page::render(&families(publication.view, 0), None, Options::default());
        *self.0.lock().unwrap() = Some(page);
    }
}

impl Shelf {
    fn bytes(&self) -> usize {
        let page = self.0.lock().unwrap();
        let answer = page
            .as_ref()
            .unwrap()
            .answer(Format::Text, false, tokio::time::Instant::now(), &[]);
        answer.chunks.iter().map(bytes::Bytes::len).sum()
    }
}

/// A number of the environment.
fn number(name: &str, default: i64) -> i64 {
    std::env::var(name).map_or(default, |number| number.parse().expect("a number"))
}

fn resident_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    resident.unwrap().trim().trim_end_matches(" kB").parse().unwrap()
}

/// The size of everything at the end of a day.
#[derive(Debug, Clone, Copy)]
struct Size {
    resident_kb: u64,
    state: u64,
    page: u64,
}

/// Runs the month in a process of its own: memory is the process's.
#[tokio::test]
async fn a_month_of_a_busy_operation_takes_no_more_memory_than_its_first_week() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let child = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["soak::a_month", "--exact", "--ignored", "--nocapture"])
        .env(FIGURES, file.path())
        .output()
        .await
        .unwrap();
    assert!(
        child.status.success(),
        "{}",
        String::from_utf8_lossy(&child.stderr)
    );
    let sizes: Vec<Size> = std::fs::read_to_string(file.path())
        .unwrap()
        .lines()
        .map(size)
        .collect();
    assert_eq!(sizes.len(), DAYS as usize);
    let most = |of: fn(&Size) -> u64, days: &[Size]| days.iter().map(of).max().unwrap();
    let (first, rest) = sizes.split_at(SETTLED);
    for (what, of) in [
        ("resident memory", (|size| size.resident_kb) as fn(&Size) -> u64),
        ("the state", |size| size.state),
        ("the page", |size| size.page),
    ] {
        let (before, after) = (most(of, first), most(of, rest));
        assert!(
            after <= before + before / 5,
            "{what} grew from {before} to {after}: {sizes:#?}"
        );
    }
}

fn size(line: &str) -> Size {
    let mut numbers = line.split(' ').map(|number| number.parse().unwrap());
    let mut next = || numbers.next().unwrap();
    Size {
        resident_kb: next(),
        state: next(),
        page: next(),
    }
}

#[tokio::test]
#[ignore = "started by the test above, in a process of its own"]
async fn a_month() {
    let directory = state();
    let begin = utc("2026-03-02 05:00:00");
    let clock = Arc::new(Stepped(AtomicI64::new(begin.timestamp_millis())));
    let operation = Settings {
        chats_per_hour: number(CHATS, 400) as f64 / 24.0,
        ..Settings::believable()
    };
    let server = Server::start(
        (Ipv4Addr::LOCALHOST, 0).into(),
        Simulator::new(operation),
        clock.clone(),
    )
    .await
    .unwrap();
    let shelf = Shelf::default();
    let mut poller = poller(&server, directory.path(), &clock, &shelf).await;
    let interval = minutes(number(MINUTES, 180));
    let mut figures = String::new();
    for day in 1..=DAYS {
        while clock.now() < begin + hours(24 * day) {
            clock.advance(interval);
            poller.step(None).await.poll.expect("the poll succeeds");
        }
        server.handle().clear_requests();
        let state = std::fs::metadata(directory.path().join("ventas.state"))
            .unwrap()
            .len();
        figures += &format!("{} {state} {}\n", resident_kb(), shelf.bytes());
    }
    drop(poller);
    assert_counted_once(&server.handle(), directory.path(), begin);
    match std::env::var(FIGURES) {
        Ok(path) => std::fs::write(path, figures).unwrap(),
        Err(_) => eprintln!("kB resident, bytes of the state, bytes of the page:\n{figures}"),
    }
}

async fn poller(
    server: &Server,
    directory: &Path,
    clock: &Arc<Stepped>,
    shelf: &Shelf,
) -> Poller<Client, FileStore, Shelf> {
    let token = server.handle().simulator().settings().token.clone();
    let identity = Identity {
        operation: "ventas".to_owned(),
        host: server.addr().to_string(),
        agent_dni: None,
        timezone: "America/Bogota".to_owned(),
    };
    let mut settings = settings(chrono_tz::America::Bogota);
    settings.window = minutes(90);
    // By the real clock, which hardly moves: about one a day.
    settings.sweep_interval = Some(Duration::from_secs(1));
    settings.sweep_lookback = hours(50);
    let client = client::Settings::new(server.base_url(), Token::Fixed(SecretString::from(token)));
    Poller::start(
        Client::new(client).unwrap(),
        FileStore::open(directory, identity, false).unwrap().store,
        shelf.clone(),
        clock.clone(),
        settings,
        Ledger::first_start(clock.now(), Some(clock.now())),
        0,
    )
    .await
    .unwrap()
}

/// What the state holds against what the operation knows.
fn assert_counted_once(handle: &Handle, directory: &Path, begin: DateTime<Utc>) {
    let now = handle.now();
    let (_, ledger) = FileStore::look(directory, "ventas").unwrap().unwrap();
    let visible = handle
        .truth(begin, now)
        .into_iter()
        .filter(|chat| chat.visible <= now);
    // A row that came late since the last sweep may be missing; more than there are, never.
    let (counted, there) = (ledger.totals.chats_counted(), visible.count() as u64);
    assert!(counted <= there && counted + 20 > there, "{counted} of {there}");
    assert!(there > 5000, "{there} chats");
}
