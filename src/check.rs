//! `wolkvox-exporter check`: one call, and in plain words what is right and what is wrong.

mod sample;

use std::fmt::Write;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::app;
use crate::clock::Clock;
use crate::config::Config;
use crate::wolkvox::client::{Client, SetupError};
use crate::wolkvox::{Error, Exchange, Field, Reason, Source, Window, window};
use sample::Sample;

/// How far back is asked: long enough for a night without chats.
const BACK: TimeDelta = TimeDelta::hours(12);
/// And how far ahead of now: dates of an operation whose zone is set wrong may lie there.
const AHEAD: TimeDelta = TimeDelta::hours(15);
/// A shorter stretch at the beginning of a month says too little.
const SHORTEST: TimeDelta = TimeDelta::hours(1);
/// A clock that is off by more is worth a word.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::seconds(5);
/// Fewer rows say nothing about what is usual.
const ENOUGH: usize = 20;

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// It works; somebody should know all the same.
    Note,
    /// It has to be put right.
    Problem,
}

/// One line of the result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How it is.
    pub verdict: Verdict,
    /// What it is about: a word.
    pub about: &'static str,
    /// What was found and, where it is wrong, the way out.
    pub text: String,
}

/// All that was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Findings(pub Vec<Finding>);

impl Findings {
    /// Whether something has to be put right.
    pub fn has_problem(&self) -> bool {
        self.0.iter().any(|finding| finding.verdict == Verdict::Problem)
    }

    /// One line each.
    pub fn print(&self) -> String {
        let mut text = String::new();
        for finding in &self.0 {
            let word = match finding.verdict {
                Verdict::Ok => "ok",
                Verdict::Note => "note",
                Verdict::Problem => "PROBLEM",
            };
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{word:<8} {:<11} {}", finding.about, finding.text);
        }
        text
    }

    fn add(&mut self, verdict: Verdict, about: &'static str, text: impl Into<String>) {
        self.0.push(Finding {
            verdict,
            about,
            text: text.into(),
        });
    }
}

/// What is compared with what the server sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// The API's host, and port if it is not the usual one.
    pub host: String,
    /// The zone of the report's dates.
    pub zone: Tz,
    /// `WOLKVOX_SWEEP_INTERVAL`; `None` is off.
    pub sweep_interval: Option<Duration>,
    /// `WOLKVOX_SWEEP_LOOKBACK`.
    pub sweep_lookback: Duration,
}

/// Makes the call that a configuration describes.
///
/// # Errors
/// The client can't be set up: the CA file.
pub async fn run(config: &Config, clock: &dyn Clock) -> Result<Findings, SetupError> {
    let client = Client::new(app::client_settings(config))?;
    let expected = Expected {
        host: app::server_of(config),
        zone: config.timezone,
        sweep_interval: config.sweep_interval,
        sweep_lookback: config.sweep_lookback,
    };
    let mut findings = Findings::default();
    findings.add(Verdict::Ok, "settings", "all variables can be read");
    for warning in &config.warnings {
        findings.add(Verdict::Note, "settings", warning);
    }
    findings.0.extend(examine(&client, &expected, clock).await.0);
    Ok(findings)
}

/// Makes one call and judges it.
pub async fn examine<S: Source>(source: &S, expected: &Expected, clock: &dyn Clock) -> Findings {
    let mut findings = Findings::default();
    let now = clock.now();
    let Some(window) = stretch(now, expected.zone) else {
        findings.add(
            Verdict::Problem,
            "clock",
            "this machine's clock is outside of all calendars",
        );
        return findings;
    };
    let mut sample = Sample::new(expected.zone, window, clock);
    let exchange = source.report(&window, &mut sample).await;
    judge_call(&mut findings, &exchange, expected);
    judge_clock(&mut findings, exchange.date, sample.begun.unwrap_or(now));
    if exchange.result.is_err() {
        return findings;
    }
    judge_rows(&mut findings, &sample, window);
    if sample.rows == 0 {
        return findings;
    }
    judge_fields(&mut findings, &sample);
    judge_zone(
        &mut findings,
        &sample,
        window,
        expected.zone,
        exchange.date.unwrap_or(now),
    );
    judge_filter(&mut findings, &sample, expected);
    findings
}

/// The stretch of the one call: around now, inside a local month.
fn stretch(now: DateTime<Utc>, zone: Tz) -> Option<Window> {
    let pieces = window::pieces(now - BACK, now + AHEAD, zone, None, window::LONGEST);
    let here = pieces
        .iter()
        .position(|piece| piece.from <= now && now <= piece.to)?;
    let is_short = now - pieces[here].from < SHORTEST;
    // Just after a month's beginning the old month says more.
    let before = here.checked_sub(1).filter(|_| is_short);
    pieces.get(before.unwrap_or(here)).copied()
}

fn judge_call(findings: &mut Findings, exchange: &Exchange, expected: &Expected) {
    let host = &expected.host;
    let answered = format!(
        "{host} answers (HTTP {}, {:.1} s)",
        exchange.status.unwrap_or_default(),
        exchange.duration.as_secs_f64()
    );
    let Err(error) = &exchange.result else {
        findings.add(Verdict::Ok, "address", answered);
        findings.add(Verdict::Ok, "allow-list", "this machine's address is let in");
        findings.add(Verdict::Ok, "token", "it is known to this server");
        return;
    };
    let about = subject(error);
    if exchange.status.is_some() {
        findings.add(Verdict::Ok, "address", answered);
        findings.add(Verdict::Ok, "allow-list", "this machine's address is let in");
        let knows_token = matches!(
            error.reason(),
            Reason::Quota | Reason::Concurrency | Reason::Truncated | Reason::TooLarge | Reason::TooManyRows
        );
        if knows_token {
            findings.add(Verdict::Ok, "token", "it is known to this server");
        }
    }
    findings.add(Verdict::Problem, about, error.to_string());
}

/// What a failed call is about.
fn subject(error: &Error) -> &'static str {
    match error.reason() {
        Reason::Connect | Reason::Timeout => "allow-list",
        Reason::Tls | Reason::NotJson => "address",
        Reason::Auth => "token",
        Reason::Quota | Reason::Concurrency => "quota",
        Reason::Forbidden | Reason::HttpStatus | Reason::BadRequest => "report",
        Reason::Truncated | Reason::TooLarge | Reason::TooManyRows => "rows",
    }
}

fn judge_clock(findings: &mut Findings, date: Option<DateTime<Utc>>, now: DateTime<Utc>) {
    let Some(date) = date else { return };
    let offset = date - now;
    // The header has whole seconds.
    let text = format!(
        "the server's clock is {} {} ours",
        words(offset.abs()),
        if offset < TimeDelta::zero() {
            "behind"
        } else {
            "ahead of"
        }
    );
    if offset.abs() <= CLOCK_TOLERANCE {
        findings.add(Verdict::Ok, "clock", "this machine and the server agree");
    } else {
        findings.add(
            Verdict::Note,
            "clock",
            format!("{text}: no chat is lost by that, but set this machine's clock (NTP) if it is ours that is off"),
        );
    }
}

fn judge_rows(findings: &mut Findings, sample: &Sample<'_>, window: Window) {
    let form = "%F %H:%M";
    let (ini, end) = (window.date_ini.format(form), window.date_end.format(form));
    if sample.rows == 0 {
        findings.add(
            Verdict::Note,
            "rows",
            format!(
                "the report has no chats for {ini} to {end} (local time of WOLKVOX_TIMEZONE): zone, fields and filter can't be judged; run this again when chats have been closed"
            ),
        );
        return;
    }
    findings.add(
        Verdict::Ok,
        "rows",
        format!("{} chats for {ini} to {end} (local time)", sample.rows),
    );
    if sample.rejected > 0 {
        findings.add(
            Verdict::Problem,
            "rows",
            format!(
                "{} rows are no chats (no usable conn_id); they can't be counted once, and are left out",
                sample.rejected
            ),
        );
    }
}

fn judge_fields(findings: &mut Findings, sample: &Sample<'_>) {
    let list = |fields: &[Field]| {
        fields
            .iter()
            .map(|field| field.name())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let (missing, rest): (Vec<_>, Vec<_>) = Field::ALL
        .into_iter()
        .filter(|field| !sample.was_seen(*field))
        .partition(|field| field.is_documented());
    if missing.is_empty() {
        findings.add(Verdict::Ok, "fields", "all documented fields are there");
    } else {
        findings.add(
            Verdict::Problem,
            "fields",
            format!(
                "no row has {}: the metrics made of them stay empty. Has Wolkvox changed its report?",
                list(&missing)
            ),
        );
    }
    // A name is only read where it is switched on.
    let rest: Vec<_> = rest
        .into_iter()
        .filter(|field| *field != Field::AgentName)
        .collect();
    if !rest.is_empty() {
        findings.add(
            Verdict::Note,
            "fields",
            format!(
                "this server does not send {} (not every server does)",
                list(&rest)
            ),
        );
    }
    for (field, count) in sample.invalid() {
        findings.add(
            Verdict::Problem,
            "fields",
            format!(
                "{} can't be read in {count} of {} rows; those values are left out",
                field.name(),
                sample.rows
            ),
        );
    }
}

/// Chats can't have closed in the future, and where chats close all the time, the newest was closed just now.
fn judge_zone(findings: &mut Findings, sample: &Sample<'_>, window: Window, zone: Tz, now: DateTime<Utc>) {
    let Some(newest) = sample.newest() else {
        return findings.add(
            Verdict::Note,
            "zone",
            "no row says when it was closed: it can't be judged",
        );
    };
    if window.to < now {
        return findings.add(
            Verdict::Note,
            "zone",
            "the month has just begun: it can't be judged before chats have been closed in it",
        );
    }
    let lag = now - newest;
    // Zones are whole quarters of an hour apart.
    let quarters = (lag.num_seconds() + 450).div_euclid(900);
    let off = TimeDelta::minutes(15 * quarters);
    let is_exact = (lag - off).abs() <= sample.usual_gap() * 5 + TimeDelta::seconds(60);
    if lag < -TimeDelta::minutes(2) {
        findings.add(
            Verdict::Problem,
            "zone",
            format!(
                "by WOLKVOX_TIMEZONE={zone} the newest chat was closed {} in the future: the operation's zone is {} ahead of it; set the zone of the operation",
                words(-lag),
                words(-off)
            ),
        );
    } else if lag >= TimeDelta::minutes(25) && is_exact && sample.is_steady() && off > TimeDelta::zero() {
        findings.add(
            Verdict::Problem,
            "zone",
            format!(
                "chats close every {} or so, and by WOLKVOX_TIMEZONE={zone} the newest was closed {} ago: the operation's zone seems to be {} behind it",
                words(sample.usual_gap()),
                words(lag),
                words(off)
            ),
        );
    } else if lag < TimeDelta::minutes(25) {
        findings.add(
            Verdict::Ok,
            "zone",
            format!(
                "{zone} fits: the newest chat was closed {} ago",
                words(lag.max(TimeDelta::zero()))
            ),
        );
    } else {
        findings.add(
            Verdict::Note,
            "zone",
            format!(
                "by WOLKVOX_TIMEZONE={zone} the newest chat was closed {} ago; if that is not so, set the zone of the operation",
                words(lag)
            ),
        );
    }
}

fn judge_filter(findings: &mut Findings, sample: &Sample<'_>, expected: &Expected) {
    let settings = format!(
        "WOLKVOX_SWEEP_INTERVAL={} and WOLKVOX_SWEEP_LOOKBACK={}",
        expected.sweep_interval.map_or_else(
            || "0".to_owned(),
            |interval| humantime::format_duration(interval).to_string()
        ),
        humantime::format_duration(expected.sweep_lookback)
    );
    if sample.opened_before > 0 {
        let text = format!(
            "the report goes by the closing time ({} of {} chats had been opened before what was asked for): {settings}, which only finds what comes late, {}",
            sample.opened_before,
            sample.rows,
            if expected.sweep_interval.is_some() {
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
            "whether the report goes by the closing or the opening time can't be told from these rows; run this again in the middle of the day",
        );
    }
    let longest = sample.longest();
    let interval = expected.sweep_interval.unwrap_or_default();
    let reaches =
        TimeDelta::from_std(expected.sweep_lookback.saturating_sub(interval)).unwrap_or(TimeDelta::MAX);
    if expected.sweep_interval.is_some() && reaches > longest.max(TimeDelta::hours(24)) {
        return findings.add(
            Verdict::Note,
            "filter",
            format!(
                "the report seems to go by the opening time: chats are found by the sweep, not by the poll. {settings} finds chats up to {} long; set WOLKVOX_SWEEP_INTERVAL=5m to see them sooner",
                words(reaches)
            ),
        );
    }
    findings.add(
        Verdict::Problem,
        "filter",
        format!(
            "the report seems to go by the opening time, and {settings} misses chats longer than {}: set WOLKVOX_SWEEP_INTERVAL=5m and WOLKVOX_SWEEP_LOOKBACK=26h, or longer if your chats last longer",
            words(reaches)
        ),
    );
}

/// A length of time to the minute, or to the second if it is short.
fn words(length: TimeDelta) -> String {
    let seconds = u64::try_from(length.num_seconds()).unwrap_or(0);
    let shown = if seconds < 120 { seconds } else { seconds / 60 * 60 };
    humantime::format_duration(Duration::from_secs(shown)).to_string()
}
