//! The catalogue of families, and totals → families. A pure function of the state, no I/O.

pub mod catalogue;
pub mod family;
pub mod histogram;
mod poller;
pub mod process;

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};

pub use family::{Exemplar, Extra, Family, Sample};

use crate::chats::exemplar::Exemplars;
use crate::chats::{self, Totals};
use crate::poller::stats::Stats;
use catalogue::{Spec, seconds};

/// The settings that are shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The label `operation`.
    pub operation: String,
    /// `WOLKVOX_ASA_TARGET`, milliseconds.
    pub asa_target_ms: u64,
    /// `WOLKVOX_SERVICE_LEVEL_TARGET`, 0 to 1.
    pub service_level_target: f64,
    /// `WOLKVOX_API_DAILY_LIMIT`: calls; `None` where it is not told.
    pub api_daily_limit: Option<u64>,
    /// `WOLKVOX_SKILL_NAMES`, by the skills' ids.
    pub skill_names: BTreeMap<String, String>,
    /// `WOLKVOX_POLL_INTERVAL`.
    pub poll_interval: Duration,
    /// `WOLKVOX_WINDOW`.
    pub window: Duration,
    /// `WOLKVOX_MAX_SERIES`.
    pub max_series: usize,
}

/// How far the ledger is, as committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// When counting began.
    pub counting_since: DateTime<Utc>,
    /// Everything closed before this has been asked for, server's time.
    pub watermark: DateTime<Utc>,
    /// The end of the last good poll.
    pub last_success: Option<DateTime<Utc>>,
    /// The newest close time seen.
    pub last_chat_close: Option<DateTime<Utc>>,
    /// Ids remembered.
    pub seen_chats: usize,
    /// Calls since the operation's midnight.
    pub requests_today: u64,
}

/// All that one publication shows, but for the latest window.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The settings that are shown.
    pub settings: &'a Settings,
    /// What has been counted, as committed.
    pub totals: &'a Totals,
    /// What was published before the current beat: label sets that are not in it are shown as 0.
    pub shown: &'a Totals,
    /// Examples for OpenMetrics.
    pub exemplars: &'a Exemplars,
    /// How far the ledger is, as committed.
    pub progress: &'a Progress,
    /// Numbers since the process started.
    pub stats: &'a Stats,
}

/// The families of one publication, in the catalogue's order; families without a sample are left out.
/// `latest_lines` are the sample lines of the latest window, shown beside these.
pub fn families(view: View<'_>, latest_lines: usize) -> Vec<Family> {
    let mut families = chats::families::totals(view);
    families.extend(settings(view));
    families.extend(poller::families(view));
    families.retain(|family| !family.proto.get_metric().is_empty());
    let lines = families.iter().map(Family::sample_lines).sum::<usize>() + latest_lines + 1;
    families.push(single(&catalogue::SERIES, view, Some(lines as f64)));
    families.push(build_info());
    families
}

/// A family with at most one sample and no label but the operation.
fn single(spec: &Spec, view: View<'_>, value: Option<f64>) -> Family {
    let mut family = Family::new(spec);
    if let Some(value) = value {
        family.push(
            spec,
            &[&view.settings.operation],
            Sample::Number(value),
            created(view.stats.started),
        );
    }
    family
}

fn created(at: DateTime<Utc>) -> Extra {
    Extra {
        created_ms: Some(at.timestamp_millis()),
        exemplars: Vec::new(),
    }
}

fn settings(view: View<'_>) -> Vec<Family> {
    let settings = view.settings;
    vec![
        single(
            &catalogue::ASA_TARGET,
            view,
            Some(seconds(settings.asa_target_ms)),
        ),
        single(
            &catalogue::SERVICE_LEVEL_TARGET,
            view,
            Some(settings.service_level_target),
        ),
        single(
            &catalogue::POLL_INTERVAL,
            view,
            Some(settings.poll_interval.as_secs_f64()),
        ),
        single(&catalogue::WINDOW, view, Some(settings.window.as_secs_f64())),
    ]
}

fn build_info() -> Family {
    let spec = &catalogue::BUILD_INFO;
    let mut family = Family::new(spec);
    let values = [
        env!("CARGO_PKG_VERSION"),
        env!("WOLKVOX_REVISION"),
        env!("WOLKVOX_RUST_VERSION"),
    ];
    family.push(spec, &values, Sample::Number(1.0), Extra::default());
    family
}

#[cfg(test)]
mod tests;
