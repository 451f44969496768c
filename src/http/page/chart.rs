//! Small charts, as SVG in the page. Each has its words: what it shows is in its label, and in the table beside it.

use maud::{Markup, html};

use super::text::{objective as percent, reached, whole};
use crate::http::numbers::{Quarter, Waited};

/// Quarters of an hour.
const PER_HOUR: usize = 4;
/// Fewer hours would make a chart of a few broad columns.
const LEAST_HOURS: usize = 6;

/// Hours that are written below a chart.
const MOST_MARKS: usize = 8;

/// A chart, its axis and its words.
fn figure(caption: &Markup, label: &str, drawing: &Markup, axis: &Markup) -> Markup {
    html! {
        figure.chart {
            figcaption { (caption) }
            svg viewBox="0 0 1000 100" preserveAspectRatio="none" role="img" aria-label=(label) { (drawing) }
            (axis)
        }
    }
}

/// A column of a chart: how high it is of 100, and what it says when it is pointed at.
struct Column {
    height: f64,
    class: &'static str,
    title: String,
}

/// Columns side by side over the whole width.
fn columns(columns: &[Column]) -> Markup {
    let width = 1000.0 / columns.len().max(1) as f64;
    html! {
        @for (place, column) in columns.iter().enumerate() {
            g {
                title { (column.title) }
                rect.hit x=(number(width * place as f64)) y="0" width=(number(width)) height="100" {}
                rect class=(column.class) x=(number(width * (place as f64 + 0.08))) y=(number(100.0 - column.height))
                    width=(number(width * 0.84)) height=(number(column.height)) {}
            }
        }
    }
}

fn number(value: f64) -> String {
    format!("{value:.1}")
}

/// The chats of each quarter of an hour of today.
pub(super) fn chats(quarters: &[Quarter]) -> Markup {
    let shown = shown(quarters);
    let most = shown.iter().max_by_key(|quarter| quarter.sums.chats);
    let (most, when) = most.map_or((0, ""), |quarter| (quarter.sums.chats, &*quarter.begins));
    let bars: Vec<_> = shown
        .iter()
        .map(|quarter| Column {
            height: quarter.sums.chats as f64 * 100.0 / most.max(1) as f64,
            class: "fill",
            title: format!("{}: {} chats", quarter.begins, whole(quarter.sums.chats)),
        })
        .collect();
    let label = format!(
        "Chats per quarter of an hour today; most of them at {when}: {}",
        whole(most)
    );
    let caption =
        html! { "Chats per quarter of an hour " span.soft { "most: " (whole(most)) " at " (when) } };
    figure(&caption, &label, &columns(&bars), &axis(shown))
}

/// The service level of each hour of today, with the objective as a line.
pub(super) fn service_level(quarters: &[Quarter], objective: f64) -> Markup {
    let shown = shown(quarters);
    let hours: Vec<_> = shown.chunks(PER_HOUR).map(hour).collect();
    let bars: Vec<_> = hours
        .iter()
        .map(|hour| Column {
            height: hour.level.unwrap_or_default() * 100.0,
            class: match hour.level {
                Some(level) if level < objective => "under",
                _ => "good",
            },
            title: format!(
                "{}: {} of {} answered",
                hour.begins,
                reached(hour.level),
                whole(hour.answered)
            ),
        })
        .collect();
    let under = hours
        .iter()
        .filter(|hour| hour.level.is_some_and(|level| level < objective));
    let under = under.count();
    let label = format!(
        "Service level per hour today against the objective of {}; under it in {under} of {} hours",
        percent(objective),
        hours.iter().filter(|hour| hour.level.is_some()).count()
    );
    let line = number(100.0 - objective * 100.0);
    let drawing = html! {
        (columns(&bars))
        line.objective x1="0" x2="1000" y1=(line) y2=(line) {}
    };
    let caption =
        html! { "Service level per hour " span.soft { "dashed: the objective, " (percent(objective)) } };
    figure(&caption, &label, &drawing, &axis(shown))
}

/// How long the answered chats waited. Those within the target are of another colour, and lie left of the dashed line.
pub(super) fn asa(waited: &[Waited], target_seconds: f64) -> Markup {
    let all: u64 = waited.iter().map(|bucket| bucket.chats).sum();
    let most = waited
        .iter()
        .map(|bucket| bucket.chats)
        .max()
        .unwrap_or_default()
        .max(1);
    let is_within = |bucket: &&Waited| bucket.up_to_seconds.is_some_and(|bound| bound <= target_seconds);
    let within = waited.iter().filter(is_within).count();
    let bars: Vec<_> = waited
        .iter()
        .map(|bucket| Column {
            height: bucket.chats as f64 * 100.0 / most as f64,
            class: if is_within(&bucket) { "good" } else { "under" },
            title: format!("{}: {} chats", waited_words(bucket), whole(bucket.chats)),
        })
        .collect();
    let counts: Vec<_> = waited
        .iter()
        .filter(|bucket| bucket.chats > 0)
        .map(|bucket| format!("{} {}", whole(bucket.chats), waited_words(bucket)))
        .collect();
    let label = format!(
        "How long {} answered chats waited: {}",
        whole(all),
        counts.join(", ")
    );
    let x = number(within as f64 * 1000.0 / waited.len().max(1) as f64);
    let drawing = html! {
        (columns(&bars))
        line.objective x1=(x) x2=(x) y1="0" y2="100" {}
    };
    let caption = html! { "How long customers waited (ASA) " span.soft { "dashed: the target, " (super::table::seconds(target_seconds)) } };
    let marks: Vec<_> = waited
        .iter()
        .map(|bucket| bucket.up_to_seconds.map_or_else(|| "+".to_owned(), short))
        .collect();
    let axis = html! { div.axis.bounds aria-hidden="true" { @for mark in marks { span { (mark) } } } };
    figure(&caption, &label, &drawing, &axis)
}

fn waited_words(bucket: &Waited) -> String {
    match bucket.up_to_seconds {
        Some(bound) => format!("up to {}", super::table::seconds(bound)),
        None => "longer".to_owned(),
    }
}

/// `45`, `2m`, `1h`.
fn short(seconds: f64) -> String {
    if seconds >= 3600.0 {
        format!("{}h", seconds / 3600.0)
    } else if seconds >= 60.0 {
        format!("{}m", seconds / 60.0)
    } else {
        format!("{seconds}")
    }
}

/// One hour of the day.
pub(super) struct Hour<'a> {
    /// The local time at which it begins.
    pub(super) begins: &'a str,
    pub(super) chats: u64,
    pub(super) answered: u64,
    pub(super) level: Option<f64>,
}

/// The hours that the charts show.
pub(super) fn hours(quarters: &[Quarter]) -> impl Iterator<Item = Hour<'_>> {
    shown(quarters).chunks(PER_HOUR).map(hour)
}

fn hour(quarters: &[Quarter]) -> Hour<'_> {
    let sum = |of: fn(&Quarter) -> u64| quarters.iter().map(of).sum::<u64>();
    let answered = sum(|quarter| quarter.sums.answered);
    let within = sum(|quarter| quarter.sums.answered_within_target);
    Hour {
        begins: quarters.first().map_or("", |quarter| &quarter.begins),
        chats: sum(|quarter| quarter.sums.chats),
        answered,
        level: (answered > 0).then(|| within as f64 / answered as f64),
    }
}

/// From the hour with the first chat on; a night without chats is left out.
fn shown(quarters: &[Quarter]) -> &[Quarter] {
    let first = quarters
        .iter()
        .position(|quarter| quarter.sums.chats > 0)
        .unwrap_or_default();
    let latest_start = quarters.len().saturating_sub(LEAST_HOURS * PER_HOUR);
    let start = first.min(latest_start) / PER_HOUR * PER_HOUR;
    &quarters[start..]
}

/// Whole hours, as many as there is room for.
fn axis(shown: &[Quarter]) -> Markup {
    let hours = shown.iter().step_by(PER_HOUR);
    let step = hours.len().div_ceil(MOST_MARKS).max(1);
    html! {
        div.axis aria-hidden="true" {
            @for (place, hour) in hours.enumerate() {
                span { @if place % step == 0 { (hour.begins) } }
            }
        }
    }
}

#[cfg(test)]
mod tests;
