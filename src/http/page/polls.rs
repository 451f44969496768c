//! How the polls of an operation go: the strip of the last ones, and the facts beside it.

use maud::{Markup, html};

use super::text::{Times, duration, whole};
use crate::http::overview::{Operation, Polling, RecentPoll};
use crate::http::status::{KEPT, Slowdown};
use crate::words::count;

/// The polls that failed and are told one by one.
const MOST_TOLD: usize = 5;

/// The section on polls.
pub(super) fn section(operation: &Operation, polling: &Polling, times: Times) -> Markup {
    html! {
        (strip(polling, times))
        dl.facts {
            (fact("Last poll", &last(polling, times)))
            (fact("Next poll", &next(polling, times)))
            (fact("Last success", &success(polling, times)))
            (fact("Data up to", &data(polling, times)))
            (fact("Failed", &failed(polling, times)))
            @if polling.slowdown != Slowdown::None {
                (fact("Slowed down", &slowdown(polling)))
            }
            @if polling.seconds_skipped > 0 {
                (fact("Passed over", &html! {
                    strong.bad { (count(polling.seconds_skipped, "second")) }
                    " of the report since the start: chats closed in them are missing until a sweep reads them"
                }))
            }
            (fact("Chats counted", &counted(polling, times)))
            (fact("Calls today", &calls(operation, polling)))
            (fact("Series", &series(operation, polling)))
            (fact("Running since", &times.moment(polling.started_at)))
        }
    }
}

fn fact(term: &str, text: &Markup) -> Markup {
    html! { div { dt { (term) } dd { (text) } } }
}

/// A column for each of the last polls. One that failed is full, red and crossed out.
fn strip(polling: &Polling, times: Times) -> Markup {
    let (Some(first), Some(last)) = (polling.recent.first(), polling.recent.last()) else {
        return html! { p.soft { "No poll has ended since the start." } };
    };
    let longest = polling
        .recent
        .iter()
        .map(|poll| poll.duration_seconds)
        .fold(0.0, f64::max);
    let failed = polling.recent.iter().filter(|poll| poll.why.is_some()).count();
    let shown = polling.recent.len();
    let told = match (shown, failed) {
        (1, 0) => "The last poll succeeded".to_owned(),
        (1, _) => "The last poll failed".to_owned(),
        (_, 0) => format!("The last {shown} polls all succeeded"),
        (_, _) => format!("{failed} of the last {shown} polls failed"),
    };
    html! {
        figure.polls {
            svg.strip viewBox={ "0 0 " (KEPT * 10) " 40" } role="img" aria-label=(told) {
                @for (place, poll) in polling.recent.iter().enumerate() {
                    (column(place + KEPT - shown, poll, longest, times))
                }
            }
            figcaption {
                (told) " (" (times.local(first.ended_at)) " to " (times.local(last.ended_at)) "). The height is how long each took, "
                (took(longest)) " at the most; one that failed is full and crossed out."
            }
        }
        (failures(polling, times))
    }
}

fn column(place: usize, poll: &RecentPoll, longest: f64, times: Times) -> Markup {
    let x = place * 10;
    let outcome = match (&poll.why, poll.new_chats) {
        (Some(why), _) => format!("failed: {why}"),
        (None, chats) => count(chats.unwrap_or_default(), "new chat"),
    };
    let height = 6.0 + 34.0 * (poll.duration_seconds / longest.max(0.001)).min(1.0);
    html! {
        g {
            title { (times.local(poll.ended_at)) ", took " (took(poll.duration_seconds)) ": " (outcome) }
            @if poll.why.is_some() {
                rect.failed x=(x + 1) y="0" width="8" height="40" {}
                path.cross d={ "M" (x + 2) " 16 l6 8 m0 -8 l-6 8" } {}
            } @else {
                rect.good x=(x + 1) y=(format!("{:.1}", 40.0 - height)) width="8" height=(format!("{height:.1}")) {}
            }
        }
    }
}

/// The last polls that failed, one by one.
fn failures(polling: &Polling, times: Times) -> Markup {
    let failed: Vec<_> = polling
        .recent
        .iter()
        .rev()
        .filter_map(|poll| Some((poll, poll.reason?, poll.why.as_deref()?)))
        .collect();
    html! {
        @if !failed.is_empty() {
            details {
                summary { "The polls that failed" }
                div.scroll {
                    table {
                        caption { "The last polls that failed, newest first" }
                        thead { tr { th scope="col" { "Ended" } th scope="col" { "Reason" } th scope="col" { "Why" } } }
                        tbody {
                            @for (poll, reason, why) in failed.iter().take(MOST_TOLD) {
                                tr {
                                    th scope="row" { (times.at(poll.ended_at)) }
                                    td { (reason) }
                                    td.words { (why) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn took(seconds: f64) -> String {
    format!("{seconds:.1} s")
}

fn last(polling: &Polling, times: Times) -> Markup {
    let Some(poll) = polling.last() else {
        return html! { "none yet" };
    };
    html! {
        // A word besides the colour: not everybody sees colours.
        @if poll.why.is_some() { strong.bad { "Failed" } } @else { strong.ok { "Succeeded" } }
        " " (times.moment(poll.ended_at)) ", took " (took(poll.duration_seconds))
        @if let Some(outcome) = &polling.last_outcome { br; span.words { (outcome) } }
    }
}

fn success(polling: &Polling, times: Times) -> Markup {
    html! {
        @match polling.last_success_at {
            Some(at) => (times.moment(at)),
            None => "none yet",
        }
    }
}

fn next(polling: &Polling, times: Times) -> Markup {
    html! {
        @match polling.next_at {
            // The time of the one after is known only when this one has ended.
            Some(due) if due <= times.now => "under way",
            Some(due) => (times.moment(due)),
            None => "not planned yet",
        }
        @if let (Some(until), Some(why)) = (polling.pause_until, &polling.pause_reason) {
            br; strong.bad { "Pauses" } " until " (times.moment(until)) ": " (why)
        }
    }
}

fn data(polling: &Polling, times: Times) -> Markup {
    html! {
        @match polling.data_up_to {
            Some(at) => (times.moment(at)),
            None => strong.bad { "nothing read yet" },
        }
    }
}

fn failed(polling: &Polling, times: Times) -> Markup {
    html! {
        @if polling.failed == 0 {
            "none of " (whole(polling.total)) " since the start"
        } @else {
            (whole(polling.failed)) " of " (count(polling.total, "poll")) " since the start"
        }
        @if let Some(since) = polling.failing_since {
            br; strong.bad { "The last " @if polling.failing > 1 { (whole(polling.failing)) " polls" } @else { "poll" } } ", since " (times.moment(since))
        }
    }
}

fn slowdown(polling: &Polling) -> Markup {
    html! {
        strong.bad {
            "no sweeps"
            @if polling.slowdown == Slowdown::LongerInterval { ", and " (duration(polling.interval_seconds)) " between two polls" }
        }
        ": the calls that are left today (the daily limit less the reserve) would not last"
    }
}

fn counted(polling: &Polling, times: Times) -> Markup {
    html! {
        (whole(polling.chats_counted))
        @if let Some(since) = polling.counting_since { ", of those closed since " (times.moment(since)) }
    }
}

fn calls(operation: &Operation, polling: &Polling) -> Markup {
    html! {
        (whole(polling.calls_today))
        @if let Some(limit) = operation.settings.api_daily_limit {
            " of " (whole(limit))
            @if polling.calls_today_of_group != polling.calls_today {
                "; " (whole(polling.calls_today_of_group)) " with those of its group"
            }
            (meter(polling.calls_today_of_group.max(polling.calls_today), limit))
        } @else {
            span.soft { " (no limit is set: WOLKVOX_API_DAILY_LIMIT)" }
        }
    }
}

fn series(operation: &Operation, polling: &Polling) -> Markup {
    let limit = operation.settings.series_limit;
    html! {
        (whole(polling.series)) " of " (whole(limit))
        (meter(polling.series, limit))
        @if polling.chats_limited > 0 {
            br; strong.bad { (count(polling.chats_limited, "chat")) } " counted as “other” since the start, because of the limit"
        }
    }
}

/// How much of a limit is used. The numbers stand beside it.
fn meter(value: u64, limit: u64) -> Markup {
    let share = (value.saturating_mul(100) / limit.max(1)).min(100);
    html! {
        svg.bar.meter viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" {
            rect.rest width="100" height="10" {}
            rect.fill width=(share) height="10" {}
        }
    }
}
