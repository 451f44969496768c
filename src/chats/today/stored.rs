//! Days in the state.
//!
//! ```text
//! [{"midnight":"2026-10-15T05:00:00Z",
//!   "skills":[{"skill_id":"3","outcome":"coded","chats":7,"asa":{"sum_ms":…,"count":6},"answered_within_target":5,"unanswered":0},…],
//!   "agents":[{"agent_id":"1001",…},…],
//!   "quarters":[{"quarter":37,"outcome":"coded",…},…]},…]
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Day, DaySums};
use crate::chats::chat::Outcome;
use crate::chats::key::{LabelSet, Table};
use crate::metrics::histogram::SumCount;

#[derive(Serialize, Deserialize)]
struct StoredDay {
    midnight: DateTime<Utc>,
    #[serde(default)]
    skills: Vec<StoredSkill>,
    #[serde(default)]
    agents: Vec<StoredAgent>,
    #[serde(default)]
    quarters: Vec<StoredQuarter>,
}

/// Sums with what they are of. Not flattened: what is not known could not be told then.
macro_rules! stored {
    ($name:ident, $id:ident: $type:ty) => {
        #[derive(Serialize, Deserialize)]
        struct $name {
            $id: $type,
            outcome: Outcome,
            chats: u64,
            #[serde(default)]
            asa: SumCount,
            #[serde(default)]
            answered_within_target: u64,
            #[serde(default)]
            unanswered: u64,
        }

        impl $name {
            fn new($id: $type, outcome: Outcome, sums: &DaySums) -> $name {
                $name {
                    $id,
                    outcome,
                    chats: sums.chats,
                    asa: sums.asa,
                    answered_within_target: sums.answered_within_target,
                    unanswered: sums.unanswered,
                }
            }

            fn sums(&self) -> DaySums {
                DaySums {
                    chats: self.chats,
                    asa: self.asa,
                    answered_within_target: self.answered_within_target,
                    unanswered: self.unanswered,
                }
            }
        }
    };
}

stored!(StoredSkill, skill_id: String);
stored!(StoredAgent, agent_id: String);
stored!(StoredQuarter, quarter: u8);

/// The id and the outcome of a label set that has no other label.
fn id_and_outcome(set: &LabelSet) -> Option<(String, Outcome)> {
    let mut values = set.values();
    Some((values.next()?.to_owned(), Outcome::parse(values.next()?)?))
}

fn skill_set(id: &str, outcome: Outcome) -> LabelSet {
    LabelSet::new(Table::Chats, ["", id, outcome.as_str()]).without_first()
}

fn agent_set(id: &str, outcome: Outcome) -> LabelSet {
    LabelSet::new(Table::Agents, [id, outcome.as_str()])
}

impl StoredDay {
    fn of(midnight: DateTime<Utc>, day: &Day) -> StoredDay {
        let skills = day.skills.iter().filter_map(|(set, sums)| {
            let (id, outcome) = id_and_outcome(set)?;
            Some(StoredSkill::new(id, outcome, sums))
        });
        let agents = day.agents.iter().filter_map(|(set, sums)| {
            let (id, outcome) = id_and_outcome(set)?;
            Some(StoredAgent::new(id, outcome, sums))
        });
        let quarters = day.quarters.iter();
        StoredDay {
            midnight,
            skills: skills.collect(),
            agents: agents.collect(),
            quarters: quarters
                .map(|((quarter, outcome), sums)| StoredQuarter::new(*quarter, *outcome, sums))
                .collect(),
        }
    }

    fn into_day(self) -> Day {
        let skill = |row: StoredSkill| (skill_set(&row.skill_id, row.outcome), row.sums());
        let agent = |row: StoredAgent| (agent_set(&row.agent_id, row.outcome), row.sums());
        let quarter = |row: StoredQuarter| ((row.quarter, row.outcome), row.sums());
        Day {
            skills: self.skills.into_iter().map(skill).collect(),
            agents: self.agents.into_iter().map(agent).collect(),
            quarters: self.quarters.into_iter().map(quarter).collect(),
        }
    }
}

type ByMidnight = BTreeMap<DateTime<Utc>, Arc<Day>>;

pub(super) fn serialize<S: Serializer>(days: &ByMidnight, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(days.iter().map(|(midnight, day)| StoredDay::of(*midnight, day)))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ByMidnight, D::Error> {
    let days = Vec::<StoredDay>::deserialize(deserializer)?;
    let pair = |day: StoredDay| (day.midnight, Arc::new(day.into_day()));
    Ok(days.into_iter().map(pair).collect())
}
