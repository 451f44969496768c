//! `wolkvox-exporter backfill`: the past, as `/metrics` would have shown it.
//!
//! The report is read in polite pieces ([`reading`]), goes through the same ledger with a virtual clock
//! ([`timeline`]), and is written as `OpenMetrics` with timestamps, step by step. Samples of all families are grouped
//! by step instead of by family: only so can a month be streamed, and both `promtool tsdb create-blocks-from
//! openmetrics` and `VictoriaMetrics` read it that way.

mod checkpoint;
pub mod output;
pub mod progress;
pub mod reading;
pub mod timeline;

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

pub use output::Output;
pub use progress::Progress;
pub use reading::{Notice, Pauses, Piece, ReadError, Reader};
pub use timeline::{Span, Timeline};

use crate::app;
use crate::chats::Totals;
use crate::config::Config;
use crate::exposition;
use crate::ledger::{FileStore, StoreError};
use checkpoint::Checkpoint;
use wolkvox::Source;
use wolkvox::client::{Client, SetupError};

/// Why the past could not be written.
#[derive(Debug, thiserror::Error)]
pub enum BackfillError {
    /// The stretch is reversed, empty, or lies in the future.
    #[error("{0}")]
    Stretch(String),
    /// A label is none of Prometheus'.
    #[error("--label {0:?} is not a label such as job=wolkvox")]
    Label(String),
    /// The client can't be set up.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The report can't be read.
    #[error("{cause}{}", if *.resumable { ". What was written is kept: the same command goes on from there" } else { "" })]
    Read {
        /// Which piece, and why.
        cause: ReadError,
        /// Whether there is a checkpoint.
        resumable: bool,
    },
    /// The state of the running exporter can't be read.
    #[error(transparent)]
    State(#[from] StoreError),
    /// There is no state where the seam should be.
    #[error(
        "{} holds no state of the operation {operation}: start the exporter first (its first start decides where the past ends), or give --to", directory.display()
    )]
    NoState {
        /// `--until-state`.
        directory: PathBuf,
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
    /// The output can't be written.
    #[error("{what} can't be written: {cause}")]
    Write {
        /// The file, or the standard output.
        what: String,
        /// Why.
        cause: io::Error,
    },
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
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
    /// No sample of the past may be younger, by our clock: the running exporter's first is.
    pub last: DateTime<Utc>,
}

/// Finds the seam in the state that a running exporter keeps in `directory`, without locking it.
///
/// # Errors
/// There is none, it can't be read, or it is that of another server.
pub fn seam(config: &Config, directory: &std::path::Path) -> Result<Seam, BackfillError> {
    let Some((origin, ledger)) = FileStore::look::<Totals>(directory, &config.operation)? else {
        return Err(BackfillError::NoState {
            directory: directory.to_owned(),
            operation: config.operation.clone(),
        });
    };
    let configured = app::server_of(config);
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

/// What is read, and how it is counted.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Which stretch, and how it is written.
    pub span: Span,
    /// How chats are counted and what is shown.
    pub settings: timeline::Settings,
    /// The zone of the report's dates.
    pub zone: Tz,
    /// How far before the stretch is asked: on a server that filters on the opening time, chats that closed in it
    /// are found there.
    pub lookback: TimeDelta,
    /// The host and port of the API: an unfinished file is not gone on with from another.
    pub host: String,
}

impl Plan {
    /// The plan of a configuration.
    ///
    /// # Errors
    /// The stretch is empty or not over yet, or a label is none.
    pub fn new(config: &Config, span: Span, now: DateTime<Utc>) -> Result<Plan, BackfillError> {
        let stretch = |what: String| Err(BackfillError::Stretch(what));
        if span.from >= span.last {
            return stretch(format!(
                "there is nothing between {} and {}",
                span.from.format("%FT%TZ"),
                span.until.format("%FT%TZ")
            ));
        }
        if span.step < TimeDelta::seconds(1) {
            return stretch("--step must be a second or more".to_owned());
        }
        if span.until > now {
            return stretch(format!(
                "{} lies in the future: only the past can be filled in",
                span.until.format("%FT%TZ")
            ));
        }
        if let Some((name, _)) = span.labels.iter().find(|(name, _)| !is_label_name(name)) {
            return Err(BackfillError::Label(name.clone()));
        }
        let poller = app::poller_settings(config);
        Ok(Plan {
            span,
            settings: timeline::Settings {
                rules: poller.rules,
                shown: poller.shown,
                window: poller.window,
            },
            zone: poller.zone,
            lookback: poller.sweep_lookback,
            host: app::server_of(config),
        })
    }

    /// The same for the same command and settings.
    fn fingerprint(&self) -> String {
        format!(
            "{:?}",
            (&self.span, &self.settings, self.zone, self.lookback, &self.host)
        )
    }
}

/// Letters, digits and `_`, and none of the exporter's own.
fn is_label_name(name: &str) -> bool {
    let is_own = name == "operation"
        || name == "le"
        || crate::catalogue::all().any(|spec| spec.labels.contains(&name));
    !is_own
        && !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Sets up the client and writes the past.
///
/// # Errors
/// See [`BackfillError`].
pub async fn run(
    config: &Config,
    plan: &Plan,
    pace: Duration,
    output: Option<PathBuf>,
    progress: &mut Progress,
) -> Result<Outcome, BackfillError> {
    let client = Client::new(app::client_settings(config))?;
    let reader = Reader::new(client, plan.zone, pace);
    write(plan, reader, output, progress).await
}

/// Reads the stretch and writes each step. Memory holds the rows of one piece at a time.
///
/// With a file, each piece is followed by a checkpoint beside it: the same call goes on from there.
///
/// # Errors
/// See [`BackfillError`].
pub async fn write<S: Source>(
    plan: &Plan,
    mut reader: Reader<S>,
    output: Option<PathBuf>,
    progress: &mut Progress,
) -> Result<Outcome, BackfillError> {
    let span = &plan.span;
    let (mut output, resumed) = Output::open(output, &plan.fingerprint())?;
    let mut checkpoint = resumed.unwrap_or_else(|| Checkpoint {
        next: span.from - plan.lookback,
        timeline: Timeline::new(span.from),
    });
    // The very second of `until` is the next stretch's, or the running exporter's.
    let to = reading::last_second_before(span.until);
    let eve = span.from - plan.lookback;
    progress.begin(eve, to, checkpoint.next, reader.pace());
    let mut reach = reach_of(plan, span.from);
    loop {
        let read = reader
            .next(checkpoint.next, to, |notice| progress.notice(&notice))
            .await;
        let piece = read.map_err(|cause| BackfillError::Read {
            cause,
            resumable: output.is_begun(),
        })?;
        let Some(piece) = piece else { break };
        reach = piece.window.date_end;
        let timeline = &mut checkpoint.timeline;
        timeline.take(piece.chats, piece.window.to, span);
        timeline.advance(piece.window.to, reach, span, &plan.settings, |text| {
            output.write(text)
        })?;
        timeline.forget_before(piece.window.date_ini);
        checkpoint.next = piece.window.to;
        progress.piece(checkpoint.next, checkpoint.timeline.chats_counted());
        output.save(&checkpoint)?;
        if checkpoint.next >= to {
            break;
        }
    }
    let timeline = &mut checkpoint.timeline;
    timeline.finish(reach, span, &plan.settings, |text| output.write(text))?;
    output.write(exposition::EOF)?;
    output.finish()?;
    let outcome = Outcome {
        chats: checkpoint.timeline.chats_counted(),
        calls: reader.calls(),
        last: span.last,
    };
    progress.end(&outcome);
    Ok(outcome)
}

fn reach_of(plan: &Plan, at: DateTime<Utc>) -> chrono::NaiveDateTime {
    wolkvox::window::greatest_local(plan.zone, at)
}
