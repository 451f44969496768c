//! A summary as JSON: an array of objects, a row each.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::{Summary, plain};
use crate::command::report::column::Number;
use crate::command::report::{Columns, Row};

pub(super) fn print(summary: &Summary, columns: &Columns) -> serde_json::Result<String> {
    let object = |row| Object {
        summary,
        columns,
        row,
    };
    let objects: Vec<Object<'_>> = summary.rows.iter().map(object).collect();
    let mut text = serde_json::to_string_pretty(&objects)?;
    text.push('\n');
    Ok(text)
}

/// A row; its members stand in the order of keys and columns.
struct Object<'a> {
    summary: &'a Summary,
    columns: &'a Columns,
    row: &'a Row,
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(None)?;
        for (by, value) in self.summary.by.as_slice().iter().zip(&self.row.values) {
            object.serialize_entry(by.field(), &plain(*by, value))?;
        }
        for column in self.columns.as_slice() {
            object.serialize_entry(column.field(), &column.of(self.row))?;
        }
        object.end()
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Number::Count(count) => serializer.serialize_u64(count),
            Number::Seconds(value) | Number::Share(value) | Number::Ratio(value) => {
                serializer.serialize_f64(value)
            }
        }
    }
}
