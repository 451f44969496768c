//! The latest window: gauges over the chats that closed within the last `WOLKVOX_WINDOW`, computed afresh from the
//! answers of each poll. For people who want "now"; everything else is built on the totals.

mod recent;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::chat::Chat;
use super::key::{Keys, LabelSet, Table};
use crate::config::Counting;
use crate::ledger::Id;
use crate::metrics::histogram::SumCount;
pub(crate) use recent::{Fingerprint, Recent, Unchanged};

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
    asa: Milliseconds,
    duration: Milliseconds,
    time_on_agent: Milliseconds,
    /// Its row, where that alone says all of this.
    row: Option<Fingerprint>,
}

/// A time of a chat, if it has one, in half of the memory: there may be many chats. None is as long as 49 days.
#[derive(Debug, Clone, Copy)]
struct Milliseconds(u32);

impl Milliseconds {
    const NONE: u32 = u32::MAX;

    fn new(time: Option<u64>) -> Milliseconds {
        let time = time.map(|time| u32::try_from(time).unwrap_or(Self::NONE - 1));
        Milliseconds(time.unwrap_or(Self::NONE))
    }

    fn get(self) -> Option<u64> {
        (self.0 != Self::NONE).then_some(self.0.into())
    }
}

/// What one answer brought.
#[derive(Debug, Default)]
struct Part {
    chats: Vec<Closed>,
    /// Chats whose rows are those of the last poll: where they are in [`Recent`].
    again: Vec<usize>,
}

/// Gathers the chats of one poll's answers.
#[derive(Debug, Default)]
pub(crate) struct Gatherer {
    part: Part,
    /// What other answers of the same poll brought, in their order.
    before: Vec<Part>,
    /// A busy operation has thousands of chats and some dozens of label sets.
    labels: BTreeMap<ChatLabels, Arc<ChatLabels>>,
}

impl Gatherer {
    /// Takes in one chat under these label sets. `first_seen` stands in for a close time that the report does not give.
    pub(crate) fn note(&mut self, chat: &Chat, keys: &Keys, first_seen: DateTime<Utc>) {
        self.note_row(chat, keys, first_seen, None);
    }

    /// The same. `row` is that of the chat, if it alone says under which label sets the chat is shown.
    pub(crate) fn note_row(
        &mut self,
        chat: &Chat,
        keys: &Keys,
        first_seen: DateTime<Utc>,
        row: Option<Fingerprint>,
    ) {
        let labels = ChatLabels {
            chat: keys[Table::Chats].clone(),
            agent: keys[Table::Agents].clone(),
        };
        let labels = self
            .labels
            .entry(labels)
            .or_insert_with_key(|labels| Arc::new(labels.clone()));
        self.part.chats.push(Closed {
            id: chat.id.clone(),
            at: chat.closed.map_or(first_seen, |closed| closed.earliest),
            labels: Arc::clone(labels),
            asa: Milliseconds::new(chat.asa_ms),
            duration: Milliseconds::new(chat.duration_ms),
            time_on_agent: Milliseconds::new(chat.time_on_agent_ms),
            // When a chat was seen first is no matter of its row.
            row: row.filter(|_| chat.closed.is_some()),
        });
    }

    /// Takes in a chat whose row is that of the last poll.
    pub(crate) fn note_again(&mut self, chat: Unchanged) {
        self.part.again.push(chat.place);
    }

    /// Takes in the chats of a further chunk of the same poll. Chunks share a second, and some servers send more than was
    /// asked for: a chat that is there already stays as it is.
    pub(crate) fn extend(&mut self, other: Gatherer) {
        self.before.extend(other.before);
        self.before.push(other.part);
    }

    /// The window that ends where the poll's last answer did.
    pub(crate) fn finish(self, end: DateTime<Utc>, length: Duration, counting: &Counting) -> Latest {
        self.finish_poll(&mut Recent::default(), end, length, counting)
    }

    /// The same, of a poll that found rows of the last one unchanged. Its own chats are kept for the next one.
    pub(crate) fn finish_poll(
        mut self,
        recent: &mut Recent,
        end: DateTime<Utc>,
        length: Duration,
        counting: &Counting,
    ) -> Latest {
        let start = end - length;
        let mut latest = Latest {
            start,
            end,
            chats: BTreeMap::new(),
            agents: BTreeMap::new(),
            skills: BTreeMap::new(),
        };
        self.before.push(self.part);
        self.before
            .retain(|part| !part.chats.is_empty() || !part.again.is_empty());
        let chats = recent.join(self.before);
        for chat in chats.iter().filter(|chat| (start..=end).contains(&chat.at)) {
            latest.count(chat, counting);
        }
        recent.keep(chats);
        latest
    }
}

impl Latest {
    fn count(&mut self, chat: &Closed, counting: &Counting) {
        let ChatLabels { chat: set, agent } = &*chat.labels;
        if let Some(agent) = agent {
            *self.agents.entry(agent.clone()).or_default() += 1;
        }
        let Some(set) = set else { return };
        *self.chats.entry(set.clone()).or_default() += 1;
        let skill = self.skills.entry(set.without_first()).or_default();
        let asa = chat.asa.get();
        skill.asa.observe(asa);
        skill.duration.observe(chat.duration.get());
        skill.time_on_agent.observe(chat.time_on_agent.get());
        if let Some(asa) = asa {
            skill.asa_max_ms = skill.asa_max_ms.max(asa);
            // Past the series limit the skill is `other`, which has the operation's target.
            let skill_id = set.get(Table::Chats, "skill_id").unwrap_or_default();
            skill.answered_within_target += u64::from(asa <= counting.asa_target_ms_of(skill_id));
        }
    }
}

#[cfg(test)]
mod tests;
