//! A summary as text.

mod csv;
mod json;
mod table;

use std::io;

use clap::ValueEnum;

use super::{By, Columns, Summary, Value};

/// How a summary is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PrintFormat {
    /// For people, with a row of all chats
    Table,
    /// Comma-separated values with a heading; times in seconds, shares from 0 to 1
    Csv,
    /// An array of objects with the names and numbers of the CSV; null where there is no value
    Json,
}

impl Summary {
    /// The text, with a line break at its end.
    ///
    /// # Errors
    /// None but what writing to memory has.
    pub fn print(&self, columns: &Columns, format: PrintFormat) -> io::Result<String> {
        match format {
            PrintFormat::Table => Ok(table::print(self, columns)),
            PrintFormat::Csv => csv::print(self, columns),
            PrintFormat::Json => Ok(json::print(self, columns)?),
        }
    }
}

/// A value of a key for programs: an interval by its beginning, ISO 8601 in local time; a day by its date.
fn plain(by: By, value: &Value) -> String {
    match value {
        Value::Interval(interval) if by == By::Day => interval.start.date_naive().to_string(),
        Value::Interval(interval) => interval.start.format("%FT%T%:z").to_string(),
        Value::Number(_, text) | Value::Word(text) => text.clone(),
    }
}

#[cfg(test)]
mod tests;
