//! The tables that chats are counted in, one row each: their labels, and what is counted per label set.

use std::hash::{BuildHasher, Hasher as _};
use std::ops::Index;
use std::sync::Arc;

use chrono::Timelike as _;

use super::chat::{Chat, Conversation, Feeling, Outcome, Participant};
use super::measure::{self, Measure};
use super::totals::Cell;
use crate::config::Agents;

/// A label of a table, and how it is taken of a chat.
#[derive(Debug)]
pub struct Label {
    /// Its name.
    pub name: &'static str,
    read: Read,
}

/// How the value of a label is taken of a chat; `None` leaves the chat out of the table.
#[derive(Debug)]
enum Read {
    /// The report decides: past the series limit such a label is `other`.
    Open(Open),
    /// One of these words, by its place among them. Label sets are in the order of the words.
    Word(&'static [&'static str], fn(&Chat) -> Option<u8>),
}

/// A label whose values the report decides.
#[derive(Debug, Clone, Copy)]
enum Open {
    Channel,
    Skill,
    Agent,
    Code,
}

impl Open {
    const ALL: [Open; 4] = [Open::Channel, Open::Skill, Open::Agent, Open::Code];

    fn of(self, chat: &Chat) -> Option<&str> {
        match self {
            Open::Channel => Some(&chat.channel),
            Open::Skill => Some(&chat.skill_id),
            Open::Agent => Some(&chat.agent_id),
            Open::Code => chat.code.as_deref(),
        }
    }
}

impl Label {
    const fn open(name: &'static str, open: Open) -> Label {
        let read = Read::Open(open);
        Label { name, read }
    }

    const fn closed(
        name: &'static str,
        words: &'static [&'static str],
        of: fn(&Chat) -> Option<u8>,
    ) -> Label {
        let read = Read::Word(words, of);
        Label { name, read }
    }
}

/// The hours of a day.
const HOURS: &[&str] = &[
    "00", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12", "13", "14", "15", "16",
    "17", "18", "19", "20", "21", "22", "23",
];

static CHANNEL: Label = Label::open("channel", Open::Channel);
static SKILL_ID: Label = Label::open("skill_id", Open::Skill);
static AGENT_ID: Label = Label::open("agent_id", Open::Agent);
static COD_ACT: Label = Label::open("cod_act", Open::Code);
static OUTCOME: Label = Label::closed("outcome", Outcome::WORDS, |chat| Some(chat.outcome as u8));
static FEELING: Label = Label::closed("feeling", Feeling::WORDS, |chat| Some(chat.feeling as u8));
static PARTICIPANT: Label = Label::closed("participant", Participant::WORDS, |chat| {
    Some(chat.last_speaker as u8)
});
static KIND: Label = Label::closed(
    "kind",
    Conversation::WORDS,
    |chat| Some(chat.conversation() as u8),
);
static HOUR: Label = Label::closed("hour", HOURS, |chat| u8::try_from(chat.opened_local?.hour()).ok());

/// A table of label sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// Per channel, skill and outcome.
    Chats,
    /// Per skill and code; chats without a code are left out.
    Dispositions,
    /// Per skill, feeling and outcome.
    Feelings,
    /// Per skill, last speaker and outcome.
    Speakers,
    /// Per skill, who wrote, and outcome.
    Conversations,
    /// Per skill and local hour of the opening; chats without an opening time are left out.
    Openings,
    /// Per agent and outcome; empty where agents are off.
    Agents,
    /// Per agent, skill and outcome; empty where agents are off.
    AgentSkills,
}

struct TableRow {
    name: &'static str,
    labels: &'static [&'static Label],
    measures: &'static [Measure],
    /// Lines beside its families that a label set can take: a text of its id.
    text_lines: usize,
}

static ROWS: [TableRow; Table::ALL.len()] = [
    TableRow {
        name: "chats",
        labels: &[&CHANNEL, &SKILL_ID, &OUTCOME],
        measures: &measure::CHATS,
        text_lines: 0,
    },
    TableRow {
        name: "dispositions",
        labels: &[&SKILL_ID, &COD_ACT],
        measures: &measure::DISPOSITIONS,
        text_lines: 1,
    },
    TableRow {
        name: "feelings",
        labels: &[&SKILL_ID, &FEELING, &OUTCOME],
        measures: &measure::FEELINGS,
        text_lines: 0,
    },
    TableRow {
        name: "speakers",
        labels: &[&SKILL_ID, &PARTICIPANT, &OUTCOME],
        measures: &measure::SPEAKERS,
        text_lines: 0,
    },
    TableRow {
        name: "conversations",
        labels: &[&SKILL_ID, &KIND, &OUTCOME],
        measures: &measure::CONVERSATIONS,
        text_lines: 0,
    },
    TableRow {
        name: "openings",
        labels: &[&SKILL_ID, &HOUR],
        measures: &measure::OPENINGS,
        text_lines: 0,
    },
    TableRow {
        name: "agents",
        labels: &[&AGENT_ID, &OUTCOME],
        measures: &measure::AGENTS,
        text_lines: 1,
    },
    TableRow {
        name: "agent_skills",
        labels: &[&AGENT_ID, &SKILL_ID, &OUTCOME],
        measures: &measure::AGENT_SKILLS,
        text_lines: 0,
    },
];

/// Something for each [`Table`].
pub type PerTable<T> = [T; Table::ALL.len()];

impl Table {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Table; 8] = [
        Table::Chats,
        Table::Dispositions,
        Table::Feelings,
        Table::Speakers,
        Table::Conversations,
        Table::Openings,
        Table::Agents,
        Table::AgentSkills,
    ];

    fn row(self) -> &'static TableRow {
        &ROWS[self as usize]
    }

    /// Its name in the state.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// Its labels.
    pub fn labels(self) -> &'static [&'static Label] {
        self.row().labels
    }

    /// What is counted per label set. The first one counts the chats.
    pub fn measures(self) -> &'static [Measure] {
        self.row().measures
    }

    /// Nothing counted yet.
    pub fn zero(self) -> Box<[Cell]> {
        let kinds = self.measures().iter().map(|measure| measure.spec.kind);
        kinds.map(Cell::zero).collect()
    }

    /// Sample lines per label set, all its families together.
    pub fn lines(self) -> usize {
        let kinds = self.measures().iter().map(|measure| measure.spec.kind);
        kinds.map(crate::metrics::spec::Kind::lines).sum()
    }

    /// Sample lines that a new label set may need, with the text of its id.
    pub fn lines_of_new(self) -> usize {
        self.lines() + self.row().text_lines
    }

    /// Whether one of its measures is a histogram.
    pub fn has_histograms(self) -> bool {
        self.measures().iter().any(|measure| measure.bounds().is_some())
    }

    /// Whether it is about agents.
    pub fn is_of_agents(self) -> bool {
        self.labels().iter().any(|label| label.name == AGENT_ID.name)
    }
}

/// A chat, and the hashes of its open labels: each is in several tables, and hashed once.
#[derive(Debug)]
pub(super) struct HashedChat<'a> {
    chat: &'a Chat,
    hashes: [Option<u64>; Open::ALL.len()],
}

impl<'a> HashedChat<'a> {
    pub(super) fn new(chat: &'a Chat, hashing: &impl BuildHasher) -> HashedChat<'a> {
        let hashes = Open::ALL.map(|open| open.of(chat).map(|text| hashing.hash_one(text)));
        HashedChat { chat, hashes }
    }

    /// The [`LabelSet::hash`] of the chat's label set in a table; `None` if the chat is left out.
    pub(super) fn hash(&self, table: Table, hashing: &impl BuildHasher) -> Option<u64> {
        let mut hasher = hashing.build_hasher();
        for label in table.labels() {
            hasher.write_u64(match label.read {
                Read::Open(open) => self.hashes[open as usize]?,
                Read::Word(_, of) => of(self.chat)?.into(),
            });
        }
        Some(hasher.finish())
    }
}

/// The value of a label.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum LabelValue {
    /// A word of the label, and its place among them.
    Word(u8, &'static str),
    Text(Box<str>),
}

impl LabelValue {
    fn new(label: &Label, text: &str) -> LabelValue {
        let words = match label.read {
            Read::Open(_) => &[],
            Read::Word(words, _) => words,
        };
        let mut places = (0..).zip(words);
        match places.find(|(_, word)| **word == text) {
            Some((place, word)) => LabelValue::Word(place, word),
            None => LabelValue::Text(text.into()),
        }
    }

    /// That of a chat; `None` if the chat is left out of the table.
    fn of(label: &Label, chat: &Chat) -> Option<LabelValue> {
        match label.read {
            Read::Open(open) => Some(LabelValue::Text(open.of(chat)?.into())),
            Read::Word(words, of) => {
                let place = of(chat)?;
                Some(LabelValue::Word(place, words.get(usize::from(place))?))
            }
        }
    }

    /// Whether it is that of a chat.
    fn is_of(&self, label: &Label, chat: &Chat) -> bool {
        match (self, &label.read) {
            (LabelValue::Text(text), Read::Open(open)) => open.of(chat) == Some(text),
            (LabelValue::Word(place, _), Read::Word(_, of)) => of(chat) == Some(*place),
            _ => false,
        }
    }

    fn hash(&self, hashing: &impl BuildHasher) -> u64 {
        match self {
            LabelValue::Word(place, _) => (*place).into(),
            LabelValue::Text(text) => hashing.hash_one(&**text),
        }
    }

    fn as_str(&self) -> &str {
        match self {
            LabelValue::Word(_, word) => word,
            LabelValue::Text(text) => text,
        }
    }
}

/// The values of a table's labels, in their order. Clones share them: a chat's label sets are kept in many places.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelSet(Arc<[LabelValue]>);

impl LabelSet {
    /// The label set of a table with these values.
    pub fn new<'a>(table: Table, values: impl IntoIterator<Item = &'a str>) -> LabelSet {
        let pairs = table.labels().iter().zip(values);
        LabelSet(
            pairs
                .map(|(label, value)| LabelValue::new(label, value))
                .collect(),
        )
    }

    fn of(table: Table, chat: &Chat) -> Option<LabelSet> {
        let values = table.labels().iter().map(|label| LabelValue::of(label, chat));
        values.collect::<Option<Arc<[_]>>>().map(LabelSet)
    }

    /// The values, in the order of the labels.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(LabelValue::as_str)
    }

    /// The values by their labels' names.
    pub fn pairs(&self, table: Table) -> impl Iterator<Item = (&'static str, &str)> {
        let names = table.labels().iter().map(|label| label.name);
        names.zip(self.0.iter().map(LabelValue::as_str))
    }

    /// The value of a label of the table, by its name.
    pub fn get(&self, table: Table, label: &str) -> Option<&str> {
        self.pairs(table)
            .find(|(name, _)| *name == label)
            .map(|(_, value)| value)
    }

    /// The id that a text belongs to, where the table is one of ids with texts.
    pub(super) fn id_with_text(&self, table: Table) -> Option<&str> {
        let label = match table {
            Table::Agents => &AGENT_ID,
            Table::Dispositions => &COD_ACT,
            _ => return None,
        };
        self.get(table, label.name)
    }

    /// A hash of the values: those of equal label sets are equal.
    pub(super) fn hash(&self, hashing: &impl BuildHasher) -> u64 {
        let mut hasher = hashing.build_hasher();
        for value in self.0.iter() {
            hasher.write_u64(value.hash(hashing));
        }
        hasher.finish()
    }

    /// Whether it is the label set of a chat.
    pub(super) fn is_of(&self, table: Table, chat: &Chat) -> bool {
        let mut pairs = table.labels().iter().zip(self.0.iter());
        pairs.all(|(label, value)| value.is_of(label, chat))
    }

    /// Bytes of all its values.
    pub fn bytes(&self) -> usize {
        self.0.iter().map(|value| value.as_str().len()).sum()
    }

    /// The label set that stands in for this one past the series limit: what the report decides becomes `other`.
    #[must_use]
    pub fn limited(&self, table: Table, other: &str) -> LabelSet {
        let pairs = table.labels().iter().zip(self.0.iter());
        let limited = pairs.map(|(label, value)| match label.read {
            Read::Word(..) => value.clone(),
            Read::Open(_) => LabelValue::Text(other.into()),
        });
        LabelSet(limited.collect())
    }

    /// The label set without its first label.
    #[must_use]
    pub fn without_first(&self) -> LabelSet {
        LabelSet(self.0[1..].into())
    }
}

/// The label sets that one chat adds to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys(pub(super) PerTable<Option<LabelSet>>);

impl Keys {
    /// The label sets of a chat.
    pub fn of(chat: &Chat, agents: Agents) -> Keys {
        Keys(Table::ALL.map(|table| {
            let is_left_out = agents == Agents::Off && table.is_of_agents();
            LabelSet::of(table, chat).filter(|_| !is_left_out)
        }))
    }

    /// These label sets, at most one of a table.
    pub fn from_sets(sets: impl IntoIterator<Item = (Table, LabelSet)>) -> Keys {
        let mut keys = Keys(PerTable::default());
        for (table, set) in sets {
            keys.0[table as usize] = Some(set);
        }
        keys
    }

    /// Whether the chat adds to a table under this id, and not under what stands in for it.
    #[cfg(test)]
    pub(super) fn has_id(&self, table: Table, id: &str) -> bool {
        let set = self[table].as_ref();
        set.is_some_and(|set| set.id_with_text(table) == Some(id))
    }

    /// The tables that the chat adds to, with its label sets.
    pub fn each(&self) -> impl Iterator<Item = (Table, &LabelSet)> {
        let pairs = Table::ALL.into_iter().zip(&self.0);
        pairs.filter_map(|(table, set)| Some((table, set.as_ref()?)))
    }
}

impl Index<Table> for Keys {
    type Output = Option<LabelSet>;

    fn index(&self, table: Table) -> &Option<LabelSet> {
        &self.0[table as usize]
    }
}
