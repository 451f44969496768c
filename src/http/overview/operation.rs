//! One operation.

use chrono::{DateTime, SubsecRound as _, Utc};
use serde::Serialize;

use super::Exporter;
use super::verdict::{self, State, Verdict};
use crate::config::{Agents, Zone};
use crate::http::board::{self, Board};
use crate::http::numbers::{Today, Window};
use crate::http::status::{NotHeld, Poll, Settings, Slowdown, Status};
use crate::metrics::spec::seconds;

/// How an operation is doing.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[allow(clippy::struct_field_names)] // As the label is called, and the query.
pub(in crate::http) struct Operation {
    /// Its name: the value of the label `operation`.
    pub operation: String,
    /// The address of its Wolkvox server.
    pub server: String,
    /// Whether that is the simulator of `demo`: no chat is real then.
    pub is_simulated: bool,
    /// How it is.
    pub verdict: Verdict,
    /// Where the replica is reached that polls it; null where it is polled here or nowhere.
    pub polled_at: Option<String>,
    /// Grafana's boards of it; empty unless `WOLKVOX_GRAFANA_URL` is set.
    pub boards: Vec<Board>,
    /// Its settings that are shown.
    pub settings: SettingsOverview,
    /// How its polls go; null where another replica polls it.
    pub polling: Option<Polling>,
    /// The latest window; null before the first good poll, and once that is too old to be shown as new.
    pub window: Option<Window>,
    /// Its local day; null where nothing of it was read yet, and once that is too old to be shown as new.
    pub today: Option<Today>,
    /// In which its times are shown to people.
    #[serde(skip)]
    pub zone: Zone,
}

/// Settings of an operation.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::http) struct SettingsOverview {
    /// The zone of its local times (`WOLKVOX_TIMEZONE`).
    pub time_zone: String,
    /// Time between two polls as configured (`WOLKVOX_POLL_INTERVAL`).
    pub poll_interval_seconds: u64,
    /// What the latest window covers (`WOLKVOX_WINDOW`).
    pub window_seconds: u64,
    /// Time between two sweeps (`WOLKVOX_SWEEP_INTERVAL`); null where there are none.
    pub sweep_interval_seconds: Option<u64>,
    /// A chat answered within this is within the target (`WOLKVOX_ASA_TARGET`).
    pub asa_target_seconds: f64,
    /// The share of the answered chats that should be within the target, from 0 to 1 (`WOLKVOX_SERVICE_LEVEL_TARGET`).
    pub service_level_target: f64,
    /// Skills whose target or objective differs from the operation's.
    pub skills: Vec<SkillTarget>,
    /// What is shown of agents (`WOLKVOX_AGENTS`): `off`, `ids` or `names`.
    pub agents: &'static str,
    /// Calls that the operation has a day (`WOLKVOX_API_DAILY_LIMIT`); null where no limit is set.
    pub api_daily_limit: Option<u64>,
    /// Most sample lines that label sets may take (`WOLKVOX_MAX_SERIES`).
    pub series_limit: u64,
    /// What works, and was probably not meant: a sentence each.
    pub warnings: Vec<String>,
}

/// What a skill has in place of the operation's targets.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::http) struct SkillTarget {
    /// Its id.
    pub skill_id: String,
    /// Its name, where one is configured.
    pub name: Option<String>,
    /// A chat of it answered within this is within the target.
    pub asa_target_seconds: f64,
    /// The share of its answered chats that should be within the target, from 0 to 1.
    pub service_level_target: f64,
}

/// How the polls of an operation go.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::http) struct Polling {
    /// When this exporter began with the operation.
    pub started_at: DateTime<Utc>,
    /// What came of the last poll, in words; null before the first has ended.
    pub last_outcome: Option<String>,
    /// The last polls, the newest at the end: 60 at the most, since the start.
    pub recent: Vec<RecentPoll>,
    /// Polls that have ended since the start.
    pub total: u64,
    /// Polls that have failed since the start.
    pub failed: u64,
    /// Polls that have failed one after another, up to the last one; 0 where that succeeded.
    pub failing: u64,
    /// When the first of those ended.
    pub failing_since: Option<DateTime<Utc>>,
    /// When a poll last succeeded, which may have been before the start.
    pub last_success_at: Option<DateTime<Utc>>,
    /// When the next poll is due; in the past while it is under way.
    pub next_at: Option<DateTime<Utc>>,
    /// Time between two polls that is in effect: longer than configured where few calls are left today.
    pub interval_seconds: u64,
    /// What is left out so that the calls of the day last.
    pub slowdown: Slowdown,
    /// Until when Wolkvox wants no call; null where it does not matter.
    pub pause_until: Option<DateTime<Utc>>,
    /// Why.
    pub pause_reason: Option<String>,
    /// Chats that closed before this have been asked for; null where nothing was read yet.
    pub data_up_to: Option<DateTime<Utc>>,
    /// Chats that closed before this are not counted.
    pub counting_since: Option<DateTime<Utc>>,
    /// Chats that were counted since then.
    pub chats_counted: u64,
    /// Seconds of the report that polls passed over since the start, because they can't be read.
    pub seconds_skipped: u64,
    /// Calls since the operation's midnight.
    pub calls_today: u64,
    /// The same of all operations that share its token.
    pub calls_today_of_group: u64,
    /// Sample lines of the operation on `/metrics`.
    pub series: u64,
    /// Chats counted as `other` since the start, because of the limit of series.
    pub chats_limited: u64,
}

/// A poll that has ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::http) struct RecentPoll {
    /// When it ended.
    pub ended_at: DateTime<Utc>,
    /// How long it took.
    pub duration_seconds: f64,
    /// New chats that it counted; null where it failed.
    pub new_chats: Option<u64>,
    /// Why it failed, as in `wolkvox_poll_failures_total{reason}`; null where it succeeded.
    pub reason: Option<&'static str>,
    /// The same in words, with the way out.
    pub why: Option<String>,
}

impl Operation {
    pub(super) fn of(status: &Status, exporter: &Exporter<'_>) -> Self {
        let name = &status.operation;
        let is_elsewhere = status.not_held == Some(NotHeld::Elsewhere);
        let polled_at = is_elsewhere.then(|| (exporter.elsewhere)(name)).flatten();
        // What it shows is withdrawn while it is not polled.
        let numbers = status.numbers.as_ref().filter(|_| status.not_held.is_none());
        let boards = exporter.grafana_url.map(|url| board::of(url, name).collect());
        Self {
            operation: name.clone(),
            server: status.server.clone(),
            is_simulated: status.demo,
            verdict: verdict::of(status, polled_at.as_deref(), exporter.now),
            polled_at,
            boards: boards.unwrap_or_default(),
            settings: SettingsOverview::of(&status.settings),
            polling: (!is_elsewhere).then(|| Polling::of(status, exporter.now)),
            window: numbers.and_then(|numbers| numbers.window()),
            today: numbers.and_then(|numbers| numbers.today(exporter.now)),
            zone: status.settings.zone,
        }
    }

    /// Whether somebody should have a look at it.
    pub(in crate::http) fn is_well(&self) -> bool {
        matches!(self.verdict.state, State::Well | State::Elsewhere)
    }
}

impl SettingsOverview {
    fn of(settings: &Settings) -> Self {
        let (polling, counting) = (&settings.polling, &settings.counting);
        let of_skill = |id: &String| SkillTarget {
            skill_id: id.clone(),
            name: counting.skill_names.get(id).cloned(),
            asa_target_seconds: seconds(counting.asa_target_ms_of(id)),
            service_level_target: counting.service_level_target_of(id),
        };
        Self {
            time_zone: settings.zone.to_string(),
            poll_interval_seconds: polling.poll_interval.as_secs(),
            window_seconds: polling.window.as_secs(),
            sweep_interval_seconds: polling.sweep_interval.map(|interval| interval.as_secs()),
            asa_target_seconds: seconds(counting.asa_target_ms),
            service_level_target: counting.service_level_target,
            skills: counting.objectives.keys().map(of_skill).collect(),
            agents: match counting.agents {
                Agents::Off => "off",
                Agents::Ids => "ids",
                Agents::Names => "names",
            },
            api_daily_limit: polling.api_daily_limit,
            series_limit: counting.max_series as u64,
            warnings: settings.warnings.clone(),
        }
    }
}

impl Polling {
    fn of(status: &Status, now: DateTime<Utc>) -> Self {
        let polls = &status.polls;
        let pause = status.pause.filter(|pause| pause.until > now);
        Self {
            started_at: whole(status.started_at),
            last_outcome: polls.last().map(|poll| poll.outcome.clone()),
            recent: polls.recent().map(RecentPoll::of).collect(),
            total: polls.total(),
            failed: polls.failed(),
            failing: polls.failing().map_or(0, |failing| failing.polls),
            failing_since: polls.failing().map(|failing| whole(failing.since)),
            last_success_at: status.last_success.map(whole),
            next_at: status.next_poll.map(whole),
            interval_seconds: u64::try_from(status.interval().num_seconds()).unwrap_or_default(),
            slowdown: status.pace.map_or(Slowdown::None, |pace| pace.slowdown),
            pause_until: pause.map(|pause| whole(pause.until)),
            pause_reason: pause.map(|pause| pause.words().into_owned()),
            data_up_to: status.data_up_to().map(whole),
            counting_since: status.counting_since.map(whole),
            chats_counted: status.chats_counted,
            seconds_skipped: status.seconds_skipped,
            calls_today: status.calls.own,
            calls_today_of_group: status.calls.group,
            series: status.series.shown,
            chats_limited: status.series.limited,
        }
    }

    /// The last poll that ended.
    pub(in crate::http) fn last(&self) -> Option<&RecentPoll> {
        self.recent.last()
    }
}

impl RecentPoll {
    fn of(poll: &Poll) -> Self {
        let failed = poll.result.as_ref().err();
        Self {
            ended_at: whole(poll.ended_at),
            duration_seconds: poll.duration.as_millis() as f64 / 1000.0,
            new_chats: poll.result.as_ref().ok().copied(),
            reason: failed.map(|failed| failed.reason),
            why: failed.map(|failed| failed.words.to_string()),
        }
    }
}

fn whole(at: DateTime<Utc>) -> DateTime<Utc> {
    at.trunc_subsecs(0)
}
