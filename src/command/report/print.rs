//! A summary as text.

use std::fmt::Write;

use clap::ValueEnum;
use serde::Serialize;

use super::{Line, Summary};

/// How a summary is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PrintFormat {
    /// For people.
    Table,
    /// Comma-separated values with a heading; times in seconds, the service level from 0 to 1. Without the sum.
    Csv,
    /// One object; the same numbers.
    Json,
}

/// A line's numbers as they are shown.
#[derive(Serialize)]
struct Numbers<'a> {
    name: &'a str,
    chats: u64,
    coded: u64,
    timeouts: u64,
    asa_mean_seconds: Option<f64>,
    asa_p90_seconds: Option<f64>,
    service_level: Option<f64>,
    duration_mean_seconds: Option<f64>,
    time_on_agent_mean_seconds: Option<f64>,
}

#[derive(Serialize)]
struct Object<'a> {
    by: &'static str,
    lines: Vec<Numbers<'a>>,
    total: Numbers<'a>,
}

const HEADINGS: [&str; 8] = [
    "chats",
    "coded",
    "timeouts",
    "ASA mean",
    "ASA p90",
    "service level",
    "duration mean",
    "time on agent mean",
];

impl Summary {
    /// The text, with a line break at its end.
    pub fn print(&self, format: PrintFormat) -> String {
        match format {
            PrintFormat::Table => self.table(),
            PrintFormat::Csv => self.csv(),
            PrintFormat::Json => self.json(),
        }
    }

    fn table(&self) -> String {
        let mut rows = vec![heading(self.by.as_str())];
        let lines = self.lines.iter().map(|(name, line)| (name.as_str(), line));
        rows.extend(
            lines
                .chain([("all", &self.total)])
                .map(|(name, line)| row(name, line)),
        );
        let widths: Vec<usize> = (0..rows[0].len())
            .map(|column| {
                rows.iter()
                    .map(|row| row[column].chars().count())
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        let mut text = String::new();
        for (index, row) in rows.iter().enumerate() {
            if index == 1 || index + 1 == rows.len() {
                let rules: Vec<String> = widths.iter().map(|width| "─".repeat(*width)).collect();
                push_line(&mut text, &rules.join("  "));
            }
            let cells = row.iter().zip(&widths).enumerate();
            let cells: Vec<String> = cells
                .map(|(column, (cell, width))| match column {
                    0 => format!("{cell:<width$}"),
                    _ => format!("{cell:>width$}"),
                })
                .collect();
            push_line(&mut text, cells.join("  ").trim_end());
        }
        text
    }

    fn csv(&self) -> String {
        let mut text = format!(
            "{},chats,coded,timeouts,asa_mean_seconds,asa_p90_seconds,service_level,duration_mean_seconds,time_on_agent_mean_seconds\n",
            self.by.as_str()
        );
        for (name, line) in &self.lines {
            let times = [
                line.asa_mean(),
                line.asa_p90(),
                line.service_level(),
                line.duration_mean(),
                line.time_on_agent_mean(),
            ];
            let times = times.map(|value| value.map_or_else(String::new, |value| value.to_string()));
            let cells = [line.chats, line.coded, line.timeouts].map(|count| count.to_string());
            push_line(
                &mut text,
                &format!("{},{},{}", cell(name), cells.join(","), times.join(",")),
            );
        }
        text
    }

    fn json(&self) -> String {
        let object = Object {
            by: self.by.as_str(),
            lines: self
                .lines
                .iter()
                .map(|(name, line)| numbers(name, line))
                .collect(),
            total: numbers("all", &self.total),
        };
        // Strings and numbers always have a JSON form.
        let mut text = serde_json::to_string_pretty(&object).unwrap_or_default();
        text.push('\n');
        text
    }
}

fn heading(by: &str) -> Vec<String> {
    std::iter::once(by).chain(HEADINGS).map(str::to_owned).collect()
}

fn row(name: &str, line: &Line) -> Vec<String> {
    let mut cells = vec![name.to_owned()];
    cells.extend([line.chats, line.coded, line.timeouts].map(|count| count.to_string()));
    cells.extend([
        clock(line.asa_mean()),
        clock(line.asa_p90()),
        line.service_level()
            .map_or_else(|| "-".to_owned(), |share| format!("{:.1} %", share * 100.0)),
        clock(line.duration_mean()),
        clock(line.time_on_agent_mean()),
    ]);
    cells
}

/// `M:SS`, or `H:MM:SS` from an hour on, as Wolkvox' own screens show times.
fn clock(seconds: Option<f64>) -> String {
    let Some(seconds) = seconds else {
        return "-".to_owned();
    };
    let rounded = std::time::Duration::from_secs_f64(seconds.max(0.0) + 0.5).as_secs();
    let (hours, minutes, seconds) = (rounded / 3600, rounded / 60 % 60, rounded % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

fn numbers<'a>(name: &'a str, line: &Line) -> Numbers<'a> {
    Numbers {
        name,
        chats: line.chats,
        coded: line.coded,
        timeouts: line.timeouts,
        asa_mean_seconds: line.asa_mean(),
        asa_p90_seconds: line.asa_p90(),
        service_level: line.service_level(),
        duration_mean_seconds: line.duration_mean(),
        time_on_agent_mean_seconds: line.time_on_agent_mean(),
    }
}

/// A cell as RFC 4180 wants it. The report's words come from outside, and a spreadsheet takes a cell that begins with
/// `=` for a formula: an apostrophe before it makes it text.
fn cell(text: &str) -> String {
    let is_number = text.parse::<f64>().is_ok_and(f64::is_finite) && !text.starts_with('+');
    let is_formula =
        text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) && !is_number;
    let guarded = if is_formula {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    // Where the decimal comma is used, spreadsheets separate cells by semicolons.
    if is_formula || guarded.contains([',', ';', '"', '\t', '\n', '\r']) {
        format!("\"{}\"", guarded.replace('"', "\"\""))
    } else {
        guarded
    }
}

fn push_line(text: &mut String, line: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{line}");
}

#[cfg(test)]
mod tests;
