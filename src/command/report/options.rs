//! The options of `report`, and how they are carried out.

use std::time::Duration;

use clap::Args;

use super::{By, Column, Columns, Keys, Of, PrintFormat, Question, SummaryError};
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
    /// Chats that closed (--of) from here on: a day of the operation (2026-10-01) or a time (2026-10-01T08:00:00-05:00)
    #[arg(long, value_name = "TIME")]
    pub from: TimeArgument,
    /// … and before this; a day is its midnight. What lies in the future is now
    #[arg(long, value_name = "TIME")]
    pub to: TimeArgument,
    /// The time of a chat that counts. For `opening` the report is read on after --to for as long as sweeps look back, or up to
    /// now: chats that closed later, or are still open, are not in it
    #[arg(long, value_enum, value_name = "TIME", default_value_t = Of::Closing)]
    pub of: Of,
    /// One row per: one of these, or two separated by a comma, of which one at the most is a time (skill,hour)
    #[arg(long, value_enum, value_name = "KEYS", value_delimiter = ',', default_values_t = [By::Skill])]
    pub by: Vec<By>,
    /// What is shown of each row, separated by commas
    #[arg(long, value_enum, value_name = "COLUMNS", value_delimiter = ',', default_values_t = Column::USUAL)]
    pub columns: Vec<Column>,
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

/// Reads the range and prints it.
///
/// # Errors
/// The settings, the range, the keys or the columns can't be used, nobody agreed to that many calls, or the report can't be read.
pub async fn command(options: Options) -> Result<(), Failure> {
    let by = Keys::new(options.by).map_err(SummaryError::from)?;
    let columns = Columns::new(options.columns).map_err(SummaryError::from)?;
    let now = SystemClock.now();
    let config = options.operation.read(now)?;
    let asked = options.to.at(config.server.timezone);
    let from = options.from.at(config.server.timezone);
    let Range { from, to } = Range::new(from, asked, now, Beyond::Cut)?;
    if to < asked {
        log::say(&format!(
            "--to lies in the future: read is what closed before now, {}",
            range::form(&to)
        ));
    }
    let question = Question {
        config: &config,
        from,
        to,
        now,
        of: options.of,
        by,
        without_timeouts: options.without_timeouts,
    };
    if question.of == Of::Opening {
        let until = question.besides().map_or(to, |besides| besides.to);
        log::say(&format!(
            "--of opening: chats that closed after {}, or are still open, are not in it",
            range::form(&until)
        ));
    }
    range::agree(question.cost(options.pace), Consent::given(options.yes))?;
    let mut progress = Progress::notices_on_stderr();
    let summary = super::run(&question, options.pace, |notice| {
        progress.notice(&notice);
    })
    .await?;
    let text = summary.print(&columns, options.format);
    Ok(print(&text.map_err(anyhow::Error::from)?)?)
}
