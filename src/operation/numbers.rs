//! What an operation has counted lately, as the status page shows it: put together of what was published when somebody asks.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, SubsecRound as _, Utc};
use tokio::time::Instant;

use crate::chats::bounds;
use crate::chats::chat::Outcome;
use crate::chats::key::LabelSet;
use crate::chats::latest_window::{Latest, SkillWindow};
use crate::chats::skill_names::SkillNames;
use crate::chats::today::{self, DaySums, ShownDay};
use crate::chats::totals::Names;
use crate::config::Zone;
use crate::http::Settings;
use crate::http::numbers::{Counted, Numbers, OfAgent, OfSkill, Quarter, Sums, Today, Waited, Window};
use crate::metrics::spec::seconds;
use crate::poller::Publication;

/// What was published last.
#[derive(Debug)]
pub(super) struct Published {
    settings: Arc<Settings>,
    /// The latest window, and when it is too old to be shown.
    latest: Option<(Arc<Latest>, Instant)>,
    today: Option<today::Today>,
    skill_names: Arc<SkillNames>,
    agent_names: Arc<Names>,
}

impl Published {
    pub(super) fn of(
        publication: &Publication<'_>,
        today: Option<today::Today>,
        settings: &Arc<Settings>,
    ) -> Published {
        let view = publication.view;
        let latest = publication.latest;
        Published {
            settings: Arc::clone(settings),
            latest: latest.map(|(latest, expires)| (Arc::clone(latest), expires)),
            today,
            skill_names: Arc::clone(view.skill_names),
            agent_names: Arc::clone(&view.totals.agent_names),
        }
    }

    /// The skills with most chats first.
    fn skills(&self, skills: BTreeMap<&str, Counted>) -> Vec<OfSkill> {
        let counting = &self.settings.counting;
        let mut skills: Vec<_> = skills
            .into_iter()
            .map(|(id, counted)| OfSkill {
                skill_id: id.to_owned(),
                name: self.skill_names.get(id).cloned(),
                asa_target_seconds: seconds(counting.asa_target_ms_of(id)),
                service_level_target: counting.service_level_target_of(id),
                sums: counted.into(),
            })
            .collect();
        // Those that are equal stay in the order of their ids.
        skills.sort_by_key(|skill| std::cmp::Reverse(skill.sums.chats));
        skills
    }

    /// The agents with most chats first.
    fn agents(&self, agents: BTreeMap<&str, u64>) -> Vec<OfAgent> {
        let mut agents: Vec<_> = agents
            .into_iter()
            .map(|(id, chats)| OfAgent {
                agent_id: id.to_owned(),
                name: self.agent_names.get(id).map(|name| name.text.clone()),
                chats,
            })
            .collect();
        agents.sort_by_key(|agent| std::cmp::Reverse(agent.chats));
        agents
    }
}

impl Numbers for Published {
    fn window(&self) -> Option<Window> {
        let (latest, expires) = self.latest.as_ref()?;
        if *expires <= Instant::now() {
            return None;
        }
        let mut skills: BTreeMap<&str, Counted> = BTreeMap::new();
        for (set, skill) in &latest.skills {
            let id = label(set, 0);
            skills.entry(id).or_default().add(&counted(skill));
        }
        for (set, chats) in &latest.chats {
            let skill = skills.entry(label(set, 1)).or_default();
            skill.add(&closed(*chats, label(set, 2)));
        }
        let mut agents: BTreeMap<&str, u64> = BTreeMap::new();
        for (set, chats) in &latest.agents {
            *agents.entry(label(set, 0)).or_default() += chats;
        }
        Some(Window {
            from: latest.start.trunc_subsecs(0),
            to: latest.end.trunc_subsecs(0),
            total: total(&skills),
            skills: self.skills(skills),
            agents: self.agents(agents),
            asa: waited(&latest.asa.buckets),
        })
    }

    fn today(&self, now: DateTime<Utc>) -> Option<Today> {
        let shown = self.today.as_ref()?.at(now)?;
        let mut skills: BTreeMap<&str, Counted> = BTreeMap::new();
        for (id, outcome, sums) in shown.skills() {
            skills.entry(id).or_default().add(&of_day(sums, outcome));
        }
        let mut agents: BTreeMap<&str, u64> = BTreeMap::new();
        for (id, _, sums) in shown.agents() {
            *agents.entry(id).or_default() += sums.chats;
        }
        let zone = self.settings.zone;
        Some(Today {
            day: shown.midnight.with_timezone(&zone).date_naive(),
            from: shown.start.trunc_subsecs(0),
            total: total(&skills),
            skills: self.skills(skills),
            agents: self.agents(agents),
            quarters: quarters(&shown, zone),
        })
    }
}

/// The quarters of an hour up to the newest with a chat, those without one among them.
fn quarters(shown: &ShownDay, zone: Zone) -> Vec<Quarter> {
    let mut quarters = Vec::new();
    for (quarter, sums) in &shown.day.quarters {
        let (place, outcome) = quarter;
        let place = usize::from(*place);
        if quarters.len() <= place {
            quarters.resize(place + 1, Counted::default());
        }
        quarters[place].add(&of_day(sums, outcome.as_str()));
    }
    let quarters = (0..).zip(quarters).map(|(place, counted)| Quarter {
        begins: shown
            .began((place, Outcome::Coded))
            .with_timezone(&zone)
            .format("%H:%M")
            .to_string(),
        sums: counted.into(),
    });
    quarters.collect()
}

/// What closed on a day and ended in this way.
fn of_day(sums: &DaySums, outcome: &str) -> Counted {
    Counted {
        answered_within_target: sums.answered_within_target,
        unanswered: sums.unanswered,
        asa: sums.asa,
        ..closed(sums.chats, outcome)
    }
}

/// What was answered, and what was not.
fn counted(skill: &SkillWindow) -> Counted {
    Counted {
        unanswered: skill.unanswered,
        answered_within_target: skill.answered_within_target,
        asa: skill.asa,
        ..Counted::default()
    }
}

/// So many chats that ended in this way.
fn closed(chats: u64, outcome: &str) -> Counted {
    let is_timeout = outcome == Outcome::Timeout.as_str();
    Counted {
        chats,
        timeouts: if is_timeout { chats } else { 0 },
        ..Counted::default()
    }
}

fn total(skills: &BTreeMap<&str, Counted>) -> Sums {
    let mut total = Counted::default();
    for skill in skills.values() {
        total.add(skill);
    }
    total.into()
}

fn waited(buckets: &[u64]) -> Vec<Waited> {
    let bounds = bounds::ASA.iter().map(|bound| Some(seconds(*bound)));
    let bounds = bounds.chain([None]);
    let waited = bounds.zip(buckets).map(|(up_to_seconds, chats)| Waited {
        up_to_seconds,
        chats: *chats,
    });
    waited.collect()
}

/// The value of a label, by its place.
fn label(set: &LabelSet, place: usize) -> &str {
    set.values().nth(place).unwrap_or_default()
}

#[cfg(test)]
mod tests;
