//! The options of `backfill`, and how they are carried out.

use std::path::PathBuf;
use std::time::Duration;

use chrono::TimeDelta;
use clap::{Args, ValueEnum};

use super::{Plan, Progress, Seam, Span};
use crate::clock::{Clock as _, SystemClock};
use crate::command::Failure;
use crate::command::option::{OperationArgument, TimeArgument, duration, pace};
use crate::command::range::{self, Consent};
use crate::command::state::place;

/// Options of `backfill`.
#[derive(Debug, Args)]
pub struct Options {
    /// Whose chats.
    #[command(flatten)]
    pub operation: OperationArgument,
    /// Chats that closed from here on: a day of the operation (2026-10-01) or a time (2026-10-01T08:00:00-05:00)
    #[arg(long, value_name = "TIME")]
    pub from: TimeArgument,
    /// … and before this; a day is its midnight
    #[arg(long, value_name = "TIME", required_unless_present = "until_state")]
    pub to: Option<TimeArgument>,
    /// Instead of --to: up to where the exporter began to count whose state is there: in a directory, or in the database
    /// of a URL or of a file with one
    #[arg(long, value_name = "DIR|URL", conflicts_with = "to")]
    pub until_state: Option<String>,
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

fn label(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() && !value.is_empty() => {
            Ok((name.to_owned(), value.to_owned()))
        }
        _ => Err("it must be a name and a value, such as job=wolkvox".to_owned()),
    }
}

/// Reads the past and writes it.
///
/// # Errors
/// The settings or the range can't be used, nobody agreed to that many calls, the report can't be read, or the output can't
/// be written.
pub async fn command(options: Options) -> Result<(), Failure> {
    let config = options.operation.read(SystemClock.now())?;
    let from = options.from.at(config.server.timezone);
    let seam = match (&options.until_state, options.to) {
        (Some(text), _) => super::seam(&config, &place::parse("--until-state", text)?).await?,
        (None, to) => {
            let to = to.map_or(from, |to| to.at(config.server.timezone));
            Seam { until: to, last: to }
        }
    };
    let span = Span {
        from,
        until: seam.until,
        last: seam.last,
        step: TimeDelta::from_std(options.step).unwrap_or(TimeDelta::MAX),
        labels: options.labels,
        short_bounds: options.bounds == Bounds::Victoriametrics,
    };
    let plan = Plan::new(&config, span, SystemClock.now())?;
    let cost = plan.cost(options.pace, options.output.as_deref())?;
    range::agree(cost, Consent::given(options.yes))?;
    let mut progress = Progress::on_stderr();
    super::run(&plan, options.pace, options.output, &mut progress).await?;
    Ok(())
}
