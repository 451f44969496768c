//! What should have been counted.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, TimeZone, Timelike as _, Utc};

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
    /// Chats in which the customer wrote last.
    pub customer_spoke_last: u64,
    /// Chats whose customer was in a negative or very negative mood.
    pub negative_feelings: u64,
    /// Chats in which the customer wrote and the agent did not.
    pub unanswered: u64,
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
        self.customer_spoke_last += u64::from(chat.last_participant == "customer");
        self.negative_feelings += u64::from(chat.feeling.ends_with("negative"));
        self.unanswered += u64::from(kind(chat) == "customer_only");
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
    /// Chats by skill, who wrote (`both`, `agent_only`, `customer_only`, `none`, `unknown`) and outcome.
    pub conversations: BTreeMap<(String, &'static str, Outcome), u64>,
    /// Chats by skill and the second of their opening.
    pub openings: BTreeMap<(String, DateTime<Utc>), u64>,
    /// By agent, skill and outcome.
    pub agent_skills: BTreeMap<(String, String, Outcome), Totals>,
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

    /// Chats by skill and hour of the opening, in local time of `zone`.
    pub fn opening_hours(&self, zone: &impl TimeZone) -> BTreeMap<(String, u32), u64> {
        let mut hours = BTreeMap::new();
        for ((skill, opened), chats) in &self.openings {
            let hour = opened.with_timezone(zone).hour();
            *hours.entry((skill.clone(), hour)).or_default() += chats;
        }
        hours
    }

    /// By skill, the chats of `counted` whose customer had closed another one of `known` within so many seconds before they were
    /// opened.
    pub fn recontacts<'a>(
        known: &'a [SimulatedChat],
        counted: impl IntoIterator<Item = &'a SimulatedChat>,
        within: i64,
    ) -> BTreeMap<String, u64> {
        let mut of_customer: BTreeMap<&str, Vec<&SimulatedChat>> = BTreeMap::new();
        for chat in known {
            of_customer.entry(&chat.customer).or_default().push(chat);
        }
        let mut recontacts = BTreeMap::new();
        for chat in counted {
            let others = of_customer.get(chat.customer.as_str());
            let is_before = |other: &&SimulatedChat| {
                let gap = (chat.opened - other.closed).num_seconds();
                other.conn_id != chat.conn_id && (0..=within).contains(&gap)
            };
            if others.is_some_and(|others| others.iter().copied().any(|other| is_before(&other))) {
                *recontacts.entry(label(&chat.skill_id)).or_default() += 1;
            }
        }
        recontacts
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
        self.agent_skills
            .entry((label(&chat.agent.id), skill.clone(), outcome))
            .or_default()
            .add(chat, target_ms);
        *self
            .conversations
            .entry((skill.clone(), kind(chat), outcome))
            .or_default() += 1;
        *self.openings.entry((skill.clone(), chat.opened)).or_default() += 1;
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

/// Who wrote in a chat.
fn kind(chat: &SimulatedChat) -> &'static str {
    match (chat.agent_chars, chat.customer_chars) {
        (Some(0), Some(0)) => "none",
        (Some(0), Some(_)) => "customer_only",
        (Some(_), Some(0)) => "agent_only",
        (Some(_), Some(_)) => "both",
        _ => "unknown",
    }
}

fn label(text: &str) -> String {
    match text.trim() {
        "" | "-" => "unknown".to_owned(),
        text => text.to_owned(),
    }
}
