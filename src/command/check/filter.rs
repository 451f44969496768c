//! Whether the server filters on the closing or the opening time, and whether the settings go with it.

use chrono::TimeDelta;

use super::sample::ReportSample;
use super::{Findings, Verdict, words};
use crate::config::{Described, Polling};

/// Fewer rows say nothing about what is usual.
const ENOUGH: usize = 20;

pub(super) fn judge_filter(
    findings: &mut Findings,
    sample: &ReportSample<'_>,
    polling: &Polling,
    described: Described,
) {
    let [sweep_interval, sweep_lookback] =
        ["SWEEP_INTERVAL", "SWEEP_LOOKBACK"].map(|name| described.setting(name));
    let settings = format!(
        "{sweep_interval}={} and {sweep_lookback}={}",
        polling.sweep_interval.map_or_else(
            || "0".to_owned(),
            |interval| humantime::format_duration(interval).to_string()
        ),
        humantime::format_duration(polling.sweep_lookback)
    );
    if sample.opened_before > 0 {
        let text = format!(
            "the report goes by the closing time ({} of {} chats had been opened before what was asked for): {settings}, which only finds what comes late, {}",
            sample.opened_before,
            sample.rows,
            if polling.sweep_interval.is_some() {
                "will do"
            } else {
                "is off; 1h would do"
            }
        );
        return findings.add(Verdict::Ok, "filter", text);
    }
    if !(sample.rows >= ENOUGH && sample.begins_at_once()) {
        return findings.add(
            Verdict::Note,
            "filter",
            "whether the report goes by the closing or the opening time can't be seen in these rows; run this again in the middle of the day",
        );
    }
    let longest = sample.longest();
    let interval = polling.sweep_interval.unwrap_or_default();
    let reaches =
        TimeDelta::from_std(polling.sweep_lookback.saturating_sub(interval)).unwrap_or(TimeDelta::MAX);
    if polling.sweep_interval.is_some() && reaches > longest.max(TimeDelta::hours(24)) {
        return findings.add(
            Verdict::Note,
            "filter",
            format!(
                "the report seems to go by the opening time: chats are found by the sweep, not by the poll. {settings} finds chats up to {} long; set {sweep_interval}=5m to see them sooner",
                words(reaches)
            ),
        );
    }
    findings.add(
        Verdict::Problem,
        "filter",
        format!(
            "the report seems to go by the opening time, and {settings} misses chats longer than {}: set {sweep_interval}=5m and {sweep_lookback}=26h, or longer if your chats last longer",
            words(reaches)
        ),
    );
}
