//! Operations that share a token: they call one after another, and share the calls of a day.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use tokio::sync::Mutex;
use wolkvox::{Exchange, List, Lists, Sink, Source, Window};

use crate::poller::budget::Budget;

/// Operations that share a token. The vendor allows one call at a time on it.
#[derive(Debug, Default)]
pub struct Group {
    /// Held by whoever calls. Who has waited longest is next.
    call: Mutex<()>,
    budget: Arc<Budget>,
}

impl Group {
    /// The calls of a day.
    pub fn budget(&self) -> &Arc<Budget> {
        &self.budget
    }
}

/// The groups by name. One goes when the last of its operations does.
#[derive(Debug, Default)]
pub struct Groups(BTreeMap<String, Weak<Group>>);

impl Groups {
    /// All that have an operation. Held where their operations are replaced, so that what they have called today stays known.
    pub fn all(&self) -> Vec<Arc<Group>> {
        self.0.values().filter_map(Weak::upgrade).collect()
    }

    /// The group of this name.
    pub fn get(&mut self, name: &str) -> Arc<Group> {
        if let Some(group) = self.0.get(name).and_then(Weak::upgrade) {
            return group;
        }
        self.0.retain(|_, group| group.strong_count() > 0);
        let group = Arc::<Group>::default();
        self.0.insert(name.to_owned(), Arc::downgrade(&group));
        group
    }
}

/// A source that calls when nobody else of its group does.
#[derive(Debug)]
pub struct InTurn<S> {
    source: S,
    group: Arc<Group>,
}

impl<S> InTurn<S> {
    /// The source as one of a group.
    pub fn new(source: S, group: Arc<Group>) -> InTurn<S> {
        InTurn { source, group }
    }
}

impl<S: Source> Source for InTurn<Arc<S>> {
    async fn report<K: Sink>(&self, window: &Window, sink: &mut K) -> Exchange {
        let _turn = self.group.call.lock().await;
        self.source.report(window, sink).await
    }
}

impl<S: Lists> Lists for InTurn<Arc<S>> {
    async fn list<K: Sink>(&self, list: &List, sink: &mut K) -> Exchange {
        let _turn = self.group.call.lock().await;
        self.source.list(list, sink).await
    }
}

#[cfg(test)]
mod tests;
