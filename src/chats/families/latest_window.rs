//! The gauges of the latest window.

use crate::chats::latest_window::{Latest, SkillWindow};
use crate::metrics::Settings;
use crate::metrics::catalogue::{self as c, Spec, seconds};
use crate::metrics::family::{Extra, Family, Sample};
use crate::metrics::histogram::SumCount;

/// The families of the latest window; those without a sample are left out.
pub fn families(settings: &Settings, latest: &Latest) -> Vec<Family> {
    let mut families = vec![chats(settings, latest), agents(settings, latest)];
    families.extend(skills(settings, latest));
    for (spec, at) in [(&c::WINDOW_START, latest.start), (&c::WINDOW_END, latest.end)] {
        let mut family = Family::new(spec);
        let value = Sample::Number(at.timestamp_millis() as f64 / 1000.0);
        family.push(spec, &[&settings.operation], value, Extra::default());
        families.push(family);
    }
    families.retain(|family| !family.proto.get_metric().is_empty());
    families
}

fn chats(settings: &Settings, latest: &Latest) -> Family {
    let mut family = Family::new(&c::WINDOW_CHATS);
    for (key, count) in &latest.chats {
        let values = [
            settings.operation.as_str(),
            &key.channel,
            &key.skill_id,
            key.outcome.as_str(),
        ];
        family.push(&c::WINDOW_CHATS, &values, (*count).into(), Extra::default());
    }
    family
}

fn agents(settings: &Settings, latest: &Latest) -> Family {
    let mut family = Family::new(&c::WINDOW_AGENT_CHATS);
    for (key, count) in &latest.agents {
        let values = [settings.operation.as_str(), &key.agent_id, key.outcome.as_str()];
        family.push(&c::WINDOW_AGENT_CHATS, &values, (*count).into(), Extra::default());
    }
    family
}

fn skills(settings: &Settings, latest: &Latest) -> Vec<Family> {
    type Value = fn(&SkillWindow) -> Option<f64>;
    let rows: [(&'static Spec, Value); 5] = [
        (&c::WINDOW_ASA_MEAN, |skill| mean(skill.asa)),
        (&c::WINDOW_ASA_MAX, |skill| {
            (skill.asa.count > 0).then(|| seconds(skill.asa_max_ms))
        }),
        (&c::WINDOW_DURATION_MEAN, |skill| mean(skill.duration)),
        (&c::WINDOW_TIME_ON_AGENT_MEAN, |skill| mean(skill.time_on_agent)),
        (&c::WINDOW_SERVICE_LEVEL, |skill| {
            (skill.asa.count > 0).then(|| skill.answered_within_target as f64 / skill.asa.count as f64)
        }),
    ];
    let family = |(spec, value): (&'static Spec, Value)| {
        let mut family = Family::new(spec);
        for (key, skill) in &latest.skills {
            // A mean over nothing is no value, never 0.
            if let Some(value) = value(skill) {
                let values = [settings.operation.as_str(), &key.skill_id, key.outcome.as_str()];
                family.push(spec, &values, Sample::Number(value), Extra::default());
            }
        }
        family
    };
    rows.into_iter().map(family).collect()
}

fn mean(sum_count: SumCount) -> Option<f64> {
    (sum_count.count > 0).then(|| seconds(sum_count.sum_ms) / sum_count.count as f64)
}
