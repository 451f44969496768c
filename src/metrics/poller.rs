//! How the poller is doing.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::catalogue::{self as c, Spec};
use super::family::{Family, Sample};
use super::{View, created, single};
use crate::metrics::histogram::Histogram;

pub(super) fn families(view: View<'_>) -> Vec<Family> {
    let (stats, progress) = (view.stats, view.progress);
    let gauge = |spec, value| single(spec, view, value);
    let at = |spec, at: Option<DateTime<Utc>>| single(spec, view, at.map(timestamp));
    let count = |spec, count: u64| single(spec, view, Some(count as f64));
    let code = |status: &Option<u16>| status.map_or_else(|| "none".to_owned(), |status| status.to_string());
    vec![
        gauge(&c::UP, stats.up.map(|up| f64::from(u8::from(up)))),
        count(&c::POLLS, stats.polls),
        labelled(&c::POLL_FAILURES, view, &stats.failures, |reason| {
            reason.as_str().to_owned()
        }),
        gauge(
            &c::POLL_DURATION,
            stats.poll_duration.map(|duration| duration.as_secs_f64()),
        ),
        at(&c::LAST_POLL, stats.last_poll),
        at(&c::LAST_SUCCESS, progress.last_success),
        at(&c::WATERMARK, Some(progress.watermark)),
        at(&c::LAST_CHAT_CLOSE, progress.last_chat_close),
        labelled(&c::API_REQUESTS, view, &stats.requests, code),
        histogram(&c::API_REQUEST_DURATION, view, &stats.request_duration),
        count(&c::API_RESPONSE_BYTES, stats.response_bytes),
        count(&c::API_REQUESTS_TODAY, progress.requests_today),
        gauge(
            &c::API_DAILY_LIMIT,
            view.settings.api_daily_limit.map(|limit| limit as f64),
        ),
        count(&c::REPORT_ROWS, stats.rows),
        count(&c::REPORT_ROWS_DUPLICATE, stats.rows_duplicate),
        count(&c::REPORT_ROWS_REPEATED, stats.rows_repeated),
        labelled(&c::REPORT_ROWS_REJECTED, view, &stats.rows_rejected, |error| {
            error.reason().to_owned()
        }),
        labelled(&c::REPORT_FIELDS_INVALID, view, &stats.fields_invalid, |field| {
            field.name().to_owned()
        }),
        labelled(&c::REPORT_FIELDS_ABSENT, view, &stats.fields_absent, |field| {
            field.name().to_owned()
        }),
        count(&c::CHATS_LATE, stats.chats_late),
        histogram(&c::CHAT_ARRIVAL_DELAY, view, &stats.arrival_delay),
        count(&c::REPORT_SECONDS_SKIPPED, stats.report_seconds_skipped),
        gauge(&c::SEEN_CHATS, Some(progress.seen_chats as f64)),
        gauge(&c::SERIES_LIMIT, Some(view.settings.max_series as f64)),
        count(&c::SERIES_LIMITED, stats.series_limited),
        count(&c::STATE_COMMITS, stats.state_commits),
        count(&c::STATE_COMMIT_FAILURES, stats.state_commit_failures),
        count(&c::STATE_RECOVERIES, stats.state_recoveries),
        at(&c::STATE_LAST_COMMIT, stats.last_commit),
        gauge(&c::STATE_BYTES, stats.state_bytes.map(|bytes| bytes as f64)),
        gauge(
            &c::API_CLOCK_OFFSET,
            stats.clock_offset_ms.map(|offset| offset as f64 / 1000.0),
        ),
    ]
}

fn timestamp(at: DateTime<Utc>) -> f64 {
    at.timestamp_millis() as f64 / 1000.0
}

fn labelled<K>(
    spec: &'static Spec,
    view: View<'_>,
    counts: &BTreeMap<K, u64>,
    label: impl Fn(&K) -> String,
) -> Family {
    let mut family = Family::new(spec);
    for (key, count) in counts {
        let values = [view.settings.operation.as_str(), &label(key)];
        family.push(spec, &values, (*count).into(), created(view.stats.started));
    }
    family
}

fn histogram(spec: &'static Spec, view: View<'_>, histogram: &Histogram) -> Family {
    let mut family = Family::new(spec);
    let sample = Sample::Histogram(histogram);
    family.push(
        spec,
        &[&view.settings.operation],
        sample,
        created(view.stats.started),
    );
    family
}
