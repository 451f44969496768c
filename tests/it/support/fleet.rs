//! Several simulated operations, and the operations file that leads the program to them.

#![allow(clippy::unwrap_used, clippy::expect_used)] // In helpers too: a test that can't go on fails.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use tempfile::TempDir;

use super::exposition::Exposition;
use super::operation::OPERATION;
use super::placed::{Placed, minutes, now, seconds};
use super::process::{Exporter, Variables, wait_for, with_all};

pub(crate) struct Fleet {
    place: TempDir,
    count_from: DateTime<Utc>,
    pub(crate) operations: BTreeMap<String, Placed>,
}

impl Fleet {
    /// Operations of these names, each with a server of its own and chats of the last two minutes, and the file.
    pub(crate) async fn of(names: &[&str]) -> Fleet {
        let mut fleet = Fleet {
            place: tempfile::tempdir().unwrap(),
            count_from: now() - minutes(2),
            operations: BTreeMap::new(),
        };
        for name in names {
            fleet.add(name).await;
        }
        fleet.write_all();
        fleet
    }

    /// One more operation, which the file does not have yet.
    pub(crate) async fn add(&mut self, name: &str) {
        let mut operation = Placed::start_with(2000.0).await;
        operation.place(self.count_from + seconds(5), now() - seconds(1));
        self.operations.insert(name.to_owned(), operation);
    }

    /// The table of an operation.
    pub(crate) fn table(&self, name: &str) -> String {
        self.table_as(name, name)
    }

    /// The table of an operation under another name.
    pub(crate) fn table_as(&self, name: &str, other: &str) -> String {
        let operation = &self.operations[name];
        format!(
            "[[operation]]\nname = \"{other}\"\nbase_url = \"{}\"\ntoken = \"{}\"\n",
            operation.base_url(),
            operation.token()
        )
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.place.path().join("operations.toml")
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.place.path().join("state")
    }

    /// Writes the file anew. A reload may be reading: it must see the one or the other, whole.
    pub(crate) fn write(&self, text: &str) {
        let aside = self.file().with_extension("new");
        fs::write(&aside, text).unwrap();
        fs::rename(&aside, self.file()).unwrap();
    }

    /// Writes the file with all operations.
    pub(crate) fn write_all(&self) {
        self.write(&self.tables());
    }

    pub(crate) fn tables(&self) -> String {
        self.operations.keys().map(|name| self.table(name)).collect()
    }

    pub(crate) fn variables(&self) -> Variables {
        with_all(
            Variables::new(),
            &[
                ("WOLKVOX_OPERATIONS_FILE", self.file().to_str().unwrap()),
                ("WOLKVOX_STATE_DIR", self.state().to_str().unwrap()),
                ("WOLKVOX_LISTEN_ADDRESS", "127.0.0.1:0"),
                ("WOLKVOX_POLL_INTERVAL", "1s"),
                ("WOLKVOX_WINDOW", "1m"),
                ("WOLKVOX_SWEEP_INTERVAL", "2s"),
                ("WOLKVOX_SWEEP_LOOKBACK", "5m"),
                ("WOLKVOX_COUNT_FROM", &self.count_from.to_rfc3339()),
            ],
        )
    }

    /// Scrapes until all chats of an operation are counted and shown, and compares them with the truth.
    pub(crate) async fn settle(&self, exporter: &Exporter, name: &str) {
        let operation = &self.operations[name];
        wait_for("all chats", || async {
            let page = exporter.scrape().await.of(name);
            (page.up() == Some(true) && operation.is_counted(&page)).then_some(())
        })
        .await;
        // What was new is 0 for an interval.
        let polls = exporter.polls(name).await;
        exporter.polls_beyond(name, polls + 3.0).await;
        operation.assert_counted(&exporter.scrape().await.of(name));
    }

    pub(crate) async fn settle_all(&self, exporter: &Exporter) {
        for name in self.operations.keys() {
            self.settle(exporter, name).await;
        }
    }
}

impl Exporter {
    /// The cycles of an operation since its poller began.
    pub(crate) async fn polls(&self, name: &str) -> f64 {
        self.scrape().await.of(name).sum("wolkvox_polls_total")
    }

    /// Waits until an operation has had more cycles than so many.
    pub(crate) async fn polls_beyond(&self, name: &str, polls: f64) {
        wait_for("more cycles", || async {
            (self.polls(name).await > polls).then_some(())
        })
        .await;
    }
}

impl Exposition {
    /// The series of each operation, as [`of`](Exposition::of) gives them.
    pub(crate) fn by_operation(&self) -> BTreeMap<String, Exposition> {
        const LABEL: &str = "operation=\"";
        let mut pages: BTreeMap<String, Exposition> = BTreeMap::new();
        for (series, value) in &self.0 {
            let Some((before, (name, after))) = series
                .split_once(LABEL)
                .and_then(|(before, rest)| Some((before, rest.split_once('"')?)))
            else {
                continue;
            };
            let series = format!("{before}{LABEL}{OPERATION}\"{after}");
            pages.entry(name.to_owned()).or_default().0.insert(series, *value);
        }
        pages
    }

    /// The series of one operation, as if it were the one that other helpers know.
    pub(crate) fn of(&self, name: &str) -> Exposition {
        let (this, known) = (
            format!("operation=\"{name}\""),
            format!("operation=\"{OPERATION}\""),
        );
        let of_it = self.0.iter().filter(|(series, _)| series.contains(&this));
        Exposition(
            of_it
                .map(|(series, value)| (series.replace(&this, &known), *value))
                .collect(),
        )
    }
}
