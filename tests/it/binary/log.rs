//! The log can't be written, or nobody reads it: that costs lines, and nothing else.

#![allow(clippy::unwrap_used, clippy::expect_used)] // In helpers too: a test that can't go on fails.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::Stdio;

use simulator::Settings;
use tokio::process::Command;

use crate::support::operation::Operation;
use crate::support::placed::Placed;
use crate::support::process::{
    Exporter, Log, Variables, command, ended, finish, free_port, state, through, variables, wait_until, with,
};

const DROPPED: &str = "wolkvox_exporter_log_lines_dropped_total";

fn full_device() -> Stdio {
    File::options().write(true).open("/dev/full").unwrap().into()
}

/// A pipe of 4 KiB that is full, and its reader, who does nothing.
fn stuck_pipe() -> (std::io::PipeReader, Stdio) {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let size = rustix::pipe::fcntl_setpipe_size(&writer, 4096).unwrap();
    writer.write_all(&vec![b'-'; size]).unwrap();
    (reader, writer.into())
}

/// Polls, scrapes and probes go on, and SIGTERM ends it. Returns how many lines were dropped.
async fn goes_on(mut exporter: Exporter) -> f64 {
    let page = exporter.polled(3.0).await;
    assert_eq!(exporter.get("/-/healthy").await.0, 200);
    assert_eq!(exporter.get("/-/ready").await.0, 200);
    exporter.signal("TERM").await;
    assert_eq!(exporter.ended().await.code(), Some(0));
    page.get(DROPPED).expect("it is counted")
}

fn serve_at(address: SocketAddr, variables: Variables) -> Command {
    let variables = with(variables, "LISTEN_ADDRESS", &address.to_string());
    command::<[&str; 0], _>([], &variables)
}

async fn goes_on_with(stderr: impl Into<Stdio>) -> f64 {
    let operation = Placed::start().await;
    let state = state();
    let variables = with(variables(&operation, state.path()), "LOG", "debug");
    let address = free_port();
    let mut command = serve_at(address, variables);
    command.stderr(stderr);
    goes_on(Exporter::run_at(address, command).await).await
}

#[tokio::test]
async fn a_log_on_a_full_disk_is_lost_and_counted_and_the_exporter_goes_on() {
    assert!(goes_on_with(full_device()).await > 3.0);
}

#[tokio::test]
async fn a_log_whose_pipe_has_lost_its_reader_is_lost_and_counted_and_the_exporter_goes_on() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    assert!(goes_on_with(writer).await > 3.0);
}

#[tokio::test]
async fn a_log_whose_socket_was_closed_is_lost_and_counted_and_the_exporter_goes_on() {
    let (near, far) = UnixStream::pair().unwrap();
    drop(far);
    assert!(goes_on_with(OwnedFd::from(near)).await > 3.0);
}

#[tokio::test]
async fn a_log_that_nobody_reads_holds_up_neither_scrapes_nor_polls_nor_the_end() {
    let (mut reader, writer) = stuck_pipe();
    goes_on_with(writer).await;
    // It was stuck indeed: nothing came into the pipe behind what filled it.
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    assert!(!text.contains("INFO"), "{text}");
}

#[tokio::test]
async fn without_a_standard_error_the_exporter_goes_on() {
    let operation = Placed::start().await;
    let state = state();
    let address = free_port();
    let command = serve_at(address, variables(&operation, state.path()));
    let closed = through(&["sh", "-c", "exec \"$0\" \"$@\" 2>&-"], &command);
    goes_on(Exporter::run_at(address, closed).await).await;
}

#[tokio::test]
async fn the_demo_goes_on_without_its_log() {
    let (_reader, writer) = stuck_pipe();
    let address = free_port();
    let mut demo = command(["demo", "--listen", &address.to_string()], &Variables::new());
    demo.stderr(writer);
    let mut demo = Exporter::run_at(address, demo).await;
    demo.polled(2.0).await;
    demo.signal("TERM").await;
    assert_eq!(demo.ended().await.code(), Some(0));
}

/// A small operation: what is written of it is not what is looked at.
async fn operation() -> Operation {
    Operation::start(Settings {
        chats_per_hour: 12.0,
        ..Settings::believable()
    })
    .await
}

/// A day of the past, which takes one call.
fn past(operation: &Operation, which: &str, more: &[&str]) -> Command {
    let period = ["--from", "2026-09-10", "--to", "2026-09-11", "--pace", "0s"];
    let arguments = [&[which], period.as_slice(), more].concat();
    command(arguments, &operation.variables())
}

#[tokio::test]
async fn backfill_report_and_check_do_not_need_a_standard_error_that_takes_their_words() {
    let operation = operation().await;
    for which in ["backfill", "report"] {
        let (_reader, stuck) = stuck_pipe();
        for stderr in [full_device(), stuck] {
            let mut command = past(&operation, which, &[]);
            let stdout = Log::new();
            command.stderr(stderr).stdout(stdout.stdio());
            assert_eq!(ended(command).await.code(), Some(0), "{which}");
            assert!(!stdout.text().is_empty(), "{which}");
        }
    }
    let mut check = command(["check"], &operation.variables());
    let stdout = Log::new();
    check.stderr(full_device()).stdout(stdout.stdio());
    ended(check).await;
    assert!(stdout.text().contains("token"));
}

#[tokio::test]
async fn a_standard_output_that_can_not_be_written_is_reported_and_makes_the_status_1() {
    let operation = operation().await;
    for command in [
        command(["metrics"], &Variables::new()),
        command(["check"], &operation.variables()),
        past(&operation, "report", &[]),
        past(&operation, "backfill", &[]),
    ] {
        let into_full = through(&["sh", "-c", "exec \"$0\" \"$@\" >/dev/full"], &command);
        let (status, _, error) = finish(into_full).await;
        assert_eq!(status.code(), Some(1), "{command:?}: {error}");
        assert!(
            error.contains("the standard output can't be written") && error.contains("No space left"),
            "{command:?}: {error}"
        );
    }
}

#[tokio::test]
async fn a_standard_output_that_is_closed_early_causes_no_message() {
    let operation = operation().await;
    for mut command in [
        command(["metrics"], &Variables::new()),
        past(&operation, "report", &[]),
        past(&operation, "backfill", &[]),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let stderr = Log::new();
        command.stdout(writer).stderr(stderr.stdio());
        let status = ended(command).await;
        let error = stderr.text();
        assert!(
            !error.contains("standard output") && !error.contains("panicked"),
            "{error}"
        );
        assert!(matches!(status.code(), Some(0 | 1)), "{status}");
    }
}

#[tokio::test]
async fn what_was_said_last_is_read_before_the_process_ends() {
    // Longer than a pipe holds.
    let mut wrong = std::collections::BTreeMap::new();
    wrong.insert("WOLKVOX_OPERATION".to_owned(), "o".repeat(129));
    for number in 0..2000 {
        wrong.insert(format!("WOLKVOX_UNKNOWN_{number}"), "x".to_owned());
    }
    let mut command = command::<[&str; 0], _>([], &wrong).into_std();
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .unwrap()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(64));
    assert!(error.contains("WOLKVOX_UNKNOWN_1999"), "{}", error.len());
}

/// The keys that every line has.
const NO_FIELDS: [&str; 5] = ["timestamp", "level", "message", "span", "spans"];

#[tokio::test]
async fn each_line_has_fields_beside_its_sentence() {
    let operation = Placed::start().await;
    let state = state();
    let variables = with(variables(&operation, state.path()), "LOG_FORMAT", "json");
    let web = state.path().join("web.yml");
    std::fs::write(&web, "{}\n").unwrap();
    let with_web = with(variables.clone(), "WEB_CONFIG_FILE", web.to_str().unwrap());
    let mut lines = Vec::new();
    for (zone, variables) in [("America/Bogota", variables), ("-05:00", with_web)] {
        let variables = with(variables, "TIMEZONE", zone);
        let mut exporter = Exporter::serve(&variables).await;
        exporter.polled(2.0).await;
        for (signal, said) in [("HUP", "SIGHUP: "), ("USR1", "SIGUSR1 means nothing")] {
            exporter.signal(signal).await;
            wait_until(said, || exporter.log.text().contains(said)).await;
        }
        exporter.signal("TERM").await;
        assert_eq!(exporter.ended().await.code(), Some(0));
        lines.extend(exporter.log.text().lines().map(str::to_owned));
    }
    for said in [
        "first start: ",
        "metrics are at ",
        "poll: ",
        "WOLKVOX_TIMEZONE was America/Bogota and is -05:00 now",
        "going on from the stored state",
        "the settings were read again: 1 unchanged",
        "stopping: ",
    ] {
        assert!(lines.iter().any(|line| line.contains(said)), "{said}: {lines:#?}");
    }
    for line in lines {
        let line: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&line).unwrap();
        assert!(
            line.keys().any(|key| !NO_FIELDS.contains(&key.as_str())),
            "{line:?}"
        );
    }
}
