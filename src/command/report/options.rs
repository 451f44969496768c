//! The options of `report`, and how they are carried out.

use std::time::Duration;

use clap::Args;

use super::{By, PrintFormat, Question};
use crate::clock::{Clock as _, SystemClock};
use crate::command::backfill::Progress;
use crate::command::option::{OperationArgument, TimeArgument, pace};
use crate::command::range::{self, Beyond, Consent, Range};
use crate::command::{Failure, print};
use crate::log;

/// Options of `report`.
#[derive(Debug, Args)]
pub struct Options {
    /// Whose chats.
    #[command(flatten)]
    pub operation: OperationArgument,
    /// Chats that closed from here on: a day of the operation (2026-10-01) or a time (2026-10-01T08:00:00-05:00)
    #[arg(long, value_name = "TIME")]
    pub from: TimeArgument,
    /// … and before this; a day is its midnight. What lies in the future is now
    #[arg(long, value_name = "TIME")]
    pub to: TimeArgument,
    /// One line per
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = By::Skill)]
    pub by: By,
    /// How it is printed
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = PrintFormat::Table)]
    pub format: PrintFormat,
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

/// Reads the range and prints the table.
///
/// # Errors
/// The settings or the range can't be used, nobody agreed to that many calls, or the report can't be read.
pub async fn command(options: Options) -> Result<(), Failure> {
    let config = options.operation.read(SystemClock.now())?;
    let asked = options.to.at(config.server.timezone);
    let Range { from, to } = Range::new(
        options.from.at(config.server.timezone),
        asked,
        SystemClock.now(),
        Beyond::Cut,
    )?;
    if to < asked {
        log::say(&format!(
            "--to lies in the future: read is what closed before now, {}",
            to.format("%FT%TZ")
        ));
    }
    let question = Question {
        config: &config,
        from,
        to,
        by: options.by,
        without_timeouts: options.without_timeouts,
    };
    range::agree(question.cost(options.pace), Consent::given(options.yes))?;
    let mut progress = Progress::notices_on_stderr();
    let summary = super::run(&question, options.pace, |notice| {
        progress.notice(&notice);
    })
    .await?;
    Ok(print(&summary.print(options.format))?)
}
