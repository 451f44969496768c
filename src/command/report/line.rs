//! What the chats of one row add up to.

use std::collections::BTreeMap;

use crate::chats::chat::{Chat, Conversation, Outcome};
use crate::metrics::histogram::SumCount;

/// What the chats of a row add up to. Times are milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line {
    /// Chats.
    pub chats: u64,
    /// Chats that an agent coded.
    pub coded: u64,
    /// Chats that nobody coded and Wolkvox closed.
    pub timeouts: u64,
    /// Chats in which the customer wrote and the agent did not. Both numbers of characters must be known.
    pub unanswered: u64,
    /// Chats in which the agent wrote and the customer did not. Both numbers of characters must be known.
    pub sendings: u64,
    /// Chats with an ASA within their skill's target.
    pub within_target: u64,
    transfers: Told,
    replies: Told,
    /// How often each ASA occurs: what a percentile is found in.
    asa: BTreeMap<u64, u64>,
    duration: SumCount,
    time_on_agent: SumCount,
}

/// A sum over the chats whose row has the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Told {
    sum: u64,
    chats: u64,
}

impl Told {
    fn add(&mut self, value: Option<u64>) {
        self.sum += value.unwrap_or(0);
        self.chats += u64::from(value.is_some());
    }
}

impl Line {
    /// Adds a chat of a skill whose chats are to be answered within `asa_target_ms`.
    pub fn add(&mut self, chat: &Chat, asa_target_ms: u64) {
        self.chats += 1;
        self.coded += u64::from(chat.outcome == Outcome::Coded);
        self.timeouts += u64::from(chat.outcome == Outcome::Timeout);
        match chat.conversation() {
            Conversation::CustomerOnly => self.unanswered += 1,
            Conversation::AgentOnly => self.sendings += 1,
            Conversation::Both | Conversation::None | Conversation::Unknown => {}
        }
        self.transfers.add(chat.transferred.map(u64::from));
        self.replies.add(chat.agent_answers);
        if let Some(asa) = chat.asa_ms {
            *self.asa.entry(asa).or_default() += 1;
            self.within_target += u64::from(asa <= asa_target_ms);
        }
        self.duration.observe(chat.duration_ms);
        self.time_on_agent.observe(chat.time_on_agent_ms);
    }

    /// Chats with an ASA.
    pub fn answered(&self) -> u64 {
        self.asa.values().sum()
    }

    /// Chats that were transferred. `None` where there are chats and none of their rows says.
    pub fn transfers(&self) -> Option<u64> {
        self.sum_of(self.transfers)
    }

    /// How often the agents wrote. `None` where there are chats and none of their rows says.
    pub fn replies(&self) -> Option<u64> {
        self.sum_of(self.replies)
    }

    fn sum_of(&self, told: Told) -> Option<u64> {
        (told.chats > 0 || self.chats == 0).then_some(told.sum)
    }

    /// Mean ASA, seconds.
    pub fn asa_mean(&self) -> Option<f64> {
        let sum_ms = self.asa.iter().map(|(asa, count)| asa * count).sum();
        mean(SumCount {
            sum_ms,
            count: self.answered(),
        })
    }

    /// The least ASA that `percent` of the answered chats do not exceed (nearest rank), seconds.
    pub fn asa_percentile(&self, percent: u64) -> Option<f64> {
        let rank = (self.answered() * percent).div_ceil(100);
        let mut below = 0;
        let found = self.asa.iter().find(|(_, count)| {
            below += **count;
            below >= rank
        });
        found.map(|(asa, _)| *asa as f64 / 1000.0)
    }

    /// The share of the answered chats with an ASA of at most so many seconds, 0 to 1.
    pub fn answered_within(&self, seconds: u64) -> Option<f64> {
        self.share_of_answered(self.asa.range(..=seconds * 1000).map(|(_, count)| count).sum())
    }

    /// The share of the answered chats that were answered within their skill's target, 0 to 1.
    pub fn service_level(&self) -> Option<f64> {
        self.share_of_answered(self.within_target)
    }

    fn share_of_answered(&self, chats: u64) -> Option<f64> {
        let answered = self.answered();
        (answered > 0).then(|| chats as f64 / answered as f64)
    }

    /// Mean duration, seconds.
    pub fn duration_mean(&self) -> Option<f64> {
        mean(self.duration)
    }

    /// Mean time on agent, seconds.
    pub fn time_on_agent_mean(&self) -> Option<f64> {
        mean(self.time_on_agent)
    }

    /// Time on agent of all chats together, seconds. `None` where there are chats and none of their rows says.
    pub fn time_on_agent_total(&self) -> Option<f64> {
        let is_told = self.time_on_agent.count > 0 || self.chats == 0;
        is_told.then(|| self.time_on_agent.sum_ms as f64 / 1000.0)
    }
}

fn mean(sum_count: SumCount) -> Option<f64> {
    (sum_count.count > 0).then(|| sum_count.sum_ms as f64 / 1000.0 / sum_count.count as f64)
}
