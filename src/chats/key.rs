//! The tables that chats are counted in, one row each: their labels, and what is counted per label set.

use std::hash::{BuildHasher, Hash as _, Hasher as _};
use std::ops::Index;
use std::sync::Arc;

use super::chat::{Chat, Feeling, Outcome, Participant};
use super::measure::{self, Measure};
use super::totals::Cell;
use crate::config::Agents;

/// A label of a table, and how it is taken of a chat; `None` leaves the chat out of the table.
#[derive(Debug)]
pub struct Label {
    /// Its name.
    pub name: &'static str,
    /// The words that it can have, in the order of the label sets. `None` where the report decides: past the series limit
    /// such a label is `other`.
    words: Option<&'static [&'static str]>,
    of: for<'a> fn(&'a Chat) -> Option<&'a str>,
}

impl Label {
    const fn open(name: &'static str, of: for<'a> fn(&'a Chat) -> Option<&'a str>) -> Label {
        let words = None;
        Label { name, words, of }
    }

    const fn closed(
        name: &'static str,
        words: &'static [&'static str],
        of: for<'a> fn(&'a Chat) -> Option<&'a str>,
    ) -> Label {
        let words = Some(words);
        Label { name, words, of }
    }
}

static CHANNEL: Label = Label::open("channel", |chat| Some(&chat.channel));
static SKILL_ID: Label = Label::open("skill_id", |chat| Some(&chat.skill_id));
static AGENT_ID: Label = Label::open("agent_id", |chat| Some(&chat.agent_id));
static COD_ACT: Label = Label::open("cod_act", |chat| chat.code.as_deref());
static OUTCOME: Label = Label::closed("outcome", Outcome::WORDS, |chat| Some(chat.outcome.as_str()));
static FEELING: Label = Label::closed("feeling", Feeling::WORDS, |chat| Some(chat.feeling.as_str()));
static PARTICIPANT: Label = Label::closed("participant", Participant::WORDS, |chat| {
    Some(chat.last_speaker.as_str())
});

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
    /// Per agent and outcome; empty where agents are off.
    Agents,
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
        name: "agents",
        labels: &[&AGENT_ID, &OUTCOME],
        measures: &measure::AGENTS,
        text_lines: 1,
    },
];

/// Something for each [`Table`].
pub type PerTable<T> = [T; Table::ALL.len()];

impl Table {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Table; 5] = [
        Table::Chats,
        Table::Dispositions,
        Table::Feelings,
        Table::Speakers,
        Table::Agents,
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

    /// The [`LabelSet::hash`] of the label set that a chat has; `None` if the chat is left out.
    pub(super) fn hash(self, chat: &Chat, hashing: &impl BuildHasher) -> Option<u64> {
        let mut hasher = hashing.build_hasher();
        for label in self.labels() {
            (label.of)(chat)?.hash(&mut hasher);
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
        let words = label.words.unwrap_or_default();
        let mut places = (0..).zip(words);
        match places.find(|(_, word)| **word == text) {
            Some((place, word)) => LabelValue::Word(place, word),
            None => LabelValue::Text(text.into()),
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
        let labels = table.labels();
        let is_in = labels.iter().all(|label| (label.of)(chat).is_some());
        // All values are there: collecting them is one allocation.
        let value = |label: &&Label| LabelValue::new(label, (label.of)(chat).unwrap_or_default());
        is_in.then(|| LabelSet(labels.iter().map(value).collect()))
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
            Table::Chats | Table::Feelings | Table::Speakers => return None,
        };
        self.get(table, label.name)
    }

    /// A hash of the values: those of equal label sets are equal.
    pub(super) fn hash(&self, hashing: &impl BuildHasher) -> u64 {
        let mut hasher = hashing.build_hasher();
        for value in self.0.iter() {
            value.as_str().hash(&mut hasher);
        }
        hasher.finish()
    }

    /// Whether it is the label set of a chat.
    pub(super) fn is_of(&self, table: Table, chat: &Chat) -> bool {
        let pairs = table.labels().iter().zip(self.0.iter());
        let mut equal = pairs.map(|(label, value)| (label.of)(chat) == Some(value.as_str()));
        equal.all(|is_equal| is_equal)
    }

    /// Bytes of all its values.
    pub fn bytes(&self) -> usize {
        self.0.iter().map(|value| value.as_str().len()).sum()
    }

    /// The label set that stands in for this one past the series limit: what the report decides becomes `other`.
    #[must_use]
    pub fn limited(&self, table: Table, other: &str) -> LabelSet {
        let pairs = table.labels().iter().zip(self.0.iter());
        let limited = pairs.map(|(label, value)| match label.words {
            Some(_) => value.clone(),
            None => LabelValue::Text(other.into()),
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
