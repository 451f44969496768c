//! The latest window: gauges over the chats that closed within the last `WOLKVOX_WINDOW`, computed afresh from the
//! answers of each poll. For people who want "now"; everything else is built on the totals.

mod recent;

use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher as _;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use hashbrown::HashTable;

use super::chat::Chat;
use super::key::{Keys, LabelSet, Table};
use crate::config::Counting;
use crate::ledger::Id;
use crate::ledger::hashing::Hashing;
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
#[derive(Debug)]
struct ChatLabels {
    chat: Option<LabelSet>,
    agent: Option<LabelSet>,
}

impl ChatLabels {
    fn are_of(&self, keys: &Keys) -> bool {
        self.chat == keys[Table::Chats] && self.agent == keys[Table::Agents]
    }
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
    labels: KnownLabels,
}

/// Label sets that chats have. A busy operation has thousands of chats and some dozens of these.
#[derive(Debug, Default)]
struct KnownLabels {
    table: HashTable<Arc<ChatLabels>>,
    hashing: Hashing,
}

impl KnownLabels {
    fn of(&mut self, keys: &Keys) -> Arc<ChatLabels> {
        let hash = |chat: &Option<LabelSet>, agent: &Option<LabelSet>| self.hashing.hash_one((chat, agent));
        let (chat, agent) = (&keys[Table::Chats], &keys[Table::Agents]);
        let known = self.table.entry(
            hash(chat, agent),
            |labels| labels.are_of(keys),
            |labels| hash(&labels.chat, &labels.agent),
        );
        let new = || {
            Arc::new(ChatLabels {
                chat: chat.clone(),
                agent: agent.clone(),
            })
        };
        Arc::clone(known.or_insert_with(new).get())
    }
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
        self.part.chats.push(Closed {
            id: chat.id.clone(),
            at: chat.closed.map_or(first_seen, |closed| closed.earliest),
            labels: self.labels.of(keys),
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
        self.before.push(self.part);
        self.before
            .retain(|part| !part.chats.is_empty() || !part.again.is_empty());
        let chats = recent.join(self.before);
        let closed_in_it = chats.iter().filter(|chat| (start..=end).contains(&chat.at));
        let mut latest = Latest {
            start,
            end,
            chats: BTreeMap::new(),
            agents: BTreeMap::new(),
            skills: BTreeMap::new(),
        };
        for group in groups(closed_in_it, counting) {
            latest.add(&group);
        }
        recent.keep(chats);
        latest
    }
}

impl ChatLabels {
    /// The target of the skill. Past the series limit the skill is `other`, which has the operation's.
    fn asa_target_ms(&self, counting: &Counting) -> u64 {
        let skill_id = self
            .chat
            .as_ref()
            .and_then(|set| set.get(Table::Chats, "skill_id"));
        counting.asa_target_ms_of(skill_id.unwrap_or_default())
    }
}

/// Chats under the same label sets.
#[derive(Debug)]
struct Group<'a> {
    labels: &'a ChatLabels,
    asa_target_ms: u64,
    chats: u64,
    averages: SkillWindow,
}

/// Counts chats by where their label sets are in memory. To find these in sorted maps for each chat would take longer than all
/// else that is done with it. What is equal and at several places is several groups.
fn groups<'a>(chats: impl Iterator<Item = &'a Closed>, counting: &Counting) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    let mut places = HashMap::with_hasher(Hashing::default());
    for chat in chats {
        let place = *places.entry(Arc::as_ptr(&chat.labels)).or_insert_with(|| {
            groups.push(Group {
                labels: &chat.labels,
                asa_target_ms: chat.labels.asa_target_ms(counting),
                chats: 0,
                averages: SkillWindow::default(),
            });
            groups.len() - 1
        });
        let group = &mut groups[place];
        group.chats += 1;
        group.averages.count(chat, group.asa_target_ms);
    }
    groups
}

impl Latest {
    fn add(&mut self, group: &Group<'_>) {
        let ChatLabels { chat: set, agent } = group.labels;
        if let Some(agent) = agent {
            *self.agents.entry(agent.clone()).or_default() += group.chats;
        }
        let Some(set) = set else { return };
        *self.chats.entry(set.clone()).or_default() += group.chats;
        let skill = self.skills.entry(set.without_first()).or_default();
        skill.add(&group.averages);
    }
}

impl SkillWindow {
    fn count(&mut self, chat: &Closed, asa_target_ms: u64) {
        let asa = chat.asa.get();
        self.asa.observe(asa);
        self.duration.observe(chat.duration.get());
        self.time_on_agent.observe(chat.time_on_agent.get());
        if let Some(asa) = asa {
            self.asa_max_ms = self.asa_max_ms.max(asa);
            self.answered_within_target += u64::from(asa <= asa_target_ms);
        }
    }

    fn add(&mut self, other: &SkillWindow) {
        self.asa.add(&other.asa);
        self.asa_max_ms = self.asa_max_ms.max(other.asa_max_ms);
        self.answered_within_target += other.answered_within_target;
        self.duration.add(&other.duration);
        self.time_on_agent.add(&other.time_on_agent);
    }
}

#[cfg(test)]
mod tests;
