//! The latest window: gauges over the chats that closed within the last `WOLKVOX_WINDOW`, computed afresh from the
//! answers of each poll. For people who want "now"; everything else is built on the totals.

mod recent;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use hashbrown::HashTable;

use super::bounds;
use super::chat::{Chat, Conversation};
use super::key::{Keys, LabelSet, Table};
use crate::config::Counting;
use crate::ledger::Id;
use crate::ledger::hashing::Hashing;
use crate::metrics::histogram::{Histogram, SumCount};
pub(crate) use recent::{Fingerprint, Recent, Unchanged};

/// The averages of one skill and outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs)] // Named like their families.
pub struct SkillWindow {
    pub asa: SumCount,
    pub asa_max_ms: u64,
    pub answered_within_target: u64,
    /// Chats in which the customer wrote and the agent did not.
    pub unanswered: u64,
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
    /// `ASA` of all chats that have one, in the buckets of `wolkvox_chat_asa_seconds`.
    pub asa: Histogram,
}

/// What is kept of a chat until the poll's end is known.
#[derive(Debug)]
struct Closed {
    id: Id,
    at: DateTime<Utc>,
    /// Its label set. That of its skill is the same without the channel.
    set: Option<Arc<LabelSet>>,
    /// That of its agent.
    agent: Option<Arc<LabelSet>>,
    asa: Milliseconds,
    duration: Milliseconds,
    time_on_agent: Milliseconds,
    is_unanswered: bool,
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
    sets: KnownSets,
}

/// Label sets that chats have. A busy operation has thousands of chats and some hundreds of these.
#[derive(Debug, Default)]
struct KnownSets {
    table: HashTable<Arc<LabelSet>>,
    hashing: Hashing,
}

impl KnownSets {
    /// The one that is equal.
    fn get(&mut self, set: &LabelSet) -> Arc<LabelSet> {
        let known = self.table.entry(
            set.hash(&self.hashing),
            |known| **known == *set,
            |known| known.hash(&self.hashing),
        );
        Arc::clone(known.or_insert_with(|| Arc::new(set.clone())).get())
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
            set: keys[Table::Chats].as_ref().map(|set| self.sets.get(set)),
            agent: keys[Table::Agents].as_ref().map(|set| self.sets.get(set)),
            asa: Milliseconds::new(chat.asa_ms),
            duration: Milliseconds::new(chat.duration_ms),
            time_on_agent: Milliseconds::new(chat.time_on_agent_ms),
            is_unanswered: chat.conversation() == Conversation::CustomerOnly,
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
        let latest = Latest::of(closed_in_it, start, end, counting);
        recent.keep(chats);
        latest
    }
}

/// What is counted under a label set, by where that is in memory. To find it in sorted maps for each chat would take longer than
/// all else that is done with the chat. Of equal ones each has its own.
type Groups<'a, T> = HashMap<*const LabelSet, (&'a LabelSet, T), Hashing>;

/// The chats of a label set.
struct Group {
    asa_target_ms: u64,
    chats: u64,
    averages: SkillWindow,
}

impl Group {
    /// Past the series limit the skill is `other`, which has the operation's target.
    fn new(set: &LabelSet, counting: &Counting) -> Group {
        let skill_id = set.get(Table::Chats, "skill_id").unwrap_or_default();
        Group {
            asa_target_ms: counting.asa_target_ms_of(skill_id),
            chats: 0,
            averages: SkillWindow::default(),
        }
    }

    fn count(&mut self, chat: &Closed) {
        self.chats += 1;
        self.averages.count(chat, self.asa_target_ms);
    }
}

impl Latest {
    fn of<'a>(
        chats: impl Iterator<Item = &'a Closed>,
        start: DateTime<Utc>,
        end: DateTime<Utc>,
        counting: &Counting,
    ) -> Latest {
        let mut agents: Groups<u64> = Groups::default();
        let mut groups: Groups<Group> = Groups::default();
        let mut asa = Histogram::new(bounds::ASA);
        for chat in chats {
            if let Some(milliseconds) = chat.asa.get() {
                asa.observe(bounds::ASA, milliseconds);
            }
            if let Some(agent) = &chat.agent {
                agents.entry(Arc::as_ptr(agent)).or_insert((agent, 0)).1 += 1;
            }
            if let Some(set) = &chat.set {
                let new = || (&**set, Group::new(set, counting));
                groups.entry(Arc::as_ptr(set)).or_insert_with(new).1.count(chat);
            }
        }
        let mut latest = Latest {
            start,
            end,
            chats: BTreeMap::new(),
            agents: BTreeMap::new(),
            skills: BTreeMap::new(),
            asa,
        };
        for (agent, chats) in agents.into_values() {
            *latest.agents.entry(agent.clone()).or_default() += chats;
        }
        for (set, group) in groups.into_values() {
            *latest.chats.entry(set.clone()).or_default() += group.chats;
            let skill = latest.skills.entry(set.without_first()).or_default();
            skill.add(&group.averages);
        }
        latest
    }
}

impl SkillWindow {
    fn count(&mut self, chat: &Closed, asa_target_ms: u64) {
        let asa = chat.asa.get();
        self.asa.observe(asa);
        self.duration.observe(chat.duration.get());
        self.time_on_agent.observe(chat.time_on_agent.get());
        self.unanswered += u64::from(chat.is_unanswered);
        if let Some(asa) = asa {
            self.asa_max_ms = self.asa_max_ms.max(asa);
            self.answered_within_target += u64::from(asa <= asa_target_ms);
        }
    }

    fn add(&mut self, other: &SkillWindow) {
        self.asa.add(&other.asa);
        self.asa_max_ms = self.asa_max_ms.max(other.asa_max_ms);
        self.answered_within_target += other.answered_within_target;
        self.unanswered += other.unanswered;
        self.duration.add(&other.duration);
        self.time_on_agent.add(&other.time_on_agent);
    }
}

#[cfg(test)]
mod tests;
