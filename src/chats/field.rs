//! The fields of the `chat_1` report, one row each: its key, its other names, whether every server sends it, and how its
//! text is read into a chat.

use crate::config::Agents;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use wolkvox::{Instants, Key, Read, Report};

use super::chat::{Chat, moment, value};

/// Who sends a field, and what may be read of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Provenance {
    /// The vendor's page lists it: where it is missing, the report's format drifts.
    Documented,
    /// The same, but it is personal data of employees: read only where names are switched on.
    Personal,
    /// The same of customers: read only where recontacts are counted, and hashed at once.
    Customer,
    /// Not in the vendor's page: only some servers send it.
    SomeServers,
}

/// Whether the ids and phones of customers are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Customers {
    /// To be hashed.
    Read,
    /// They are skipped.
    Skip,
}

/// Reads a text, trimmed and not blank, into the chat; `None` is a value that can't be read.
type ReadText = fn(&mut Chat, &str, &mut dyn Instants) -> Option<()>;

struct FieldRow {
    key: &'static str,
    /// Other names of the field. Where a row has several, the earlier name wins.
    aliases: &'static [&'static str],
    source: Provenance,
    read: ReadText,
}

macro_rules! fields {
    ($($(#[$doc:meta])* $id:ident = $key:literal $(or $alias:literal)*, $source:ident, $read:expr;)+) => {
        /// A field that is read. All others (customers' names, mails, free text) are skipped by the decoder and never become a
        /// value, and so are those of customers where recontacts are not counted.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Field {
            $($(#[$doc])* $id),+
        }

        impl Field {
            /// All fields, in the order of the enum.
            pub const ALL: [Field; [$($key),+].len()] = [$(Field::$id),+];
        }

        static ROWS: [FieldRow; Field::ALL.len()] = [
            $(FieldRow { key: $key, aliases: &[$($alias),*], source: Provenance::$source, read: $read }),+
        ];
    };
}

fields! {
    /// The chat's id. It is read before all others, for without it a row is no chat.
    ConnId = "conn_id", Documented, |_, _, _| Some(());
    /// `whatsapp`, `web`, …
    Channel = "channel", Documented, |chat, text, _| put(&mut chat.channel, value::lower_case_label(text));
    /// When the chat was opened, operation's local time.
    Date = "date", Documented, |chat, text, zone| {
        let local = value::local_time(text)?;
        chat.opened_local = Some(local);
        chat.opened = Some(moment(local, zone));
        Some(())
    };
    /// When it was closed, local time.
    DateClose = "date_close", SomeServers, |chat, text, zone| {
        chat.closed = Some(moment(value::local_time(text)?, zone));
        Some(())
    };
    /// Characters typed by the customer.
    CustomerChars = "customer_chars", Documented, |chat, text, _| put_some(&mut chat.customer_characters, value::count(text));
    /// The agent's extension number.
    AgentId = "agent_id", Documented, |chat, text, _| put(&mut chat.agent_id, value::label(text));
    /// The agent's name.
    AgentName = "agent_name", Personal, |chat, text, _| put_some(&mut chat.agent_name, value::label(text));
    /// Characters typed by the agent.
    AgentChars = "agent_chars", Documented, |chat, text, _| put_some(&mut chat.agent_characters, value::count(text));
    /// How often the agent wrote; `agent_anwers` is the vendor's spelling.
    AgentAnswers = "agent_anwers" or "agent_answers", Documented, |chat, text, _| put_some(&mut chat.agent_answers, value::count(text));
    /// The agent's time.
    TimeOnAgent = "time_on_agent", Documented, |chat, text, _| put_some(&mut chat.time_on_agent_ms, value::milliseconds(text));
    /// From open to close.
    ChatDuration = "chat_duration", Documented, |chat, text, _| put_some(&mut chat.duration_ms, value::milliseconds(text));
    /// The agent's average response time.
    AgentResponse = "agent_average_response_time", SomeServers, |chat, text, _| put_some(&mut chat.agent_response_ms, value::milliseconds(text));
    /// The code the agent gave the chat.
    CodAct = "cod_act", Documented, |chat, text, _| put_some(&mut chat.code, value::code(text));
    /// That code's text.
    DescriptionCodAct = "description_cod_act", Documented, |chat, text, _| put_some(&mut chat.description, value::label(text));
    /// The skill's number.
    SkillId = "skill_id", Documented, |chat, text, _| put(&mut chat.skill_id, value::label(text));
    /// From open to the agent's answer.
    Asa = "asa" or "first_response_time", Documented, |chat, text, _| put_some(&mut chat.asa_ms, value::milliseconds(text));
    /// Who wrote last.
    LastParticipant = "last_participant_who_spoke", Documented, |chat, text, _| put(&mut chat.last_speaker, value::participant(text));
    /// The customer's mood.
    Feeling = "feeling", Documented, |chat, text, _| put(&mut chat.feeling, value::feeling(text));
    /// Whether the chat was transferred.
    Transfer = "transfer", SomeServers, |chat, text, _| put_some(&mut chat.transferred, value::yes_or_no(text));
    /// The customer's id. No chat holds it: see [`super::recontact`].
    CustomerId = "customer_id", Customer, |_, _, _| Some(());
    /// The customer's phone. No chat holds it: see [`super::recontact`].
    CustomerPhone = "customer_phone", Customer, |_, _, _| Some(());
}

fn put<T>(slot: &mut T, value: Option<T>) -> Option<()> {
    *slot = value?;
    Some(())
}

fn put_some<T>(slot: &mut Option<T>, value: Option<T>) -> Option<()> {
    *slot = Some(value?);
    Some(())
}

impl Field {
    fn row(self) -> &'static FieldRow {
        &ROWS[self as usize]
    }

    /// The vendor's key, trimmed and in lower case: the value of the label `field`.
    pub fn name(self) -> &'static str {
        self.row().key
    }

    /// Whether the vendor's page lists the field, so that its absence means that the report's format drifts.
    pub fn is_documented(self) -> bool {
        matches!(self.row().source, Provenance::Documented | Provenance::Personal)
    }

    /// Reads the field's text into a chat.
    pub(super) fn read(self, chat: &mut Chat, text: &str, zone: &mut dyn Instants) -> Option<()> {
        (self.row().read)(chat, text, zone)
    }
}

impl From<Field> for usize {
    fn from(field: Field) -> usize {
        field as usize
    }
}

/// Keys that rows are known to have besides. Most are personal data of customers: their values are never read.
const UNREAD: &[&str] = &[
    "customer_name",
    "customer_email",
    "user_id",
    "comments",
    "comment",
    "extra_field",
    "agent_dni",
    "transfer_type",
];

/// The report to ask for, and what may be read of it.
pub fn report(agents: Agents, customers: Customers) -> Report {
    let keys = Field::ALL.into_iter().flat_map(|field| {
        let row = field.row();
        let is_hidden = match row.source {
            Provenance::Personal => agents != Agents::Names,
            Provenance::Customer => customers == Customers::Skip,
            Provenance::Documented | Provenance::SomeServers => false,
        };
        let names = std::iter::once(&row.key).chain(row.aliases);
        (0..).zip(names).map(move |(rank, name)| Key {
            name,
            index: field.into(),
            rank,
            read: if is_hidden { Read::Presence } else { Read::Value },
        })
    });
    Report {
        name: "chat_1",
        keys: keys.collect(),
        unread: UNREAD,
    }
}

/// A set of [`Field`]s. Stored by their names, for their order changes from one version to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FieldSet(u64);

impl FieldSet {
    /// Puts a field in.
    pub fn insert(&mut self, field: Field) {
        self.0 |= 1 << field as u32;
    }

    /// Puts in what another set holds.
    pub fn extend(&mut self, other: FieldSet) {
        self.0 |= other.0;
    }

    /// Whether a field is in it.
    pub fn contains(self, field: Field) -> bool {
        self.0 & (1 << field as u32) != 0
    }

    /// The fields in it, in the order of [`Field::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Field> {
        Field::ALL.into_iter().filter(move |field| self.contains(*field))
    }
}

impl Serialize for FieldSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Field::name))
    }
}

impl<'de> Deserialize<'de> for FieldSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<FieldSet, D::Error> {
        let names = Vec::<String>::deserialize(deserializer)?;
        let mut set = FieldSet::default();
        for field in Field::ALL {
            if names.iter().any(|name| name == field.name()) {
                set.insert(field);
            }
        }
        Ok(set)
    }
}

#[cfg(test)]
mod tests;
