//! What should have been counted.

use std::collections::{BTreeMap, HashSet};

use super::chat::{Outcome, SimulatedChat};

/// The labels most totals have, as the exporter should show them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Lower case; `unknown` if empty.
    pub channel: String,
    /// `unknown` if empty.
    pub skill_id: String,
    /// How the chats ended.
    pub outcome: Outcome,
}

/// A number and a sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// How many chats had a value.
    pub count: u64,
    /// The sum of the values: whole milliseconds, for times.
    pub sum: u64,
}

impl Tally {
    fn observe(&mut self, value: Option<u64>) {
        if let Some(value) = value {
            self.count += 1;
            self.sum += value;
        }
    }
}

/// What a group of chats adds up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Chats.
    pub chats: u64,
    /// `ASA`, milliseconds.
    pub asa: Tally,
    /// Chats whose `ASA` is at most the target.
    pub within_target: u64,
    /// `chat_duration`, milliseconds.
    pub duration: Tally,
    /// `time_on_agent`, milliseconds.
    pub time_on_agent: Tally,
    /// `agent_average_response_time`, milliseconds.
    pub average_response: Tally,
    /// `customer_chars`.
    pub customer_chars: Tally,
    /// `agent_chars`.
    pub agent_chars: Tally,
    /// `agent_anwers `.
    pub agent_answers: Tally,
    /// Chats handed to somebody else.
    pub transfers: u64,
}

impl Totals {
    fn add(&mut self, chat: &SimulatedChat, target_ms: u64) {
        let ms = |seconds: Option<u32>| seconds.map(|seconds| u64::from(seconds) * 1000);
        self.chats += 1;
        self.asa.observe(chat.asa_ms);
        self.within_target += u64::from(chat.asa_ms.is_some_and(|asa| asa <= target_ms));
        self.duration.observe(Some(chat.duration() * 1000));
        self.time_on_agent.observe(ms(chat.time_on_agent));
        self.average_response.observe(ms(chat.average_response));
        self.customer_chars.observe(chat.customer_chars.map(u64::from));
        self.agent_chars.observe(chat.agent_chars.map(u64::from));
        self.agent_answers.observe(chat.agent_answers.map(u64::from));
        self.transfers += u64::from(chat.transferred);
    }
}

/// Chats added up by the labels the exporter has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Truth {
    /// All of them.
    pub all: Totals,
    /// By channel, skill and outcome.
    pub chats: BTreeMap<Key, Totals>,
    /// By agent and outcome; an empty agent is `unknown`.
    pub agents: BTreeMap<(String, Outcome), Totals>,
    /// Chats by skill and code, where there is a code.
    pub dispositions: BTreeMap<(String, String), u64>,
    /// Chats by skill, feeling (`very_negative` … `very_positive`, `unknown`) and outcome.
    pub feelings: BTreeMap<(String, String, Outcome), u64>,
    /// Chats by skill, last participant (`agent`, `customer`, `bot`, `unknown`) and outcome.
    pub last_speakers: BTreeMap<(String, String, Outcome), u64>,
}

impl Truth {
    /// Adds chats up, each id once: of several with the same id, the first. `target_seconds` is the operation's target
    /// for the ASA.
    pub fn of<'a>(chats: impl IntoIterator<Item = &'a SimulatedChat>, target_seconds: u64) -> Self {
        let (mut truth, mut seen) = (Self::default(), HashSet::new());
        for chat in chats {
            if seen.insert(chat.conn_id.as_str()) {
                truth.add(chat, target_seconds * 1000);
            }
        }
        truth
    }

    fn add(&mut self, chat: &SimulatedChat, target_ms: u64) {
        let (skill, outcome) = (label(&chat.skill_id), chat.outcome);
        let key = Key {
            channel: label(&chat.channel).to_lowercase(),
            skill_id: skill.clone(),
            outcome,
        };
        self.all.add(chat, target_ms);
        self.chats.entry(key).or_default().add(chat, target_ms);
        self.agents
            .entry((label(&chat.agent.id), outcome))
            .or_default()
            .add(chat, target_ms);
        if outcome != Outcome::Uncoded {
            *self
                .dispositions
                .entry((skill.clone(), chat.cod_act.trim().to_owned()))
                .or_default() += 1;
        }
        let feeling = label(&chat.feeling).replace(' ', "_");
        *self
            .feelings
            .entry((skill.clone(), feeling, outcome))
            .or_default() += 1;
        let speaker = match chat.last_participant.as_str() {
            "chat-bot" | "chat_bot" => "bot".to_owned(),
            other => label(other),
        };
        *self.last_speakers.entry((skill, speaker, outcome)).or_default() += 1;
    }
}

fn label(text: &str) -> String {
    match text.trim() {
        "" | "-" => "unknown".to_owned(),
        text => text.to_owned(),
    }
}
