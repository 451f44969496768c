//! The latest window: gauges over the chats that closed within the last `WOLKVOX_WINDOW`, computed afresh from the
//! answers of each poll. For people who want "now"; everything else is built on the totals.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::chat::Chat;
use super::key::{Keys, LabelSet, Table};
use crate::ledger::Id;
use crate::metrics::histogram::SumCount;

/// The averages of one skill and outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs)] // Named like their families.
pub struct SkillWindow {
    pub asa: SumCount,
    pub asa_max_ms: u64,
    pub answered_within_target: u64,
    pub duration: SumCount,
    pub time_on_agent: SumCount,
}

/// What the gauges of the latest window show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Latest {
    /// Its beginning, server's time.
    pub start: DateTime<Utc>,
    /// Its end: up to where the poll was answered, server's time.
    pub end: DateTime<Utc>,
    /// Chats per channel, skill and outcome.
    pub chats: BTreeMap<LabelSet, u64>,
    /// Chats per agent and outcome.
    pub agents: BTreeMap<LabelSet, u64>,
    /// Averages per skill and outcome.
    pub skills: BTreeMap<LabelSet, SkillWindow>,
}

/// The label sets of a chat and of its agent. That of its skill is the chat's without the channel.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct ChatLabels {
    chat: Option<LabelSet>,
    agent: Option<LabelSet>,
}

/// What is kept of a chat until the poll's end is known.
#[derive(Debug)]
struct Closed {
    id: Id,
    at: DateTime<Utc>,
    labels: Arc<ChatLabels>,
    asa_ms: Option<u64>,
    duration_ms: Option<u64>,
    time_on_agent_ms: Option<u64>,
}

/// Gathers the chats of one poll's answers.
#[derive(Debug, Default)]
pub(crate) struct Gatherer {
    closed: Vec<Closed>,
    /// A busy operation has thousands of chats and some dozens of label sets.
    labels: BTreeMap<ChatLabels, Arc<ChatLabels>>,
}

impl Gatherer {
    /// Takes in one chat under these label sets. `first_seen` stands in for a close time that the report does not give.
    pub(crate) fn note(&mut self, chat: &Chat, keys: &Keys, first_seen: DateTime<Utc>) {
        let labels = ChatLabels {
            chat: keys[Table::Chats].clone(),
            agent: keys[Table::Agents].clone(),
        };
        let labels = self
            .labels
            .entry(labels)
            .or_insert_with_key(|labels| Arc::new(labels.clone()));
        self.closed.push(Closed {
            id: chat.id.clone(),
            at: chat.closed.map_or(first_seen, |closed| closed.earliest),
            labels: Arc::clone(labels),
            asa_ms: chat.asa_ms,
            duration_ms: chat.duration_ms,
            time_on_agent_ms: chat.time_on_agent_ms,
        });
    }

    /// Takes in the chats of a further chunk of the same poll. Chunks share a second, and some servers send more than was
    /// asked for: a chat that is there already stays as it is.
    pub(crate) fn extend(&mut self, mut other: Gatherer) {
        if self.closed.is_empty() {
            self.closed = other.closed;
            return;
        }
        let known: HashSet<&Id> = self.closed.iter().map(|chat| &chat.id).collect();
        other.closed.retain(|chat| !known.contains(&chat.id));
        self.closed.append(&mut other.closed);
    }

    /// The window that ends where the poll's last answer did.
    pub(crate) fn finish(self, end: DateTime<Utc>, length: Duration, asa_target_ms: u64) -> Latest {
        let start = end - length;
        let mut latest = Latest {
            start,
            end,
            chats: BTreeMap::new(),
            agents: BTreeMap::new(),
            skills: BTreeMap::new(),
        };
        for chat in self.closed.iter().filter(|chat| (start..=end).contains(&chat.at)) {
            latest.count(chat, asa_target_ms);
        }
        latest
    }
}

impl Latest {
    fn count(&mut self, chat: &Closed, asa_target_ms: u64) {
        let ChatLabels { chat: set, agent } = &*chat.labels;
        if let Some(agent) = agent {
            *self.agents.entry(agent.clone()).or_default() += 1;
        }
        let Some(set) = set else { return };
        *self.chats.entry(set.clone()).or_default() += 1;
        let skill = self.skills.entry(set.without_first()).or_default();
        skill.asa.observe(chat.asa_ms);
        skill.duration.observe(chat.duration_ms);
        skill.time_on_agent.observe(chat.time_on_agent_ms);
        if let Some(asa) = chat.asa_ms {
            skill.asa_max_ms = skill.asa_max_ms.max(asa);
            skill.answered_within_target += u64::from(asa <= asa_target_ms);
        }
    }
}

#[cfg(test)]
mod tests;
