//! The calls of a day that the operations of a group share, and what is left out where they would not last until midnight.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, TimeZone as _, Utc};
use serde::Serialize;
use wolkvox::Zone;

use crate::config::{Described, OperationConfig, Polling};

/// The calls of a day that the operations of a group share. Each of them has its [`Share`].
#[derive(Debug, Default)]
pub struct Budget {
    accounts: Mutex<Accounts>,
}

#[derive(Debug, Default)]
struct Accounts {
    members: BTreeMap<String, Member>,
    /// Operations that have left: what they called today is called, whoever polls from now on.
    gone: BTreeMap<String, Calls>,
}

/// Calls on one local day of an operation.
#[derive(Debug, Clone, Copy)]
struct Calls {
    zone: Zone,
    day: NaiveDate,
    count: u64,
}

impl Calls {
    /// Those on the local day that `now` lies in.
    fn on(self, now: DateTime<Utc>) -> u64 {
        let today = now.with_timezone(&self.zone).date_naive();
        if self.day == today { self.count } else { 0 }
    }
}

/// An operation of the group.
#[derive(Debug)]
struct Member {
    polling: Polling,
    zone: Zone,
    calls: Option<Calls>,
}

/// One operation's share of a [`Budget`]; it ends when it is dropped.
#[derive(Debug)]
pub struct Share {
    budget: Arc<Budget>,
    operation: String,
}

/// What is left out so that the day's calls last until midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Slowdown {
    /// Nothing.
    None = 0,
    /// Sweeps.
    NoSweeps = 1,
    /// Sweeps, and some of the polls: the interval is longer than configured.
    LongerInterval = 2,
}

/// How often an operation polls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// What is left out.
    pub slowdown: Slowdown,
    /// Time between two polls.
    pub interval: Duration,
}

impl Pace {
    /// Says that more, or less, is left out than before, with the settings as they are called where they are set.
    pub(super) fn log_change(self, before: Pace, described: Described) {
        let [limit, reserve, poll_interval] =
            ["API_DAILY_LIMIT", "API_DAILY_RESERVE", "POLL_INTERVAL"].map(|name| described.setting(name));
        let interval = humantime::format_duration(Duration::from_secs(self.interval.as_secs()));
        match self.slowdown {
            now if now == before.slowdown => {}
            Slowdown::None => {
                tracing::info!(
                    "the calls that are left today last again: polls and sweeps are as configured"
                );
            }
            Slowdown::NoSweeps => tracing::warn!(
                "the calls that are left today ({limit} less {reserve}) do not last for polls and sweeps: there is no sweep until they do, at the operation's midnight at the latest. If that happens daily, lengthen {poll_interval}"
            ),
            Slowdown::LongerInterval => tracing::warn!(
                %interval,
                "the calls that are left today ({limit} less {reserve}) do not last: polls are {interval} apart for now, and there is no sweep. Nothing is lost: polls go on as configured from the operation's midnight on. If that happens daily, lengthen {poll_interval}"
            ),
        }
    }

    /// As configured.
    pub fn usual(polling: &Polling) -> Pace {
        Pace {
            slowdown: Slowdown::None,
            interval: polling.poll_interval,
        }
    }
}

impl Share {
    /// An operation's share of its group's budget.
    pub fn of(budget: &Arc<Budget>, config: &OperationConfig) -> Share {
        let member = Member {
            polling: config.polling.clone(),
            zone: config.server.timezone,
            calls: None,
        };
        budget.lock().members.insert(config.name().to_owned(), member);
        Share {
            budget: Arc::clone(budget),
            operation: config.name().to_owned(),
        }
    }

    /// Notes how many calls the operation has made on a local day of its own.
    pub fn note(&self, day: NaiveDate, calls: u64) {
        let mut accounts = self.budget.lock();
        if let Some(member) = accounts.members.get_mut(&self.operation) {
            let zone = member.zone;
            member.calls = Some(Calls {
                zone,
                day,
                count: calls,
            });
            // They are among these, since the state keeps them.
            accounts.gone.remove(&self.operation);
        }
    }

    /// Calls of the whole group today.
    pub fn calls_of_group(&self, now: DateTime<Utc>) -> u64 {
        self.budget.lock().used(now)
    }

    /// How often the operation polls from `now` on, given the calls of the whole group.
    pub fn pace(&self, now: DateTime<Utc>) -> Option<Pace> {
        let accounts = self.budget.lock();
        let member = accounts.members.get(&self.operation)?;
        let usual = Pace::usual(&member.polling);
        Some(match accounts.calls_left(now) {
            Some(left) => pace(
                &accounts.members,
                usual,
                left as f64,
                until_midnight(member.zone, now),
            ),
            None => usual,
        })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut accounts = self.budget.lock();
        let member = accounts.members.remove(&self.operation);
        if let Some(calls) = member.and_then(|member| member.calls) {
            accounts.gone.insert(self.operation.clone(), calls);
        }
    }
}

impl Budget {
    fn lock(&self) -> std::sync::MutexGuard<'_, Accounts> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Accounts {
    /// Calls that the group may still make today; `None` where it has no limit. Where its operations have different ones, the
    /// least counts.
    fn calls_left(&self, now: DateTime<Utc>) -> Option<u64> {
        let members = self.members.values();
        let limits = members.filter_map(|member| member.polling.calls_allowed());
        limits.min().map(|limit| limit.saturating_sub(self.used(now)))
    }

    /// Calls that the group has made today, with those of operations that have left it.
    fn used(&self, now: DateTime<Utc>) -> u64 {
        let calls = self.members.values().filter_map(|member| member.calls.as_ref());
        calls.chain(self.gone.values()).map(|calls| calls.on(now)).sum()
    }
}

/// The pace at which so many calls last that long.
fn pace(members: &BTreeMap<String, Member>, usual: Pace, left: f64, time: Duration) -> Pace {
    let count = |interval: Duration| (time.as_secs_f64() / interval.as_secs_f64()).floor();
    let polls: f64 = members
        .values()
        .map(|member| count(member.polling.poll_interval))
        .sum();
    let sweeps: f64 = members
        .values()
        .filter_map(|member| member.polling.sweep_interval.map(count))
        .sum();
    if left >= polls + sweeps {
        return usual;
    }
    if left >= polls {
        return Pace {
            slowdown: Slowdown::NoSweeps,
            ..usual
        };
    }
    // Without a call left, the next poll is at midnight.
    let share = time.as_secs_f64() * members.len() as f64 / left.max(1.0);
    let interval = Duration::from_secs_f64(share).min(time);
    Pace {
        slowdown: Slowdown::LongerInterval,
        interval: interval.max(usual.interval),
    }
}

/// How long the local day goes on.
fn until_midnight(zone: Zone, now: DateTime<Utc>) -> Duration {
    let today = now.with_timezone(&zone).date_naive();
    let tomorrow = today.succ_opt().unwrap_or(today).and_time(NaiveTime::MIN);
    // Where daylight saving begins at midnight, the day begins an hour later.
    let midnight = [0, 1].into_iter().find_map(|hours| {
        zone.from_local_datetime(&(tomorrow + TimeDelta::hours(hours)))
            .earliest()
    });
    let left = midnight.map(|midnight| midnight.to_utc() - now);
    left.and_then(|left| left.to_std().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
