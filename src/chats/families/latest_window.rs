//! The gauges of the latest window.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::chats::key::LabelSet;
use crate::chats::latest_window::{Latest, SkillWindow};
use crate::metrics::family::seconds_of;
use crate::metrics::histogram::SumCount;
use crate::metrics::rows::{self, Meta, Point, Row, Rows};
use crate::metrics::spec::{Kind::Gauge, Spec, generators, seconds};

generators! {
    /// How many chats, per label set.
    CHATS: fn(&Latest) -> SetCounts<'_>, Latest {
        "wolkvox_window_chats", Gauge, ["channel", "skill_id", "outcome"], |latest| &latest.chats,
            "Chats closed in the latest window. Refreshed once per poll; incomplete on a server whose report filters on the opening time.";
        "wolkvox_window_agent_chats", Gauge, ["agent_id", "outcome"], |latest| &latest.agents,
            "An agent's chats closed in the latest window. Refreshed once per poll; incomplete on a server whose report filters on the opening time.";
    }
}

generators! {
    /// Per skill and outcome. A mean over nothing is no value, never 0.
    SKILLS: fn(&SkillWindow) -> Option<f64>, Latest {
        "wolkvox_window_asa_mean_seconds", Gauge, ["skill_id", "outcome"], |skill| mean(skill.asa),
            "Mean of the report field ASA over the chats closed in the latest window. Refreshed once per poll; incomplete on a server whose report filters on the opening time.";
        "wolkvox_window_asa_max_seconds", Gauge, ["skill_id", "outcome"], |skill| (skill.asa.count > 0).then(|| seconds(skill.asa_max_ms)),
            "Greatest report field ASA among the chats closed in the latest window. Refreshed once per poll; incomplete on a server whose report filters on the opening time.";
        "wolkvox_window_duration_mean_seconds", Gauge, ["skill_id", "outcome"], |skill| mean(skill.duration),
            "Mean of the report field chat_duration over the chats closed in the latest window. Refreshed once per poll; incomplete on a server whose report filters on the opening time.";
        "wolkvox_window_time_on_agent_mean_seconds", Gauge, ["skill_id", "outcome"], |skill| mean(skill.time_on_agent),
            "Mean of the report field time_on_agent over the chats closed in the latest window. Refreshed once per poll; incomplete on a server whose report filters on the opening time.";
        "wolkvox_window_service_level_ratio", Gauge, ["skill_id", "outcome"], |skill| (skill.asa.count > 0).then(|| skill.answered_within_target as f64 / skill.asa.count as f64),
            "Share of the chats closed in the latest window with an ASA that were answered within WOLKVOX_ASA_TARGET. Refreshed once per poll; incomplete on a server whose report filters on the opening time.";
    }
}

generators! {
    /// Where the window lies.
    ENDS: fn(&Latest) -> DateTime<Utc>, Latest {
        "wolkvox_window_start_timestamp_seconds", Gauge, [], |latest| latest.start,
            "When the latest window begins, by the server's clock. Refreshed once per poll.";
        "wolkvox_window_end_timestamp_seconds", Gauge, [], |latest| latest.end,
            "When the latest window ends: up to where the last good poll was answered, by the server's clock. Refreshed once per poll.";
    }
}

type SetCounts<'a> = &'a BTreeMap<LabelSet, u64>;

pub(super) fn specs() -> impl Iterator<Item = &'static Spec> {
    let counts = CHATS.iter().map(|row| &row.spec);
    let skills = SKILLS.iter().map(|row| &row.spec);
    counts.chain(skills).chain(ENDS.iter().map(|row| &row.spec))
}

/// The families of the latest window; those without a sample are left out.
pub fn families(operation: &str, latest: &Arc<Latest>) -> Vec<Arc<dyn Rows>> {
    let operation: Arc<str> = operation.into();
    let chats = CHATS.iter().map(|row| (&row.spec, Value::Count(row.value)));
    let skills = SKILLS.iter().map(|row| (&row.spec, Value::Skill(row.value)));
    let ends = ENDS.iter().map(|row| (&row.spec, Value::End(row.value)));
    chats
        .chain(skills)
        .chain(ends)
        .map(|(spec, value)| WindowRows {
            spec,
            value,
            operation: Arc::clone(&operation),
            latest: Arc::clone(latest),
        })
        .filter(|rows| rows.lines() > 0)
        .map(|rows| Arc::new(rows) as Arc<dyn Rows>)
        .collect()
}

fn mean(sum_count: SumCount) -> Option<f64> {
    (sum_count.count > 0).then(|| seconds(sum_count.sum_ms) / sum_count.count as f64)
}

/// How the values of a family are taken of the window.
#[derive(Debug, Clone, Copy)]
enum Value {
    Count(fn(&Latest) -> SetCounts<'_>),
    Skill(fn(&SkillWindow) -> Option<f64>),
    End(fn(&Latest) -> DateTime<Utc>),
}

/// A family of the window.
#[derive(Debug)]
struct WindowRows {
    spec: &'static Spec,
    value: Value,
    operation: Arc<str>,
    latest: Arc<Latest>,
}

impl WindowRows {
    /// The values with their label sets, of which the ends of the window have none.
    fn values(&self) -> Box<dyn Iterator<Item = (Option<&LabelSet>, f64)> + '_> {
        match self.value {
            Value::Count(of) => Box::new(
                of(&self.latest)
                    .iter()
                    .map(|(set, count)| (Some(set), *count as f64)),
            ),
            Value::Skill(of) => Box::new(
                self.latest
                    .skills
                    .iter()
                    .filter_map(move |(set, skill)| Some((Some(set), of(skill)?))),
            ),
            Value::End(of) => Box::new(std::iter::once((None, seconds_of(of(&self.latest))))),
        }
    }
}

impl Rows for WindowRows {
    fn meta(&self) -> Meta<'_> {
        self.spec.meta()
    }

    fn lines(&self) -> usize {
        match self.value {
            Value::Count(of) => of(&self.latest).len(),
            Value::Skill(_) | Value::End(_) => self.values().count(),
        }
    }

    fn each(&self, visit: &mut dyn FnMut(Row<'_>)) {
        let mut labels = Vec::new();
        for (set, value) in self.values() {
            let values = set.into_iter().flat_map(LabelSet::values);
            labels.clear();
            labels.extend(
                self.spec
                    .label_names()
                    .zip(std::iter::once(&*self.operation).chain(values)),
            );
            visit(Row {
                labels: &labels,
                point: Point::Number(value),
                created_ms: None,
                exemplars: &rows::no_exemplars,
            });
        }
    }

    fn are_those_of(&self, other: &dyn Rows) -> bool {
        let Some(other) = other.downcast::<WindowRows>() else {
            return false;
        };
        let is_same_family = self.spec == other.spec && self.operation == other.operation;
        is_same_family && (Arc::ptr_eq(&self.latest, &other.latest) || self.values().eq(other.values()))
    }
}
