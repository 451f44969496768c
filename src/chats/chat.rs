//! A chat that a human agent attended, as the exporter understands it: it can't be wrong once it exists.
//!
//! [`Chat::from_row`] is the only way to make one from the report. What a row says and cannot be read is left out
//! and noted in [`Chat::invalid`]; only a row without a usable `conn_id` is no chat.

mod conn_id;
mod value;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use wolkvox::{Field, Row, RowError, Value, Zone, window};

pub use conn_id::{ConnId, MAX_CONN_ID_BYTES};

/// The value of a label whose field is empty.
pub const UNKNOWN: &str = "unknown";

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
    /// The label value.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Coded => "coded",
            Outcome::Timeout => "timeout",
            Outcome::Uncoded => "uncoded",
        }
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
    /// The label value.
    pub fn as_str(self) -> &'static str {
        match self {
            Feeling::VeryNegative => "very_negative",
            Feeling::Negative => "negative",
            Feeling::Neutral => "neutral",
            Feeling::Positive => "positive",
            Feeling::VeryPositive => "very_positive",
            Feeling::Unknown => UNKNOWN,
        }
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
    /// The label value.
    pub fn as_str(self) -> &'static str {
        match self {
            Participant::Agent => "agent",
            Participant::Customer => "customer",
            Participant::Bot => "bot",
            Participant::Unknown => UNKNOWN,
        }
    }
}

/// A local time of the report as instants. They differ only in the repeated hour of daylight saving.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// The first instant with this local time, UTC: what times are measured from.
    pub earliest: DateTime<Utc>,
    /// The last instant with this local time, UTC: what is compared with the start of counting, so that in doubt a
    /// chat is counted.
    pub latest: DateTime<Utc>,
}

impl Moment {
    fn from_local(local: NaiveDateTime, zone: Zone) -> Moment {
        let (earliest, latest) = window::to_instants(local, zone);
        Moment { earliest, latest }
    }

    fn after(self, milliseconds: u64) -> Option<Moment> {
        let delta = TimeDelta::try_milliseconds(i64::try_from(milliseconds).ok()?)?;
        Some(Moment {
            earliest: self.earliest.checked_add_signed(delta)?,
            latest: self.latest.checked_add_signed(delta)?,
        })
    }
}

/// A set of [`Field`]s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FieldSet(u32);

impl FieldSet {
    /// Puts a field in.
    pub fn insert(&mut self, field: Field) {
        self.0 |= 1 << field as u32;
    }

    /// The fields in it, in the order of [`Field::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Field> {
        Field::ALL
            .into_iter()
            .filter(move |field| self.0 & (1 << *field as u32) != 0)
    }
}

/// One chat of the report. Times are whole milliseconds; a field without a readable value is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chat {
    /// Its id.
    pub id: ConnId,
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
    /// A local time before which the report's filter can't have the chat, whether it filters on opening or on closing:
    /// that of its opening. `None` where the clocks may have gone back since, so that it closed at a lesser one.
    pub fn not_before_local(&self) -> Option<NaiveDateTime> {
        let opened = self.opened?;
        let is_once = opened.earliest == opened.latest;
        let is_in_order = self
            .closed
            .is_none_or(|closed| closed.earliest >= opened.earliest);
        self.opened_local.filter(|_| is_once && is_in_order)
    }

    /// Reads a row. Dates are local times of `zone`.
    ///
    /// # Errors
    /// [`RowError::NoConnId`] and [`RowError::BadConnId`]: without an id a chat can't be counted once.
    pub fn from_row(row: &Row, zone: impl Into<Zone>) -> Result<Chat, RowError> {
        let zone = zone.into();
        let id = ConnId::parse(row.get(Field::ConnId))?;
        let mut fields = Fields {
            row,
            invalid: FieldSet::default(),
        };
        let opened_local = fields.read(Field::Date, value::local_time);
        let opened = opened_local.map(|at| Moment::from_local(at, zone));
        let duration_ms = fields.read(Field::ChatDuration, value::milliseconds);
        let closed = fields
            .read(Field::DateClose, value::local_time)
            .map(|at| Moment::from_local(at, zone))
            .or_else(|| opened?.after(duration_ms?));
        let code = fields.read(Field::CodAct, value::code);
        let mut chat = Chat {
            id,
            channel: fields.label(Field::Channel).to_lowercase(),
            skill_id: fields.label(Field::SkillId),
            agent_id: fields.label(Field::AgentId),
            agent_name: fields.read(Field::AgentName, value::label),
            outcome: outcome(code.as_deref()),
            code,
            description: fields.read(Field::DescriptionCodAct, value::label),
            opened,
            opened_local,
            closed,
            asa_ms: fields.read(Field::Asa, value::milliseconds),
            duration_ms,
            time_on_agent_ms: fields.read(Field::TimeOnAgent, value::milliseconds),
            agent_response_ms: fields.read(Field::AgentResponse, value::milliseconds),
            customer_characters: fields.read(Field::CustomerChars, value::count),
            agent_characters: fields.read(Field::AgentChars, value::count),
            agent_answers: fields.read(Field::AgentAnswers, value::count),
            transferred: fields.read(Field::Transfer, value::yes_or_no),
            feeling: fields
                .read(Field::Feeling, value::feeling)
                .unwrap_or(Feeling::Unknown),
            last_speaker: fields
                .read(Field::LastParticipant, value::participant)
                .unwrap_or(Participant::Unknown),
            invalid: FieldSet::default(),
            absent: absent_fields(row),
        };
        chat.invalid = fields.invalid;
        Ok(chat)
    }
}

fn outcome(code: Option<&str>) -> Outcome {
    match code {
        None => Outcome::Uncoded,
        Some(TIMEOUT_CODE) => Outcome::Timeout,
        Some(_) => Outcome::Coded,
    }
}

fn absent_fields(row: &Row) -> FieldSet {
    let mut absent = FieldSet::default();
    for field in Field::ALL {
        if field.is_documented() && *row.get(field) == Value::Absent {
            absent.insert(field);
        }
    }
    absent
}

/// Reads the fields of one row and notes those that can't be read.
struct Fields<'a> {
    row: &'a Row,
    invalid: FieldSet,
}

impl Fields<'_> {
    /// The field's value; `None` where it is absent, blank or can't be read.
    fn read<T>(&mut self, field: Field, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let parsed = match self.row.get(field) {
            Value::Absent => return None,
            Value::Text(text) if value::is_blank(text) => return None,
            Value::Text(text) => parse(text.trim()),
            Value::Unreadable => None,
        };
        if parsed.is_none() {
            self.invalid.insert(field);
        }
        parsed
    }

    fn label(&mut self, field: Field) -> String {
        self.read(field, value::label)
            .unwrap_or_else(|| UNKNOWN.to_owned())
    }
}

#[cfg(test)]
mod tests;
