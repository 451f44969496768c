//! A summary as a table for people.

use std::fmt::Write;
use std::iter;
use std::time::Duration;

use chrono::FixedOffset;

use super::{By, Summary, Value, plain};
use crate::command::report::column::Number;
use crate::command::report::{Columns, Row};

/// A wider table has its headings in several lines.
const WIDTH: usize = 100;
/// Headings are not broken into narrower lines than this, the width of a time.
const NARROWEST: usize = 8;
/// Between two columns.
const GAP: &str = "  ";

pub(super) fn print(summary: &Summary, columns: &Columns) -> String {
    let keys = summary.by.as_slice();
    let headings: Vec<&str> = keys
        .iter()
        .map(|by| by.heading())
        .chain(columns.as_slice().iter().map(|column| column.heading()))
        .collect();
    let clocks = Clocks::of(summary);
    let cells = |row: &Row| {
        let values = keys.iter().zip(&row.values);
        let names = values.map(|(by, value)| name(*by, value, clocks));
        names.chain(numbers(row, columns)).collect()
    };
    let mut body: Vec<Vec<String>> = summary.rows.iter().map(cells).collect();
    let all = iter::once("all").chain(iter::repeat(""));
    let all = all.take(keys.len()).map(str::to_owned);
    body.push(all.chain(numbers(&summary.total, columns)).collect());
    lay_out(&headings, keys.len(), &body)
}

/// Whether the labels of intervals need their offset from UTC.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Clocks {
    /// All have the same.
    Steady,
    /// The clocks were changed in the range: an hour may come twice.
    Changed,
}

impl Clocks {
    fn of(summary: &Summary) -> Clocks {
        let mut offsets = summary.rows.iter().flat_map(|row| &row.values).filter_map(offset);
        let first = offsets.next();
        if offsets.all(|offset| Some(offset) == first) {
            Clocks::Steady
        } else {
            Clocks::Changed
        }
    }
}

fn offset(value: &Value) -> Option<FixedOffset> {
    match value {
        Value::Interval(interval) => Some(*interval.start.offset()),
        Value::Number(..) | Value::Word(_) => None,
    }
}

fn name(by: By, value: &Value, clocks: Clocks) -> String {
    let form = match clocks {
        Clocks::Steady => "%F %H:%M",
        Clocks::Changed => "%F %H:%M %:z",
    };
    match value {
        Value::Interval(interval) if by != By::Day => interval.start.format(form).to_string(),
        _ => plain(by, value),
    }
}

fn numbers<'a>(row: &'a Row, columns: &'a Columns) -> impl Iterator<Item = String> + 'a {
    columns.as_slice().iter().map(|column| cell(column.of(row)))
}

fn cell(number: Option<Number>) -> String {
    match number {
        None => "-".to_owned(),
        Some(Number::Count(count)) => count.to_string(),
        Some(Number::Seconds(seconds)) => clock(seconds),
        Some(Number::Share(share)) => format!("{:.1} %", share * 100.0),
        Some(Number::Ratio(ratio)) => format!("{ratio:.2}"),
    }
}

/// `HH:MM:SS`, with more digits of hours where there are so many.
pub(super) fn clock(seconds: f64) -> String {
    let rounded = Duration::from_secs_f64(seconds.max(0.0) + 0.5).as_secs();
    let (hours, minutes, seconds) = (rounded / 3600, rounded / 60 % 60, rounded % 60);
    format!("{hours:02}:{minutes:02}:{seconds:02}")
}

/// The first `names` columns stand to the left, numbers to the right.
fn lay_out(headings: &[&str], names: usize, body: &[Vec<String>]) -> String {
    let widths: Vec<usize> = (0..headings.len())
        .map(|column| widest(body.iter().map(|row| row[column].as_str())))
        .collect();
    let whole: Vec<Vec<&str>> = headings.iter().map(|heading| vec![*heading]).collect();
    let headings = if width_of_all(&whole, &widths) <= WIDTH {
        whole
    } else {
        let columns = headings.iter().zip(&widths);
        columns.map(|(heading, width)| broken(heading, *width)).collect()
    };
    let widths = with_headings(&headings, &widths);
    let mut text = String::new();
    let height = headings.iter().map(Vec::len).max().unwrap_or(0);
    for line in 0..height {
        let cells = headings.iter().map(|heading| {
            let above = height - heading.len();
            line.checked_sub(above).map_or("", |at| heading[at])
        });
        push_row(&mut text, cells, &widths, names);
    }
    let rules: Vec<String> = widths.iter().map(|width| "─".repeat(*width)).collect();
    let rule = rules.join(GAP);
    push_line(&mut text, &rule);
    for (index, row) in body.iter().enumerate() {
        if index > 0 && index + 1 == body.len() {
            push_line(&mut text, &rule);
        }
        push_row(&mut text, row.iter().map(String::as_str), &widths, names);
    }
    text
}

/// A heading in lines that fit a column of this width, but for longer words.
fn broken(heading: &str, width: usize) -> Vec<&str> {
    let longest_word = widest(heading.split(' '));
    let width = width.max(longest_word).max(NARROWEST);
    let mut lines = Vec::new();
    let mut rest = heading;
    while rest.len() > width {
        let at = rest[..=width].rfind(' ').unwrap_or(rest.len());
        let (line, after) = rest.split_at(at);
        lines.push(line);
        rest = after.trim_start();
    }
    lines.push(rest);
    lines
}

fn with_headings(headings: &[Vec<&str>], widths: &[usize]) -> Vec<usize> {
    let pairs = headings.iter().zip(widths);
    pairs
        .map(|(heading, width)| widest(heading.iter().copied()).max(*width))
        .collect()
}

fn width_of_all(headings: &[Vec<&str>], widths: &[usize]) -> usize {
    let widths = with_headings(headings, widths);
    widths.iter().sum::<usize>() + GAP.len() * widths.len().saturating_sub(1)
}

fn widest<'a>(cells: impl Iterator<Item = &'a str>) -> usize {
    cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
}

fn push_row<'a>(text: &mut String, cells: impl Iterator<Item = &'a str>, widths: &[usize], names: usize) {
    let cells: Vec<String> = cells
        .zip(widths)
        .enumerate()
        .map(|(column, (cell, width))| {
            if column < names {
                format!("{cell:<width$}")
            } else {
                format!("{cell:>width$}")
            }
        })
        .collect();
    push_line(text, cells.join(GAP).trim_end());
}

fn push_line(text: &mut String, line: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{line}");
}
