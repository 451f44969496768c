//! How the exporter and its operations are doing at one moment: what `/api/v1/status` answers, and what the status page draws.
//! Its fields are described by docs/status.schema.json, which is made from them.

mod operation;
mod verdict;
mod words;

use std::sync::Arc;

use chrono::{DateTime, SubsecRound as _, Utc};
use serde::Serialize;

use super::status::{Readiness, Status};
pub(super) use operation::{Operation, Polling, RecentPoll, SettingsOverview};
pub(super) use verdict::{State, Verdict};
pub(super) use words::span;

/// How an exporter and its operations are doing. All times are UTC.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Overview {
    /// How it is on the whole.
    pub verdict: Verdict,
    /// When this was put together.
    pub at: DateTime<Utc>,
    /// The exporter's version.
    pub version: String,
    /// Whether `/-/ready` answers 200.
    pub is_ready: bool,
    /// What is wrong with the exporter itself: a sentence each, with the way out.
    pub problems: Vec<String>,
    /// What works, and was probably not meant with settings of all operations: a sentence each.
    pub warnings: Vec<String>,
    /// Seconds after which it is worth while to ask again.
    pub refresh_seconds: u64,
    /// The operations, those that are worst first.
    pub operations: Vec<Operation>,
}

/// What is known besides of the exporter.
pub(super) struct Exporter<'a> {
    pub(super) now: DateTime<Utc>,
    pub(super) readiness: Readiness,
    /// What is wrong with it: a sentence each, with the way out.
    pub(super) problems: Vec<String>,
    /// What its settings warn of: a sentence each.
    pub(super) warnings: Vec<String>,
    /// Where the boards are.
    pub(super) grafana_url: Option<&'a str>,
    /// Where the replica is reached that polls an operation.
    pub(super) elsewhere: &'a dyn Fn(&str) -> Option<String>,
}

impl Overview {
    /// That of these operations.
    pub(super) fn of(statuses: &[Arc<Status>], exporter: Exporter<'_>) -> Self {
        let mut operations: Vec<_> = statuses
            .iter()
            .map(|status| Operation::of(status, &exporter))
            .collect();
        operations.sort_by(|one, other| {
            let worst_first = other.verdict.state.cmp(&one.verdict.state);
            worst_first.then_with(|| one.operation.cmp(&other.operation))
        });
        Self {
            verdict: verdict::of_all(&operations, &exporter.problems),
            at: exporter.now.trunc_subsecs(0),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            is_ready: exporter.readiness == Readiness::Ready,
            refresh_seconds: refresh_seconds(&operations),
            problems: exporter.problems,
            warnings: exporter.warnings,
            operations,
        }
    }
}

/// A fifth of the shortest time between two polls: ages stay right, and nobody waits long for what a poll brings.
fn refresh_seconds(operations: &[Operation]) -> u64 {
    let intervals = operations
        .iter()
        .filter_map(|operation| Some(operation.polling.as_ref()?.interval_seconds));
    (intervals.min().unwrap_or(u64::MAX) / 5).clamp(5, 60)
}

#[cfg(test)]
mod tests;
