//! A month of a busy operation in a minute: the whole exporter but its HTTP server, with cycles that follow one another at
//! once while a clock of its own goes on by their interval. Memory, the state and the page stay as large as they are, and in
//! the end each chat was counted once.
//!
//! The exporter has a process of its own, so that its memory is nobody else's; Wolkvox is here.

use std::net::Ipv4Addr;
use std::ops::Range;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wolkvox_exporter::chats::Totals;
use wolkvox_exporter::chats::field::{Customers, report};
use wolkvox_exporter::config::Agents;

use chrono::{DateTime, Utc};
use simulator::{Handle, Server, Settings, Simulator};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdin, Command};
use wolkvox::client::{self, Client, Token};
use wolkvox_exporter::catalogue::rows;
use wolkvox_exporter::clock::Clock;
use wolkvox_exporter::exposition::{Encoding, Exposition, Format, Options, Page};
use wolkvox_exporter::ledger::store::Identity;
use wolkvox_exporter::ledger::{Adoption, FileStore, Ledger};
use wolkvox_exporter::poller::budget::Share;
use wolkvox_exporter::poller::{Examples, Parts, Poller, Publication, Publish};

use crate::support::process::state;
use crate::support::world::{config, hours, length, minutes, utc};

/// Chats a day, and minutes from cycle to cycle; `tests/run --long` asks for more and for fewer.
const CHATS: &str = "EXPORTER_TEST_SOAK_CHATS";
const MINUTES: &str = "EXPORTER_TEST_SOAK_MINUTES";
/// Set for the exporter's process: the server's address, and the directory of the state.
const SERVER: &str = "EXPORTER_TEST_SOAK_SERVER";
const DIRECTORY: &str = "EXPORTER_TEST_SOAK_DIRECTORY";
const TOKEN: &str = "EXPORTER_TEST_SOAK_TOKEN";
const NAME: &str = "engine::soak::a_month_of_a_busy_operation_takes_no_more_memory_than_its_first_week";
const BEGIN: &str = "2026-03-02 05:00:00";
const DAYS: i64 = 30;
/// The days of the first week in which everything is as large as it gets: ids are kept for a bit more than two days.
const FIRST_WEEK: Range<usize> = 2..9;
/// By the real clock, by which a day takes half a second or more: about one sweep a day, or several.
const SWEEP_INTERVAL: Duration = Duration::from_millis(500);
/// What memory may grow in the three weeks after that, kB. By default these are 252 cycles and 26,000 chats: a leak of 3 kB
/// at each cycle, or of 30 bytes for each chat, would be more. What comes up for the first time takes a third of it.
const GROWTH_KB: u64 = 768;

/// A clock that stands still between the cycles.
#[derive(Debug)]
struct Stepped(AtomicI64);

impl Stepped {
    fn at(time: DateTime<Utc>) -> Arc<Stepped> {
        Arc::new(Stepped(AtomicI64::new(time.timestamp_millis())))
    }

    fn set(&self, time: DateTime<Utc>) {
        self.0.store(time.timestamp_millis(), Ordering::SeqCst);
    }
}

impl Clock for Stepped {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

impl simulator::Clock for Stepped {
    fn now(&self) -> DateTime<Utc> {
        Clock::now(self)
    }
}

/// Renders each page as the exporter does, and keeps the last one.
#[derive(Clone, Default)]
struct LatestPage(Arc<Mutex<Option<Arc<Page>>>>);

impl Publish for LatestPage {
    fn publish(&self, publication: Publication<'_>) {
        let page = Page::new(rows(publication.view, 0), None, Options::default());
        *self.0.lock().unwrap() = Some(Arc::new(page));
    }
}

impl LatestPage {
    fn bytes(&self) -> usize {
        let page = Arc::clone(self.0.lock().unwrap().as_ref().unwrap());
        let now = tokio::time::Instant::now();
        let exposition = Exposition::of(vec![page], Options::default(), now);
        let answer = exposition.answer(Format::Text, Encoding::Identity, &[]);
        answer.chunks.iter().map(bytes::Bytes::len).sum()
    }
}

/// A number of the environment.
fn number(name: &str, default: i64) -> i64 {
    std::env::var(name).map_or(default, |number| number.parse().expect("a number"))
}

/// How large everything is after a cycle.
#[derive(Debug, Clone, Copy)]
struct Size {
    resident_kb: u64,
    state: u64,
    page: u64,
}

impl Size {
    fn parse(line: &str) -> Option<Size> {
        let numbers: Option<Vec<u64>> = line.split(' ').map(|number| number.parse().ok()).collect();
        let [resident_kb, state, page] = numbers?[..] else {
            return None;
        };
        Some(Size {
            resident_kb,
            state,
            page,
        })
    }
}

fn resident_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    resident.unwrap().trim().trim_end_matches(" kB").parse().unwrap()
}

/// The process of the exporter, as the test sees it.
struct Exporter {
    _child: Child,
    times: ChildStdin,
    sizes: Lines<BufReader<ChildStderr>>,
}

impl Exporter {
    fn start(server: &Server, directory: &Path) -> Exporter {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([NAME, "--exact", "--nocapture"])
            .env(SERVER, server.addr().to_string())
            .env(TOKEN, &server.handle().simulator().settings().token)
            .env(DIRECTORY, directory)
            // What is free goes back to the system at once, as far as the allocator can: what stays resident is in use.
            .env("MALLOC_ARENA_MAX", "1")
            .env("MALLOC_TRIM_THRESHOLD_", "0")
            .env("MALLOC_TOP_PAD_", "0")
            .env("MALLOC_MMAP_THRESHOLD_", "32768")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Exporter {
            times: child.stdin.take().unwrap(),
            sizes: BufReader::new(child.stderr.take().unwrap()).lines(),
            _child: child,
        }
    }

    /// One cycle at this time.
    async fn cycle(&mut self, time: DateTime<Utc>) -> Size {
        let line = format!("{}\n", time.timestamp());
        self.times.write_all(line.as_bytes()).await.unwrap();
        let mut said = String::new();
        while let Some(line) = self.sizes.next_line().await.unwrap() {
            match Size::parse(&line) {
                Some(size) => return size,
                None => said.push_str(&(line + "\n")),
            }
        }
        panic!("the exporter ended: {said}");
    }
}

#[tokio::test]
async fn a_month_of_a_busy_operation_takes_no_more_memory_than_its_first_week() {
    if let Ok(server) = std::env::var(SERVER) {
        return be_the_exporter(server).await;
    }
    let directory = state();
    let begin = utc(BEGIN);
    let clock = Stepped::at(begin);
    let operation = Settings {
        chats_per_hour: number(CHATS, 1000) as f64 / 24.0,
        ..Settings::believable()
    };
    let server = Server::start(
        (Ipv4Addr::LOCALHOST, 0).into(),
        Simulator::new(operation),
        clock.clone(),
    )
    .await
    .unwrap();
    let mut exporter = Exporter::start(&server, directory.path());
    let interval = minutes(number(MINUTES, 120));
    let mut sizes = Vec::new();
    let mut cycles = 0;
    for day in 1..=DAYS {
        let mut largest = None;
        while clock.now() < begin + hours(24 * day) {
            clock.set(clock.now() + interval);
            largest = Some(exporter.cycle(clock.now()).await);
            cycles += 1;
        }
        sizes.extend(largest);
    }
    // The last cycle sweeps, at a time that stands still: nothing is missing then.
    tokio::time::sleep(2 * SWEEP_INTERVAL).await;
    exporter.cycle(clock.now()).await;
    let chats = assert_counted_once(&server.handle(), directory.path(), begin);
    assert_as_large_as_before(&sizes);
    let last = sizes.last();
    eprintln!("{chats} chats, {cycles} cycles; at the end {last:?}");
}

/// At the same hour of each day.
fn assert_as_large_as_before(sizes: &[Size]) {
    let most = |of: fn(&Size) -> u64, days: &[Size]| days.iter().map(of).max().unwrap();
    let tenth: fn(u64) -> u64 = |before| before / 10;
    for (what, of, allowed) in [
        (
            "resident memory, kB,",
            (|size| size.resident_kb) as fn(&Size) -> u64,
            (|_| GROWTH_KB) as fn(u64) -> u64,
        ),
        // Ids wait for the next sweep, which the real clock brings.
        ("the state", |size| size.state, |before| before / 2),
        ("the page", |size| size.page, tenth),
    ] {
        let before = most(of, &sizes[FIRST_WEEK]);
        let after = most(of, &sizes[FIRST_WEEK.end..]);
        assert!(
            after <= before + allowed(before),
            "{what} grew from {before} to {after}: {sizes:#?}"
        );
    }
}

/// What the state holds against what the operation knows.
fn assert_counted_once(handle: &Handle, directory: &Path, begin: DateTime<Utc>) -> u64 {
    let now = handle.now();
    let (_, ledger) = FileStore::look::<Totals>(directory, "ventas").unwrap().unwrap();
    let there = handle.truth(begin, now).into_iter();
    let there = there.filter(|chat| chat.visible <= now).count() as u64;
    assert_eq!(ledger.totals.chats_counted(), there);
    assert!(there > 15_000, "{there} chats");
    there
}

/// The other process: runs a cycle for each time that it is given.
async fn be_the_exporter(server: String) {
    let directory = std::env::var(DIRECTORY).unwrap();
    let directory = Path::new(&directory);
    let clock = Stepped::at(utc(BEGIN));
    let latest_page = LatestPage::default();
    let mut poller = poller(server, directory, &clock, &latest_page).await;
    for time in std::io::stdin().lines() {
        clock.set(DateTime::from_timestamp(time.unwrap().parse().unwrap(), 0).unwrap());
        let cycle = poller.step(None).await;
        cycle.poll.expect("the poll succeeds");
        if let Some(sweep) = cycle.sweep {
            sweep.expect("the sweep succeeds");
        }
        let state = std::fs::metadata(directory.join("ventas.state")).unwrap().len();
        eprintln!("{} {state} {}", resident_kb(), latest_page.bytes());
    }
}

async fn poller(
    server: String,
    directory: &Path,
    clock: &Arc<Stepped>,
    latest_page: &LatestPage,
) -> Poller<Client, FileStore, LatestPage> {
    let token = std::env::var(TOKEN).unwrap();
    let base_url = format!("http://{server}");
    let identity = Identity {
        operation: "ventas".to_owned(),
        host: server,
        agent_dni: None,
        timezone: "America/Bogota".to_owned(),
    };
    let mut config = config(chrono_tz::America::Bogota);
    config.polling.api_daily_limit = None;
    config.polling.window = length(minutes(90));
    config.polling.sweep_interval = Some(SWEEP_INTERVAL);
    config.polling.sweep_lookback = length(hours(50));
    let client = client::Settings::new(
        base_url,
        token.parse::<Token>().unwrap(),
        report(Agents::Ids, Customers::Skip),
    );
    Poller::start(Parts {
        source: Client::new(client).unwrap(),
        store: FileStore::open::<Totals>(directory, identity, Adoption::Refuse, clock.now())
            .unwrap()
            .store,
        publisher: latest_page.clone(),
        clock: Arc::<Stepped>::clone(clock),
        share: Share::of(&Arc::default(), &config),
        config,
        examples: Examples::Keep,
        ledger: Ledger::first_start(clock.now(), Some(clock.now())),
        recoveries: 0,
    })
    .await
    .unwrap()
}
