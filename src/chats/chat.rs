//! A chat that a human agent attended, as the exporter understands it: it can't be wrong once it exists.
//!
//! [`Chat::from_row`] is the only way to make one from the report. A value that cannot be read is left out and noted in
//! [`Chat::invalid`]. Only a row without a usable `conn_id` is no chat.

mod conn_id;
pub(super) mod value;

use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};

use super::field::{Field, FieldSet};
pub use super::recontact::Customer;
pub use crate::ledger::{Id, Moment};
pub use conn_id::MAX_CONN_ID_BYTES;
pub(super) use conn_id::is_no_id;
pub(super) use value::{MAX_LABEL_BYTES, trimmed};
use wolkvox::{Instants, Row, Value};

/// The value of a label whose field is empty.
pub const UNKNOWN: &str = "unknown";

/// Why an entry of the report is no chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, thiserror::Error)]
pub enum NotAChat {
    /// The entry is not a JSON object.
    #[error("an entry of `data` is not an object")]
    NotAnObject,
    /// `conn_id` is missing, blank, `-`, `0` or a word for nothing such as `null`.
    #[error("a row has no conn_id")]
    NoConnId,
    /// `conn_id` is longer than 64 bytes or not text.
    #[error("a row's conn_id is longer than 64 bytes or not text")]
    BadConnId,
}

impl NotAChat {
    /// All of them.
    pub const ALL: [NotAChat; 3] = [NotAChat::NotAnObject, NotAChat::NoConnId, NotAChat::BadConnId];

    /// The value of the label `reason`.
    pub fn reason(self) -> &'static str {
        match self {
            NotAChat::NotAnObject => "not_an_object",
            NotAChat::NoConnId => "no_conn_id",
            NotAChat::BadConnId => "bad_conn_id",
        }
    }
}

impl From<wolkvox::RowError> for NotAChat {
    fn from(_: wolkvox::RowError) -> NotAChat {
        NotAChat::NotAnObject
    }
}

/// How a chat ended: the label `outcome`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// An agent gave it a code.
    Coded,
    /// Nobody coded it; Wolkvox closed it with `TIMEOUTCHAT` after about 23 hours.
    Timeout,
    /// It has no code.
    Uncoded,
}

impl Outcome {
    /// The label values, in the order of the enum.
    pub const WORDS: &[&str] = &["coded", "timeout", "uncoded"];

    /// The label value.
    pub fn as_str(self) -> &'static str {
        Outcome::WORDS[self as usize]
    }

    /// That of a label value.
    pub fn parse(word: &str) -> Option<Outcome> {
        let all = [Outcome::Coded, Outcome::Timeout, Outcome::Uncoded];
        all.into_iter().find(|outcome| outcome.as_str() == word)
    }
}

/// What Wolkvox recognised of the customer's mood: the label `feeling`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // The five words of the report, and `unknown`.
pub enum Feeling {
    VeryNegative,
    Negative,
    Neutral,
    Positive,
    VeryPositive,
    Unknown,
}

impl Feeling {
    /// The label values, in the order of the enum.
    pub const WORDS: &[&str] = &[
        "very_negative",
        "negative",
        "neutral",
        "positive",
        "very_positive",
        UNKNOWN,
    ];

    /// Whether it is negative or very negative.
    pub fn is_negative(self) -> bool {
        matches!(self, Feeling::Negative | Feeling::VeryNegative)
    }
}

/// Who wrote last: the label `participant`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // The words of the report, and `unknown`.
pub enum Participant {
    Agent,
    Customer,
    Bot,
    Unknown,
}

impl Participant {
    /// The label values, in the order of the enum.
    pub const WORDS: &[&str] = &["agent", "customer", "bot", UNKNOWN];
}

/// Who wrote in a chat: the label `kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conversation {
    /// Agent and customer.
    Both,
    /// A sending that nobody answered.
    AgentOnly,
    /// Nobody replied to the customer.
    CustomerOnly,
    /// Neither.
    None,
    /// The characters of one of them can't be told.
    Unknown,
}

impl Conversation {
    /// The label values, in the order of the enum.
    pub const WORDS: &[&str] = &["both", "agent_only", "customer_only", "none", UNKNOWN];
}

/// One chat of the report. Times are whole milliseconds; a field without a readable value is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chat {
    /// Its id.
    pub id: Id,
    /// Lower case; [`UNKNOWN`] where empty.
    pub channel: String,
    /// The skill's number; `0` is "no skill", [`UNKNOWN`] an empty field.
    pub skill_id: String,
    /// The agent's extension number, or the name of something that is no agent (`chat_bot`).
    pub agent_id: String,
    /// Only where names are switched on.
    pub agent_name: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// The operation's code for it; `TIMEOUTCHAT` in this spelling whatever the report's case.
    pub code: Option<String>,
    /// The code's text.
    pub description: Option<String>,
    /// When it was opened.
    pub opened: Option<Moment>,
    /// The same as the report writes it, local time without a zone: what the report's own filter compares.
    pub opened_local: Option<NaiveDateTime>,
    /// When it was closed: `date_close`, else `date` + `chat_duration`.
    pub closed: Option<Moment>,
    /// `ASA`: from open to the agent's answer, milliseconds.
    pub asa_ms: Option<u64>,
    /// From open to close, milliseconds.
    pub duration_ms: Option<u64>,
    /// The agent's time, milliseconds.
    pub time_on_agent_ms: Option<u64>,
    /// The agent's average response time, milliseconds; only some servers send it.
    pub agent_response_ms: Option<u64>,
    /// Characters the customer typed.
    pub customer_characters: Option<u64>,
    /// Characters the agent typed.
    pub agent_characters: Option<u64>,
    /// How often the agent wrote.
    pub agent_answers: Option<u64>,
    /// Whether it was transferred; only some servers say.
    pub transferred: Option<bool>,
    /// A hash of the customer, where recontacts are counted.
    #[serde(default)]
    pub customer: Option<Customer>,
    /// The customer's mood.
    pub feeling: Feeling,
    /// Who wrote last.
    pub last_speaker: Participant,
    /// Fields whose value can't be read.
    pub invalid: FieldSet,
    /// Documented fields whose key the row lacks.
    pub absent: FieldSet,
}

/// `cod_act` of a chat that Wolkvox closed because nobody coded it.
pub const TIMEOUT_CODE: &str = "TIMEOUTCHAT";

impl Chat {
    /// The local time of the opening. A request that ends before it never returns the chat, whether the report filters
    /// on opening or on closing. `None` where the clocks may have gone back since: then it may have closed at a lesser
    /// local time.
    pub fn not_before_local(&self) -> Option<NaiveDateTime> {
        let opened = self.opened?;
        let is_once = opened.earliest == opened.latest;
        let is_in_order = self
            .closed
            .is_none_or(|closed| closed.earliest >= opened.earliest);
        self.opened_local.filter(|_| is_once && is_in_order)
    }

    /// Who wrote in it.
    pub fn conversation(&self) -> Conversation {
        match (self.agent_characters, self.customer_characters) {
            (None, _) | (_, None) => Conversation::Unknown,
            (Some(0), Some(0)) => Conversation::None,
            (Some(0), Some(_)) => Conversation::CustomerOnly,
            (Some(_), Some(0)) => Conversation::AgentOnly,
            (Some(_), Some(_)) => Conversation::Both,
        }
    }

    /// Reads a row. Dates are local times of `zone`; who reads many rows hands in a [`wolkvox::HourlyZone`].
    ///
    /// # Errors
    /// [`NotAChat::NoConnId`] and [`NotAChat::BadConnId`]: without an id a chat can't be counted once.
    pub fn from_row(row: &Row<'_>, zone: impl Instants) -> Result<Chat, NotAChat> {
        Ok(Chat::of(Chat::id_of(row)?, row, zone))
    }

    /// The same, with the row's id, which the caller had to know first.
    pub(crate) fn of(id: Id, row: &Row<'_>, mut zone: impl Instants) -> Chat {
        let mut chat = Chat::unread(id);
        for field in Field::ALL {
            let read = match row.get(field) {
                Value::Absent => {
                    if field.is_documented() {
                        chat.absent.insert(field);
                    }
                    continue;
                }
                Value::Text(text) => match value::trimmed(text) {
                    // The report's ways to say "no value".
                    "" | "-" => continue,
                    text => field.read(&mut chat, text, &mut zone),
                },
                Value::Unreadable => None,
            };
            if read.is_none() {
                chat.invalid.insert(field);
            }
        }
        for label in [&mut chat.channel, &mut chat.skill_id, &mut chat.agent_id] {
            if label.is_empty() {
                UNKNOWN.clone_into(label);
            }
        }
        let ended = || chat.opened?.after(chat.duration_ms?);
        chat.closed = chat.closed.or_else(ended);
        chat.outcome = outcome(chat.code.as_deref());
        chat
    }

    /// The id of a row's chat, without reading the rest.
    ///
    /// # Errors
    /// As [`Chat::from_row`] has them.
    pub fn id_of(row: &Row<'_>) -> Result<Id, NotAChat> {
        conn_id::parse(&row.get(Field::ConnId))
    }

    /// A chat of which nothing is known but its id. Its labels are empty, as no label is that was read.
    fn unread(id: Id) -> Chat {
        Chat {
            id,
            channel: String::new(),
            skill_id: String::new(),
            agent_id: String::new(),
            agent_name: None,
            outcome: Outcome::Uncoded,
            code: None,
            description: None,
            opened: None,
            opened_local: None,
            closed: None,
            asa_ms: None,
            duration_ms: None,
            time_on_agent_ms: None,
            agent_response_ms: None,
            customer_characters: None,
            agent_characters: None,
            agent_answers: None,
            transferred: None,
            customer: None,
            feeling: Feeling::Unknown,
            last_speaker: Participant::Unknown,
            invalid: FieldSet::default(),
            absent: FieldSet::default(),
        }
    }
}

/// A local time of the report as instants.
pub(super) fn moment(local: NaiveDateTime, zone: &mut dyn Instants) -> Moment {
    let (earliest, latest) = zone.instants_of(local);
    Moment { earliest, latest }
}

fn outcome(code: Option<&str>) -> Outcome {
    match code {
        None => Outcome::Uncoded,
        Some(TIMEOUT_CODE) => Outcome::Timeout,
        Some(_) => Outcome::Coded,
    }
}

#[cfg(test)]
mod tests;
