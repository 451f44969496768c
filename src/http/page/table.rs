//! Tables of what was counted, by skill and by agent.

use maud::{Markup, html};

use super::text::{clock, objective, reached, whole};
use crate::http::numbers::{OfAgent, OfSkill, Sums};

/// So many rows are shown of a table; the rest is told.
const MOST_ROWS: usize = 12;

/// The chats by skill; `target` is the objective of all of them together.
pub(super) fn skills(caption: &str, skills: &[OfSkill], total: &Sums, target: f64) -> Markup {
    html! {
        div.scroll {
            table {
                caption { (caption) }
                thead {
                    tr {
                        th scope="col" { "Skill" }
                        th.number scope="col" { "Chats" }
                        th.number scope="col" { "Service level" }
                        th.number.aim scope="col" { "Objective" }
                        th.number scope="col" { "Mean ASA" }
                    }
                }
                tbody {
                    @for skill in skills.iter().take(MOST_ROWS) {
                        tr {
                            th scope="row" { (named(&skill.skill_id, skill.name.as_deref())) }
                            td.number { (whole(skill.sums.chats)) }
                            td.number { (level(&skill.sums, skill.service_level_target)) }
                            td.number.soft.aim { (objective(skill.service_level_target)) " in " (seconds(skill.asa_target_seconds)) }
                            td.number { (clock(skill.sums.asa_mean_seconds)) }
                        }
                    }
                }
                @if skills.len() > 1 {
                    tfoot {
                        tr {
                            th scope="row" { "All skills" }
                            td.number { (whole(total.chats)) }
                            td.number { (level(total, target)) }
                            td.number.soft.aim { (objective(target)) }
                            td.number { (clock(total.asa_mean_seconds)) }
                        }
                    }
                }
            }
        }
        (more(skills.len(), "skills"))
    }
}

/// The chats by agent.
pub(super) fn agents(caption: &str, agents: &[OfAgent]) -> Markup {
    let most = agents
        .iter()
        .map(|agent| agent.chats)
        .max()
        .unwrap_or_default()
        .max(1);
    html! {
        div.scroll {
            table {
                caption { (caption) }
                thead {
                    tr {
                        th scope="col" { "Agent" }
                        th.number scope="col" { "Chats" }
                        td.wide { }
                    }
                }
                tbody {
                    @for agent in agents.iter().take(MOST_ROWS) {
                        tr {
                            th scope="row" { (named(&agent.agent_id, agent.name.as_deref())) }
                            td.number { (whole(agent.chats)) }
                            td.wide { (bar(agent.chats, most)) }
                        }
                    }
                }
            }
        }
        (more(agents.len(), "agents"))
    }
}

/// What the rows leave out.
fn more(rows: usize, what: &str) -> Markup {
    html! {
        @if rows > MOST_ROWS {
            p.soft { "and " (whole((rows - MOST_ROWS) as u64)) " more " (what) ": see " a href="api/v1/status" { "the same as JSON" } }
        }
    }
}

/// A name with its id, or the id alone.
pub(super) fn named(id: &str, name: Option<&str>) -> Markup {
    html! {
        @match name {
            Some(name) => { (name) " " span.id { (id) } }
            None => { (id) }
        }
    }
}

/// The service level, and in words and by a mark whether it is under the objective.
pub(super) fn level(sums: &Sums, target: f64) -> Markup {
    let is_under = sums.service_level.is_some_and(|level| level < target);
    html! {
        @if is_under {
            strong.under { span aria-hidden="true" { "▼ " } (reached(sums.service_level)) span.hidden { " (under the objective)" } }
        } @else {
            (reached(sums.service_level))
        }
    }
}

/// A target as it is said: `20 s`, `2 min`.
pub(super) fn seconds(target: f64) -> String {
    if target >= 60.0 && target % 60.0 == 0.0 {
        format!("{} min", target / 60.0)
    } else {
        format!("{target} s")
    }
}

/// How much that is of the most. The number stands beside it.
fn bar(value: u64, most: u64) -> Markup {
    html! {
        svg.bar viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" {
            rect.fill width=(value * 100 / most) height="10" {}
        }
    }
}
