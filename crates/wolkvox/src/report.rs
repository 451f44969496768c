//! The wire format of the `chat_1` report: what a row holds, and how a body is read.

mod decode;
mod repair;

pub use decode::{Code, DecodeError, Envelope, Options, decode};

/// A field of a row that the exporter reads. All others (customers' names, mails, phones, free text) are skipped by
/// the decoder and never become a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(usize)]
pub enum Field {
    /// `conn_id`: the chat's id.
    ConnId,
    /// `channel`: `whatsapp`, `web`, …
    Channel,
    /// `date`: when the chat was opened, operation's local time.
    Date,
    /// `date_close`: when it was closed, local time. Not in the vendor's page.
    DateClose,
    /// `customer_chars`: characters typed by the customer.
    CustomerChars,
    /// `agent_id`: the agent's extension number.
    AgentId,
    /// `agent_name`: personal data of an employee; read only where names are switched on.
    AgentName,
    /// `agent_chars`: characters typed by the agent.
    AgentChars,
    /// `agent_anwers ` (the vendor's spelling), `agent_answers`: how often the agent wrote.
    AgentAnswers,
    /// `time_on_agent`.
    TimeOnAgent,
    /// `chat_duration`: from open to close.
    ChatDuration,
    /// `agent_average_response_time`. Not in the vendor's page.
    AgentResponse,
    /// `cod_act`: the code the agent gave the chat.
    CodAct,
    /// `description_cod_act`: that code's text.
    DescriptionCodAct,
    /// `skill_id`.
    SkillId,
    /// `ASA`, also sent as `first_response_time`.
    Asa,
    /// `last_participant_who_spoke`.
    LastParticipant,
    /// `feeling`.
    Feeling,
    /// `transfer`. Not in the vendor's page.
    Transfer,
}

impl Field {
    /// All fields, in the order of the enum.
    pub const ALL: [Field; 19] = [
        Field::ConnId,
        Field::Channel,
        Field::Date,
        Field::DateClose,
        Field::CustomerChars,
        Field::AgentId,
        Field::AgentName,
        Field::AgentChars,
        Field::AgentAnswers,
        Field::TimeOnAgent,
        Field::ChatDuration,
        Field::AgentResponse,
        Field::CodAct,
        Field::DescriptionCodAct,
        Field::SkillId,
        Field::Asa,
        Field::LastParticipant,
        Field::Feeling,
        Field::Transfer,
    ];

    /// The vendor's key, trimmed and in lower case: the value of the label `field`.
    pub fn name(self) -> &'static str {
        match self {
            Field::ConnId => "conn_id",
            Field::Channel => "channel",
            Field::Date => "date",
            Field::DateClose => "date_close",
            Field::CustomerChars => "customer_chars",
            Field::AgentId => "agent_id",
            Field::AgentName => "agent_name",
            Field::AgentChars => "agent_chars",
            Field::AgentAnswers => "agent_anwers",
            Field::TimeOnAgent => "time_on_agent",
            Field::ChatDuration => "chat_duration",
            Field::AgentResponse => "agent_average_response_time",
            Field::CodAct => "cod_act",
            Field::DescriptionCodAct => "description_cod_act",
            Field::SkillId => "skill_id",
            Field::Asa => "asa",
            Field::LastParticipant => "last_participant_who_spoke",
            Field::Feeling => "feeling",
            Field::Transfer => "transfer",
        }
    }

    /// Whether the vendor's page lists the field, so that its absence means that the report's format drifts.
    pub fn is_documented(self) -> bool {
        !matches!(self, Field::DateClose | Field::AgentResponse | Field::Transfer)
    }
}

/// What a row holds for a field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Value {
    /// The key is not in the row.
    #[default]
    Absent,
    /// A string, or the text of a number, as sent and untrimmed; `null` is the empty text.
    Text(String),
    /// A boolean, an object, a list, or a string that is not UTF-8.
    Unreadable,
}

/// One entry of `data`: the fields that the exporter reads, as the server sends them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Row {
    values: [Value; Field::ALL.len()],
}

impl Row {
    /// What the row holds for `field`.
    pub fn get(&self, field: Field) -> &Value {
        &self.values[field as usize]
    }

    /// Puts a value in; the last one counts.
    pub fn set(&mut self, field: Field, value: Value) {
        self.values[field as usize] = value;
    }
}

/// Why an entry of `data` is no chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, thiserror::Error)]
pub enum RowError {
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

impl RowError {
    /// All of them.
    pub const ALL: [RowError; 3] = [RowError::NotAnObject, RowError::NoConnId, RowError::BadConnId];

    /// The value of the label `reason`.
    pub fn reason(self) -> &'static str {
        match self {
            RowError::NotAnObject => "not_an_object",
            RowError::NoConnId => "no_conn_id",
            RowError::BadConnId => "bad_conn_id",
        }
    }
}
