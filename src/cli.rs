//! The command line: commands, their options, and what their values mean.

use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::command::report::{By, Format};
use crate::config::variable;
use wolkvox::{Zone, window};

/// Prometheus exporter for Wolkvox contact centres. Without a command it serves; it is set up by environment variables
/// (`WOLKVOX_SERVER` and `WOLKVOX_TOKEN` at the least), see the README.
#[derive(Debug, Parser)]
#[command(
    name = "wolkvox-exporter",
    version,
    max_term_width = 110,
    args_conflicts_with_subcommands = true
)]
#[command(after_long_help = variable::help())]
pub struct Cli {
    /// What to do; nothing is [`Command::Serve`].
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The options of [`Command::Serve`], where no command is given.
    #[command(flatten)]
    pub serve: Serve,
}

/// Options of `serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// Take over the state of another server or agent, once: after the operation has moved
    #[arg(long)]
    pub adopt_state: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Poll Wolkvox and serve /metrics (the default)
    Serve(Serve),
    /// Look around without a Wolkvox server: polls a simulated contact centre
    Demo {
        /// Address and port of /metrics
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:10555")]
        listen: String,
        /// Another number, another contact centre
        #[arg(long, value_name = "NUMBER")]
        seed: Option<u64>,
    },
    /// Make one call, and say what is right and wrong with the configuration
    Check,
    /// Print what the report says of a range of time, without Prometheus
    Report(Report),
    /// Write the past as OpenMetrics, for `promtool tsdb create-blocks-from openmetrics` or VictoriaMetrics
    Backfill(Backfill),
    /// Print the metric reference as Markdown
    Metrics,
}

/// Options of `report`.
#[derive(Debug, Args)]
pub struct Report {
    /// Chats that closed from here on: a day of the operation (2026-10-01) or a time (2026-10-01T08:00:00-05:00)
    #[arg(long, value_name = "TIME")]
    pub from: Moment,
    /// … and before this; a day is its midnight. What lies in the future is now
    #[arg(long, value_name = "TIME")]
    pub to: Moment,
    /// One line per
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = ByArg::Skill)]
    pub by: ByArg,
    /// How it is printed
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = FormatArg::Table)]
    pub format: FormatArg,
    /// Leave out chats that nobody coded and Wolkvox closed after a day (TIMEOUTCHAT)
    #[arg(long)]
    pub without_timeouts: bool,
    /// Pause between two calls, from the third on
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = pace)]
    pub pace: Duration,
    /// Make more than a hundred calls without asking
    #[arg(long)]
    pub yes: bool,
}

/// Options of `backfill`.
#[derive(Debug, Args)]
pub struct Backfill {
    /// Chats that closed from here on: a day of the operation (2026-10-01) or a time (2026-10-01T08:00:00-05:00)
    #[arg(long, value_name = "TIME")]
    pub from: Moment,
    /// … and before this; a day is its midnight
    #[arg(long, value_name = "TIME", required_unless_present = "until_state")]
    pub to: Option<Moment>,
    /// Instead of --to: up to where the exporter that keeps its state in DIR began to count
    #[arg(long, value_name = "DIR", conflicts_with = "to")]
    pub until_state: Option<PathBuf>,
    /// From one sample to the next; Prometheus looks back five minutes for one
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = duration)]
    pub step: Duration,
    /// A label that Prometheus adds to live samples, such as job=wolkvox; repeat for more
    #[arg(long = "label", value_name = "NAME=VALUE", value_parser = label)]
    pub labels: Vec<(String, String)>,
    /// Write to a file, which an interrupted run can be gone on with; without it to the standard output
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Pause between two calls
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = pace)]
    pub pace: Duration,
    /// Make more than a hundred calls without asking
    #[arg(long)]
    pub yes: bool,
    /// Bucket bounds as they are stored of live scrapes: 5.0 by Prometheus, 5 by VictoriaMetrics
    #[arg(long, value_enum, value_name = "FORM", default_value_t = Bounds::Prometheus)]
    pub bounds: Bounds,
}

/// How bucket bounds are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)] // The option says it.
pub enum Bounds {
    Prometheus,
    Victoriametrics,
}

/// What a line of the report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)] // As in [`By`].
pub enum ByArg {
    Skill,
    Agent,
    Channel,
    Day,
}

impl From<ByArg> for By {
    fn from(by: ByArg) -> By {
        match by {
            ByArg::Skill => By::Skill,
            ByArg::Agent => By::Agent,
            ByArg::Channel => By::Channel,
            ByArg::Day => By::Day,
        }
    }
}

/// How the report is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)] // As in [`Format`].
pub enum FormatArg {
    Table,
    Csv,
    Json,
}

impl From<FormatArg> for Format {
    fn from(format: FormatArg) -> Format {
        match format {
            FormatArg::Table => Format::Table,
            FormatArg::Csv => Format::Csv,
            FormatArg::Json => Format::Json,
        }
    }
}

/// A time as given: a day of the operation, whose zone only the configuration knows, or an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// A local day.
    Day(NaiveDate),
    /// An instant.
    Instant(DateTime<Utc>),
}

impl Moment {
    /// The instant: of a day, its first. Where the clocks skip midnight, that is when they do.
    pub fn at(self, zone: impl Into<Zone>) -> DateTime<Utc> {
        match self {
            Moment::Day(day) => window::to_instants(day.and_time(NaiveTime::MIN), zone).0,
            Moment::Instant(at) => at,
        }
    }
}

impl std::str::FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Moment, String> {
        if let Ok(day) = text.parse() {
            return Ok(Moment::Day(day));
        }
        DateTime::parse_from_rfc3339(text)
            .map(|at| Moment::Instant(at.to_utc()))
            .map_err(|_| {
                "it must be a day such as 2026-10-01 or a time such as 2026-10-01T08:00:00-05:00".to_owned()
            })
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .map_err(|_| "it must be a duration with a unit, such as 5m or 0s".to_owned())
}

/// A day's pause makes one call a day; nobody waits longer on purpose.
fn pace(text: &str) -> Result<Duration, String> {
    let pace = duration(text)?;
    if pace > Duration::from_secs(24 * 3600) {
        return Err("it must be a day at the most".to_owned());
    }
    Ok(pace)
}

fn label(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() && !value.is_empty() => {
            Ok((name.to_owned(), value.to_owned()))
        }
        _ => Err("it must be a name and a value, such as job=wolkvox".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use super::*;

    #[test]
    fn a_day_begins_at_midnight_of_the_operation() {
        let moment: Moment = "2026-10-01".parse().unwrap();
        let at = moment.at(Tz::America__Bogota);
        assert_eq!(at.to_rfc3339(), "2026-10-01T05:00:00+00:00");
        let moment: Moment = "2026-10-01T08:00:00-05:00".parse().unwrap();
        assert_eq!(
            moment.at(Tz::Europe__Madrid).to_rfc3339(),
            "2026-10-01T13:00:00+00:00"
        );
        assert!("yesterday".parse::<Moment>().is_err());
    }

    #[test]
    fn the_definitions_are_sound() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn a_backfill_needs_an_end() {
        let parse = |more: &[&str]| {
            let base = ["wolkvox-exporter", "backfill", "--from", "2026-10-01"];
            Cli::try_parse_from(base.iter().chain(more))
        };
        assert!(parse(&[]).is_err());
        assert!(parse(&["--to", "2026-11-01"]).is_ok());
        assert!(parse(&["--until-state", "state"]).is_ok());
        assert!(parse(&["--until-state", "state", "--to", "2026-11-01"]).is_err());
        assert!(parse(&["--to", "2026-11-01", "--label", "job"]).is_err());
        assert!(parse(&["--to", "2026-11-01", "--pace", "24h"]).is_ok());
        assert!(parse(&["--to", "2026-11-01", "--pace", "25h"]).is_err());
    }
}
