//! What a person who waits sees.

use chrono::TimeDelta;
use tokio::process::Command;

use super::placed;
use crate::support::operation::Operation;
use crate::support::process;
use crate::support::truth::utc;

/// Runs a program whose standard error is a terminal of 100 columns, and prints what came there.
const TERMINAL: &str = r#"
import fcntl, os, pty, struct, subprocess, sys, termios
here, there = pty.openpty()
fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=there)
os.close(there)
while True:
    try:
        seen = os.read(here, 65536)
    except OSError:
        break
    if not seen:
        break
    sys.stdout.buffer.write(seen)
sys.exit(child.wait())
"#;

/// The same with a terminal that takes nothing, as after Ctrl-S; ends with the program, or after a minute with status 9.
const STOPPED: &str = r"
import os, pty, subprocess, sys, termios
here, there = pty.openpty()
termios.tcflow(there, termios.TCOOFF)
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=there)
try:
    status = child.wait(timeout=60)
except subprocess.TimeoutExpired:
    child.kill()
    status = 9
os._exit(status)
";

/// Three months, a chat a day.
async fn operation() -> Operation {
    let first = utc("2026-01-05T15:00:00Z");
    let chats = (0..86_u32).map(|day| placed(day.into(), first + TimeDelta::days(day.into()), "12"));
    Operation::of(chats.collect()).await
}

fn arguments<'a>(pace: &'a str, file: &'a str) -> Vec<&'a str> {
    let what = [
        "backfill",
        "--from",
        "2026-01-05",
        "--to",
        "2026-04-01",
        "--step",
        "24h",
    ];
    [what.as_slice(), &["--pace", pace, "--output", file]].concat()
}

/// What a terminal shows while the program runs, and whether it ended well.
async fn on_terminal(
    terminal: &str,
    operation: &Operation,
    arguments: &[&str],
    term: &str,
) -> (bool, String) {
    let mut command = Command::new("python3");
    command
        .args(["-c", terminal, env!("CARGO_BIN_EXE_wolkvox-exporter")])
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("TERM", term)
        .envs(operation.variables())
        .kill_on_drop(true);
    let (status, shown, said) = process::finish(command).await;
    assert!(said.is_empty(), "{said}");
    (status.success(), shown)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_terminal_shows_chunks_chats_and_the_time_left_in_one_line() {
    let operation = operation().await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("past.om").display().to_string();
    let (is_good, shown) = on_terminal(TERMINAL, &operation, &arguments("2s", &file), "xterm").await;
    assert!(is_good, "{shown}");
    assert!(shown.contains('█') && shown.contains('░'), "a bar: {shown}");
    assert!(shown.contains(" 32 %  1 chunk, 26 chats, "), "{shown}");
    assert!(shown.contains(" 64 %  2 chunks, 54 chats, "), "{shown}");
    assert!(shown.contains("s left, next call in "), "{shown}");
    // Below the line of what it takes, the bar is one line, drawn over and over; it gives way to the result.
    let lines: Vec<_> = shown.lines().collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(
        lines[1].ends_with("\u{1b}[2Kdone: 86 chats up to 2026-04-01T05:00:00.000Z, 3 calls"),
        "{lines:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_terminal_an_error_has_a_line_of_its_own_and_is_printed_once() {
    let operation = operation().await.with("TOKEN", "wrong");
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("past.om").display().to_string();
    let (is_good, shown) = on_terminal(TERMINAL, &operation, &arguments("0s", &file), "xterm").await;
    assert!(!is_good);
    let last = shown.rsplit("\u{1b}[2K").next().unwrap();
    assert!(
        last.starts_with("wolkvox-exporter: 2026-01-04T03:00:00Z to "),
        "{shown}"
    );
    assert_eq!(last.matches("does not know this token").count(), 1, "{last}");
    // Nothing was read: there is nothing to go on with.
    assert!(!last.contains("goes on from there"), "{last}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pipe_and_a_terminal_that_can_not_move_its_cursor_get_plain_lines() {
    let operation = operation().await;
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str| directory.path().join(name).display().to_string();
    let piped = operation.run(&arguments("1s", &file("piped.om"))).await;
    let (_, dumb) = on_terminal(TERMINAL, &operation, &arguments("1s", &file("dumb.om")), "dumb").await;
    for said in [
        String::from_utf8(piped.stderr).unwrap(),
        dumb.replace("\r\n", "\n"),
    ] {
        assert!(!said.contains(|c: char| c.is_control() && c != '\n'), "{said:?}");
        let lines: Vec<_> = said.lines().collect();
        assert_eq!(lines.len(), 7, "{said}");
        let takes = "this takes about 3 calls of the API, with 1s between two of them (--pace) about 2s";
        assert_eq!(lines[0], takes);
        let first = "32 %: read up to 2026-02-01T04:59:59Z, 1 chunk, 26 chats, about ";
        assert!(
            lines[1].starts_with(first) && lines[1].ends_with("s left"),
            "{said}"
        );
        assert_eq!(lines[2], "the next call is made in 1s (--pace)");
        assert!(
            lines[3].starts_with("64 %: ") && lines[5].starts_with("100 %: "),
            "{said}"
        );
        assert_eq!(lines[6], "done: 86 chats up to 2026-04-01T05:00:00.000Z, 3 calls");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_terminal_that_takes_nothing_does_not_hold_up_the_reading() {
    let operation = operation().await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("past.om");
    let path = file.display().to_string();
    let (is_good, _) = on_terminal(STOPPED, &operation, &arguments("0s", &path), "xterm").await;
    assert!(is_good);
    let written = std::fs::read_to_string(&file).unwrap();
    assert!(written.ends_with("# EOF\n"), "{} bytes", written.len());
}
