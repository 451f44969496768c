//! What has been counted: counters and histograms per label set, in sorted maps, so that they compare and serialise
//! the same way every time.

mod as_list;

use std::collections::{BTreeMap, BTreeSet, btree_map};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::key::{AgentKey, ChatKey, DispositionKey, FeelingKey, Keys, SpeakerKey, lines};
use super::measure::{Measure, Measures};
use crate::chats::chat::Chat;
use crate::config::Agents;
use crate::metrics::histogram::{Histogram, SumCount};

/// What is counted per [`ChatKey`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)] // One per family of the contract; the catalogue explains them.
pub struct ChatTotals {
    pub chats: u64,
    pub answered_within_target: u64,
    pub customer_characters: u64,
    pub agent_characters: u64,
    pub agent_answers: u64,
    pub transfers: u64,
    pub asa: Histogram,
    pub duration: Histogram,
    pub time_on_agent: Histogram,
    pub agent_response: Histogram,
}

impl Default for ChatTotals {
    fn default() -> ChatTotals {
        ChatTotals {
            chats: 0,
            answered_within_target: 0,
            customer_characters: 0,
            agent_characters: 0,
            agent_answers: 0,
            transfers: 0,
            asa: Histogram::new(Measure::Asa.bounds()),
            duration: Histogram::new(Measure::Duration.bounds()),
            time_on_agent: Histogram::new(Measure::TimeOnAgent.bounds()),
            agent_response: Histogram::new(Measure::AgentResponse.bounds()),
        }
    }
}

impl ChatTotals {
    fn count(&mut self, chat: &Chat, asa_target_ms: u64) {
        self.chats += 1;
        self.answered_within_target += u64::from(chat.asa_ms.is_some_and(|asa| asa <= asa_target_ms));
        self.customer_characters += chat.customer_characters.unwrap_or(0);
        self.agent_characters += chat.agent_characters.unwrap_or(0);
        self.agent_answers += chat.agent_answers.unwrap_or(0);
        self.transfers += u64::from(chat.transferred == Some(true));
        for (measure, histogram) in self.histograms_mut().each() {
            if let Some(milliseconds) = measure.of(chat) {
                histogram.observe(measure.bounds(), milliseconds);
            }
        }
    }

    /// The histograms. They stand side by side with the counters, as they do in the state.
    pub(crate) fn histograms_mut(&mut self) -> Measures<&mut Histogram> {
        Measures {
            asa: &mut self.asa,
            duration: &mut self.duration,
            time_on_agent: &mut self.time_on_agent,
            agent_response: &mut self.agent_response,
        }
    }

    fn add(&mut self, other: &ChatTotals) {
        self.chats += other.chats;
        self.answered_within_target += other.answered_within_target;
        self.customer_characters += other.customer_characters;
        self.agent_characters += other.agent_characters;
        self.agent_answers += other.agent_answers;
        self.transfers += other.transfers;
        self.asa.add(&other.asa);
        self.duration.add(&other.duration);
        self.time_on_agent.add(&other.time_on_agent);
        self.agent_response.add(&other.agent_response);
    }
}

/// What is counted per [`AgentKey`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[allow(missing_docs)] // One per family of the contract; the catalogue explains them.
pub struct AgentTotals {
    pub chats: u64,
    pub answered_within_target: u64,
    pub answers: u64,
    pub characters: u64,
    pub asa: SumCount,
    pub time_on_agent: SumCount,
    pub duration: SumCount,
}

impl AgentTotals {
    fn count(&mut self, chat: &Chat, asa_target_ms: u64) {
        self.chats += 1;
        self.answered_within_target += u64::from(chat.asa_ms.is_some_and(|asa| asa <= asa_target_ms));
        self.answers += chat.agent_answers.unwrap_or(0);
        self.characters += chat.agent_characters.unwrap_or(0);
        self.asa.observe(chat.asa_ms);
        self.time_on_agent.observe(chat.time_on_agent_ms);
        self.duration.observe(chat.duration_ms);
    }

    fn add(&mut self, other: &AgentTotals) {
        self.chats += other.chats;
        self.answered_within_target += other.answered_within_target;
        self.answers += other.answers;
        self.characters += other.characters;
        self.asa.add(&other.asa);
        self.time_on_agent.add(&other.time_on_agent);
        self.duration.add(&other.duration);
    }
}

/// A label set's totals and when it was first seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry<V> {
    /// When it started at 0: milliseconds since the epoch. The `_created` time of OpenMetrics.
    pub created_ms: i64,
    /// When a chat was last seen for it: milliseconds since the epoch. What is long without one may be retired.
    pub touched_ms: i64,
    /// The totals.
    pub value: V,
}

/// Label sets and their totals.
pub type Table<K, V> = BTreeMap<K, Entry<V>>;

/// A text that belongs to an id: that of the chat closed last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Name {
    /// The text.
    pub text: String,
    /// When the chat that it came from was closed: milliseconds since the epoch.
    pub as_of_ms: i64,
}

/// Everything that is counted per chat.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Totals {
    /// Per channel, skill and outcome.
    #[serde(with = "as_list")]
    pub chats: Table<ChatKey, ChatTotals>,
    /// Per agent and outcome.
    #[serde(with = "as_list")]
    pub agents: Table<AgentKey, AgentTotals>,
    /// Chats per skill and code.
    #[serde(with = "as_list")]
    pub dispositions: Table<DispositionKey, u64>,
    /// Chats per skill, feeling and outcome.
    #[serde(with = "as_list")]
    pub feelings: Table<FeelingKey, u64>,
    /// Chats per skill, last speaker and outcome.
    #[serde(with = "as_list")]
    pub speakers: Table<SpeakerKey, u64>,
    /// Names of agents by id; empty unless names are switched on.
    pub agent_names: BTreeMap<String, Name>,
    /// Texts of the codes.
    pub descriptions: BTreeMap<String, Name>,
    /// Whether the server ever sent an average response time; until then its families are left out.
    pub sends_agent_response: bool,
    /// Whether the server ever said if a chat was transferred.
    pub sends_transfer: bool,
}

/// How to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// An ASA up to this is within the target; milliseconds.
    pub asa_target_ms: u64,
    /// What is kept of agents.
    pub agents: Agents,
    /// The most sample lines that label sets may take; further ones are counted as `other`.
    pub max_series: usize,
}

/// Whether a chat adds to the totals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counts {
    /// It does.
    Yes,
    /// It is only remembered: its label sets are created at 0.
    No,
}

impl Totals {
    /// Takes one chat in, under these label sets. `now` becomes the creation time of those not seen before.
    pub fn absorb(&mut self, chat: &Chat, keys: &Keys, counts: Counts, rules: Rules, now: DateTime<Utc>) {
        let one = u64::from(counts == Counts::Yes);
        let now_ms = now.timestamp_millis();
        let totals = entry(&mut self.chats, &keys.chat, now_ms);
        if counts == Counts::Yes {
            totals.count(chat, rules.asa_target_ms);
        }
        if let Some(key) = &keys.agent {
            let totals = entry(&mut self.agents, key, now_ms);
            if counts == Counts::Yes {
                totals.count(chat, rules.asa_target_ms);
            }
        }
        if let Some(key) = &keys.disposition {
            *entry(&mut self.dispositions, key, now_ms) += one;
        }
        *entry(&mut self.feelings, &keys.feeling, now_ms) += one;
        *entry(&mut self.speakers, &keys.speaker, now_ms) += one;
        self.note_texts(chat, keys, rules, now);
        self.sends_agent_response |= chat.agent_response_ms.is_some();
        self.sends_transfer |= chat.transferred.is_some();
    }

    /// Texts of ids that have label sets of their own.
    fn note_texts(&mut self, chat: &Chat, keys: &Keys, rules: Rules, now: DateTime<Utc>) {
        let as_of_ms = chat
            .closed
            .map_or(now, |closed| closed.earliest)
            .timestamp_millis();
        let agent = keys.agent.as_ref().filter(|key| key.agent_id == chat.agent_id);
        if let Some(key) = agent.filter(|_| rules.agents == Agents::Names) {
            note(
                &mut self.agent_names,
                &key.agent_id,
                chat.agent_name.as_ref(),
                as_of_ms,
            );
        }
        let code = keys
            .disposition
            .as_ref()
            .filter(|key| Some(&key.cod_act) == chat.code.as_ref());
        if let Some(key) = code {
            note(
                &mut self.descriptions,
                &key.cod_act,
                chat.description.as_ref(),
                as_of_ms,
            );
        }
    }

    /// Adds what another answer brought.
    pub fn add(&mut self, other: Totals) {
        merge(&mut self.chats, other.chats, ChatTotals::add);
        merge(&mut self.agents, other.agents, AgentTotals::add);
        merge(&mut self.dispositions, other.dispositions, |mine, theirs| {
            *mine += theirs;
        });
        merge(&mut self.feelings, other.feelings, |mine, theirs| {
            *mine += *theirs;
        });
        merge(&mut self.speakers, other.speakers, |mine, theirs| {
            *mine += *theirs;
        });
        for (names, others) in [
            (&mut self.agent_names, other.agent_names),
            (&mut self.descriptions, other.descriptions),
        ] {
            for (id, name) in others {
                note(names, &id, Some(&name.text), name.as_of_ms);
            }
        }
        self.sends_agent_response |= other.sends_agent_response;
        self.sends_transfer |= other.sends_transfer;
    }

    /// Creates the label sets of `other` that are not here yet, at 0, with its texts and what the server is known to
    /// send: what a reader of the past shows before a label set has its first chat.
    pub fn add_label_sets_of(&mut self, other: &Totals) {
        fn at_zero<K: Ord + Clone, V: Default>(mine: &mut Table<K, V>, theirs: &Table<K, V>) {
            for (key, theirs) in theirs {
                if !mine.contains_key(key) {
                    entry(mine, key, theirs.created_ms);
                }
            }
        }
        at_zero(&mut self.chats, &other.chats);
        at_zero(&mut self.agents, &other.agents);
        at_zero(&mut self.dispositions, &other.dispositions);
        at_zero(&mut self.feelings, &other.feelings);
        at_zero(&mut self.speakers, &other.speakers);
        self.agent_names.clone_from(&other.agent_names);
        self.descriptions.clone_from(&other.descriptions);
        self.sends_agent_response |= other.sends_agent_response;
        self.sends_transfer |= other.sends_transfer;
    }

    /// All chats counted.
    pub fn chats_counted(&self) -> u64 {
        self.chats.values().map(|entry| entry.value.chats).sum()
    }

    /// Sample lines that the label sets take.
    pub fn lines(&self) -> usize {
        self.chats.len() * lines::CHAT
            + self.agents.len() * lines::AGENT
            + self.dispositions.len()
            + self.feelings.len()
            + self.speakers.len()
            + self.agent_names.len()
            + self.descriptions.len()
    }

    /// Drops the label sets without a chat since `before`, and the names of what is gone.
    pub fn retire(&mut self, before: DateTime<Utc>) {
        let before = before.timestamp_millis();
        self.chats.retain(|_, entry| entry.touched_ms >= before);
        self.agents.retain(|_, entry| entry.touched_ms >= before);
        self.dispositions.retain(|_, entry| entry.touched_ms >= before);
        self.feelings.retain(|_, entry| entry.touched_ms >= before);
        self.speakers.retain(|_, entry| entry.touched_ms >= before);
        let agents: BTreeSet<_> = self.agents.keys().map(|key| &key.agent_id).collect();
        self.agent_names.retain(|id, _| agents.contains(id));
        let codes: BTreeSet<_> = self.dispositions.keys().map(|key| &key.cod_act).collect();
        self.descriptions.retain(|code, _| codes.contains(code));
    }

    /// Removes what the setting no longer allows to keep.
    pub fn restrict_to(&mut self, agents: Agents) {
        if agents != Agents::Names {
            self.agent_names.clear();
        }
        if agents == Agents::Off {
            self.agents.clear();
        }
    }
}

fn entry<'a, K: Ord + Clone, V: Default>(table: &'a mut Table<K, V>, key: &K, now_ms: i64) -> &'a mut V {
    let new = || Entry {
        created_ms: now_ms,
        touched_ms: now_ms,
        value: V::default(),
    };
    let entry = table.entry(key.clone()).or_insert_with(new);
    entry.touched_ms = entry.touched_ms.max(now_ms);
    &mut entry.value
}

fn merge<K: Ord, V: Default>(mine: &mut Table<K, V>, theirs: Table<K, V>, add: impl Fn(&mut V, &V)) {
    for (key, other) in theirs {
        match mine.entry(key) {
            btree_map::Entry::Vacant(vacant) => drop(vacant.insert(other)),
            btree_map::Entry::Occupied(mut known) => {
                let known = known.get_mut();
                known.touched_ms = known.touched_ms.max(other.touched_ms);
                add(&mut known.value, &other.value);
            }
        }
    }
}

/// Keeps the text of the chat closed last; of two closed in the same second the lesser text, so that the order in
/// which they are read does not matter.
fn note(names: &mut BTreeMap<String, Name>, id: &str, text: Option<&String>, as_of_ms: i64) {
    let Some(text) = text else { return };
    let newer =
        |known: &Name| as_of_ms > known.as_of_ms || (as_of_ms == known.as_of_ms && *text < known.text);
    if names.get(id).is_none_or(newer) {
        names.insert(
            id.to_owned(),
            Name {
                text: text.clone(),
                as_of_ms,
            },
        );
    }
}
