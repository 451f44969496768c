//! The gauges of the latest window.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::gauge::{self, Source, Values};
use crate::chats::key::LabelSet;
use crate::chats::latest_window::{Latest, SkillWindow};
use crate::metrics::family::seconds_of;
use crate::metrics::rows::Rows;
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
        "wolkvox_window_asa_mean_seconds", Gauge, ["skill_id", "outcome"], |skill| skill.asa.mean_seconds(),
            "Mean of the report field ASA over the chats closed in the latest window. Refreshed once per poll; incomplete on a server whose report filters on the opening time.";
        "wolkvox_window_asa_max_seconds", Gauge, ["skill_id", "outcome"], |skill| (skill.asa.count > 0).then(|| seconds(skill.asa_max_ms)),
            "Greatest report field ASA among the chats closed in the latest window. Refreshed once per poll; incomplete on a server whose report filters on the opening time.";
        "wolkvox_window_duration_mean_seconds", Gauge, ["skill_id", "outcome"], |skill| skill.duration.mean_seconds(),
            "Mean of the report field chat_duration over the chats closed in the latest window. Refreshed once per poll; incomplete on a server whose report filters on the opening time.";
        "wolkvox_window_time_on_agent_mean_seconds", Gauge, ["skill_id", "outcome"], |skill| skill.time_on_agent.mean_seconds(),
            "Mean of the report field time_on_agent over the chats closed in the latest window. Refreshed once per poll; incomplete on a server whose report filters on the opening time.";
        "wolkvox_window_service_level_ratio", Gauge, ["skill_id", "outcome"], |skill| skill.asa.share(skill.answered_within_target),
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
    let chats = CHATS.iter().map(|row| (&row.spec, Take::Count(row.value)));
    let skills = SKILLS.iter().map(|row| (&row.spec, Take::Skill(row.value)));
    let ends = ENDS.iter().map(|row| (&row.spec, Take::End(row.value)));
    gauge::families(operation, latest, chats.chain(skills).chain(ends))
}

/// How the values of a family are taken of the window.
#[derive(Debug, Clone, Copy)]
pub(super) enum Take {
    Count(fn(&Latest) -> SetCounts<'_>),
    Skill(fn(&SkillWindow) -> Option<f64>),
    End(fn(&Latest) -> DateTime<Utc>),
}

impl Source for Latest {
    type Take = Take;

    fn values(&self, take: Take) -> Values<'_> {
        match take {
            Take::Count(of) => Box::new(of(self).iter().map(|(set, count)| (Some(set), *count as f64))),
            Take::Skill(of) => {
                let skills = self.skills.iter();
                Box::new(skills.filter_map(move |(set, skill)| Some((Some(set), of(skill)?))))
            }
            Take::End(of) => Box::new(std::iter::once((None, seconds_of(of(self))))),
        }
    }
}
