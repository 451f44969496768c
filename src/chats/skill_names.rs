//! Wolkvox' list of the operation's skills: their names, which the report lacks.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use chrono::{DateTime, Utc};

use super::chat::value;
use wolkvox::{Key, List, Read, Report, Row, RowError, Sink, Value};

/// Names of skills by id, as label values.
pub type SkillNames = BTreeMap<String, String>;

/// Most skills that are named. A licence has ten.
const MOST_SKILLS: usize = 1_000;
/// Many times what the list of so many skills takes.
const MOST_BYTES: u64 = 4 * 1024 * 1024;
/// The most that Wolkvox sends.
const MOST_ROWS: u64 = 60_000;

const ID: usize = 0;
const NAME: usize = 1;

/// What to ask Wolkvox for.
pub fn list() -> List {
    let key = |name, index| Key {
        name,
        index,
        rank: 0,
        read: Read::Value,
    };
    List {
        page: "information.php",
        report: Report {
            name: "skills",
            keys: vec![key("skill_id", ID), key("skill_name", NAME)],
            unread: &[],
        },
        max_bytes: MOST_BYTES,
        max_rows: MOST_ROWS,
    }
}

/// Takes the rows of the list. They count only if the answer was whole.
#[derive(Debug, Default)]
pub struct SkillList {
    /// The names that were found. Of a skill that comes twice the first one.
    pub names: SkillNames,
    /// Skills that are not named, because there are too many.
    pub left_out: usize,
}

impl Sink for SkillList {
    fn begin(&mut self, _date: Option<DateTime<Utc>>) {}

    fn row(&mut self, row: Result<Row<'_>, RowError>) {
        let Ok(row) = row else { return };
        let (Some(id), Some(name)) = (text(&row, ID), text(&row, NAME)) else {
            return;
        };
        let is_full = self.names.len() >= MOST_SKILLS;
        match self.names.entry(id) {
            Entry::Vacant(_) if is_full => self.left_out += 1,
            Entry::Vacant(place) => {
                place.insert(name);
            }
            Entry::Occupied(_) => {}
        }
    }
}

/// A label value, as the report's are read.
fn text(row: &Row<'_>, field: usize) -> Option<String> {
    match row.get(field) {
        Value::Text(text) if text.trim() != "-" => value::label(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
