//! Signals, whatever the exporter is doing or waiting for.

#![allow(clippy::unwrap_used, clippy::expect_used)] // In helpers too: a test that can't go on fails.

use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::support::exposition::Exposition;
use crate::support::names::with_hosts;
use crate::support::placed::Placed;
use crate::support::process::{
    Exporter, Variables, command, finish, send, state, through, variables, wait_until, with,
};
use crate::support::web::Place;

/// Much longer than the drain of connections, and less than what an orchestrator waits.
const SOON: Duration = Duration::from_secs(25);

fn fifo(directory: &Path) -> PathBuf {
    let fifo = directory.join("fifo");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status();
    assert!(made.unwrap().success());
    fifo
}

async fn ends(mut child: Child) -> ExitStatus {
    let ended = tokio::time::timeout(SOON, child.wait()).await;
    ended.expect("it ends").unwrap()
}

/// A thread of the process looks up a name.
async fn looks_up(pid: u32) {
    wait_until("a look-up", || {
        let threads = std::fs::read_dir(format!("/proc/{pid}/task"))
            .into_iter()
            .flatten();
        threads.flatten().any(|thread| {
            std::fs::read_to_string(thread.path().join("comm")).is_ok_and(|name| name.trim() == "resolver")
        })
    })
    .await;
}

/// Variables of an exporter whose look-ups hang for ever, and what they need.
struct Hanging {
    directory: TempDir,
    place: Place,
    hosts: PathBuf,
}

impl Hanging {
    fn new() -> Hanging {
        let directory = state();
        let hosts = fifo(directory.path());
        Hanging {
            directory,
            place: Place::new(),
            hosts,
        }
    }

    fn variables(&self) -> Variables {
        let mut variables = Variables::new();
        for (name, value) in [
            ("BASE_URL", "https://wolkvox.test".to_owned()),
            ("CA_FILE", self.place.text_path("ca.pem")),
            ("TOKEN", "token".to_owned()),
            ("LISTEN_ADDRESS", "127.0.0.1:0".to_owned()),
            ("POLL_INTERVAL", "1s".to_owned()),
            (
                "STATE_DIR",
                self.directory.path().join("state").display().to_string(),
            ),
        ] {
            variables = with(variables, name, &value);
        }
        variables
    }

    fn spawn(&self, arguments: &[&str], variables: &Variables) -> Child {
        let command = with_hosts(&self.hosts, &command(arguments, variables));
        // A shell that starts the tests in its background lets them ignore SIGINT, and they what they start.
        let mut command = through(&["env", "--default-signal=INT"], &command);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    }
}

#[tokio::test]
async fn sigterm_ends_it_while_a_name_is_looked_up_and_no_answer_comes() {
    let hanging = Hanging::new();
    let child = hanging.spawn(&[], &hanging.variables());
    let pid = child.id().unwrap();
    looks_up(pid).await;
    send("TERM", pid).await;
    assert_eq!(ends(child).await.code(), Some(0));
}

#[tokio::test]
async fn sigterm_ends_it_while_the_start_waits_for_a_name() {
    let hanging = Hanging::new();
    let variables = with(hanging.variables(), "LISTEN_ADDRESS", "exporter.test:0");
    let child = hanging.spawn(&[], &variables);
    let pid = child.id().unwrap();
    looks_up(pid).await;
    send("TERM", pid).await;
    assert_eq!(ends(child).await.code(), Some(0));
}

#[tokio::test]
async fn the_other_commands_die_by_signals_whatever_they_wait_for() {
    let hanging = Hanging::new();
    let period = ["--from", "2026-09-01", "--to", "2026-09-02"];
    for (arguments, signal, number) in [
        (vec!["check"], "INT", 2),
        ([&["report"], period.as_slice()].concat(), "HUP", 1),
        ([&["backfill"], period.as_slice()].concat(), "TERM", 15),
    ] {
        let child = hanging.spawn(&arguments, &hanging.variables());
        let pid = child.id().unwrap();
        looks_up(pid).await;
        send(signal, pid).await;
        assert_eq!(ends(child).await.signal(), Some(number), "{arguments:?}");
    }
}

#[tokio::test]
async fn a_token_file_that_is_a_fifo_or_too_long_is_a_failed_poll_with_words_and_holds_up_nothing() {
    let operation = Placed::start().await;
    let (state, secrets) = (state(), state());
    let fifo = fifo(secrets.path());
    let oversize = secrets.path().join("oversize");
    std::fs::write(&oversize, "a".repeat(64 * 1024 + 1)).unwrap();
    for (file, reported) in [
        (&fifo, "is a FIFO, and must be a regular file"),
        (&oversize, "is larger than 65536 bytes"),
    ] {
        let mut variables = with(
            variables(&operation, state.path()),
            "TOKEN_FILE",
            file.to_str().unwrap(),
        );
        variables.remove("WOLKVOX_TOKEN");
        let mut exporter = Exporter::serve(&variables).await;
        let mut newest = Exposition::default();
        exporter
            .scrape_until("a failure", &mut newest, |page| page.failures("auth") >= 2.0)
            .await;
        let log = exporter.log.text();
        assert!(
            log.contains(reported) && log.contains(file.to_str().unwrap()),
            "{log}"
        );
        assert!(
            operation.handle().requests().is_empty(),
            "nothing is asked without a token"
        );
        exporter.signal("TERM").await;
        assert_eq!(exporter.ended().await.code(), Some(0));
    }
}

#[tokio::test]
async fn certificates_that_are_no_regular_file_are_a_mistake_of_the_configuration() {
    let operation = Placed::start().await;
    let (state, secrets) = (state(), state());
    let fifo = fifo(secrets.path());
    for (file, reported) in [
        (fifo.to_str().unwrap(), "is a FIFO, and must be a regular file"),
        ("/dev/zero", "is a device, and must be a regular file"),
        (
            secrets.path().to_str().unwrap(),
            "is a directory, and must be a regular file",
        ),
    ] {
        let variables = with(variables(&operation, state.path()), "CA_FILE", file);
        let (status, _, error) = finish(command::<[&str; 0], _>([], &variables)).await;
        assert_eq!(status.code(), Some(64), "{error}");
        let reported = format!("WOLKVOX_CA_FILE: {file} {reported}");
        assert!(error.contains(&reported), "{error}");
    }
}

#[tokio::test]
async fn sighup_reads_files_again_and_user_signals_mean_nothing() {
    let operation = Placed::start().await;
    let (state, secrets) = (state(), state());
    let token = secrets.path().join("token");
    std::fs::write(&token, operation.token()).unwrap();
    let web = secrets.path().join("web.yml");
    std::fs::write(&web, "http_server_config: {headers: {X-Frame-Options: deny}}\n").unwrap();
    let mut variables = variables(&operation, state.path());
    variables.remove("WOLKVOX_TOKEN");
    variables = with(variables, "TOKEN_FILE", token.to_str().unwrap());
    variables = with(variables, "WEB_CONFIG_FILE", web.to_str().unwrap());
    let mut exporter = Exporter::serve(&variables).await;
    for (signal, reported) in [
        ("USR1", "SIGUSR1 means nothing here".to_owned()),
        ("USR2", "SIGUSR2 means nothing here".to_owned()),
        ("HUP", "the web configuration has not changed".to_owned()),
        (
            "HUP",
            "SIGHUP: the settings were read again: 1 unchanged".to_owned(),
        ),
    ] {
        exporter.signal(signal).await;
        wait_until(signal, || exporter.log.text().contains(&reported)).await;
    }
    assert_eq!(exporter.get("/-/healthy").await.0, 200);
    exporter.signal("TERM").await;
    assert_eq!(exporter.ended().await.code(), Some(0), "{}", exporter.log.text());
}

#[tokio::test]
async fn sighup_does_not_end_the_demo() {
    let mut demo = Exporter::start(["demo", "--listen", "127.0.0.1:0"], &Variables::new()).await;
    demo.signal("HUP").await;
    let polls = demo.scrape().await.sum("wolkvox_polls_total");
    demo.polled(polls + 2.0).await;
    demo.signal("TERM").await;
    assert_eq!(demo.ended().await.code(), Some(0));
}

#[tokio::test]
async fn a_signal_that_is_sent_twice_at_once_is_one() {
    let operation = Placed::start().await;
    let state = state();
    let mut exporter = Exporter::serve(&variables(&operation, state.path())).await;
    let pid = exporter.pid();
    let mut kill = Command::new("sh");
    // As timeout does it.
    kill.arg("-c").arg(format!("kill -TERM {pid}; kill -TERM {pid}"));
    assert!(kill.status().await.unwrap().success());
    assert_eq!(exporter.ended().await.code(), Some(0), "{}", exporter.log.text());
}
