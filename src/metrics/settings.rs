//! The settings that are shown, to compare with.

use super::family::Family;
use super::spec::{Kind::Gauge, Spec, generators, seconds};
use crate::config::OperationConfig;

generators! {
    SHOWN: fn(&OperationConfig) -> f64, Settings {
        "wolkvox_asa_target_seconds", Gauge, [], |config| seconds(config.counting.asa_target_ms),
            "A chat answered within this is within the target (WOLKVOX_ASA_TARGET).";
        "wolkvox_service_level_target_ratio", Gauge, [], |config| config.counting.service_level_target,
            "Share of the chats that should be answered within the target (WOLKVOX_SERVICE_LEVEL_TARGET).";
        "wolkvox_poll_interval_seconds", Gauge, [], |config| config.polling.poll_interval.as_secs_f64(),
            "Time between two polls (WOLKVOX_POLL_INTERVAL). Scrape at least this often.";
        "wolkvox_window_seconds", Gauge, [], |config| config.polling.window.as_secs_f64(),
            "What the latest window covers (WOLKVOX_WINDOW).";
    }
}

/// The families of the settings.
pub fn families(config: &OperationConfig) -> impl Iterator<Item = Family> {
    let operation = &config.server.operation;
    SHOWN
        .iter()
        .map(move |row| Family::single(&row.spec, operation, Some((row.value)(config))))
}

/// What [`families`] can show.
pub fn specs() -> impl Iterator<Item = &'static Spec> {
    SHOWN.iter().map(|row| &row.spec)
}
