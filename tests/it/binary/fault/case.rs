//! A lasting fault, and what must be so while it lasts and afterwards.

use chrono::{DateTime, Utc};
use simulator::{Fault, SimulatedChat};
use tokio::task::JoinSet;

use crate::support::exposition::Exposition;
use crate::support::operation::OPERATION;
use crate::support::placed::{Placed, minutes, now, seconds};
use crate::support::process::{Exporter, Variables, counting_since, state, with};

/// How often a lasting failure is logged.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Logged {
    AtEachPoll,
    Once,
}

/// A fault, and what is to come of it.
pub(super) struct Case {
    pub(super) name: &'static str,
    /// `None`: nothing listens.
    pub(super) fault: Option<Fault>,
    /// The label `reason` of the failed polls.
    pub(super) reason: &'static str,
    /// Another reason where a chunk has no chats: an empty window is a 404, which only its text distinguishes.
    pub(super) where_empty: Option<&'static str>,
    /// The label `code` of the requests.
    pub(super) code: &'static str,
    /// Part of each line in the log with this reason.
    pub(super) says: &'static str,
    pub(super) logged: Logged,
}

pub(super) fn case(
    name: &'static str,
    fault: Fault,
    reason: &'static str,
    code: &'static str,
    says: &'static str,
) -> Case {
    Case {
        name,
        fault: Some(fault),
        reason,
        where_empty: None,
        code,
        says,
        logged: Logged::AtEachPoll,
    }
}

/// A chat of a few seconds: where it was opened and where it was closed is the same place of the report.
pub(super) fn brief(conn_id: &str, closed: DateTime<Utc>) -> SimulatedChat {
    SimulatedChat::new(conn_id, closed - seconds(3), closed)
}

/// Variables of an exporter that counts what closed in the last two minutes, and the operation's chats of that time. One
/// of them was just opened and closed: an answer that hides it is known to be wrong.
pub(super) async fn set_up(state: &tempfile::TempDir) -> (Placed, Variables) {
    let mut operation = Placed::start_with(3000.0).await;
    let variables = counting_since(minutes(2), &mut operation, state.path());
    operation.place_chat(brief("known", now() - seconds(1)));
    // All of that time, and more: however slow the machine is, what a fault hides is asked for.
    (operation, with(variables, "WINDOW", "4m"))
}

/// Meets the faults, with a few exporters at the same time: they mostly wait. Their requests may take so long.
pub(super) async fn endure(request_timeout: &'static str, mut cases: Vec<Case>) {
    let mut exporters = JoinSet::new();
    while !cases.is_empty() {
        let few = cases.split_off(cases.len().saturating_sub(4));
        exporters.spawn(meet_all(request_timeout, few));
    }
    while let Some(met) = exporters.join_next().await {
        met.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
    }
}

/// Meets one fault after the other with one exporter.
async fn meet_all(request_timeout: &str, cases: Vec<Case>) {
    let state = state();
    let (mut operation, variables) = set_up(&state).await;
    let exporter = Exporter::serve(&with(variables, "REQUEST_TIMEOUT", request_timeout)).await;
    let mut newest = Exposition::default();
    exporter.settle(&operation, &mut newest).await;
    for case in cases {
        meet(&case, &mut operation, &exporter, &mut newest).await;
    }
}

async fn meet(case: &Case, operation: &mut Placed, exporter: &Exporter, newest: &mut Exposition) {
    let Case {
        name, reason, code, ..
    } = *case;
    let before = newest.clone();
    let logged = exporter.log.text().len();
    match &case.fault {
        Some(fault) => operation.handle().always(Some(fault.clone())),
        None => operation.go_down().await,
    }
    let failures = |page: &Exposition| page.sum("wolkvox_poll_failures_total");
    let failing = |times: f64| {
        let until = failures(&before) + times;
        move |page: &Exposition| failures(page) >= until
    };
    // Chats come after the first failure: what a poll read that was on its way would be no proof.
    let during = exporter.scrape_until(name, newest, failing(1.0)).await;
    operation.place_until(now());
    let failed = exporter.scrape_until(name, newest, failing(3.0)).await;
    let totals = |page: &Exposition| page.totals().map(|(s, v)| (s.to_owned(), v)).collect::<Vec<_>>();
    assert_eq!(totals(&failed), totals(&during), "{name}: counted");
    assert_eq!(failed.up(), Some(false), "{name}");
    assert!(
        failed.failures(reason) > before.failures(reason),
        "{name}: {}",
        exporter.log.text()
    );
    assert!(
        requests(&failed, code) > requests(&before, code),
        "{name}: requests with code {code}"
    );

    match &case.fault {
        Some(_) => operation.handle().always(None),
        None => operation.come_up().await,
    }
    let after = exporter.settle(operation, newest).await;
    let failed = |reason: &str| after.failures(reason) - before.failures(reason);
    let failed = failed(reason) + case.where_empty.map_or(0.0, failed);
    let log = &exporter.log.text()[logged..];
    assert_eq!(
        failures(&after) - failures(&before),
        failed,
        "{name}: another reason\n{log}"
    );
    assert_logged(case, log, failed as usize);
}

/// Requests whose answer had this code.
pub(super) fn requests(page: &Exposition, code: &str) -> f64 {
    let series = format!("wolkvox_api_requests_total{{code=\"{code}\",operation=\"{OPERATION}\"}}");
    page.get(&series).unwrap_or_default()
}

/// Each failed poll has one line that says why, and nothing else is a warning.
fn assert_logged(case: &Case, log: &str, failed: usize) {
    let name = case.name;
    let warnings: Vec<_> = log
        .lines()
        .filter(|line| line.contains(" WARN ") || line.contains(" ERROR "))
        .collect();
    let expected = if case.logged == Logged::Once { 1 } else { failed };
    assert_eq!(warnings.len(), expected, "{name}:\n{log}");
    let has = |warning: &str, reason: &str| warning.contains(&format!("reason=\"{reason}\""));
    for warning in warnings {
        // A sweep may have been under way.
        let is_reported = warning.contains("poll failed: ") || warning.contains("sweep failed: ");
        assert!(is_reported, "{name}: {warning}");
        let says_where = warning.contains(&format!("cycle{{operation=\"{OPERATION}\" cycle="));
        assert!(says_where, "{name}: {warning}");
        let is_expected = has(warning, case.reason) && warning.contains(case.says);
        let is_of_empty = case.where_empty.is_some_and(|reason| has(warning, reason));
        assert!(is_expected || is_of_empty, "{name}: {warning}");
    }
}
