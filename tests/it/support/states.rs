//! States in files and in PostgreSQL, and the command that moves them.

#![allow(clippy::unwrap_used, clippy::expect_used)] // In helpers too: a test that can't go on fails.

use std::path::Path;

use serde_json::Value;

use super::fleet::Fleet;
use super::postgres::{OWNER, Postgres};
use super::process::{Variables, command, finish, with};

/// Where Prometheus would reach them.
pub(crate) const ADVERTISED: &str = "replica.example:10555";

/// A command that ended: its status, what it printed and what it said.
pub(crate) struct Ended {
    pub(crate) status: Option<i32>,
    pub(crate) printed: String,
    pub(crate) said: String,
}

impl Ended {
    /// What it printed, where it ended well.
    pub(crate) fn well(self) -> String {
        assert_eq!(self.status, Some(0), "{}", self.said);
        self.printed
    }

    /// What it said, where it could not do what was asked for.
    pub(crate) fn failed(self) -> String {
        assert_eq!(self.status, Some(1), "{}{}", self.printed, self.said);
        self.said
    }
}

/// `wolkvox-exporter state …` with these variables and no others.
pub(crate) async fn state_with(variables: &Variables, arguments: &[&str]) -> Ended {
    let arguments = [&["state"], arguments].concat();
    let (status, printed, said) = finish(command(&arguments, variables)).await;
    for text in [&printed, &said] {
        assert!(!text.contains("password-of-"), "a password is shown: {text}");
    }
    Ended {
        status: status.code(),
        printed,
        said,
    }
}

/// The same without any variables.
pub(crate) async fn state(arguments: &[&str]) -> Ended {
    state_with(&Variables::new(), arguments).await
}

/// Moves states.
pub(crate) async fn copy(from: &str, to: &str, names: &[&str]) -> Ended {
    let arguments = ["copy", "--from", from, "--to", to];
    state(&[&arguments, names].concat()).await
}

/// What `state show` tells of each operation at a place, by its name.
pub(crate) async fn shown(place: &str) -> serde_json::Map<String, Value> {
    let text = state(&["show", "--from", place, "--format", "json"]).await.well();
    let lines: Vec<Value> = serde_json::from_str(&text).unwrap();
    let by_name = lines.into_iter().map(|line| {
        let name = line["operation"].as_str().unwrap().to_owned();
        (name, line)
    });
    by_name.collect()
}

/// The variables of exporters that keep their states in a database, with leases of a few seconds.
pub(crate) fn in_database(variables: &Variables, url: &str) -> Variables {
    let mut variables = with(variables.clone(), "STATE_URL", url);
    variables.remove("WOLKVOX_STATE_DIR");
    variables = with(variables, "ADVERTISE_ADDRESS", ADVERTISED);
    with(variables, "STATE_LEASE", "3s")
}

/// Operations, a directory and a database for their states.
pub(crate) struct Places {
    pub(crate) fleet: Fleet,
    pub(crate) server: Postgres,
}

impl Places {
    pub(crate) async fn of(names: &[&str]) -> Places {
        Places {
            fleet: Fleet::of(names).await,
            server: Postgres::start().await,
        }
    }

    /// The directory.
    pub(crate) fn files(&self) -> String {
        path(&self.fleet.state())
    }

    /// The database.
    pub(crate) fn url(&self) -> String {
        self.server.url(OWNER)
    }

    /// Of exporters whose states are in files.
    pub(crate) fn on_files(&self) -> Variables {
        self.fleet.variables()
    }

    /// Of exporters whose states are in the database.
    pub(crate) fn on_database(&self) -> Variables {
        in_database(&self.fleet.variables(), &self.url())
    }
}

pub(crate) fn path(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}
