//! What is removed from the totals: label sets that had no chat for long, and what settings no longer allow to keep.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{Entry, Sets, Totals};
use crate::chats::key::{LabelSet, Table};
use crate::config::Agents;

impl Totals {
    /// Drops the label sets without a chat since `before`, and the names of what is gone.
    pub fn retire(&mut self, before: DateTime<Utc>) {
        let before = before.timestamp_millis();
        let is_old = |entry: &Arc<Entry>| entry.touched_ms < before;
        // What is shared is copied only where something goes.
        let has_old = |sets: &Arc<Sets>| sets.values().any(is_old);
        if !self.tables.iter().any(has_old) {
            return;
        }
        for sets in self.tables.iter_mut().filter(|sets| has_old(sets)) {
            Arc::make_mut(sets).retain(|_, entry| !is_old(entry));
        }
        self.forget_zeros_of_what_is_gone();
        let ids = |table: Table| -> BTreeSet<&str> {
            let sets = self.tables[table as usize].keys();
            sets.filter_map(|set| set.id_with_text(table)).collect()
        };
        let (agents, codes) = (ids(Table::Agents), ids(Table::Dispositions));
        Arc::make_mut(&mut self.agent_names).retain(|id, _| agents.contains(id.as_str()));
        Arc::make_mut(&mut self.descriptions).retain(|code, _| codes.contains(code.as_str()));
    }

    /// Removes what the setting no longer allows to keep.
    pub fn restrict_to(&mut self, agents: Agents) {
        if agents != Agents::Names {
            self.agent_names = Arc::default();
        }
        for table in Table::ALL {
            if agents == Agents::Off && table.is_of_agents() {
                self.tables[table as usize] = Arc::default();
            }
        }
        self.forget_zeros_of_what_is_gone();
        self.restrict_days_to(agents);
    }

    /// Keeps the label sets of a table that fit.
    pub(in crate::chats) fn keep_sets(&mut self, table: Table, fits: impl Fn(&LabelSet) -> bool) {
        let sets = &mut self.tables[table as usize];
        if !sets.keys().all(&fits) {
            Arc::make_mut(sets).retain(|set, _| fits(set));
            self.forget_zeros_of_what_is_gone();
        }
    }
}
