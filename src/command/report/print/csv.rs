//! A summary as comma-separated values (RFC 4180, but for line ends of one byte).

use std::io;

use csv::WriterBuilder;

use super::{Summary, plain};
use crate::command::report::Columns;
use crate::command::report::column::Number;

pub(super) fn print(summary: &Summary, columns: &Columns) -> io::Result<String> {
    let mut writer = WriterBuilder::new().from_writer(Vec::new());
    let keys = summary.by.as_slice();
    let heading = keys.iter().map(|by| by.field());
    writer.write_record(heading.chain(columns.as_slice().iter().map(|column| column.field())))?;
    for row in &summary.rows {
        let names = keys.iter().zip(&row.values);
        let names = names.map(|(by, value)| guarded(&plain(*by, value)));
        let numbers = columns.as_slice().iter().map(|column| cell(column.of(row)));
        writer.write_record(names.chain(numbers))?;
    }
    let bytes = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
    String::from_utf8(bytes).map_err(io::Error::other)
}

/// A number with a dot; empty where there is none.
fn cell(number: Option<Number>) -> String {
    match number {
        None => String::new(),
        Some(Number::Count(count)) => count.to_string(),
        Some(Number::Seconds(value) | Number::Share(value) | Number::Ratio(value)) => value.to_string(),
    }
}

/// Words of the report come from outside, and a spreadsheet takes a cell that begins with `=` for a formula: an apostrophe
/// before it makes it text. Where the decimal comma is used, spreadsheets separate cells by semicolons: what follows one may
/// become a cell of its own.
pub(super) fn guarded(text: &str) -> String {
    let mut guarded = String::with_capacity(text.len() + 1);
    let mut begins = true;
    for char in text.chars() {
        let is_break = matches!(char, '\t' | '\r' | '\n');
        let is_formula = matches!(char, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠');
        if begins && (is_formula || (is_break && guarded.is_empty())) {
            guarded.push('\'');
        }
        guarded.push(char);
        let is_passed_over = matches!(char, '"' | ' ');
        begins = is_break || char == ';' || (begins && is_passed_over);
    }
    guarded
}
