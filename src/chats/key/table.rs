//! The tables that chats are counted in, one row each: their labels, and what is counted per label set.

use chrono::Timelike as _;

use crate::chats::chat::{Chat, Conversation, Feeling, Outcome, Participant};
use crate::chats::measure::{self, Measure};
use crate::chats::totals::Cell;

/// A label of a table, and how it is taken of a chat.
#[derive(Debug)]
pub struct Label {
    /// Its name.
    pub name: &'static str,
    pub(super) read: Read,
}

/// How the value of a label is taken of a chat; `None` leaves the chat out of the table.
#[derive(Debug)]
pub(super) enum Read {
    /// The report decides: past the series limit such a label is `other`.
    Open(Open),
    /// One of these words, by its place among them. Label sets are in the order of the words.
    Word(&'static [&'static str], fn(&Chat) -> Option<u8>),
    /// The settings decide, and a chat may have several: it is counted aside, and left out here.
    Setting,
}

/// A label whose values the report decides.
#[derive(Debug, Clone, Copy)]
pub(super) enum Open {
    Channel,
    Skill,
    Agent,
    Code,
}

impl Open {
    pub(super) const ALL: [Open; 4] = [Open::Channel, Open::Skill, Open::Agent, Open::Code];

    pub(super) fn of(self, chat: &Chat) -> Option<&str> {
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

static WITHIN: Label = Label {
    name: "within",
    read: Read::Setting,
};

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
    /// Per skill and time within which the customer had closed another chat; empty where recontacts are off.
    Recontacts,
}

struct TableRow {
    name: &'static str,
    labels: &'static [&'static Label],
    measures: &'static [Measure],
    /// The label whose values are ids that have texts. A text takes a line beside the families.
    text_of: Option<&'static Label>,
}

static ROWS: [TableRow; Table::ALL.len()] = [
    TableRow {
        name: "chats",
        labels: &[&CHANNEL, &SKILL_ID, &OUTCOME],
        measures: &measure::CHATS,
        text_of: None,
    },
    TableRow {
        name: "dispositions",
        labels: &[&SKILL_ID, &COD_ACT],
        measures: &measure::DISPOSITIONS,
        text_of: Some(&COD_ACT),
    },
    TableRow {
        name: "feelings",
        labels: &[&SKILL_ID, &FEELING, &OUTCOME],
        measures: &measure::FEELINGS,
        text_of: None,
    },
    TableRow {
        name: "speakers",
        labels: &[&SKILL_ID, &PARTICIPANT, &OUTCOME],
        measures: &measure::SPEAKERS,
        text_of: None,
    },
    TableRow {
        name: "conversations",
        labels: &[&SKILL_ID, &KIND, &OUTCOME],
        measures: &measure::CONVERSATIONS,
        text_of: None,
    },
    TableRow {
        name: "openings",
        labels: &[&SKILL_ID, &HOUR],
        measures: &measure::OPENINGS,
        text_of: None,
    },
    TableRow {
        name: "agents",
        labels: &[&AGENT_ID, &OUTCOME],
        measures: &measure::AGENTS,
        text_of: Some(&AGENT_ID),
    },
    TableRow {
        name: "agent_skills",
        labels: &[&AGENT_ID, &SKILL_ID, &OUTCOME],
        measures: &measure::AGENT_SKILLS,
        text_of: None,
    },
    TableRow {
        name: "recontacts",
        labels: &[&SKILL_ID, &WITHIN],
        measures: &measure::RECONTACTS,
        text_of: None,
    },
];

/// Something for each [`Table`].
pub type PerTable<T> = [T; Table::ALL.len()];

impl Table {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Table; 9] = [
        Table::Chats,
        Table::Dispositions,
        Table::Feelings,
        Table::Speakers,
        Table::Conversations,
        Table::Openings,
        Table::Agents,
        Table::AgentSkills,
        Table::Recontacts,
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
        self.lines() + usize::from(self.text_of().is_some())
    }

    /// The name of the label whose values are ids that have texts, where there is one.
    pub(super) fn text_of(self) -> Option<&'static str> {
        self.row().text_of.map(|label| label.name)
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
