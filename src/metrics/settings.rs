//! The settings that are shown, to compare with.

use std::time::Duration;

use super::family::{Extra, Family, Sample};
use super::spec::{Kind::Gauge, Spec, generators, seconds};
use crate::config::{Counting, OperationConfig};

generators! {
    /// Of the operation, and of each skill that differs. The operation's sample has no label for a skill.
    TARGETS: fn(&Counting, Option<&str>) -> f64, Settings {
        "wolkvox_asa_target_seconds", Gauge, ["skill_id"], |counting, skill| seconds(skill.map_or(counting.asa_target_ms, |id| counting.asa_target_ms_of(id))),
            "A chat answered within this is within the target (WOLKVOX_ASA_TARGET). With skill_id that of a skill with a target of its own.";
        "wolkvox_service_level_target_ratio", Gauge, ["skill_id"], |counting, skill| skill.map_or(counting.service_level_target, |id| counting.service_level_target_of(id)),
            "Share of the chats that should be answered within the target (WOLKVOX_SERVICE_LEVEL_TARGET). With skill_id that of a skill with a share of its own.";
    }
}

generators! {
    SHOWN: fn(&OperationConfig, Duration) -> f64, Settings {
        "wolkvox_poll_interval_seconds", Gauge, [], |_, interval| interval.as_secs_f64(),
            "Time between two polls that is in effect: WOLKVOX_POLL_INTERVAL, or longer where few calls are left today. Scrape at least as often as it is configured.";
        "wolkvox_window_seconds", Gauge, [], |config, _| config.polling.window.as_secs_f64(),
            "What the latest window covers (WOLKVOX_WINDOW).";
    }
}

/// The families of the settings, and of the time between two polls that is in effect.
pub fn families(config: &OperationConfig, poll_interval: Duration) -> impl Iterator<Item = Family> {
    let operation = &config.server.operation;
    let targets = TARGETS
        .iter()
        .map(move |row| of_skills(&row.spec, operation, &config.counting, row.value));
    let others = SHOWN
        .iter()
        .map(move |row| Family::single(&row.spec, operation, Some((row.value)(config, poll_interval))));
    targets.chain(others)
}

/// What [`families`] can show.
pub fn specs() -> impl Iterator<Item = &'static Spec> {
    let targets = TARGETS.iter().map(|row| &row.spec);
    targets.chain(SHOWN.iter().map(|row| &row.spec))
}

fn of_skills(
    spec: &Spec,
    operation: &str,
    counting: &Counting,
    value: fn(&Counting, Option<&str>) -> f64,
) -> Family {
    let whole = value(counting, None);
    let of_operation = Spec { labels: &[], ..*spec };
    let mut family = Family::single(&of_operation, operation, Some(whole));
    for skill in counting.objectives.keys() {
        let own = value(counting, Some(skill));
        // Both are as they were configured: nothing was calculated that could be off by a little.
        if own.to_bits() != whole.to_bits() {
            family.push(spec, &[operation, skill], Sample::Number(own), Extra::default());
        }
    }
    family
}

#[cfg(test)]
mod tests;
