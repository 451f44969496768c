//! The settings that are shown, to compare with.

use std::collections::BTreeMap;
use std::time::Duration;

use super::family::Family;
use super::spec::{Kind::Gauge, Spec, generators, seconds};

/// The settings that are shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The label `operation`.
    pub operation: String,
    /// `WOLKVOX_ASA_TARGET`, milliseconds.
    pub asa_target_ms: u64,
    /// `WOLKVOX_SERVICE_LEVEL_TARGET`, 0 to 1.
    pub service_level_target: f64,
    /// `WOLKVOX_API_DAILY_LIMIT`: calls; `None` where it is not set.
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

generators! {
    SHOWN: fn(&Settings) -> f64, Settings {
        "wolkvox_asa_target_seconds", Gauge, [], |settings| seconds(settings.asa_target_ms),
            "A chat answered within this is within the target (WOLKVOX_ASA_TARGET).";
        "wolkvox_service_level_target_ratio", Gauge, [], |settings| settings.service_level_target,
            "Share of the chats that should be answered within the target (WOLKVOX_SERVICE_LEVEL_TARGET).";
        "wolkvox_poll_interval_seconds", Gauge, [], |settings| settings.poll_interval.as_secs_f64(),
            "Time between two polls (WOLKVOX_POLL_INTERVAL). Scrape at least this often.";
        "wolkvox_window_seconds", Gauge, [], |settings| settings.window.as_secs_f64(),
            "What the latest window covers (WOLKVOX_WINDOW).";
    }
}

/// The families of the settings.
pub fn families(settings: &Settings) -> impl Iterator<Item = Family> {
    SHOWN
        .iter()
        .map(|row| Family::single(&row.spec, &settings.operation, Some((row.value)(settings))))
}

/// What [`families`] can show.
pub fn specs() -> impl Iterator<Item = &'static Spec> {
    SHOWN.iter().map(|row| &row.spec)
}
