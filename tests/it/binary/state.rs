//! The state on disk and the built binary: damaged, newer, of another operation, held by another process, not writable,
//! written by an earlier version; and what changes of settings do to it.

mod disk;
mod grown;
mod place;
mod released;
mod shared;

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use tempfile::TempDir;

use crate::support::exposition::Exposition;
use crate::support::placed::{Placed, minutes, now, seconds};
use crate::support::process::{
    Exporter, Variables, command, count_from, counting_since, finish, state, variables, with,
};

/// An exporter that has counted an operation's chats, and was killed.
async fn counted() -> (Placed, TempDir, Variables) {
    let mut operation = Placed::start_with(3000.0).await;
    let state = state();
    let variables = counting_since(minutes(2), &mut operation, state.path());
    let exporter = Exporter::serve(&variables).await;
    exporter.settle(&operation, &mut Exposition::default()).await;
    exporter.kill().await;
    (operation, state, variables)
}

/// A start that is refused: its status and what it says.
async fn refused(variables: &Variables) -> (Option<i32>, String) {
    let (status, _, error) = finish(command::<[&str; 0], _>([], variables)).await;
    (status.code(), error)
}

fn file(state: &TempDir) -> PathBuf {
    state.path().join("ventas.state")
}

fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_damaged_state_is_put_aside_logged_and_counting_goes_on_by_the_first_start_rule() {
    let (_operation, state, _) = counted().await;
    let whole = std::fs::read(file(&state)).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 0x10;
    for damaged in [&whole[..whole.len() - 100], &flipped] {
        std::fs::write(file(&state), damaged).unwrap();
        let mut fresh = Placed::start_with(3000.0).await;
        let variables = counting_since(minutes(1), &mut fresh, state.path());
        let began = count_from(&variables);
        fresh.place_uncounted(began - minutes(2), began - seconds(5));
        let exporter = Exporter::serve(&variables).await;
        exporter.settle(&fresh, &mut Exposition::default()).await;
        assert!(remembered(&exporter) > 50, "what closed before was seen");
        assert_put_aside(&exporter, &state, damaged).await;
        exporter.kill().await;
    }
}

#[tokio::test]
async fn after_a_damaged_state_without_count_from_only_what_closes_from_then_on_counts() {
    let (_operation, state, _) = counted().await;
    std::fs::write(file(&state), "damaged").unwrap();
    let mut fresh = Placed::start().await;
    fresh.place_uncounted(now() - minutes(2), now() - seconds(1));
    let exporter = Exporter::serve(&variables(&fresh, state.path())).await;
    let mut newest = Exposition::default();
    exporter
        .scrape_until("a poll", &mut newest, |page| page.up() == Some(true))
        .await;
    fresh.place(now() + seconds(1), now() + seconds(5));
    exporter.settle(&fresh, &mut newest).await;
    assert!(!fresh.expected().is_empty());
    assert!(remembered(&exporter) > 50, "what closed before was seen");
    assert_put_aside(&exporter, &state, b"damaged").await;
}

/// The damaged state is kept under another name, which the log names. Puts it out of the way.
async fn assert_put_aside(exporter: &Exporter, state: &TempDir, damaged: &[u8]) {
    let page = exporter
        .scrape_until("the recovery", &mut Exposition::default(), |page| {
            page.sum("wolkvox_state_recoveries_total") > 0.5
        })
        .await;
    assert_eq!(page.sum("wolkvox_state_recoveries_total"), 1.0);
    let log = exporter.log.text();
    let reported = log.lines().find(|line| line.contains(" ERROR "));
    let reported = reported.expect("a line in the log");
    let aside = names(state.path());
    let aside = aside.iter().find(|name| name.contains("damaged"));
    let aside = aside.expect("it is kept");
    assert!(
        reported.contains(aside.as_str()) && reported.contains("is damaged"),
        "{reported}"
    );
    assert_eq!(std::fs::read(state.path().join(aside)).unwrap(), damaged);
    std::fs::remove_file(state.path().join(aside)).unwrap();
}

#[tokio::test]
async fn a_state_of_a_newer_version_is_refused_and_left_alone() {
    let (_operation, state, variables) = counted().await;
    let newer = String::from_utf8(std::fs::read(file(&state)).unwrap())
        .unwrap()
        .replacen(" v1 ", " v2 ", 1);
    std::fs::write(file(&state), &newer).unwrap();
    let (status, error) = refused(&variables).await;
    assert_eq!(status, Some(1));
    assert!(
        error.contains("newer exporter") && error.contains("ventas.state"),
        "{error}"
    );
    assert_eq!(std::fs::read_to_string(file(&state)).unwrap(), newer);
}

#[tokio::test]
async fn another_host_or_agent_is_refused_until_it_is_adopted() {
    let (mut operation, _state, variables) = counted().await;
    // The same operation at another address.
    operation.go_down().await;
    operation.come_up_elsewhere().await;
    let moved = with(variables, "BASE_URL", &operation.base_url());
    let (status, error) = refused(&moved).await;
    assert_eq!(status, Some(1));
    assert!(
        error.contains("--adopt-state") && error.contains("ventas.state"),
        "{error}"
    );

    let exporter = Exporter::start(["serve", "--adopt-state"], &moved).await;
    operation.place_until(now());
    let mut newest = Exposition::default();
    exporter.settle(&operation, &mut newest).await;
    exporter.kill().await;
    // Once is enough.
    let exporter = Exporter::serve(&moved).await;
    exporter.settle(&operation, &mut newest).await;
    exporter.kill().await;

    let (status, error) = refused(&with(moved, "AGENT_DNI", "52123456")).await;
    assert_eq!(status, Some(1));
    assert!(
        error.contains("WOLKVOX_AGENT_DNI") && error.contains("--adopt-state"),
        "{error}"
    );
    assert!(!error.contains("52123456"), "{error}");
}

#[tokio::test]
async fn another_operation_is_a_first_start_beside_and_a_renamed_file_keeps_its_totals() {
    let (operation, state, variables) = counted().await;
    let other = with(variables, "OPERATION", "soporte");
    // By the rule of a first start: nothing that closed before counts.
    let other = with(other, "COUNT_FROM", &now().to_rfc3339());
    let exporter = Exporter::serve(&other).await;
    let page = exporter
        .scrape_until("a poll", &mut Exposition::default(), |page| {
            page.sum("wolkvox_up") > 0.5
        })
        .await;
    assert_eq!(page.sum("wolkvox_chats_total"), 0.0);
    exporter.kill().await;
    for name in ["ventas.state", "soporte.state"] {
        assert!(names(state.path()).contains(&name.to_owned()));
    }
    std::fs::rename(file(&state), state.path().join("soporte.state")).unwrap();
    let exporter = Exporter::serve(&other).await;
    let page = exporter.scrape().await;
    assert_eq!(
        page.sum("wolkvox_chats_total"),
        operation.truth().all.chats as f64
    );
}

#[tokio::test]
async fn count_from_is_ignored_once_there_is_a_state() {
    let (mut operation, _state, variables) = counted().await;
    // Closed before the counting began, and never seen yet: rows that come late.
    let began = count_from(&variables);
    let (from, to) = (began - seconds(40), began - seconds(5));
    operation.place_uncounted(from, to);
    let early = operation.handle().truth(from, to).len();
    assert!(early > 10, "{early}");
    let restart = |count_from: DateTime<Utc>| with(variables.clone(), "COUNT_FROM", &count_from.to_rfc3339());

    let exporter = Exporter::serve(&restart(now() - minutes(60 * 24))).await;
    let mut newest = Exposition::default();
    exporter.settle(&operation, &mut newest).await;
    let sweeps = || exporter.log.text().matches("sweep: ").count();
    let later = sweeps() + 2;
    exporter
        .scrape_until("two more sweeps", &mut newest, |_| sweeps() >= later)
        .await;
    exporter.settle(&operation, &mut newest).await;
    assert_eq!(remembered(&exporter), early, "they were seen, and did not count");
    exporter.kill().await;

    operation.place_until(now() - seconds(1));
    let exporter = Exporter::serve(&restart(now())).await;
    exporter.settle(&operation, &mut newest).await;
}

/// How many chats were seen that closed before the counting began.
fn remembered(exporter: &Exporter) -> usize {
    let log = exporter.log.text();
    let numbers = log.split(" remembered=").skip(1);
    numbers
        .map(|rest| rest.split(' ').next().unwrap().parse::<usize>().unwrap())
        .sum()
}

#[tokio::test]
async fn a_second_exporter_on_the_same_state_says_who_holds_it() {
    let operation = Placed::start().await;
    let state = state();
    let variables = variables(&operation, state.path());
    let first = Exporter::serve(&variables).await;
    let (status, _, error) = finish(command::<[&str; 0], _>([], &variables)).await;
    assert_eq!(status.code(), Some(1));
    let holder = format!("another exporter (process {})", first.pid());
    assert!(error.contains(&holder), "{error}");
    assert!(error.contains("WOLKVOX_STATE_DIR"), "{error}");
    // The first one goes on.
    assert_eq!(first.get("/-/healthy").await.0, 200);
}
