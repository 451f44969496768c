//! `wolkvox-exporter check`: one call, and in plain words what is right and what is wrong. With `--yesterday` some calls more,
//! to hold the chats of that day against Wolkvox' own count.

mod call;
mod filter;
mod hours;
mod recontact;
mod row;
mod sample;
mod skill;
mod yesterday;
mod zone;

use std::fmt::Write;
use std::process::ExitCode;
use std::time::Duration;

use chrono::{DateTime, Offset as _, TimeDelta, Utc};
use clap::Args;

use super::option::OperationArgument;
use super::{Failure, print};
use crate::chats::closed_by_channel;
use crate::client::{self, ClientError};
use crate::clock::{Clock, SystemClock};
use crate::config::{OperationConfig, Server};
use call::{judge_call, judge_clock};
use filter::judge_filter;
use hours::judge_hours;
use recontact::judge_recontact;
use row::{judge_fields, judge_rows};
use sample::ReportSample;
use skill::judge_skills;
use wolkvox::client::Tls;
use wolkvox::history::Reader;
use wolkvox::zone::DATA_VERSION;
use wolkvox::{Lists, Source, Window, Zone, window};
use yesterday::{Yesterday, judge_yesterday};
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
    /// Also compare the closed chats of yesterday with Wolkvox' own count (`chat_13`), channel by channel. This takes two to four
    /// calls more
    #[arg(long)]
    pub yesterday: bool,
}

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The settings, and what one call shows.
    Settings,
    /// The chats of yesterday too.
    Yesterday,
}

/// Makes one call, and prints what is right and wrong. The status is 1 where there is a problem.
///
/// # Errors
/// The settings can't be used, or the standard output can't be written.
pub async fn command(options: Options) -> Result<ExitCode, Failure> {
    let config = options.operation.read(SystemClock.now())?;
    let scope = if options.yesterday {
        Scope::Yesterday
    } else {
        Scope::Settings
    };
    let findings = run(&config, scope, &SystemClock).await?;
    print(&findings.print())?;
    Ok(ExitCode::from(u8::from(findings.has_problem())))
}

/// Makes the call that a configuration describes, and those that `scope` takes besides. Where the first one fails there are no
/// others.
///
/// # Errors
/// The client can't be set up: the CA file.
pub async fn run(config: &OperationConfig, scope: Scope, clock: &dyn Clock) -> Result<Findings, ClientError> {
    let tls = Tls::default();
    let client = client::open(&config.server, config.counting.agents, &tls)?;
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
    judge_recontact(&mut findings, config);
    let mut reader = Reader::in_cycles(client, config.server.timezone);
    let call = examine(&mut findings, &mut reader, config, clock).await;
    if (scope, call) == (Scope::Yesterday, FirstCall::Answered) {
        let counts = client::open_for(closed_by_channel::report(), &config.server, &tls)?;
        let yesterday = Yesterday::before(clock.now(), config.server.timezone);
        judge_yesterday(&mut findings, config, reader, counts, yesterday).await;
    }
    Ok(findings)
}

/// What came of the first call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FirstCall {
    /// It was answered, and others can be.
    Answered,
    /// It was not, or not made.
    Failed,
}

/// Makes one call and judges it.
async fn examine<S: Source + Lists>(
    findings: &mut Findings,
    reader: &mut Reader<S>,
    config: &OperationConfig,
    clock: &dyn Clock,
) -> FirstCall {
    let zone = config.server.timezone;
    let described = config.server.described;
    let now = clock.now();
    let Some(window) = range(now, zone) else {
        findings.add(
            Verdict::Problem,
            "clock",
            "this machine's clock is outside of all calendars",
        );
        return FirstCall::Failed;
    };
    let mut sample = ReportSample::new(zone, window, clock);
    let exchange = reader.ask_once(&window, &mut sample).await;
    judge_call(findings, &exchange, &config.server);
    judge_clock(findings, exchange.date, sample.begun.unwrap_or(now));
    if exchange.result.is_err() {
        return FirstCall::Failed;
    }
    if config.counting.skill_catalogue {
        judge_skills(findings, reader.source(), described).await;
    }
    judge_rows(findings, &sample, window, zone);
    if sample.rows == 0 {
        return FirstCall::Answered;
    }
    judge_fields(findings, &sample);
    let server_now = exchange.date.unwrap_or(now);
    judge_zone(findings, &sample, window, zone, server_now, described);
    judge_filter(findings, &sample, &config.polling, described);
    FirstCall::Answered
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
