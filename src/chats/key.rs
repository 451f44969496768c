//! The label sets that chats are counted under, and how many sample lines each takes.

use serde::{Deserialize, Serialize};

use crate::chats::chat::{Chat, Feeling, Outcome, Participant};
use crate::config::Agents;

/// The labels of the families per chat.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ChatKey {
    /// Lower case, or `unknown`.
    pub channel: String,
    /// The skill's number, or `unknown`.
    pub skill_id: String,
    /// How the chats ended.
    pub outcome: Outcome,
}

/// The labels of the families per agent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AgentKey {
    /// The agent's extension number, or `unknown`.
    pub agent_id: String,
    /// How the chats ended.
    pub outcome: Outcome,
}

/// The labels of the dispositions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DispositionKey {
    /// The skill's number, or `unknown`.
    pub skill_id: String,
    /// The operation's code.
    pub cod_act: String,
}

/// The labels of the feelings.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FeelingKey {
    /// The skill's number, or `unknown`.
    pub skill_id: String,
    /// The customer's mood.
    pub feeling: Feeling,
    /// How the chats ended.
    pub outcome: Outcome,
}

/// The labels of the last speakers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SpeakerKey {
    /// The skill's number, or `unknown`.
    pub skill_id: String,
    /// Who wrote last.
    pub participant: Participant,
    /// How the chats ended.
    pub outcome: Outcome,
}

/// The label sets that one chat adds to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// For the families per chat.
    pub chat: ChatKey,
    /// For the families per agent; `None` where agents are off.
    pub agent: Option<AgentKey>,
    /// `None` for a chat without a code.
    pub disposition: Option<DispositionKey>,
    /// For the feelings.
    pub feeling: FeelingKey,
    /// For the last speakers.
    pub speaker: SpeakerKey,
}

impl Keys {
    /// The label sets of a chat.
    pub fn of(chat: &Chat, agents: Agents) -> Keys {
        let skill_id = || chat.skill_id.clone();
        let outcome = chat.outcome;
        Keys {
            chat: ChatKey {
                channel: chat.channel.clone(),
                skill_id: skill_id(),
                outcome,
            },
            agent: (agents != Agents::Off).then(|| AgentKey {
                agent_id: chat.agent_id.clone(),
                outcome,
            }),
            disposition: chat.code.clone().map(|cod_act| DispositionKey {
                skill_id: skill_id(),
                cod_act,
            }),
            feeling: FeelingKey {
                skill_id: skill_id(),
                feeling: chat.feeling,
                outcome,
            },
            speaker: SpeakerKey {
                skill_id: skill_id(),
                participant: chat.last_speaker,
                outcome,
            },
        }
    }
}

/// Sample lines per label set, all its families together: a histogram has a line per bound, `+Inf`, sum and count.
pub mod lines {
    use crate::chats::measure::Measure;

    const fn histograms() -> usize {
        let (mut lines, mut index) = (0, 0);
        while index < Measure::ALL.len() {
            lines += Measure::ALL[index].bounds().len() + 3;
            index += 1;
        }
        lines
    }

    /// Seven counters and four histograms.
    pub const CHAT: usize = 7 + histograms();
    /// Four counters and three summaries.
    pub const AGENT: usize = 4 + 3 * 2;
}
