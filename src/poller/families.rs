//! How the poller is doing, one row each: family, and how its value is taken.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::budget::{Pace, Slowdown};
use super::view::View;
use crate::chats::bounds;
use crate::metrics::family::{Extra, Family, Sample, seconds_of};
use crate::metrics::histogram;
use crate::metrics::spec::{
    Kind::{Counter, Gauge, Histogram},
    Spec, generators,
};

/// Sample lines are counted when all families are there: [`crate::catalogue::families`] does.
pub(crate) const SERIES: &str = "wolkvox_series";

/// The value of a family without labels of its own, or with one.
enum StatValue<'a> {
    /// `None` is no sample: what never happened is not 0.
    Number(Option<f64>),
    /// By the value of the family's label.
    Counts(Vec<(Cow<'static, str>, u64)>),
    Histogram(&'a histogram::Histogram),
}

generators! {
    ROWS: for<'a> fn(View<'a>) -> StatValue<'a>, Poller {
        "wolkvox_up", Gauge, [], |view| gauge(view.stats.up.map(|up| f64::from(u8::from(up)))),
            "1 if the last poll of Wolkvox succeeded, else 0; absent until the first one ends.";
        "wolkvox_polls_total", Counter, [], |view| count(view.stats.polls),
            "Poll cycles: one poll of the report, and the sweep for late rows when due.";
        "wolkvox_poll_failures_total", Counter, ["reason"], |view| counts(&view.stats.failures, |reason| reason.as_str().into()),
            "Polls and sweeps that failed, by reason. The next good one makes up for them.";
        "wolkvox_poll_duration_seconds", Gauge, [], |view| gauge(view.stats.poll_duration.map(|duration| duration.as_secs_f64())),
            "How long the last poll took, from the request to the publication.";
        "wolkvox_last_poll_timestamp_seconds", Gauge, [], |view| at(view.stats.last_poll),
            "When the last poll ended, good or bad.";
        "wolkvox_last_success_timestamp_seconds", Gauge, [], |view| at(view.progress.last_success),
            "When the last good poll ended; survives restarts.";
        "wolkvox_watermark_timestamp_seconds", Gauge, [], |view| at(Some(view.progress.watermark)),
            "Everything closed before this has been asked for, by the server's clock. Far behind now means that missed time is being caught up.";
        Beta "wolkvox_counting_since_timestamp_seconds", Gauge, [], |view| at(Some(view.progress.counting_since)),
            "When counting began, by the server's clock: chats closed before it are not counted. Survives restarts; what looks at long times waits for it.";
        "wolkvox_last_chat_close_timestamp_seconds", Gauge, [], |view| at(view.progress.last_chat_close),
            "Newest close time of a chat in the report.";
        "wolkvox_api_requests_total", Counter, ["code"], |view| counts(&view.stats.requests, |code| code.map_or("none".into(), |code| code.to_string().into())),
            "Calls to the Wolkvox API by HTTP status; none where no answer came. 404 is an empty window.";
        "wolkvox_api_request_duration_seconds", Histogram(bounds::API_REQUEST), [], |view| StatValue::Histogram(&view.stats.request_duration),
            "How long a call to the Wolkvox API took, to the end of the answer.";
        "wolkvox_api_response_bytes_total", Counter, [], |view| count(view.stats.response_bytes),
            "Bytes of the API's answers, after decompression.";
        "wolkvox_api_pauses_total", Counter, ["reason"], |view| counts(&view.stats.pauses, |reason| reason.as_str().into()),
            "Times that the exporter waited longer than usual because Wolkvox called for it, by reason: retry_after (429 or 503 that says when to come back), quota (the day's calls are used up), concurrency (too many calls at once on this token).";
        "wolkvox_api_requests_today", Gauge, [], |view| count(view.progress.requests_today),
            "Calls by this exporter since the operation's midnight; the daily quota is shared by all tokens. Survives restarts.";
        "wolkvox_api_group_requests_today", Gauge, [], |view| count(view.stats.group_requests_today),
            "Calls since midnight by all operations that share this one's token (its group): the daily limit is theirs together. Without a group, those of this operation.";
        "wolkvox_api_daily_limit", Gauge, [], |view| gauge(view.config.polling.api_daily_limit.map(|limit| limit as f64)),
            "Calls that the operation has a day, shared by all its tokens (WOLKVOX_API_DAILY_LIMIT); absent where it is not set.";
        "wolkvox_api_daily_reserve_ratio", Gauge, [], |view| gauge(view.config.polling.api_daily_limit.map(|_| view.config.polling.api_daily_reserve)),
            "Share of the daily limit that is left to other users of the API (WOLKVOX_API_DAILY_RESERVE); absent without a limit.";
        "wolkvox_api_slowdown", Gauge, [], |view| gauge(slowdown(view)),
            "What is left out so that the calls of the day last until the operation's midnight: 0 nothing, 1 sweeps, 2 sweeps and some of the polls (see wolkvox_poll_interval_seconds); absent without a limit of its own or its group's.";
        "wolkvox_report_rows_total", Counter, [], |view| count(view.stats.answers.rows),
            "Rows read from whole answers of the chat_1 report.";
        "wolkvox_report_rows_duplicate_total", Counter, [], |view| count(view.stats.answers.duplicate),
            "Rows of chats already known from an earlier answer; overlapping windows make them on purpose.";
        "wolkvox_report_rows_repeated_total", Counter, [], |view| count(view.stats.answers.repeated),
            "Rows whose conn_id came before in the same answer; the first one counts.";
        "wolkvox_report_rows_rejected_total", Counter, ["reason"], |view| counts(&view.stats.answers.rejected, |error| error.reason().into()),
            "Rows that are no chat, by reason (no_conn_id: the field is blank, -, 0, null, undefined, none, nan or N/A). An overlap reads, and counts, them again.";
        "wolkvox_report_fields_invalid_total", Counter, ["field"], |view| counts(&view.stats.answers.invalid, |field| field.name().into()),
            "Values of new chats that can't be read, by report field. The chat counts, the value does not.";
        "wolkvox_report_fields_absent_total", Counter, ["field"], |view| counts(&view.stats.answers.absent, |field| field.name().into()),
            "New chats whose row lacks a documented key, by report field: the report's format drifts.";
        Beta "wolkvox_report_fields_unknown", Gauge, [], |view| gauge(view.stats.answers.unknown_keys.map(|keys| keys as f64)),
            "Distinct keys in the last answer with rows that this version does not know, 64 at the most: Wolkvox has added something. `wolkvox-exporter check` names them.";
        "wolkvox_chats_late_total", Counter, [], |view| count(view.stats.answers.late),
            "Chats that only the sweep for late rows (WOLKVOX_SWEEP_INTERVAL) found.";
        "wolkvox_chat_arrival_delay_seconds", Histogram(bounds::ARRIVAL_DELAY), [], |view| StatValue::Histogram(&view.stats.answers.arrival_delay),
            "Time from the close of a counted chat until it was first seen in the report.";
        "wolkvox_report_seconds_skipped_total", Counter, [], |view| count(view.stats.report_seconds_skipped),
            "Seconds of the report that polls gave up after three failures while their neighbours succeeded; sweeps ask for them again.";
        "wolkvox_seen_chats", Gauge, [], |view| count(view.progress.seen_chats as u64),
            "Ids of chats remembered to count each once.";
        "wolkvox_series", Gauge, [], |_| StatValue::Number(None),
            "Sample lines of this operation on /metrics, histogram buckets included.";
        "wolkvox_series_limit", Gauge, [], |view| count(view.config.counting.max_series as u64),
            "Most sample lines that label sets from the report may take (WOLKVOX_MAX_SERIES). Past it new ones are counted with their open labels as other.";
        "wolkvox_series_limited_total", Counter, [], |view| count(view.stats.answers.limited),
            "Chats counted under other because of WOLKVOX_MAX_SERIES, or of the 16 MiB that label values may take.";
        "wolkvox_state_commits_total", Counter, [], |view| count(view.stats.state_commits),
            "Times the state was written to disk.";
        "wolkvox_state_commit_failures_total", Counter, [], |view| count(view.stats.state_commit_failures),
            "Times the state could not be written to disk. Nothing new is shown until it can.";
        "wolkvox_state_recoveries_total", Counter, [], |view| count(view.stats.state_recoveries),
            "Damaged state files that were put aside at this start; counting began anew then.";
        "wolkvox_state_last_commit_timestamp_seconds", Gauge, [], |view| at(view.stats.last_commit),
            "When the state was last written to disk.";
        "wolkvox_state_bytes", Gauge, [], |view| gauge(view.stats.state_bytes.map(|bytes| bytes as f64)),
            "Size of the state on disk.";
        "wolkvox_api_clock_offset_seconds", Gauge, [], |view| gauge(view.stats.clock_offset_ms.map(|offset| offset as f64 / 1000.0)),
            "The server's clock (its Date header, whole seconds) minus ours.";
    }
}

fn gauge<'a>(value: Option<f64>) -> StatValue<'a> {
    StatValue::Number(value)
}

fn count<'a>(count: u64) -> StatValue<'a> {
    StatValue::Number(Some(count as f64))
}

fn at<'a>(at: Option<DateTime<Utc>>) -> StatValue<'a> {
    StatValue::Number(at.map(seconds_of))
}

fn counts<'a, K>(counts: &BTreeMap<K, u64>, label: impl Fn(&K) -> Cow<'static, str>) -> StatValue<'a> {
    StatValue::Counts(counts.iter().map(|(key, count)| (label(key), *count)).collect())
}

/// Also of an operation without a limit, where it keeps to that of its group.
fn slowdown(view: View<'_>) -> Option<f64> {
    let Pace { slowdown, .. } = view.stats.pace;
    let is_limited = view.config.polling.api_daily_limit.is_some() || slowdown != Slowdown::None;
    is_limited.then(|| f64::from(slowdown as u8))
}

/// The families of the poller.
pub(crate) fn families(view: View<'_>) -> impl Iterator<Item = Family> {
    ROWS.iter()
        .map(move |row| family(&row.spec, view, &(row.value)(view)))
}

/// What [`families`] can show.
pub(crate) fn specs() -> impl Iterator<Item = &'static Spec> {
    ROWS.iter().map(|row| &row.spec)
}

fn family(spec: &Spec, view: View<'_>, value: &StatValue<'_>) -> Family {
    let operation = view.config.server.operation.as_str();
    let created = || Extra {
        created_ms: Some(view.stats.started.timestamp_millis()),
        exemplars: Vec::new(),
    };
    let mut family = Family::new(spec);
    match value {
        StatValue::Number(value) => {
            if let Some(value) = value {
                family.push(spec, &[operation], Sample::Number(*value), created());
            }
        }
        StatValue::Counts(counts) => {
            for (label, count) in counts {
                family.push(spec, &[operation, label], (*count).into(), created());
            }
        }
        StatValue::Histogram(histogram) => {
            family.push(spec, &[operation], Sample::Histogram(histogram), created());
        }
    }
    family
}
