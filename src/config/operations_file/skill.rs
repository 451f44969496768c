//! `[operation.skills]`: names and targets of single skills.

use std::collections::BTreeMap;

use super::super::counting::{Objectives, asa_target};
use super::super::shown::shown;
use super::super::skill_names;
use super::super::value::{Given, Values, share};
use super::table::{Entry, SkillEntry};

/// What the table says of skills, by their ids.
#[derive(Debug, Default)]
pub(in super::super) struct Skills {
    pub(in super::super) names: BTreeMap<String, String>,
    pub(in super::super) objectives: BTreeMap<String, Objectives>,
}

/// Reads and checks the skills of the operation that is being read; `None` where one has a problem.
pub(in super::super) fn read(values: &mut Values) -> Option<Skills> {
    let Some(table) = &values.table else {
        return Some(Skills::default());
    };
    let mut skills = Skills::default();
    let mut problems = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for skill in &table.skills {
        let mut tell = |line, what: &str| {
            problems.push(table.remark_at(line, &format!("skill {}: {what}", shown(&skill.id))));
        };
        if !seen.insert(&skill.id) {
            tell(skill.line, "stands there twice");
        }
        let name = skill.name.as_ref();
        if let Err(what) = skill_names::check(&skill.id, name.map(|name| name.text.as_str())) {
            tell(name.map_or(skill.line, |name| name.line), &what);
        }
        let objectives = objectives(skill, values, &mut tell);
        skills
            .names
            .extend(name.map(|name| (skill.id.clone(), name.text.clone())));
        if objectives != Objectives::default() {
            skills.objectives.insert(skill.id.clone(), objectives);
        }
    }
    let is_good = problems.is_empty();
    values.problems.extend(problems);
    is_good.then_some(skills)
}

fn objectives(skill: &SkillEntry, values: &Values, tell: &mut impl FnMut(usize, &str)) -> Objectives {
    fn parsed<T>(
        entry: Option<&Entry>,
        key: &str,
        tell: &mut impl FnMut(usize, &str),
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let entry = entry?;
        parse(&entry.text)
            .map_err(|what| tell(entry.line, &format!("{key} {what}")))
            .ok()
    }
    Objectives {
        asa_target_ms: parsed(skill.asa_target.as_ref(), "asa_target", tell, |text| {
            asa_target(Given::of(text, "20s", values.now))
        }),
        service_level_target: parsed(
            skill.service_level_target.as_ref(),
            "service_level_target",
            tell,
            |text| share(Given::of(text, "0.8", values.now)),
        ),
    }
}
