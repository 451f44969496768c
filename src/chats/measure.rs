//! The times of a chat that histograms count: one table of them, for all that goes through them.

use serde::{Deserialize, Serialize};

use super::bounds;
use crate::chats::chat::Chat;

/// A time of a chat that has a histogram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// From the beginning to the agent's answer.
    Asa,
    /// From open to close.
    Duration,
    /// The agent's time.
    TimeOnAgent,
    /// The agent's average response time.
    AgentResponse,
}

impl Measure {
    /// All of them, in the order of [`Measures`].
    pub const ALL: [Measure; 4] = [
        Measure::Asa,
        Measure::Duration,
        Measure::TimeOnAgent,
        Measure::AgentResponse,
    ];

    /// The upper bounds of its buckets, milliseconds.
    pub const fn bounds(self) -> &'static [u64] {
        match self {
            Measure::Asa => bounds::ASA,
            Measure::Duration => bounds::DURATION,
            Measure::TimeOnAgent => bounds::TIME_ON_AGENT,
            Measure::AgentResponse => bounds::AGENT_RESPONSE,
        }
    }

    /// The family that shows it.
    pub fn family(self) -> &'static str {
        match self {
            Measure::Asa => "wolkvox_chat_asa_seconds",
            Measure::Duration => "wolkvox_chat_duration_seconds",
            Measure::TimeOnAgent => "wolkvox_chat_time_on_agent_seconds",
            Measure::AgentResponse => "wolkvox_chat_agent_response_seconds",
        }
    }

    /// How long it was for a chat, milliseconds; `None` where the report does not say.
    pub fn of(self, chat: &Chat) -> Option<u64> {
        match self {
            Measure::Asa => chat.asa_ms,
            Measure::Duration => chat.duration_ms,
            Measure::TimeOnAgent => chat.time_on_agent_ms,
            Measure::AgentResponse => chat.agent_response_ms,
        }
    }
}

/// Something for each [`Measure`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)] // One per measure.
pub struct Measures<T> {
    pub asa: T,
    pub duration: T,
    pub time_on_agent: T,
    pub agent_response: T,
}

impl<T> Measures<T> {
    /// Makes one for each.
    pub fn of(mut make: impl FnMut(Measure) -> T) -> Measures<T> {
        Measures {
            asa: make(Measure::Asa),
            duration: make(Measure::Duration),
            time_on_agent: make(Measure::TimeOnAgent),
            agent_response: make(Measure::AgentResponse),
        }
    }

    /// References to all of them.
    pub fn as_mut(&mut self) -> Measures<&mut T> {
        Measures {
            asa: &mut self.asa,
            duration: &mut self.duration,
            time_on_agent: &mut self.time_on_agent,
            agent_response: &mut self.agent_response,
        }
    }

    /// Each with its measure.
    pub fn each(self) -> [(Measure, T); 4] {
        [
            (Measure::Asa, self.asa),
            (Measure::Duration, self.duration),
            (Measure::TimeOnAgent, self.time_on_agent),
            (Measure::AgentResponse, self.agent_response),
        ]
    }
}
