//! Texts of ids: names of agents, and descriptions of codes.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Totals;
use crate::chats::key::Table;

/// A text that belongs to an id: that of the chat closed last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Name {
    /// The text.
    pub text: String,
    /// When the chat that it came from was closed: milliseconds since the epoch.
    pub as_of_ms: i64,
}

impl Name {
    /// Whether a text takes its place: that of the chat closed last stays, and of two closed in the same second the lesser
    /// one, so that the order in which they are read does not matter.
    pub(in crate::chats) fn yields_to(&self, text: &str, as_of_ms: i64) -> bool {
        as_of_ms > self.as_of_ms || as_of_ms == self.as_of_ms && *text < *self.text
    }
}

/// Texts by id.
pub type Names = BTreeMap<String, Name>;

impl Totals {
    /// The texts of a table's ids.
    pub(in crate::chats) fn texts(&self, table: Table) -> &Names {
        match table {
            Table::Agents => &self.agent_names,
            _ => &self.descriptions,
        }
    }

    /// Adds the text of an id of the table.
    pub(in crate::chats) fn add_text(&mut self, table: Table, id: &str, name: &Name) {
        let names = match table {
            Table::Agents => &mut self.agent_names,
            _ => &mut self.descriptions,
        };
        note(names, id, Some(&name.text), name.as_of_ms);
    }
}

/// Keeps the text that [`Name::yields_to`] says.
pub(super) fn note(names: &mut Arc<Names>, id: &str, text: Option<&String>, as_of_ms: i64) {
    let Some(text) = text else { return };
    if names.get(id).is_none_or(|known| known.yields_to(text, as_of_ms)) {
        Arc::make_mut(names).insert(
            id.to_owned(),
            Name {
                text: text.clone(),
                as_of_ms,
            },
        );
    }
}
