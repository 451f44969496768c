//! Whether an operation, and all of them, are well; if not, why, in plain words with the way out.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::operation::Operation;
use super::words::span;
use crate::http::status::{Failing, NotHeld, Slowdown, Status};
use crate::words::count;

/// So many operations are named in a sentence.
const MOST_NAMED: usize = 3;

/// How an operation is, from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(in crate::http) enum State {
    /// Another replica polls it, and shows how it is.
    Elsewhere,
    /// It is polled, and its data is new.
    Well,
    /// Its first poll since the start has not ended yet.
    Starting,
    /// Its data is new, and somebody should have a look.
    Warning,
    /// Its data is old, or it is not polled.
    Failing,
}

/// How it is, in one word and in some more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::http) struct Verdict {
    /// In one word.
    pub state: State,
    /// In a sentence, for people: `Data is 13 minutes old, 3 polls failed`.
    pub text: String,
    /// Why it is so, with the way out; null where all is well.
    pub why: Option<String>,
}

impl Verdict {
    fn new(state: State, text: impl Into<String>, why: Option<String>) -> Self {
        let text = text.into();
        Self { state, text, why }
    }

    fn well() -> Self {
        Self::new(State::Well, "All is well", None)
    }
}

/// How an operation is. `polled_at` is where the replica is reached that polls it, where that is another one.
pub(super) fn of(status: &Status, polled_at: Option<&str>, now: DateTime<Utc>) -> Verdict {
    match &status.not_held {
        Some(NotHeld::StandsStill(why)) => {
            let text = "It stands still: it is not polled";
            Verdict::new(State::Failing, text, Some(why.clone()))
        }
        Some(NotHeld::Elsewhere) => elsewhere(polled_at),
        None => polled(status, now),
    }
}

fn elsewhere(polled_at: Option<&str>) -> Verdict {
    match polled_at {
        Some(url) => Verdict::new(
            State::Elsewhere,
            format!("Polled by the replica at {url}"),
            None,
        ),
        None => Verdict::new(
            State::Warning,
            "Polled by no replica at the moment",
            Some("No replica holds it, or PostgreSQL can't be read: the log tells. A replica takes it over by itself once it can".to_owned()),
        ),
    }
}

fn polled(status: &Status, now: DateTime<Utc>) -> Verdict {
    let Some(newest) = status.newest_data() else {
        return match status.polls.failing() {
            Some(failing) => Verdict::new(
                State::Failing,
                format!("Nothing was read yet, {} failed", count(failing.polls, "poll")),
                failure(status),
            ),
            None => Verdict::new(
                State::Starting,
                "Starting: the first poll has not ended yet",
                None,
            ),
        };
    };
    let age = (now - newest).max(TimeDelta::zero());
    let is_old = age > status.interval() * 2;
    match status.polls.failing() {
        Some(failing) => failed(status, failing, age, is_old),
        None if is_old && status.polls.last().is_none() => Verdict::new(
            State::Starting,
            format!("Starting: data is {} old", span(age)),
            Some(
                "The first poll since the start has not ended yet. It covers the time since then".to_owned(),
            ),
        ),
        None if is_old => Verdict::new(
            State::Failing,
            format!("Data is {} old", span(age)),
            Some(late(status, now)),
        ),
        None => remarks(status),
    }
}

fn failed(status: &Status, failing: Failing, age: TimeDelta, is_old: bool) -> Verdict {
    let state = if is_old { State::Failing } else { State::Warning };
    let polls = count(failing.polls, "poll");
    let text = format!("Data is {} old, {polls} failed", span(age));
    Verdict::new(state, text, failure(status))
}

/// What the last poll failed of.
fn failure(status: &Status) -> Option<String> {
    status.polls.last().map(|poll| sentence(&poll.outcome))
}

/// Why no poll has ended for so long, though none has failed.
fn late(status: &Status, now: DateTime<Utc>) -> String {
    match status.pause.filter(|pause| pause.until > now) {
        Some(pause) => format!(
            "No call for another {}: {}",
            span(pause.until - now),
            pause.words()
        ),
        None if status.next_poll.is_some_and(|due| due <= now) => {
            "A poll is under way and takes long: Wolkvox is slow, or much has to be caught up. The log tells when it has ended".to_owned()
        }
        None => "The next poll is late: the machine may have been asleep. It covers all of the time".to_owned(),
    }
}

/// What somebody should look at, although the data is new.
fn remarks(status: &Status) -> Verdict {
    let mut remarks = [slowdown(status), skipped(status), limited(status)]
        .into_iter()
        .flatten();
    match remarks.next() {
        Some((text, why)) => Verdict::new(State::Warning, text, Some(why)),
        None => Verdict::well(),
    }
}

/// What is left out so that the day's calls last.
fn slowdown(status: &Status) -> Option<(String, String)> {
    let pace = status.pace?;
    let what = match pace.slowdown {
        Slowdown::None => return None,
        Slowdown::NoSweeps => "no sweeps".to_owned(),
        Slowdown::LongerInterval => {
            let interval = TimeDelta::from_std(pace.interval).unwrap_or_default();
            format!("no sweeps, and {} between two polls", span(interval))
        }
    };
    let why = "The calls that are left today (the daily limit less the reserve) would not last. As configured again from the operation's midnight on";
    Some((format!("Slowed down: {what}"), why.to_owned()))
}

/// What polls leave out of the report.
fn skipped(status: &Status) -> Option<(String, String)> {
    let seconds = status.seconds_skipped;
    (seconds > 0).then(|| {
        (
            format!("{} of the report passed over", count(seconds, "second")),
            "Wolkvox' answer for this time can't be read. Chats that closed in it are missing until a sweep reads them".to_owned(),
        )
    })
}

/// What has no series of its own.
fn limited(status: &Status) -> Option<(String, String)> {
    let chats = status.series.limited;
    (chats > 0).then(|| {
        (
            format!("{} counted as \"other\"", count(chats, "chat")),
            "The label sets have reached the limit of series. WOLKVOX_MAX_SERIES raises it; WOLKVOX_RETIRE_AFTER makes room".to_owned(),
        )
    })
}

/// The verdict on all operations, which are in their order, and on the exporter itself.
pub(super) fn of_all(operations: &[Operation], problems: &[String]) -> Verdict {
    let worst = operations.first().map(|operation| &operation.verdict);
    let worst_state = worst.map_or(State::Warning, |worst| worst.state);
    if let Some(problem) = problems.first()
        && worst_state <= State::Warning
    {
        return Verdict::new(
            State::Warning,
            "The exporter has a problem",
            Some(problem.clone()),
        );
    }
    match (operations, worst) {
        ([_], Some(worst)) => worst.clone(),
        (_, Some(worst)) => of_several(operations, worst.state),
        (_, None) => Verdict::new(
            State::Warning,
            "No operation is polled here",
            Some("None is configured for this exporter, or none falls into its shard".to_owned()),
        ),
    }
}

fn of_several(operations: &[Operation], worst: State) -> Verdict {
    let all = operations.len();
    let bad: Vec<_> = operations
        .iter()
        .filter(|operation| operation.verdict.state == worst)
        .map(|operation| operation.operation.as_str())
        .collect();
    let one = bad.len() == 1;
    let what = match worst {
        State::Elsewhere => return Verdict::new(worst, "All operations are polled elsewhere", None),
        State::Well => return Verdict::well(),
        State::Starting => {
            if one {
                "is starting"
            } else {
                "are starting"
            }
        }
        State::Warning => {
            if one {
                "needs a look"
            } else {
                "need a look"
            }
        }
        State::Failing => {
            if one {
                "fails"
            } else {
                "fail"
            }
        }
    };
    let text = format!("{} of {all} operations {what}: {}", bad.len(), names(&bad));
    Verdict::new(worst, text, None)
}

/// As many names as a sentence takes.
fn names(names: &[&str]) -> String {
    let shown = names
        .iter()
        .take(MOST_NAMED)
        .copied()
        .collect::<Vec<_>>()
        .join(", ");
    match names.len().saturating_sub(MOST_NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// The same with a capital at its beginning.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(chars).collect()
}

#[cfg(test)]
mod tests;
