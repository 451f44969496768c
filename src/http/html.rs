//! The status page, which a browser shows.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::Status;
use super::status::{NotHeld, Readiness, Slowdown};

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1c2330;--soft:#5a6475;--paper:#f5f6f8;--card:#fff;--line:#dde1e7;--ok:#136c38;\
--bad:#b3261e;--link:#1a56b0}\
@media(prefers-color-scheme:dark){:root{--ink:#e8ebf0;--soft:#a0a9b8;--paper:#14171c;--card:#1d2128;--line:#343a45;\
--ok:#6fd397;--bad:#ff9b91;--link:#8ab8ff}}\
body{margin:0;padding:2rem 1rem;background:var(--paper);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}\
main{max-width:46rem;margin:auto}h1{font-size:1.5rem;margin:0}p{margin:.5rem 0 1.25rem;color:var(--soft)}\
dl{margin:0;padding:.25rem 1.25rem;background:var(--card);border:1px solid var(--line);border-radius:.5rem}\
dl+dl{margin-top:1.25rem}dl div{display:flex;flex-wrap:wrap;gap:0 1rem;padding:.6rem 0}dl div+div{border-top:1px solid var(--line)}\
dt{flex:0 0 11rem;color:var(--soft)}dd{flex:1 1 16rem;margin:0;overflow-wrap:anywhere}\
.ok{color:var(--ok);font-weight:600}.bad{color:var(--bad);font-weight:600}\
time{font-variant-numeric:tabular-nums}a{color:var(--link)}nav{display:flex;gap:1.25rem;margin-top:1.25rem}";

/// Where the documentation is; empty where the package names no home.
const HOME: &str = env!("CARGO_PKG_REPOSITORY");

/// The page as it is at `now`, with the operations one after another. Its links are relative: a proxy may show it below a
/// path of its own.
///
/// `elsewhere` tells where the replica is reached that polls an operation.
pub(super) fn page(
    statuses: &[Arc<Status>],
    readiness: Readiness,
    now: DateTime<Utc>,
    elsewhere: &dyn Fn(&str) -> Option<String>,
) -> String {
    let name = match statuses {
        [status] => escaped(&status.operation),
        statuses => format!("{} operations", statuses.len()),
    };
    let docs = match HOME {
        "" => String::new(),
        home => format!("<a href=\"{}\">Documentation</a>", escaped(home)),
    };
    let lists: String = statuses
        .iter()
        .map(|status| match status.not_held {
            Some(NotHeld::Elsewhere) => list(&rows_elsewhere(status, elsewhere)),
            Some(NotHeld::StandsStill(_)) | None => list(&rows(status, readiness, now)),
        })
        .collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{name} · Wolkvox exporter</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <h1>Wolkvox exporter</h1>\n\
         <p>Each chat of a Wolkvox contact centre, counted exactly once, for Prometheus.</p>\n\
         {lists}\
         <nav aria-label=\"Pages\"><a href=\"metrics\">Metrics</a><a href=\"-/healthy\">Health</a>\
         <a href=\"-/ready\">Readiness</a>{docs}</nav>\n</main>\n</body>\n</html>\n"
    )
}

/// One operation.
fn list(rows: &[(&'static str, String)]) -> String {
    let rows: String = rows
        .iter()
        .map(|(term, text)| format!("<div><dt>{term}</dt><dd>{text}</dd></div>\n"))
        .collect::<Vec<_>>()
        .concat();
    format!("<dl>\n{rows}</dl>\n")
}

/// The content for an operation that is another replica's.
fn rows_elsewhere(
    status: &Status,
    elsewhere: &dyn Fn(&str) -> Option<String>,
) -> Vec<(&'static str, String)> {
    let polled = match elsewhere(&status.operation) {
        Some(url) => {
            let url = escaped(&url);
            format!("by the replica at <a href=\"{url}/\">{url}</a>")
        }
        None => "by no replica at the moment, or PostgreSQL can't be read: the log tells".to_owned(),
    };
    vec![
        ("Operation", escaped(&status.operation)),
        ("Server", escaped(&status.server)),
        ("Polled", polled),
    ]
}

/// The content, as terms and HTML.
fn rows(status: &Status, readiness: Readiness, now: DateTime<Utc>) -> Vec<(&'static str, String)> {
    let or = |time: Option<DateTime<Utc>>, otherwise: &str| {
        time.map_or_else(|| otherwise.to_owned(), |time| moment(time, now))
    };
    let server = escaped(&status.server);
    let demo = if status.demo {
        " (demo: a simulator, no real chats)"
    } else {
        ""
    };
    let mut rows = vec![
        ("Operation", escaped(&status.operation)),
        ("Server", format!("{server}{demo}")),
    ];
    rows.extend(not_held(status).map(|why| ("Not polled", why)));
    rows.extend([
        ("Last poll", last_poll(status, now)),
        ("Last success", or(status.last_success, "none yet")),
        ("Data up to", or(status.watermark, "nothing asked for yet")),
    ]);
    rows.extend(slowdown(status).map(|what| ("Slowed down", what)));
    rows.extend(seconds_passed_over(status).map(|skipped| ("Seconds passed over", skipped)));
    rows.extend([
        ("Chats counted", status.chats_counted.to_string()),
        ("Counted since", or(status.counting_since, "not yet set")),
        ("Next poll", next_poll(status, now)),
        ("Running since", moment(status.started_at, now)),
        (
            "Version",
            format!(
                "{}{}",
                escaped(&status.version),
                match readiness {
                    Readiness::Ready => "",
                    Readiness::Starting => " (starting)",
                }
            ),
        ),
    ]);
    rows
}

/// Why it stands still; `None` where it is polled.
fn not_held(status: &Status) -> Option<String> {
    let Some(NotHeld::StandsStill(why)) = &status.not_held else {
        return None;
    };
    Some(format!(
        "<span class=\"bad\">Stands still</span><br>{}",
        escaped(why)
    ))
}

/// What is left out so that the day's calls last; `None` where nothing is.
fn slowdown(status: &Status) -> Option<String> {
    let pace = status.pace?;
    let what = match pace.slowdown {
        Slowdown::None => return None,
        Slowdown::NoSweeps => "no sweeps".to_owned(),
        Slowdown::LongerInterval => {
            let interval = Duration::from_secs(pace.interval.as_secs());
            format!(
                "no sweeps, and {} between two polls",
                humantime::format_duration(interval)
            )
        }
    };
    Some(format!(
        "<span class=\"bad\">{what}</span>: the calls that are left today (the daily limit less the reserve) would not last. As configured again from the operation's midnight on"
    ))
}

/// What polls leave out of the report; `None` where they leave out nothing.
fn seconds_passed_over(status: &Status) -> Option<String> {
    (status.seconds_skipped > 0).then(|| {
        format!(
            "<span class=\"bad\">{}</span> since the start (chats closed in them are missing until a sweep reads them)",
            status.seconds_skipped
        )
    })
}

fn last_poll(status: &Status, now: DateTime<Utc>) -> String {
    let Some(poll) = &status.last_poll else {
        return "none yet".to_owned();
    };
    // A word besides the colour: not everybody sees colours.
    let (class, word) = if poll.ok {
        ("ok", "Succeeded")
    } else {
        ("bad", "Failed")
    };
    let (outcome, at) = (escaped(&poll.outcome), moment(poll.at, now));
    let seconds = poll.duration.as_secs_f64();
    format!("<span class=\"{class}\">{word}</span> {at}, took {seconds:.1} s<br>{outcome}")
}

fn next_poll(status: &Status, now: DateTime<Utc>) -> String {
    let next = match status.next_poll {
        // The time of the one after is known only when this one has ended.
        Some(due) if due <= now => "under way".to_owned(),
        Some(due) => moment(due, now),
        None => "not planned yet".to_owned(),
    };
    match status.pause.filter(|pause| pause.until > now) {
        Some(pause) => {
            let (until, why) = (moment(pause.until, now), escaped(&pause.words()));
            format!("{next}<br><span class=\"bad\">Pauses</span> until {until}: {why}")
        }
        None => next,
    }
}

/// A time for machines and, in words, for people.
fn moment(time: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let exact = time.to_rfc3339_opts(SecondsFormat::Secs, true);
    format!(
        "<time datetime=\"{exact}\">{exact}</time> ({})",
        distance(time, now)
    )
}

/// `2 min ago`, `in 3 h`: whole units, rounded down.
fn distance(time: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let apart = now.signed_duration_since(time);
    let past = apart >= TimeDelta::zero();
    let seconds = apart.num_seconds().unsigned_abs();
    let (count, unit) = match seconds {
        0 => return "now".to_owned(),
        1..60 => (seconds, "s"),
        60..3_600 => (seconds / 60, "min"),
        3_600..172_800 => (seconds / 3_600, "h"),
        _ => (seconds / 86_400, "days"),
    };
    if past {
        format!("{count} {unit} ago")
    } else {
        format!("in {count} {unit}")
    }
}

/// Text that means nothing to a browser, in content and in quoted attributes.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            plain => out.push(plain),
        }
    }
    out
}

#[cfg(test)]
mod tests;
