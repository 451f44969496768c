//! `wolkvox-exporter check`: one call, and in plain words what is right and what is wrong.

mod call;
mod filter;
mod hours;
mod row;
mod sample;
mod skill;
mod zone;

use std::fmt::Write;
use std::process::ExitCode;
use std::time::Duration;

use chrono::{DateTime, Offset as _, TimeDelta, Utc};
use clap::Args;

use super::option::OperationArgument;
use super::{Failure, print};
use crate::client::{self, ClientError};
use crate::clock::{Clock, SystemClock};
use crate::config::{OperationConfig, Server};
use call::{judge_call, judge_clock};
use filter::judge_filter;
use hours::judge_hours;
use row::{judge_fields, judge_rows};
use sample::ReportSample;
use skill::judge_skills;
use wolkvox::client::Tls;
use wolkvox::history::Reader;
use wolkvox::zone::DATA_VERSION;
use wolkvox::{Lists, Source, Window, Zone, window};
use zone::judge_zone;

/// How far back the call asks: long enough for a night without chats.
const BACK: TimeDelta = TimeDelta::hours(12);
/// How far ahead of now the call asks. Where the zone is set wrong, dates may lie there.
const AHEAD: TimeDelta = TimeDelta::hours(15);
/// A shorter range at the beginning of a month says too little.
const SHORTEST: TimeDelta = TimeDelta::hours(1);

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// It works, and the user should know of it.
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

/// Options of `check`.
#[derive(Debug, Args)]
pub struct Options {
    /// Which operation is asked.
    #[command(flatten)]
    pub operation: OperationArgument,
}

/// Makes one call, and prints what is right and wrong. The status is 1 where there is a problem.
///
/// # Errors
/// The settings can't be used, or the standard output can't be written.
pub async fn command(options: Options) -> Result<ExitCode, Failure> {
    let config = options.operation.read(SystemClock.now())?;
    let findings = run(&config, &SystemClock).await?;
    print(&findings.print())?;
    Ok(ExitCode::from(u8::from(findings.has_problem())))
}

/// Makes the call that a configuration describes.
///
/// # Errors
/// The client can't be set up: the CA file.
pub async fn run(config: &OperationConfig, clock: &dyn Clock) -> Result<Findings, ClientError> {
    let client = client::open(&config.server, config.counting.agents, &Tls::default())?;
    let mut findings = Findings::default();
    findings.add(Verdict::Ok, "settings", "all settings can be read");
    for warning in &config.warnings {
        findings.add(Verdict::Note, "settings", warning);
    }
    if let Some(proxy) = &config.server.proxy {
        findings.add(
            Verdict::Ok,
            "settings",
            format!("Wolkvox is asked through the proxy {proxy}"),
        );
    }
    findings.add(Verdict::Ok, "zone-data", zone_data(&config.server, clock.now()));
    judge_hours(&mut findings, config, clock.now());
    findings.0.extend(examine(client, config, clock).await.0);
    Ok(findings)
}

/// Makes one call and judges it.
async fn examine<S: Source + Lists>(source: S, config: &OperationConfig, clock: &dyn Clock) -> Findings {
    let mut findings = Findings::default();
    let zone = config.server.timezone;
    let described = config.server.described;
    let now = clock.now();
    let Some(window) = range(now, zone) else {
        findings.add(
            Verdict::Problem,
            "clock",
            "this machine's clock is outside of all calendars",
        );
        return findings;
    };
    let mut sample = ReportSample::new(zone, window, clock);
    let mut reader = Reader::in_cycles(source, zone);
    let exchange = reader.ask_once(&window, &mut sample).await;
    judge_call(&mut findings, &exchange, &config.server);
    judge_clock(&mut findings, exchange.date, sample.begun.unwrap_or(now));
    if exchange.result.is_err() {
        return findings;
    }
    if config.counting.skill_catalogue {
        judge_skills(&mut findings, reader.source(), described).await;
    }
    judge_rows(&mut findings, &sample, window, zone);
    if sample.rows == 0 {
        return findings;
    }
    judge_fields(&mut findings, &sample);
    let server_now = exchange.date.unwrap_or(now);
    judge_zone(&mut findings, &sample, window, zone, server_now, described);
    judge_filter(&mut findings, &sample, &config.polling, described);
    findings
}

/// Which data the zone is read by: where a country has changed its clocks since, it is too old.
fn zone_data(server: &Server, now: DateTime<Utc>) -> String {
    let (zone, setting) = (server.timezone, server.described.setting("TIMEZONE"));
    let offset = now.with_timezone(&zone).offset().fix();
    match zone {
        Zone::Named(_) => format!(
            "{setting}={zone} is {offset} from UTC now, by the IANA's data {DATA_VERSION} in this program"
        ),
        Zone::Fixed(_) => format!("{setting}={zone} is that far from UTC in summer and winter"),
    }
}

/// The range of the one call: around now, inside a local month.
fn range(now: DateTime<Utc>, zone: Zone) -> Option<Window> {
    let months = window::chunks(now - BACK, now + AHEAD, zone, None, window::LONGEST);
    let here = months
        .iter()
        .position(|month| month.from <= now && now <= month.to)?;
    let is_short = now - months[here].from < SHORTEST;
    // Just after a month's beginning the old month says more.
    let before = here.checked_sub(1).filter(|_| is_short);
    months.get(before.unwrap_or(here)).copied()
}

/// A length of time to the minute, or to the second if it is short.
fn words(length: TimeDelta) -> String {
    let seconds = u64::try_from(length.num_seconds()).unwrap_or(0);
    let shown = if seconds < 120 { seconds } else { seconds / 60 * 60 };
    humantime::format_duration(Duration::from_secs(shown)).to_string()
}
