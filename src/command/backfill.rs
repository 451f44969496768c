//! `wolkvox-exporter backfill`: the past, as `/metrics` would have shown it.
//!
//! The report is read in chunks ([`wolkvox::history`]), goes through the same ledger with a virtual clock
//! ([`timeline`]), and is written as `OpenMetrics` with timestamps, step by step. Samples of all families are grouped
//! by step instead of by family: only so can a month be streamed, and both `promtool tsdb create-blocks-from
//! openmetrics` and `VictoriaMetrics` read it that way.

mod checkpoint;
mod label;
mod options;
pub mod output;
pub mod progress;
pub mod reading;
mod terminal;
pub mod timeline;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

pub use label::LabelError;
pub use options::{Options, command};
pub use output::Output;
pub use progress::Progress;
pub use timeline::{Span, Timeline};

use crate::chats::{Ledger, Totals};
use crate::client::{self, ClientError};
use crate::command::range::{Beyond, Cost, Range, RangeError};
use crate::command::state::place::{States, unreadable};
use crate::config::{OperationConfig, Place};
use crate::exposition;
use crate::ledger::state::{self, Origin};
use checkpoint::Checkpoint;
use reading::Chats;
use wolkvox::client::Tls;
use wolkvox::history::{Purpose, ReadError, Reader};
use wolkvox::{Source, Zone};

/// Why the past could not be written.
#[derive(Debug, thiserror::Error)]
pub enum BackfillError {
    /// The range can't be read.
    #[error(transparent)]
    Range(#[from] RangeError),
    /// Steps of no length, or longer than anything is shown.
    #[error("--step must lie between 1s and {}", humantime::format_duration(LONGEST_STEP))]
    Step,
    /// A label can't be added.
    #[error(transparent)]
    Label(#[from] LabelError),
    /// The client can't be set up.
    #[error(transparent)]
    Setup(#[from] ClientError),
    /// The report can't be read.
    #[error("{cause}{}", if *.resumable { ". What was written is kept: the same command goes on from there" } else { "" })]
    Read {
        /// Which chunk, and why.
        cause: ReadError,
        /// Whether there is a checkpoint.
        resumable: bool,
    },
    /// The state of the running exporter can't be read.
    #[error("the state in {place} can't be used: {cause:#}")]
    State {
        /// `--until-state`, without a password.
        place: String,
        /// Why.
        cause: anyhow::Error,
    },
    /// There is no state where the seam should be.
    #[error(
        "there is no state of the operation {operation} in {place}: start the exporter first (its first start decides where the past ends), or give --to"
    )]
    NoState {
        /// `--until-state`, without a password.
        place: String,
        /// `WOLKVOX_OPERATION`.
        operation: String,
    },
    /// The state counts another server's report.
    #[error(
        "the state counts the report of {stored}, but this command is set to {configured}: the past of one would meet the present of the other"
    )]
    OtherHost {
        /// Of the state.
        stored: String,
        /// Of the configuration.
        configured: String,
    },
    /// The output file is there already, and it is not an unfinished one.
    #[error("{} is already there: remove it, or choose another --output", .0.display())]
    Exists(PathBuf),
    /// An unfinished file of another command.
    #[error(
        "{} was resumed with other settings or dates: repeat that command to go on with it, or remove it and {} to begin anew", path.display(), checkpoint.display()
    )]
    OtherCommand {
        /// `--output`.
        path: PathBuf,
        /// The checkpoint beside it.
        checkpoint: PathBuf,
    },
    /// Whether there is something to go on with can't be read.
    #[error("the checkpoint can't be read: {0}. Remove it to begin anew")]
    Checkpoint(small_file::Error),
    /// The output is a FIFO, a device or a directory.
    #[error("--output: {0}; leave --output out to write to the standard output")]
    Special(small_file::Error),
    /// The reader of the standard output has left: no more is wanted.
    #[error("nobody reads the standard output any more")]
    Unread,
    /// The system gave no random bytes to hash customers with.
    #[error("WOLKVOX_RECONTACT: customers can't be hashed: {0}")]
    Random(io::Error),
    /// The output can't be written.
    #[error("{what} can't be written: {cause}")]
    Write {
        /// The file, or the standard output.
        what: String,
        /// Why.
        cause: io::Error,
    },
}

/// A longer step shows nothing of a month.
const LONGEST_STEP: Duration = Duration::from_secs(31 * 24 * 3600);

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackfillSummary {
    /// Chats counted.
    pub chats: u64,
    /// Calls of the API, without those of interrupted runs.
    pub calls: u64,
    /// Where the past ends: the last step, UTC.
    pub last: DateTime<Utc>,
}

/// Where the past ends and the running exporter begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seam {
    /// The running exporter counts chats that closed from here on, by the server's clock.
    pub until: DateTime<Utc>,
    /// The latest time that a sample of the past may have, by our clock. The running exporter's samples are younger.
    pub last: DateTime<Utc>,
}

/// Finds the seam in the state that a running exporter keeps at a place, without holding it.
///
/// # Errors
/// There is none, it can't be read, or it is that of another server.
pub async fn seam(config: &OperationConfig, place: &Place) -> Result<Seam, BackfillError> {
    let found = find(config.name(), place).await;
    let found = found.map_err(|cause| BackfillError::State {
        place: place.to_string(),
        cause,
    })?;
    let (origin, ledger) = found.ok_or_else(|| BackfillError::NoState {
        place: place.to_string(),
        operation: config.name().to_owned(),
    })?;
    let configured = config.server.host();
    if origin.host != configured {
        return Err(BackfillError::OtherHost {
            stored: origin.host,
            configured,
        });
    }
    let counting = ledger.counting;
    let until = if counting.configured {
        counting.since
    } else {
        // As the ledger compares: in the server's time, whole seconds.
        let since = counting.since + TimeDelta::milliseconds(counting.server_offset_ms.unwrap_or(0));
        since - TimeDelta::nanoseconds(i64::from(since.timestamp_subsec_nanos()))
    };
    // With WOLKVOX_COUNT_FROM live samples begin later than counting does: what was counted before the first of them
    // shows up at the first poll, as it does without a past.
    Ok(Seam {
        until,
        last: until.min(counting.since) - TimeDelta::milliseconds(1),
    })
}

/// The state of an operation, also where its exporter is running.
async fn find(operation: &str, place: &Place) -> anyhow::Result<Option<(Origin, Ledger)>> {
    let states = States::open(place).await?;
    let seen = states.look(operation).await?;
    let state = seen.and_then(|seen| seen.state);
    let read = |bytes: Vec<u8>| state::decode::<Totals>(&bytes).map_err(unreadable);
    state.map(read).transpose()
}

/// What is read, and how it is counted.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Which range, and how it is written.
    pub span: Span,
    /// Whose chats, how they are counted and what is shown.
    pub config: OperationConfig,
}

impl Plan {
    /// The plan of a configuration.
    ///
    /// # Errors
    /// The range is empty or not over yet, steps are too short or too long, or a label can't be added.
    pub fn new(config: &OperationConfig, span: Span, now: DateTime<Utc>) -> Result<Plan, BackfillError> {
        Range::new(span.from, span.until, now, Beyond::Refuse)?;
        if span.from >= span.last {
            return Err(BackfillError::Range(RangeError::Empty {
                from: span.from,
                to: span.last,
            }));
        }
        if !(Duration::from_secs(1)..=LONGEST_STEP).contains(&span.step.to_std().unwrap_or_default()) {
            return Err(BackfillError::Step);
        }
        label::check(&span.labels)?;
        Ok(Plan {
            span,
            config: config.clone(),
        })
    }

    /// What is left to read, where `output` may hold what an interrupted run has read.
    ///
    /// # Errors
    /// The output is there already, belongs to another command, or can't be read.
    pub fn cost(&self, pace: Duration, output: Option<&Path>) -> Result<Cost, BackfillError> {
        let begun = match output {
            Some(path) => output::begun(path, &self.fingerprint())?,
            None => None,
        };
        let left = Range {
            from: begun.map_or(self.read_from(), |(_, checkpoint)| checkpoint.next),
            to: self.end(),
        };
        Ok(Cost::of(&[left], self.zone(), pace, 1))
    }

    /// Where the reading begins: on a server that filters on the opening time, chats of the range are found there.
    fn read_from(&self) -> DateTime<Utc> {
        self.span.from - self.config.polling.sweep_lookback
    }

    fn zone(&self) -> Zone {
        self.config.server.timezone
    }

    /// The last second that is read. The second of `until` belongs to the next range, or to the running exporter.
    fn end(&self) -> DateTime<Utc> {
        reading::last_second_before(self.span.until)
    }

    /// The same for the same command, and the same settings of all that the file depends on.
    fn fingerprint(&self) -> String {
        let OperationConfig {
            server,
            polling,
            counting,
            ..
        } = &self.config;
        let whose = (&server.operation, server.host(), server.timezone);
        let asked = (polling.window, polling.sweep_lookback);
        let counted = (
            counting.asa_target_ms,
            &counting.objectives,
            counting.agents,
            counting.max_series,
            &counting.recontact,
        );
        let shown = (
            counting.service_level_target,
            &counting.skill_names,
            polling.poll_interval,
            polling.api_daily_limit,
        );
        format!("{:?}", (&self.span, whose, asked, counted, shown))
    }
}

/// Sets up the client and writes the past.
///
/// # Errors
/// See [`BackfillError`].
pub async fn run(
    plan: &Plan,
    pace: Duration,
    output: Option<PathBuf>,
    progress: &mut Progress,
) -> Result<BackfillSummary, BackfillError> {
    let client = client::open_to_count(&plan.config.server, &plan.config.counting, &Tls::default())?;
    let reader = Reader::persistent(client, plan.zone(), pace);
    write(plan, reader, pace, output, progress).await
}

/// Reads the past and writes each step. Memory holds the rows of one chunk at a time. `pace` is how long the reader waits
/// between two calls.
///
/// With a file, each chunk is followed by a checkpoint beside it: the same call goes on from there.
///
/// # Errors
/// See [`BackfillError`].
pub async fn write<S: Source>(
    plan: &Plan,
    mut reader: Reader<S>,
    pace: Duration,
    output: Option<PathBuf>,
    progress: &mut Progress,
) -> Result<BackfillSummary, BackfillError> {
    let span = &plan.span;
    let (mut output, resumed) = Output::open(output, &plan.fingerprint())?;
    let to = plan.end();
    let read_to = resumed.as_ref().map(|checkpoint| checkpoint.next);
    let mut checkpoint = resumed.unwrap_or_else(|| Checkpoint {
        next: plan.read_from(),
        timeline: Timeline::new(span.from),
    });
    checkpoint.timeline.begin_recontacts(&plan.config)?;
    let customers = checkpoint.timeline.customers();
    let range = reader.open(Purpose::Poll, checkpoint.next, to, None);
    let mut range = range.after(read_to);
    progress.begin(plan.read_from(), to, checkpoint.next, pace);
    let mut reach = reach_of(plan, span.from);
    while let Some((chunk, Chats { chats, .. })) = reader
        .read_next(
            &mut range,
            |_| Chats::new(plan.zone()).with_customers(Arc::clone(&customers)),
            |notice| progress.notice(&notice),
        )
        .await
        .map_err(|cause| BackfillError::Read {
            cause,
            resumable: output.is_begun(),
        })?
    {
        reach = chunk.date_end;
        let timeline = &mut checkpoint.timeline;
        timeline.take(chats, chunk.to, span);
        timeline.advance(chunk.to, reach, span, &plan.config, |text| output.write(text))?;
        timeline.forget_before(chunk.date_ini, &plan.config);
        checkpoint.next = chunk.to;
        progress.chunk(checkpoint.next, checkpoint.timeline.chats_counted());
        output.save(&checkpoint)?;
    }
    let timeline = &mut checkpoint.timeline;
    timeline.finish(reach, span, &plan.config, |text| output.write(text))?;
    output.write(exposition::EOF)?;
    output.finish()?;
    let outcome = BackfillSummary {
        chats: checkpoint.timeline.chats_counted(),
        calls: reader.calls(),
        last: span.last,
    };
    progress.end(&outcome);
    Ok(outcome)
}

fn reach_of(plan: &Plan, at: DateTime<Utc>) -> chrono::NaiveDateTime {
    wolkvox::window::greatest_local(plan.zone(), at)
}
