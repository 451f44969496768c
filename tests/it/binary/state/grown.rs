//! What the state of a version that had less, more, or other parts does to the built binary.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::file;
use super::released::variables;
use crate::support::exposition::Exposition;
use crate::support::process::{Exporter, command, finish, state};

/// The body of the oldest state.
fn body() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixture/state/v0.1.0.state");
    let text = std::fs::read_to_string(path).unwrap();
    serde_json::from_str(text.split_once('\n').unwrap().1).unwrap()
}

/// What it showed.
fn shown() -> Exposition {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixture/state/v0.1.0.txt");
    let text = std::fs::read_to_string(path).unwrap();
    Exposition::parse(text.split_once('\n').unwrap().1)
}

/// A state directory with a state of a version that has this body.
fn stored(version: &str, body: &Value) -> TempDir {
    let body = body.to_string();
    let checksum = crc32fast::hash(body.as_bytes());
    let head = format!(
        "wolkvox-exporter-state v{version} crc32={checksum:08x} bytes={}",
        body.len()
    );
    let state = state();
    std::fs::write(file(&state), format!("{head}\n{body}\n")).unwrap();
    state
}

/// The totals of each label set of a table, as the first version wrote them.
fn values<'a>(
    body: &'a mut Value,
    table: &str,
) -> impl Iterator<Item = &'a mut serde_json::Map<String, Value>> {
    let sets = body["ledger"]["totals"][table].as_array_mut().unwrap();
    sets.iter_mut()
        .map(|pair| pair[1]["value"].as_object_mut().unwrap())
}

/// All totals are as they were, but for those of one family, if any, which are 0.
fn assert_goes_on(page: &Exposition, anew: Option<&str>) {
    let shown = shown();
    let mut begun = 0;
    for (series, value) in shown.totals() {
        let is_anew = anew.is_some_and(|family| series.starts_with(family));
        begun += usize::from(is_anew);
        let expected = if is_anew { 0.0 } else { value };
        assert_eq!(page.get(series), Some(expected), "{series}");
    }
    assert_eq!(begun > 0, anew.is_some());
    assert_eq!(page.sum("wolkvox_state_recoveries_total"), 0.0);
}

fn warnings(exporter: &Exporter, part: &str) -> usize {
    let log = exporter.log.text();
    log.lines()
        .filter(|line| line.contains(" WARN ") && line.contains(part))
        .count()
}

#[tokio::test]
async fn a_measure_that_a_state_lacks_starts_at_0_and_the_rest_goes_on() {
    let mut body = body();
    body["bounds"].as_object_mut().unwrap().remove("duration");
    for value in values(&mut body, "chats") {
        value.remove("duration").unwrap();
    }
    let state = stored("1", &body);
    let family = "wolkvox_chat_duration_seconds";
    for reported in [1, 0] {
        let exporter = Exporter::serve(&variables(state.path())).await;
        assert_goes_on(&exporter.scrape().await, Some(family));
        assert_eq!(
            warnings(&exporter, family),
            reported,
            "once, at the start that finds it"
        );
        exporter.kill().await;
    }
}

#[tokio::test]
async fn what_a_later_minor_version_had_more_is_logged_and_dropped_and_the_totals_go_on() {
    let mut body = body();
    body["bounds"]["hold"] = json!([1000, 2000]);
    body["ledger"]["totals"]["surveys"] =
        json!([[{"kind": "both"}, {"created_ms": 1, "touched_ms": 1, "chats": 9}]]);
    for value in values(&mut body, "chats") {
        value.insert("hold".to_owned(), json!({"buckets": [0, 1, 2], "sum_ms": 99}));
    }
    let state = stored("1.4", &body);
    for reported in [1, 0] {
        let exporter = Exporter::serve(&variables(state.path())).await;
        assert_goes_on(&exporter.scrape().await, None);
        let parts = "ledger.totals.chats.value.hold, ledger.totals.surveys";
        assert_eq!(warnings(&exporter, parts), reported);
        exporter.kill().await;
    }
    let text = std::fs::read_to_string(file(&state)).unwrap();
    assert!(!text.contains("hold") && !text.contains("surveys"));
}

#[tokio::test]
async fn a_later_major_version_is_refused_and_left_alone() {
    let state = stored("2.1", &body());
    let before = std::fs::read(file(&state)).unwrap();
    let (status, _, error) = finish(command::<[&str; 0], _>([], &variables(state.path()))).await;
    assert_eq!(status.code(), Some(1));
    for part in ["newer exporter", "version 2.1", "ventas.state"] {
        assert!(error.contains(part), "{part}: {error}");
    }
    assert_eq!(std::fs::read(file(&state)).unwrap(), before);
}
