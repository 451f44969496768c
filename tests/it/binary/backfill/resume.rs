//! What was interrupted is gone on with.

use std::path::Path;
use std::time::Duration;

use simulator::Settings;

use super::{small, write};
use crate::support::operation::Operation;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_backfill_goes_on_and_writes_the_same() {
    let settings = Settings {
        chats_per_hour: 2.0,
        ..small()
    };
    let operation = Operation::start(settings).await;
    let directory = tempfile::tempdir().unwrap();
    let whole = directory.path().join("whole.om").display().to_string();
    write(&operation, "2026-01-10", "2026-04-10", "24h", &whole).await;

    let part = directory.path().join("part.om").display().to_string();
    let begin = [
        "backfill",
        "--from",
        "2026-01-10",
        "--to",
        "2026-04-10",
        "--step",
        "24h",
    ];
    let labels = [
        "--label",
        "job=wolkvox",
        "--label",
        "instance=one",
        "--output",
        &part,
    ];
    let slow = [begin.as_slice(), &["--pace", "1h"], &labels].concat();
    let mut child = operation
        .command(&slow)
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let checkpoint = format!("{part}.checkpoint");
    for _ in 0..600 {
        if Path::new(&checkpoint).exists() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    child.kill().await.unwrap();
    // As if it had been killed in the middle of a step.
    let mut text = std::fs::read_to_string(&part).unwrap();
    assert!(text.len() < std::fs::read_to_string(&whole).unwrap().len());
    text.push_str("wolkvox_chats_total{oper");
    std::fs::write(&part, text).unwrap();

    // Another command must not go on with it.
    let other = operation
        .run(&[
            "backfill",
            "--from",
            "2026-01-11",
            "--to",
            "2026-04-10",
            "--pace",
            "0s",
            "--output",
            &part,
        ])
        .await;
    assert!(!other.status.success());
    operation.handle().clear_requests();
    let said = write(&operation, "2026-01-10", "2026-04-10", "24h", &part).await;
    assert!(
        said.starts_with("this takes about 3 calls of the API\n"),
        "{said}"
    );
    assert_eq!(
        operation.handle().requests().len(),
        3,
        "the first chunk was not asked for again"
    );
    assert!(std::fs::read(&whole).unwrap() == std::fs::read(&part).unwrap());
    assert!(!Path::new(&checkpoint).exists());
    let again = operation
        .run(&[
            "backfill",
            "--from",
            "2026-01-10",
            "--to",
            "2026-04-10",
            "--output",
            &part,
        ])
        .await;
    let said = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(said.contains("is already there"), "{said}");
}
