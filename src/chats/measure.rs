//! What is counted of a chat, one row each: its name in the state, its family, and how it is taken of the chat. Each
//! row is a family. A state that was written without it goes on, and the family starts at 0.

use super::bounds;
use super::chat::{Chat, Conversation, Participant};
use super::field::Field;
use crate::config::Counting;
use crate::metrics::spec::{Kind, Section, Spec, Stability};
use Kind::{Counter, Histogram, Summary};

/// What a chat adds: to a counter, the number; to a histogram or a summary, an observation in milliseconds. `None` where
/// the report does not say.
type Take = fn(&Chat, &Counting) -> Option<u64>;

/// Something that is counted per label set of a table.
#[derive(Debug)]
pub struct Measure {
    /// Its name in the state. Neither it nor its kind ever changes: for another meaning, add another row. A histogram's name
    /// is its own among all tables.
    pub name: &'static str,
    /// The family that shows it.
    pub spec: Spec,
    take: Take,
    /// A field that only some servers send. The family is left out until the server has sent it.
    pub where_sent: Option<Field>,
}

impl Measure {
    /// What a chat adds.
    pub fn of(&self, chat: &Chat, counting: &Counting) -> Option<u64> {
        (self.take)(chat, counting)
    }

    /// The bounds of its buckets, if it is a histogram.
    pub fn bounds(&self) -> Option<&'static [u64]> {
        match self.spec.kind {
            Histogram(bounds) => Some(bounds),
            _ => None,
        }
    }
}

macro_rules! measures {
    ($(#[$doc:meta])* $table:ident, $labels:expr => {
        $($name:literal = $($stability:ident)? $family:literal, $kind:expr, $take:expr $(, where sent $field:ident)?, $help:literal;)+
    }) => {
        $(#[$doc])*
        pub(super) static $table: [Measure; [$($name),+].len()] = [
            $(Measure {
                name: $name,
                spec: Spec {
                    name: $family,
                    kind: $kind,
                    labels: &$labels,
                    help: $help,
                    section: Section::Totals,
                    stability: [$(Stability::$stability,)? Stability::Stable][0],
                },
                take: $take,
                where_sent: [$(Some(Field::$field),)? None][0],
            }),+
        ];
    };
}

measures! {
    /// Per channel, skill and outcome.
    CHATS, ["channel", "skill_id", "outcome"] => {
        "chats" = "wolkvox_chats_total", Counter, |_, _| Some(1),
            "Chats attended by agents and closed (rows of the chat_1 report), each counted once. Refreshed once per poll.";
        "asa" = "wolkvox_chat_asa_seconds", Histogram(bounds::ASA), |chat, _| chat.asa_ms,
            "Time from the start of a chat to the agent's answer (report field ASA). Refreshed once per poll.";
        "duration" = "wolkvox_chat_duration_seconds", Histogram(bounds::DURATION), |chat, _| chat.duration_ms,
            "Time from the start of a chat to its close (report field chat_duration); a timeout lasts about 23 hours. Refreshed once per poll.";
        "time_on_agent" = "wolkvox_chat_time_on_agent_seconds", Histogram(bounds::TIME_ON_AGENT), |chat, _| chat.time_on_agent_ms,
            "Time that the agent spent on a chat (report field time_on_agent). Refreshed once per poll.";
        "agent_response" = "wolkvox_chat_agent_response_seconds", Histogram(bounds::AGENT_RESPONSE), |chat, _| chat.agent_response_ms, where sent AgentResponse,
            "The agent's average response time within a chat (report field agent_average_response_time; only servers that send it). Refreshed once per poll.";
        "answered_within_target" = "wolkvox_chat_answered_within_target_total", Counter, within_target,
            "Chats whose report field ASA is at most WOLKVOX_ASA_TARGET. Divided by wolkvox_chat_asa_seconds_count it is the service level. Refreshed once per poll.";
        "customer_characters" = "wolkvox_chat_customer_characters_total", Counter, |chat, _| chat.customer_characters,
            "Characters typed by customers (report field customer_chars). Refreshed once per poll.";
        "agent_characters" = "wolkvox_chat_agent_characters_total", Counter, |chat, _| chat.agent_characters,
            "Characters typed by agents (report field agent_chars). Refreshed once per poll.";
        "agent_answers" = "wolkvox_chat_agent_answers_total", Counter, |chat, _| chat.agent_answers,
            "Times that agents wrote to customers (report field agent_anwers). Refreshed once per poll.";
        "transfers" = "wolkvox_chat_transfers_total", Counter, |chat, _| chat.transferred.map(u64::from), where sent Transfer,
            "Chats that were transferred (report field transfer; only servers that send it). Refreshed once per poll.";
    }
}

measures! {
    /// Per skill and code.
    DISPOSITIONS, ["skill_id", "cod_act"] => {
        "chats" = "wolkvox_chat_dispositions_total", Counter, |_, _| Some(1),
            "Chats by the code they were given (report field cod_act); TIMEOUTCHAT is one nobody coded, chats without a code are left out. Refreshed once per poll.";
    }
}

measures! {
    /// Per skill, feeling and outcome.
    FEELINGS, ["skill_id", "feeling", "outcome"] => {
        "chats" = "wolkvox_chat_feelings_total", Counter, |_, _| Some(1),
            "Chats by the customer's recognised mood (report field feeling); unknown where it is empty. Refreshed once per poll.";
    }
}

measures! {
    /// Per skill, last speaker and outcome.
    SPEAKERS, ["skill_id", "participant", "outcome"] => {
        "chats" = "wolkvox_chat_last_speakers_total", Counter, |_, _| Some(1),
            "Chats by who wrote last (report field last_participant_who_spoke). Refreshed once per poll.";
    }
}

measures! {
    /// Per skill, who wrote, and outcome.
    CONVERSATIONS, ["skill_id", "kind", "outcome"] => {
        "chats" = Beta "wolkvox_chat_conversations_total", Counter, |_, _| Some(1),
            "Chats by who wrote in them: both, agent_only (a sending that nobody answered), customer_only (nobody replied), none, or unknown where the characters of one of them can't be told (report fields customer_chars, agent_chars). Refreshed once per poll.";
    }
}

measures! {
    /// Per skill and local hour of the opening.
    OPENINGS, ["skill_id", "hour"] => {
        "chats" = Beta "wolkvox_chat_openings_total", Counter, |_, _| Some(1),
            "Chats by the hour in which they were opened, 00 to 23 of the operation's local time (report field date), counted when they are closed; chats without an opening time are left out. Refreshed once per poll.";
    }
}

measures! {
    /// Per agent and outcome.
    AGENTS, ["agent_id", "outcome"] => {
        "chats" = "wolkvox_agent_chats_total", Counter, |_, _| Some(1),
            "Chats attended by an agent and closed (report field agent_id). Refreshed once per poll.";
        "answered_within_target" = "wolkvox_agent_answered_within_target_total", Counter, within_target,
            "An agent's chats whose report field ASA is at most WOLKVOX_ASA_TARGET. Refreshed once per poll.";
        "answers" = "wolkvox_agent_answers_total", Counter, |chat, _| chat.agent_answers,
            "Times that an agent wrote to customers (report field agent_anwers). Refreshed once per poll.";
        "characters" = "wolkvox_agent_characters_total", Counter, |chat, _| chat.agent_characters,
            "Characters typed by an agent (report field agent_chars). Refreshed once per poll.";
        "asa" = "wolkvox_agent_asa_seconds", Summary, |chat, _| chat.asa_ms,
            "Time from the start of an agent's chats to the answer (report field ASA); sum and count. Refreshed once per poll.";
        "time_on_agent" = "wolkvox_agent_time_on_agent_seconds", Summary, |chat, _| chat.time_on_agent_ms,
            "Time that an agent spent on chats (report field time_on_agent); sum and count. Refreshed once per poll.";
        "duration" = "wolkvox_agent_chat_duration_seconds", Summary, |chat, _| chat.duration_ms,
            "Time from start to close of an agent's chats (report field chat_duration); sum and count. Refreshed once per poll.";
        "response" = Beta "wolkvox_agent_response_seconds", Summary, |chat, _| chat.agent_response_ms, where sent AgentResponse,
            "An agent's average response time within each chat (report field agent_average_response_time; only servers that send it); sum and count. Refreshed once per poll.";
        "transfers" = Beta "wolkvox_agent_transfers_total", Counter, |chat, _| chat.transferred.map(u64::from), where sent Transfer,
            "An agent's chats that were transferred (report field transfer; only servers that send it). Refreshed once per poll.";
        "customer_spoke_last" = Beta "wolkvox_agent_customer_spoke_last_total", Counter, |chat, _| Some(u64::from(chat.last_speaker == Participant::Customer)),
            "An agent's chats in which the customer wrote last (report field last_participant_who_spoke). Refreshed once per poll.";
        "negative_feelings" = Beta "wolkvox_agent_negative_feelings_total", Counter, |chat, _| Some(u64::from(chat.feeling.is_negative())),
            "An agent's chats in which the customer's recognised mood was negative or very negative (report field feeling). Refreshed once per poll.";
        "unanswered" = Beta "wolkvox_agent_unanswered_total", Counter, |chat, _| Some(u64::from(chat.conversation() == Conversation::CustomerOnly)),
            "An agent's chats in which the customer wrote and the agent did not (report fields customer_chars, agent_chars). Refreshed once per poll.";
    }
}

measures! {
    /// Per agent, skill and outcome.
    AGENT_SKILLS, ["agent_id", "skill_id", "outcome"] => {
        "chats" = Beta "wolkvox_agent_skill_chats_total", Counter, |_, _| Some(1),
            "Chats attended by an agent for a skill and closed (report fields agent_id, skill_id). Refreshed once per poll.";
        "answered_within_target" = Beta "wolkvox_agent_skill_answered_within_target_total", Counter, within_target,
            "An agent's chats for a skill whose report field ASA is at most WOLKVOX_ASA_TARGET. Refreshed once per poll.";
    }
}

measures! {
    /// Per skill and time within which the customer had closed another chat.
    RECONTACTS, ["skill_id", "within"] => {
        "chats" = Beta "wolkvox_chat_recontacts_total", Counter, |_, _| Some(1),
            "Chats whose customer had closed another one within this time before they were opened, by what was known when they were counted (report fields customer_id, else customer_phone); only with WOLKVOX_RECONTACT. Shorter times are part of longer ones. Refreshed once per poll.";
    }
}

/// Whether the chat's `ASA` is within the target of its skill.
pub(super) fn within_target(chat: &Chat, counting: &Counting) -> Option<u64> {
    chat.asa_ms
        .map(|asa| u64::from(asa <= counting.asa_target_ms_of(&chat.skill_id)))
}
