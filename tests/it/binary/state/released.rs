//! What earlier versions wrote.

use std::collections::BTreeSet;
use std::path::Path;
use wolkvox_exporter::chats::Totals;

use wolkvox_exporter::ledger::FileStore;

use super::{file, names};
use crate::support::exposition::Exposition;
use crate::support::process::{Exporter, Variables, state, with};

/// The versions that the list of changes names, `v0.1.0`.
fn versions(root: &Path) -> BTreeSet<String> {
    let changes = std::fs::read_to_string(root.join("CHANGELOG.md")).unwrap();
    let headings = changes.lines().filter_map(|line| line.strip_prefix("## "));
    headings
        .map(|heading| format!("v{}", heading.split(' ').next().unwrap()))
        .collect()
}

/// How far the state in a directory has come.
fn progress(directory: &Path) -> String {
    let (_, ledger) = FileStore::look::<Totals>(directory, "ventas")
        .unwrap()
        .expect("a state");
    format!(
        "# polled up to {}, swept up to {}, {} chats remembered",
        ledger.cursors.poll.format("%FT%TZ"),
        ledger.cursors.sweep.format("%FT%TZ"),
        ledger.seen.len()
    )
}

/// Each is what a version wrote, with how far it had come and what it showed (not all buckets).
#[tokio::test]
async fn a_state_file_of_every_released_version_loads() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let directory = root.join("tests/it/fixture/state");
    let files = names(&directory);
    let stored: BTreeSet<_> = files
        .iter()
        .filter_map(|name| Some(name.strip_suffix(".state")?.to_owned()))
        .collect();
    assert_eq!(stored, versions(root), "a state of each version in CHANGELOG.md");
    for version in stored {
        let state = state();
        std::fs::copy(directory.join(format!("{version}.state")), file(&state)).unwrap();
        let text = std::fs::read_to_string(directory.join(format!("{version}.txt"))).unwrap();
        assert_eq!(
            Some(progress(state.path()).as_str()),
            text.lines().next(),
            "{version}"
        );

        let page = Exporter::serve(&variables(state.path())).await.scrape().await;
        let (_, samples) = text.split_once('\n').unwrap();
        let shown = Exposition::parse(samples);
        assert!(shown.totals().count() > 100);
        for (series, value) in shown.totals() {
            assert_eq!(page.get(series), Some(value), "{version}: {series}");
        }
        assert_eq!(page.sum("wolkvox_state_recoveries_total"), 0.0);
        // Written anew at the start.
        assert_eq!(
            Some(progress(state.path()).as_str()),
            text.lines().next(),
            "{version}"
        );
    }
}

/// Nothing listens there: what is shown is what was stored.
pub(super) fn variables(state: &Path) -> Variables {
    let mut variables = Variables::new();
    for (name, value) in [
        ("BASE_URL", "http://127.0.0.1:1"),
        ("TOKEN", "not+asked/for=anything"),
        ("OPERATION", "ventas"),
        ("AGENTS", "names"),
        ("LISTEN_ADDRESS", "127.0.0.1:0"),
        ("STATE_DIR", state.to_str().unwrap()),
    ] {
        variables = with(variables, name, value);
    }
    variables
}
