//! The built binary as a process of its own, and what talks to it.

#![allow(clippy::unwrap_used, clippy::expect_used)] // In helpers too: a test that can't go on fails.

mod end;
mod log;
mod own_disk;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Once;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::RequestBuilder;
use reqwest::header::HeaderMap;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::Instant;

use super::exposition::Exposition;
use super::operation::Operation;
use super::placed::{Placed, now, seconds};

pub(crate) use end::{ended, finish, output};
pub(crate) use log::Log;
pub(crate) use own_disk::{OwnDisk, is_root};

/// Only against a test that would hang for ever; nothing here is expected to take long.
const GUARD: Duration = Duration::from_secs(300);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);

/// Runs until `look` has an answer.
pub(crate) async fn wait_for<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begun.elapsed() < GUARD, "waited in vain for {what}");
        tokio::time::sleep(LOOK).await;
    }
}

/// As [`wait_for`], without anything to wait for in between.
pub(crate) async fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    wait_for(what, || std::future::ready(is_so().then_some(()))).await;
}

/// The environment of an exporter.
pub(crate) type Variables = BTreeMap<String, String>;

/// For an exporter whose server never answers, and whose state is in `state` of this directory.
pub(crate) fn without_server(directory: &Path) -> Variables {
    let state = directory.join("state");
    with_all(
        Variables::new(),
        &[
            ("WOLKVOX_LISTEN_ADDRESS", "127.0.0.1:0"),
            ("WOLKVOX_STATE_DIR", state.to_str().unwrap()),
            // Nobody is there.
            ("WOLKVOX_BASE_URL", "http://127.0.0.1:9"),
            ("WOLKVOX_TOKEN", "token"),
        ],
    )
}

/// For a server of this machine: a poll each second, the state in `state`.
pub(crate) fn variables(operation: &Operation, state: &Path) -> Variables {
    let mut variables = operation.variables();
    let mut set = |name: &str, value: &str| {
        variables.insert(format!("WOLKVOX_{name}"), value.to_owned());
    };
    set("POLL_INTERVAL", "1s");
    set("WINDOW", "1m");
    set("SWEEP_INTERVAL", "2s");
    set("SWEEP_LOOKBACK", "5m");
    set("LISTEN_ADDRESS", "127.0.0.1:0");
    set("STATE_DIR", state.to_str().unwrap());
    variables
}

/// The same, with one variable more or another value of it; its name without `WOLKVOX_`.
pub(crate) fn with(mut variables: Variables, name: &str, value: &str) -> Variables {
    variables.insert(format!("WOLKVOX_{name}"), value.to_owned());
    variables
}

/// The same, with more variables or other values of them; their names are whole.
pub(crate) fn with_all(mut variables: Variables, more: &[(&str, &str)]) -> Variables {
    let more = more
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    variables.extend(more);
    variables
}

/// The same, for one that counts from so long ago; the chats that closed since then are placed.
pub(crate) fn counting_since(ago: TimeDelta, operation: &mut Placed, state: &Path) -> Variables {
    let count_from = now() - ago;
    operation.place(count_from + seconds(5), now() - seconds(1));
    with(
        variables(operation, state),
        "COUNT_FROM",
        &count_from.to_rfc3339(),
    )
}

/// Since when these variables count.
pub(crate) fn count_from(variables: &Variables) -> DateTime<Utc> {
    variables["WOLKVOX_COUNT_FROM"].parse().expect("a time")
}

/// A directory for a state.
pub(crate) fn state() -> TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// The binary with these variables and no others.
pub(crate) fn command<I, A>(arguments: I, variables: &Variables) -> Command
where
    I: IntoIterator<Item = A>,
    A: AsRef<OsStr>,
{
    let mut command = Command::new(env!("CARGO_BIN_EXE_wolkvox-exporter"));
    command
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .envs(variables)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// A command through another one that becomes it.
pub(crate) fn through(outer: &[impl AsRef<OsStr>], command: &Command) -> Command {
    let command = command.as_std();
    let (program, arguments) = outer.split_first().expect("a program");
    let variables = command
        .get_envs()
        .filter_map(|(name, value)| Some((name, value?)));
    let mut through = Command::new(program);
    through
        .args(arguments)
        .arg(command.get_program())
        .args(command.get_args())
        .env_clear()
        .envs(variables)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    through
}

/// A command that permissions bind, also where the administrator runs the tests.
pub(crate) fn bound_by_permissions(command: Command) -> Command {
    if is_root() {
        let without_rights = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"];
        through(&without_rights, &command)
    } else {
        command
    }
}

/// A running exporter. When it is dropped, it is killed.
pub(crate) struct Exporter {
    child: Child,
    /// Stays empty where the standard error goes elsewhere.
    pub(crate) log: Log,
    /// `http://<address>` or `https://<address>`
    base: String,
    client: reqwest::Client,
}

impl Exporter {
    /// Serves with these variables; returns when its port is open.
    pub(crate) async fn serve(variables: &Variables) -> Exporter {
        Exporter::start::<[&str; 0], _>([], variables).await
    }

    pub(crate) async fn start<I, A>(arguments: I, variables: &Variables) -> Exporter
    where
        I: IntoIterator<Item = A>,
        A: AsRef<OsStr>,
    {
        Exporter::run(command(arguments, variables)).await
    }

    /// Runs a command that becomes the exporter; returns when its port is open.
    pub(crate) async fn run(mut command: Command) -> Exporter {
        let log = Log::new();
        command.stderr(log.stdio());
        let mut exporter = Exporter::spawn(command, log);
        exporter.base = wait_for("its port", || {
            let url = exporter.log.word_after("metrics are at ");
            if url.is_none() {
                exporter.assert_runs();
            }
            std::future::ready(url.map(|url| url.trim_end_matches("/metrics").to_owned()))
        })
        .await;
        exporter
    }

    /// Runs a command that becomes an exporter at this address, and whose standard error is the command's own: it can't be
    /// asked for the port. Returns when it answers.
    pub(crate) async fn run_at(address: SocketAddr, command: Command) -> Exporter {
        let mut exporter = Exporter::spawn(command, Log::new());
        exporter.base = format!("http://{address}");
        wait_for("its port", || {
            exporter.assert_runs();
            let asked = exporter.client.get(exporter.url("/-/healthy")).send();
            async { asked.await.ok() }
        })
        .await;
        exporter
    }

    /// Closes this side's copy of the standard error with the command: who reads it sees when the exporter ends.
    fn spawn(mut command: Command, log: Log) -> Exporter {
        Exporter {
            child: command
                .stdout(Stdio::null())
                .spawn()
                .expect("the exporter starts"),
            log,
            base: String::new(),
            client: client(),
        }
    }

    fn assert_runs(&mut self) {
        let ended = self.child.try_wait().expect("its state");
        assert!(ended.is_none(), "it has ended, {ended:?}: {}", self.log.text());
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// The most memory that was resident so far, kB.
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak.unwrap().trim().trim_end_matches(" kB").parse().unwrap()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// `host:port`
    pub(crate) fn address(&self) -> &str {
        let (_, address) = self.base.split_once("://").expect("a URL");
        address
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, HeaderMap, String) {
        get(&self.client, &self.url(path), "*/*").await
    }

    /// Asks for a reload by HTTP: status and text.
    pub(crate) async fn reload(&self) -> (u16, String) {
        let (status, _, text) = answer(self.client.post(self.url("/-/reload"))).await;
        (status, text)
    }

    /// `/metrics` in text format 0.0.4.
    pub(crate) async fn scrape(&self) -> Exposition {
        let (status, _, text) = get(&self.client, &self.url("/metrics"), "text/plain").await;
        assert_eq!(status, 200, "{text}");
        Exposition::parse(&text)
    }

    /// Scrapes until the page is as wanted. In between, no total may fall below `newest`, which is brought up to date.
    pub(crate) async fn scrape_until(
        &self,
        what: &str,
        newest: &mut Exposition,
        is_so: impl Fn(&Exposition) -> bool,
    ) -> Exposition {
        let begun = Instant::now();
        loop {
            let page = self.scrape().await;
            page.assert_not_below(newest);
            *newest = page;
            if is_so(newest) {
                return newest.clone();
            }
            assert!(
                begun.elapsed() < GUARD,
                "waited in vain for {what}:\n{}",
                self.log.text()
            );
            // Pages are large: the exporter needs the processor too.
            tokio::time::sleep(5 * LOOK).await;
        }
    }

    /// Waits until so many polls have ended, the last of them well.
    pub(crate) async fn polled(&self, times: f64) -> Exposition {
        wait_for("polls", || async {
            let page = self.scrape().await;
            let is_enough = page.sum("wolkvox_polls_total") >= times && page.sum("wolkvox_up") > 0.5;
            is_enough.then_some(page)
        })
        .await
    }

    /// Scrapes until all chats of the operation are counted and shown, and compares them with the truth.
    pub(crate) async fn settle(&self, operation: &Placed, newest: &mut Exposition) -> Exposition {
        let page = self
            .scrape_until("all chats", newest, |page| {
                page.up() == Some(true) && operation.is_counted(page)
            })
            .await;
        // Nothing more may come.
        let polls = |page: &Exposition| page.sum("wolkvox_polls_total");
        let later = polls(&page) + 2.0;
        let page = self
            .scrape_until("two more cycles", newest, |page| polls(page) >= later)
            .await;
        operation.assert_counted(&page);
        page
    }

    /// Sends a signal by its name: `TERM`, `INT`.
    pub(crate) async fn signal(&self, name: &str) {
        send(name, self.pid()).await;
    }

    /// `kill -9`, and waits until it is gone.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.expect("it can be killed");
    }

    /// Waits until it has ended by itself.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        tokio::time::timeout(GUARD, self.child.wait())
            .await
            .unwrap_or_else(|_| panic!("it does not end:\n{}", self.log.text()))
            .expect("its status")
    }
}

impl Drop for Exporter {
    /// It is gone afterwards: the next one of the same state may start.
    fn drop(&mut self) {
        let _ = self.child.start_kill();
        while let Ok(None) = self.child.try_wait() {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Sends a signal by its name to a process.
pub(crate) async fn send(signal: &str, pid: u32) {
    let mut kill = Command::new("sh");
    kill.arg("-c").arg(format!("kill -{signal} {pid}"));
    assert!(kill.status().await.expect("a shell").success());
}

/// A client that takes what it gets: no proxy, no compression asked for.
pub(crate) fn client() -> reqwest::Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // Another test's library may have chosen one.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    reqwest::Client::builder()
        .no_proxy()
        .no_gzip()
        .pool_max_idle_per_host(0)
        .build()
        .expect("a client")
}

pub(crate) async fn get(client: &reqwest::Client, url: &str, accept: &str) -> (u16, HeaderMap, String) {
    answer(client.get(url).header("Accept", accept)).await
}

async fn answer(request: RequestBuilder) -> (u16, HeaderMap, String) {
    let answer = tokio::time::timeout(GUARD, request.send())
        .await
        .expect("an answer")
        .unwrap_or_else(|error| panic!("{error:?}"));
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    (status, headers, answer.text().await.expect("a whole answer"))
}
