//! One chat, as the operation knows it.

use chrono::{DateTime, Utc};

/// How a chat ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// An agent coded it.
    Coded,
    /// The server closed it after a day: `TIMEOUTCHAT`.
    Timeout,
    /// Closed without a code.
    Uncoded,
}

impl Outcome {
    /// The word for it: `coded`, `timeout`, `uncoded`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Coded => "coded",
            Self::Timeout => "timeout",
            Self::Uncoded => "uncoded",
        }
    }
}

/// Who a chat belonged to; not always a human.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Agent {
    /// The extension number, or a name such as `chat_bot`.
    pub id: String,
    /// The name.
    pub name: String,
    /// The identity document; empty for what is no human.
    pub dni: String,
}

/// A closed chat. All times are whole seconds, UTC; what has no value is `None` or empty.
///
/// The personal fields of its customer are not held: each is written as `CANARY-<field>-<customer>`, so that a leak can be
/// searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimulatedChat {
    /// The chat's id.
    pub conn_id: String,
    /// The channel as the server writes it.
    pub channel: String,
    /// When the customer (or a mass sending) opened it.
    pub opened: DateTime<Utc>,
    /// When it was closed. `chat_duration` is the difference.
    pub closed: DateTime<Utc>,
    /// When its row appears in the report.
    pub visible: DateTime<Utc>,
    /// Milliseconds until the agent answered.
    pub asa_ms: Option<u64>,
    /// Seconds it spent with the agent.
    pub time_on_agent: Option<u32>,
    /// Seconds the agent took to answer, on average.
    pub average_response: Option<u32>,
    /// Characters the customer typed.
    pub customer_chars: Option<u32>,
    /// Characters the agent typed.
    pub agent_chars: Option<u32>,
    /// How often the agent wrote.
    pub agent_answers: Option<u32>,
    /// Who it belonged to.
    pub agent: Agent,
    /// The skill; `0` for none.
    pub skill_id: String,
    /// How it ended.
    pub outcome: Outcome,
    /// The operation's code, `TIMEOUTCHAT`, or empty.
    pub cod_act: String,
    /// The code in words.
    pub description: String,
    /// Whether it was handed to somebody else.
    pub transferred: bool,
    /// Whose it is: chats with the same text are of the same customer.
    pub customer: String,
    /// `very negative` to `very positive`, or empty.
    pub feeling: String,
    /// `agent`, `customer`, `chat-bot`, `chat_bot`, or empty.
    pub last_participant: String,
    /// Fields to be written otherwise than the rest of this value says: key → the JSON text of the value, or `None`
    /// to leave the key out. The key is the one the row would have; an unknown key is added. [`super::Truth`] does
    /// not look at them.
    pub raw: Vec<(String, Option<String>)>,
}

impl SimulatedChat {
    /// A plain coded chat to be placed by hand: visible at once, all numbers present. Fractions of a second are
    /// dropped.
    pub fn new(conn_id: &str, opened: DateTime<Utc>, closed: DateTime<Utc>) -> Self {
        let closed = whole_seconds(closed);
        Self {
            conn_id: conn_id.to_owned(),
            channel: "whatsapp".to_owned(),
            opened: whole_seconds(opened),
            closed,
            visible: closed,
            asa_ms: Some(12_000),
            time_on_agent: Some(60),
            average_response: Some(20),
            customer_chars: Some(120),
            agent_chars: Some(240),
            agent_answers: Some(6),
            agent: Agent {
                id: "1001".to_owned(),
                name: "Ana Torres".to_owned(),
                dni: "521900100177".to_owned(),
            },
            skill_id: "12".to_owned(),
            outcome: Outcome::Coded,
            cod_act: "101".to_owned(),
            description: "Sale closed".to_owned(),
            transferred: false,
            customer: conn_id.to_owned(),
            feeling: "neutral".to_owned(),
            last_participant: "agent".to_owned(),
            raw: Vec::new(),
        }
    }

    /// Seconds from opening to closing.
    pub fn duration(&self) -> u64 {
        u64::try_from((self.closed - self.opened).num_seconds()).unwrap_or(0)
    }

    /// The same chat with one field written otherwise, see [`SimulatedChat::raw`].
    #[must_use]
    pub fn with_raw(mut self, key: &str, json: Option<&str>) -> Self {
        self.raw.push((key.to_owned(), json.map(ToOwned::to_owned)));
        self
    }
}

/// The second an instant lies in.
fn whole_seconds(time: DateTime<Utc>) -> DateTime<Utc> {
    instant(time.timestamp())
}

/// The instant of a Unix time; the epoch for one that chrono can't hold.
pub(super) fn instant(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap_or_default()
}
