//! `state show`: a table of the states. Exporters may be running.

use std::fmt::Write as _;
use std::iter;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::place::{self, Facts, Holder, Seen, States, time, unreadable};
use crate::clock::{Clock as _, SystemClock};
use crate::command::{Failure, print};
use crate::config::State;
use crate::ledger::store::Mark;

/// Options of `state show`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Where the states are: a directory, the URL of a database or a file with that URL [default: where the variables say]
    #[arg(long, value_name = "DIR|URL")]
    from: Option<String>,
    /// How it is printed
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// For programs: an array with an object for each operation
    Json,
}

/// What is shown of an operation.
struct Line {
    operation: String,
    /// `None` where nothing was committed yet, or it can't be read.
    facts: Option<Facts>,
    holder: Holder,
    mark: Mark,
    problem: Option<String>,
}

pub(super) async fn command(options: Options) -> Result<(), Failure> {
    let place = match &options.from {
        Some(text) => place::parse("--from", text)?,
        None => State::from_env(SystemClock.now())?.place,
    };
    let states = States::open(&place).await?;
    let mut lines = Vec::new();
    for operation in states.operations().await? {
        let seen = states.look(&operation).await;
        // What is gone since it was listed is not there.
        lines.extend(seen.map_or_else(
            |error| Some(Line::of_problem(&operation, &error)),
            |seen| seen.map(|seen| Line::new(&operation, seen)),
        ));
    }
    let text = match options.format {
        Format::Table if lines.is_empty() => format!("There are no states in {place}.\n"),
        Format::Table => table(&lines),
        Format::Json => format!("{:#}\n", json(&lines)),
    };
    print(&text)?;
    let unreadable = lines.iter().filter(|line| line.problem.is_some()).count();
    if unreadable > 0 {
        let error = anyhow::anyhow!("{unreadable} of {} states in {place} can't be read", lines.len());
        return Err(error.into());
    }
    Ok(())
}

impl Line {
    fn new(operation: &str, seen: Seen) -> Line {
        let facts = seen.state.as_deref().map(Facts::of).transpose();
        let (facts, problem) = match facts {
            Ok(facts) => (facts, None),
            Err(error) => (None, Some(unreadable(error).to_string())),
        };
        Line {
            operation: operation.to_owned(),
            facts,
            holder: seen.holder,
            mark: seen.mark,
            problem,
        }
    }

    fn of_problem(operation: &str, error: &anyhow::Error) -> Line {
        Line {
            operation: operation.to_owned(),
            facts: None,
            holder: Holder::Before(None),
            mark: Mark::None,
            problem: Some(format!("{error:#}")),
        }
    }

    fn cells(&self) -> [String; 7] {
        let fact = |show: fn(Facts) -> String| self.facts.map_or_else(|| "-".to_owned(), show);
        [
            self.operation.clone(),
            fact(|facts| time(facts.counting_since)),
            fact(|facts| time(facts.watermark)),
            fact(|facts| facts.chats.to_string()),
            fact(|facts| size(facts.bytes)),
            match &self.holder {
                Holder::Now(holder) => holder.clone(),
                Holder::Before(None) => "-".to_owned(),
                Holder::Before(Some(last)) => format!("- (last {last})"),
            },
            match &self.mark {
                Mark::None => "-".to_owned(),
                Mark::Moved(to) => to.clone().unwrap_or_else(|| "somewhere".to_owned()),
            },
        ]
    }
}

fn size(bytes: usize) -> String {
    let kilobytes = bytes as f64 / 1000.0;
    if kilobytes < 1000.0 {
        format!("{kilobytes:.1} kB")
    } else {
        format!("{:.1} MB", kilobytes / 1000.0)
    }
}

/// Under it stands what can't be read.
fn table(lines: &[Line]) -> String {
    let headings = [
        "operation",
        "counting since",
        "watermark",
        "chats",
        "size",
        "held by",
        "moved to",
    ];
    let rows: Vec<_> = iter::once(headings.map(str::to_owned))
        .chain(lines.iter().map(Line::cells))
        .collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<_> = (0..headings.len()).filter_map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let padded = |(cell, width): (&String, &usize)| format!("{cell:width$}", width = *width);
        let cells: Vec<_> = row.iter().zip(&widths).map(padded).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    for line in lines {
        if let Some(problem) = &line.problem {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{}: {problem}", line.operation);
        }
    }
    text
}

fn json(lines: &[Line]) -> serde_json::Value {
    let objects = lines.iter().map(|line| {
        let (held_by, last) = match &line.holder {
            Holder::Now(holder) => (Some(holder), None),
            Holder::Before(last) => (None, last.as_ref()),
        };
        let (is_moved, moved_to) = match &line.mark {
            Mark::None => (false, None),
            Mark::Moved(to) => (true, to.as_ref()),
        };
        json!({
            "operation": line.operation,
            "counting_since": line.facts.map(|facts| time(facts.counting_since)),
            "watermark": line.facts.map(|facts| time(facts.watermark)),
            "chats": line.facts.map(|facts| facts.chats),
            "bytes": line.facts.map(|facts| facts.bytes),
            "held_by": held_by,
            "last_holder": last,
            "moved": is_moved,
            "moved_to": moved_to,
            "problem": line.problem,
        })
    });
    objects.collect()
}
