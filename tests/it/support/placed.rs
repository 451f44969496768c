//! A simulated operation whose chats are placed by the test: they close in a range that has an end, so that the
//! totals come to rest and can be compared with the truth.

#![allow(clippy::unwrap_used, clippy::expect_used)] // In helpers too: a test that can't go on fails.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Rounded before, and never below 0.

use std::ops::{Deref, DerefMut};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use simulator::{Bursts, Settings, SimulatedChat, Simulator, Span, Totals, Truth};

use super::exposition::Exposition;
use super::operation::{OPERATION, Operation};

/// `WOLKVOX_ASA_TARGET`'s default, seconds.
const ASA_TARGET: u64 = 30;

/// An operation, and the chats it was given.
pub(crate) struct Placed {
    operation: Operation,
    /// Rolls the chats that are then placed by hand.
    lively: Simulator,
    /// What is to be counted.
    expected: Vec<SimulatedChat>,
    last_close: DateTime<Utc>,
}

impl Deref for Placed {
    type Target = Operation;

    fn deref(&self) -> &Operation {
        &self.operation
    }
}

impl DerefMut for Placed {
    fn deref_mut(&mut self) -> &mut Operation {
        &mut self.operation
    }
}

impl Placed {
    /// A server without chats, of a busy operation.
    pub(crate) async fn start() -> Placed {
        Placed::start_with(12_000.0).await
    }

    /// A server without chats. Of those that are then placed, about so many close in an hour.
    pub(crate) async fn start_with(chats_per_hour: f64) -> Placed {
        let lively = Settings {
            seed: 20_260_131,
            chats_per_hour,
            handling: Span::new(5, 900),
            timeout_share: 0.1,
            timeout_after: 600,
            bursts: Bursts {
                per_day: 0.0,
                ..Settings::default().bursts
            },
            ..Settings::default()
        };
        Placed {
            operation: Operation::start(Settings::empty()).await,
            lively: Simulator::new(lively),
            expected: Vec::new(),
            last_close: DateTime::<Utc>::MIN_UTC,
        }
    }

    /// Places the chats that close from `from` to `to`, both included, and expects them to be counted.
    pub(crate) fn place(&mut self, from: DateTime<Utc>, to: DateTime<Utc>) {
        let chats = self.lively.truth(from, to);
        self.operation.add(chats.iter().cloned());
        self.expected.extend(chats);
        self.last_close = to;
    }

    /// Places the chats that close after those placed last, up to `to`.
    pub(crate) fn place_until(&mut self, to: DateTime<Utc>) {
        if to > self.last_close {
            self.place(self.last_close + seconds(1), to);
        }
    }

    /// Places one chat, and expects it to be counted.
    pub(crate) fn place_chat(&mut self, chat: SimulatedChat) {
        self.operation.add([chat.clone()]);
        self.expect([chat]);
    }

    /// Expects chats that are placed already to be counted from now on.
    pub(crate) fn expect(&mut self, chats: impl IntoIterator<Item = SimulatedChat>) {
        self.expected.extend(chats);
    }

    /// Places chats that are not to be counted.
    pub(crate) fn place_uncounted(&self, from: DateTime<Utc>, to: DateTime<Utc>) {
        self.operation.add(self.lively.truth(from, to));
    }

    /// The chats that are to be counted.
    pub(crate) fn expected(&self) -> &[SimulatedChat] {
        &self.expected
    }

    pub(crate) fn truth(&self) -> Truth {
        Truth::of(&self.expected, ASA_TARGET)
    }

    /// Whether the page has counted as many chats as there are, by each kind of label sets: a new agent is shown as 0 for a
    /// cycle where the skill is known.
    pub(crate) fn is_counted(&self, page: &Exposition) -> bool {
        let chats = self.truth().all.chats;
        [
            "wolkvox_chats_total",
            "wolkvox_agent_chats_total",
            "wolkvox_agent_skill_chats_total",
            "wolkvox_chat_conversations_total",
            "wolkvox_chat_openings_total",
        ]
        .iter()
        .all(|family| page.sum(family).round() as u64 >= chats)
    }

    /// Compares the totals by channel, skill and outcome, by agent, by agent and skill, by who wrote and by hour of the opening
    /// with the truth: all of them, no others.
    pub(crate) fn assert_counted(&self, page: &Exposition) {
        let truth = self.truth();
        let mut series = 0;
        for (key, totals) in &truth.chats {
            let labels = format!(
                "channel=\"{}\",operation=\"{OPERATION}\",outcome=\"{}\",skill_id=\"{}\"",
                key.channel,
                key.outcome.as_str(),
                key.skill_id
            );
            assert_totals(page, &labels, totals);
            series += 1;
        }
        // The label sets of chats from before the beginning are there as well, at 0.
        let shown = |name: &str| {
            page.0
                .iter()
                .filter(|(series, value)| series.starts_with(name) && **value > 0.0)
                .count()
        };
        assert_eq!(
            shown("wolkvox_chats_total{"),
            series,
            "label sets of wolkvox_chats_total"
        );
        for ((agent, outcome), totals) in &truth.agents {
            let labels = format!(
                "agent_id=\"{agent}\",operation=\"{OPERATION}\",outcome=\"{}\"",
                outcome.as_str()
            );
            assert_agent(page, &labels, totals);
        }
        assert_eq!(shown("wolkvox_agent_chats_total{"), truth.agents.len());
        for ((agent, skill, outcome), totals) in &truth.agent_skills {
            let labels = format!(
                "agent_id=\"{agent}\",operation=\"{OPERATION}\",outcome=\"{}\",skill_id=\"{skill}\"",
                outcome.as_str()
            );
            let counts = [
                ("wolkvox_agent_skill_chats_total", totals.chats),
                (
                    "wolkvox_agent_skill_answered_within_target_total",
                    totals.within_target,
                ),
            ];
            assert_counts(page, &labels, &counts);
        }
        assert_eq!(
            shown("wolkvox_agent_skill_chats_total{"),
            truth.agent_skills.len()
        );
        for ((skill, kind, outcome), chats) in &truth.conversations {
            let labels = format!(
                "kind=\"{kind}\",operation=\"{OPERATION}\",outcome=\"{}\",skill_id=\"{skill}\"",
                outcome.as_str()
            );
            assert_counts(page, &labels, &[("wolkvox_chat_conversations_total", *chats)]);
        }
        assert_eq!(
            shown("wolkvox_chat_conversations_total{"),
            truth.conversations.len()
        );
        let hours = truth.opening_hours(&self.lively.settings().zone);
        for ((skill, hour), chats) in &hours {
            let labels = format!("hour=\"{hour:02}\",operation=\"{OPERATION}\",skill_id=\"{skill}\"");
            assert_counts(page, &labels, &[("wolkvox_chat_openings_total", *chats)]);
        }
        assert_eq!(shown("wolkvox_chat_openings_total{"), hours.len());
    }
}

fn value(page: &Exposition, name: &str, labels: &str) -> f64 {
    page.get(&format!("{name}{{{labels}}}"))
        .unwrap_or_else(|| panic!("no {name}{{{labels}}}"))
}

/// Compares series of these labels with what is expected of each.
fn assert_counts(page: &Exposition, labels: &str, expected: &[(&str, u64)]) {
    for (name, expected) in expected {
        assert_eq!(whole(value(page, name, labels)), *expected, "{name} of {labels}");
    }
}

/// The same for sums of seconds; expected in milliseconds.
fn assert_sums(page: &Exposition, labels: &str, expected: &[(&str, u64)]) {
    for (name, expected) in expected {
        let shown = milliseconds(value(page, name, labels));
        assert_eq!(shown, *expected, "{name} of {labels}");
    }
}

fn assert_agent(page: &Exposition, labels: &str, totals: &Totals) {
    let counts = [
        ("wolkvox_agent_chats_total", totals.chats),
        ("wolkvox_agent_answered_within_target_total", totals.within_target),
        ("wolkvox_agent_transfers_total", totals.transfers),
        (
            "wolkvox_agent_customer_spoke_last_total",
            totals.customer_spoke_last,
        ),
        ("wolkvox_agent_negative_feelings_total", totals.negative_feelings),
        ("wolkvox_agent_unanswered_total", totals.unanswered),
        (
            "wolkvox_agent_response_seconds_count",
            totals.average_response.count,
        ),
    ];
    assert_counts(page, labels, &counts);
    let sums = [
        ("wolkvox_agent_asa_seconds_sum", totals.asa.sum),
        ("wolkvox_agent_response_seconds_sum", totals.average_response.sum),
    ];
    assert_sums(page, labels, &sums);
}

fn assert_totals(page: &Exposition, labels: &str, totals: &Totals) {
    let counts = [
        ("wolkvox_chats_total", totals.chats),
        ("wolkvox_chat_asa_seconds_count", totals.asa.count),
        ("wolkvox_chat_duration_seconds_count", totals.duration.count),
        (
            "wolkvox_chat_time_on_agent_seconds_count",
            totals.time_on_agent.count,
        ),
        (
            "wolkvox_chat_agent_response_seconds_count",
            totals.average_response.count,
        ),
        ("wolkvox_chat_answered_within_target_total", totals.within_target),
        (
            "wolkvox_chat_customer_characters_total",
            totals.customer_chars.sum,
        ),
        ("wolkvox_chat_agent_characters_total", totals.agent_chars.sum),
        ("wolkvox_chat_agent_answers_total", totals.agent_answers.sum),
        ("wolkvox_chat_transfers_total", totals.transfers),
    ];
    assert_counts(page, labels, &counts);
    let sums = [
        ("wolkvox_chat_asa_seconds_sum", totals.asa.sum),
        ("wolkvox_chat_duration_seconds_sum", totals.duration.sum),
        ("wolkvox_chat_time_on_agent_seconds_sum", totals.time_on_agent.sum),
        (
            "wolkvox_chat_agent_response_seconds_sum",
            totals.average_response.sum,
        ),
    ];
    assert_sums(page, labels, &sums);
}

fn whole(value: f64) -> u64 {
    assert!(value >= 0.0 && value.fract().abs() < f64::EPSILON, "{value}");
    value as u64
}

/// Seconds as whole milliseconds.
pub(crate) fn milliseconds(seconds: f64) -> u64 {
    (seconds * 1000.0).round() as u64
}

/// This second.
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(0)
}

pub(crate) fn minutes(minutes: i64) -> TimeDelta {
    TimeDelta::minutes(minutes)
}

pub(crate) fn seconds(seconds: i64) -> TimeDelta {
    TimeDelta::seconds(seconds)
}
