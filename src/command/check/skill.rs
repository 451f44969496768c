//! Whether the list of skills can be read.

use super::{Findings, Verdict};
use crate::chats::skill_names::{SkillList, list};
use crate::config::Described;
use wolkvox::Lists;

/// Makes one call more and judges it.
pub(super) async fn judge_skills<S: Lists>(findings: &mut Findings, source: &S, described: Described) {
    let [catalogue, names] = ["SKILL_CATALOGUE", "SKILL_NAMES"].map(|name| described.setting(name));
    let mut skills = SkillList::default();
    let exchange = source.list(&list(), &mut skills).await;
    match exchange.result {
        Err(error) => findings.add(
            Verdict::Problem,
            "skills",
            format!(
                "the list of skills can't be read (a second call, of {catalogue}): {error}. Polls do without it; {names} names skills too"
            ),
        ),
        Ok(_) if skills.names.is_empty() => findings.add(
            Verdict::Note,
            "skills",
            format!("the list of skills names none (a second call, of {catalogue})"),
        ),
        Ok(_) => findings.add(
            Verdict::Ok,
            "skills",
            format!(
                "the list of skills names {} (a second call, of {catalogue})",
                skills.names.len()
            ),
        ),
    }
}
