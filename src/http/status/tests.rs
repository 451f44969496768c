//! Operations for the tests of the page and of the overview.

use std::time::Duration;

use super::*;
use crate::config::tests::with;
use crate::http::numbers::{Counted, OfAgent, OfSkill, Quarter, Today, Waited, Window};
use crate::metrics::histogram::SumCount;
use crate::poller::LastPoll;
use crate::poller::stats::FailureReason;

/// 15 January 2027, 08:00 UTC: 03:00 in Bogotá.
pub(in crate::http) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

/// An operation that was just started, polled every five minutes.
pub(in crate::http) fn started(operation: &str) -> Status {
    with_settings(operation, &[])
}

/// The same with these variables.
pub(in crate::http) fn with_settings(operation: &str, variables: &[(&str, &str)]) -> Status {
    let config = with(variables).unwrap();
    let settings = Arc::new(Settings::of(config.operation()));
    Status::new(operation, "wv0001.example", at(-7_200), settings)
}

/// One whose last poll ended well at this time.
pub(in crate::http) fn polled(operation: &str, ended: DateTime<Utc>) -> Status {
    let mut status = started(operation);
    status.counting_since = Some(at(-86_400));
    status.watermark = Some(ended);
    status.last_success = Some(ended);
    status.polls.note(&good(1, ended));
    status
}

/// A good poll.
pub(in crate::http) fn good(cycle: u64, at: DateTime<Utc>) -> LastPoll {
    LastPoll {
        cycle,
        at,
        duration: Duration::from_millis(1_540),
        result: Ok(12),
        outcome: "read 40 rows: 12 new chats counted, 28 already known".to_owned(),
    }
}

/// A poll that failed of its commit.
pub(in crate::http) fn bad(cycle: u64, at: DateTime<Utc>) -> LastPoll {
    LastPoll {
        cycle,
        at,
        duration: Duration::from_secs(3),
        result: Err(FailureReason::State),
        outcome: "the disk is full: make room".to_owned(),
    }
}

/// A skill, an agent, and every number of a different size.
#[derive(Debug)]
pub(in crate::http) struct SomeNumbers {
    /// Names of skill and agent.
    pub(in crate::http) name: String,
}

impl SomeNumbers {
    fn counted(chats: u64) -> Counted {
        Counted {
            chats,
            timeouts: 3,
            answered_within_target: chats / 2,
            unanswered: 2,
            asa: SumCount {
                sum_ms: (chats - 3) * 100_000,
                count: chats - 3,
            },
        }
    }

    fn skills(&self, chats: u64) -> Vec<OfSkill> {
        vec![OfSkill {
            skill_id: "12".to_owned(),
            name: Some(self.name.clone()),
            asa_target_seconds: 20.0,
            service_level_target: 0.9,
            sums: Self::counted(chats).into(),
        }]
    }

    fn agents(&self, chats: u64) -> Vec<OfAgent> {
        vec![OfAgent {
            agent_id: "1001".to_owned(),
            name: Some(self.name.clone()),
            chats,
        }]
    }
}

impl Numbers for SomeNumbers {
    fn window(&self) -> Option<Window> {
        Some(Window {
            from: at(-1_800),
            to: at(-30),
            total: Self::counted(40).into(),
            skills: self.skills(40),
            agents: self.agents(40),
            asa: vec![
                Waited {
                    up_to_seconds: Some(30.0),
                    chats: 20,
                },
                Waited {
                    up_to_seconds: None,
                    chats: 17,
                },
            ],
        })
    }

    fn today(&self, now: DateTime<Utc>) -> Option<Today> {
        Some(Today {
            day: now
                .with_timezone(&crate::config::Zone::from(chrono_tz::America::Bogota))
                .date_naive(),
            from: at(-3 * 3600),
            total: Self::counted(1_200).into(),
            skills: self.skills(1_200),
            agents: self.agents(1_200),
            quarters: (0..12)
                .map(|quarter| Quarter {
                    begins: format!("{:02}:{:02}", quarter / 4, quarter % 4 * 15),
                    sums: Self::counted(50 + quarter * 10).into(),
                })
                .collect(),
        })
    }
}
