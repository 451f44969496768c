//! What `report` and `backfill` check, say and ask before their first call.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use chrono::{TimeDelta, Utc};
use simulator::SimulatedChat;
use tokio::process::Command;

use crate::support::operation::Operation;
use crate::support::process::{self, through, wait_until};
use crate::support::truth::utc;

/// An operation with few chats, so that each call is answered at once.
async fn operation(skill: &str) -> Operation {
    let closed = utc("2026-03-10T15:00:00Z");
    let chat = SimulatedChat {
        skill_id: skill.to_owned(),
        ..SimulatedChat::new("900000001", closed - TimeDelta::minutes(3), closed)
    };
    Operation::of(vec![chat]).await
}

/// A command that ends: its status, its output, and what it says.
async fn ended(operation: &Operation, arguments: &[&str]) -> (Option<i32>, String, String) {
    let (status, output, said) = process::finish(operation.command(arguments)).await;
    (status.code(), output, said)
}

/// A command that is refused as wrongly given, before any call.
async fn refused(operation: &Operation, arguments: &[&str]) -> String {
    let (status, output, said) = ended(operation, arguments).await;
    assert_eq!(status, Some(64), "{arguments:?}: {said}");
    assert_eq!(output, "");
    assert_eq!(operation.handle().requests().len(), 0, "{arguments:?}");
    said
}

const MARCH: [&str; 6] = ["--from", "2026-03-01", "--to", "2026-04-01", "--pace", "0s"];
/// Twelve years, a call a month.
const TWELVE_YEARS: [&str; 6] = ["--from", "2014-03-01", "--to", "2026-04-01", "--pace", "0s"];

#[tokio::test]
async fn a_range_that_no_report_has_is_refused_before_the_first_call() {
    let operation = operation("12").await;
    for command in ["report", "backfill"] {
        for (from, to, cause) in [
            ("0001-01-01", "2026-01-01", "no report reaches back before 2010"),
            ("2026-03-02", "2026-03-02", "--from must be before it"),
            ("2026-03-09", "2026-03-02", "--from must be before it"),
            ("3026-01-01", "3026-02-01", "lies in the future"),
        ] {
            let said = refused(&operation, &[command, "--from", from, "--to", to]).await;
            assert!(said.contains(cause), "{command}: {said}");
        }
    }
    let said = refused(
        &operation,
        &["backfill", "--from", "2026-03-02", "--to", "3026-11-25"],
    )
    .await;
    assert!(
        said.contains("--to is 3026-11-25T05:00:00Z, which lies in the future"),
        "{said}"
    );
    let stepless = [&["backfill"], MARCH.as_slice(), &["--step", "0s"]].concat();
    let said = refused(&operation, &stepless).await;
    assert!(said.contains("--step must lie between 1s and"), "{said}");
    let endless = [&["backfill"], MARCH.as_slice(), &["--step", "500000y"]].concat();
    refused(&operation, &endless).await;
}

#[tokio::test]
async fn a_table_whose_end_lies_in_the_future_ends_now_and_says_so() {
    let operation = operation("12").await;
    let yesterday = (Utc::now() - TimeDelta::days(1)).format("%F").to_string();
    let arguments = [
        "report",
        "--from",
        &yesterday,
        "--to",
        "3026-11-25",
        "--pace",
        "0s",
    ];
    let (status, _, said) = ended(&operation, &arguments).await;
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("--to lies in the future"), "{said}");
    let calls = operation.handle().requests().len();
    assert!((2..=6).contains(&calls), "{calls} calls");
}

#[tokio::test]
async fn calls_and_time_are_shown_before_the_first_call() {
    let operation = operation("12").await;
    let (status, _, said) = ended(&operation, &[&["report"], MARCH.as_slice()].concat()).await;
    assert_eq!(status, Some(0), "{said}");
    assert!(
        said.starts_with("this takes about 2 calls of the API\n"),
        "{said}"
    );
    // It is shown at once, and then each pause takes an hour.
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("past.om");
    let mut slow = operation.command(&["backfill", "--from", "2026-01-01", "--to", "2026-04-01"]);
    slow.args(["--pace", "1h", "--output"]).arg(&file);
    let log = process::Log::new();
    let mut child = slow.stderr(log.stdio()).spawn().unwrap();
    wait_until("the pause", || log.text().contains("the next call")).await;
    let shown = "this takes about 4 calls of the API, with 1h between two of them (--pace) about 3h\n";
    assert!(log.text().starts_with(shown), "{}", log.text());
    child.kill().await.unwrap();
}

#[tokio::test]
async fn more_than_a_hundred_calls_need_a_yes() {
    let operation = operation("12").await;
    for command in ["report", "backfill"] {
        let arguments = [&[command], TWELVE_YEARS.as_slice()].concat();
        let said = refused(&operation, &arguments).await;
        for part in ["about 14", "--yes", "terminal"] {
            assert!(said.contains(part), "{part} is missing in: {said}");
        }
    }
    let arguments = [&["report"], TWELVE_YEARS.as_slice(), &["--yes"]].concat();
    let (status, output, said) = ended(&operation, &arguments).await;
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("about 14"), "{said}");
    assert!(output.contains("12"), "{output}");
}

/// Runs a program on a terminal, types the first argument when it is asked, and prints what the terminal shows.
const TERMINAL: &str = r#"
import os, pty, subprocess, sys
here, there = pty.openpty()
child = subprocess.Popen(sys.argv[2:], stdin=there, stdout=subprocess.DEVNULL, stderr=there)
os.close(there)
shown, answered = b"", False
while True:
    try:
        seen = os.read(here, 65536)
    except OSError:
        break
    if not seen:
        break
    shown += seen
    if not answered and b"[y/N]" in shown:
        answered = True
        os.write(here, sys.argv[1].encode() + b"\n")
sys.stdout.buffer.write(shown)
sys.exit(child.wait())
"#;

#[tokio::test]
async fn on_a_terminal_more_than_a_hundred_calls_are_asked_about() {
    let operation = operation("12").await;
    let arguments = [&["report"], TWELVE_YEARS.as_slice()].concat();
    for (answer, status) in [("n", 1), ("", 1), ("y", 0)] {
        operation.handle().clear_requests();
        let mut command = Command::new("python3");
        command
            .args(["-c", TERMINAL, answer, env!("CARGO_BIN_EXE_wolkvox-exporter")])
            .args(&arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(operation.variables())
            .kill_on_drop(true);
        let (ended, shown, error) = process::finish(command).await;
        assert_eq!(ended.code(), Some(status), "{answer:?}: {shown} {error}");
        assert!(
            shown.contains("about 14") && shown.contains("Go on? [y/N]"),
            "{shown}"
        );
        let has_read = !operation.handle().requests().is_empty();
        assert_eq!(has_read, status == 0, "{answer:?}");
    }
}

#[tokio::test]
async fn labels_that_no_sample_can_have_are_refused_by_name() {
    let operation = operation("12").await;
    for (labels, name) in [
        (vec!["__name__=x"], "--label __name__:"),
        (vec!["__tenant=x"], "--label __tenant:"),
        (vec!["operation=x"], "--label operation:"),
        (vec!["skill_id=x"], "--label skill_id:"),
        (vec!["le=1"], "--label le:"),
        (vec!["quantile=1"], "--label quantile:"),
        (vec!["a-b=x"], "--label \"a-b\":"),
        (vec!["job=one", "job=two"], "--label job is given twice"),
    ] {
        let labels = labels
            .iter()
            .flat_map(|label| ["--label", label])
            .collect::<Vec<_>>();
        let said = refused(&operation, &[&["backfill"], MARCH.as_slice(), &labels].concat()).await;
        assert!(said.contains(name), "{name} is missing in: {said}");
    }
}

#[tokio::test]
async fn a_name_that_a_spreadsheet_would_take_for_a_formula_is_text_in_csv() {
    let operation = operation("=HYPERLINK(\"http://x\")").await;
    let arguments = [&["report"], MARCH.as_slice(), &["--format", "csv"]].concat();
    let (status, output, said) = ended(&operation, &arguments).await;
    assert_eq!(status, Some(0), "{said}");
    assert!(
        output.contains("\n\"'=HYPERLINK(\"\"http://x\"\")\",1,"),
        "{output}"
    );
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn only_this_user_can_read_what_a_backfill_writes() {
    let operation = operation("12").await;
    let directory = tempfile::tempdir().unwrap();
    let [file, checkpoint] = ["past.om", "past.om.checkpoint"].map(|name| directory.path().join(name));
    let path = file.to_str().unwrap();
    let arguments = [
        "backfill",
        "--from",
        "2026-01-01",
        "--to",
        "2026-04-01",
        "--output",
        path,
    ];
    let open_to_all = ["sh", "-c", "umask 000; exec \"$0\" \"$@\""];
    let slow = [arguments.as_slice(), &["--pace", "1h"]].concat();
    let mut child = through(&open_to_all, &operation.command(&slow))
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    wait_until("a checkpoint", || checkpoint.exists()).await;
    assert_eq!((mode(&file), mode(&checkpoint)), (0o600, 0o600));
    child.kill().await.unwrap();
}

#[tokio::test]
async fn an_empty_file_that_was_there_is_made_private_before_it_is_written() {
    let operation = operation("12").await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("past.om");
    fs::write(&file, "").unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    let output = ["--output", file.to_str().unwrap()];
    let (status, _, said) = ended(&operation, &[&["backfill"], MARCH.as_slice(), &output].concat()).await;
    assert_eq!(status, Some(0), "{said}");
    assert_eq!(mode(&file), 0o600);
}

#[tokio::test]
async fn an_output_or_checkpoint_that_is_a_fifo_or_a_device_is_told_and_not_waited_for() {
    let operation = operation("12").await;
    let directory = tempfile::tempdir().unwrap();
    let fifo = |name: &str| {
        let path = directory.path().join(name).display().to_string();
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        path
    };
    let (output, checkpoint) = (fifo("past.om"), fifo("other.om.checkpoint"));
    let beside = checkpoint.strip_suffix(".checkpoint").unwrap();
    for (output, told) in [
        (output.as_str(), format!("--output: {output} is a FIFO")),
        ("/dev/null", "--output: /dev/null is a device".to_owned()),
        (
            beside,
            format!("the checkpoint can't be read: {checkpoint} is a FIFO"),
        ),
    ] {
        let arguments = [&["backfill"], MARCH.as_slice(), &["--output", output]].concat();
        let (status, _, said) = ended(&operation, &arguments).await;
        assert_eq!(status, Some(1), "{said}");
        assert_eq!(said.matches(&told).count(), 1, "{said}");
        assert_eq!(said.matches("must be a regular file").count(), 1, "{said}");
    }
}
