//! The page for a wall: large enough to be read from across the room, and all of it on one screen.

use maud::{Markup, html};

use super::table::level;
use super::text::{Times, clock, objective, whole};
use super::view::View;
use super::{chart, state, subject, table};
use crate::http::numbers::{OfSkill, Sums};
use crate::http::overview::{Operation, Overview, State};

/// So many operations have room.
const MOST_TILES: usize = 20;
/// So many skills have room.
const MOST_SKILLS: usize = 5;

/// The body.
pub(super) fn body(overview: &Overview, view: &View) -> Markup {
    let reader = View {
        operation: view.operation.clone(),
        ..View::default()
    };
    html! {
        body.wall {
            main {
                header class={ "verdict " (state::class(overview.verdict.state)) } {
                    span.sign aria-hidden="true" { (state::sign(overview.verdict.state)) }
                    h1 { (overview.verdict.text) }
                    a href=(reader.link()) { (subject(overview)) }
                }
                @match &*overview.operations {
                    [operation] => (alone(operation, overview)),
                    operations => (tiles(operations)),
                }
            }
        }
    }
}

/// One operation over the whole screen.
fn alone(operation: &Operation, overview: &Overview) -> Markup {
    let times = Times::of(operation, overview.at);
    let (today, window) = (operation.today.as_ref(), operation.window.as_ref());
    html! {
        @match (today, window) {
            (None, None) => (without_numbers(operation, times)),
            _ => {
                (numbers("Today", operation, today.map(|today| &today.total)))
                div.row {
                    @if let Some(today) = today {
                        @if !today.quarters.is_empty() { section.panel { (chart::chats(&today.quarters)) } }
                    }
                    @if let Some(skills) = today.map(|today| &today.skills).or(window.map(|window| &window.skills)) {
                        section.panel { (by_skill(skills)) }
                    }
                }
                (numbers("Latest window", operation, window.map(|window| &window.total)))
            }
        }
        p.data {
            @match operation.polling.as_ref().and_then(|polling| polling.data_up_to) {
                Some(at) => { "Data up to " (times.at(at)) ", " (times.zone_in_words()) }
                None => "Nothing was read yet",
            }
        }
    }
}

/// What is shown where there is nothing to count.
fn without_numbers(operation: &Operation, times: Times) -> Markup {
    html! {
        section.panel.words {
            @if let Some(why) = &operation.verdict.why { p { (why) } }
            @if let Some(next) = operation.polling.as_ref().and_then(|polling| polling.next_at) {
                p { "Next poll: " (times.at(next)) }
            }
        }
    }
}

fn numbers(when: &str, operation: &Operation, sums: Option<&Sums>) -> Markup {
    let settings = &operation.settings;
    html! {
        section.numbers {
            h2 { (when) }
            dl {
                @match sums {
                    None => div { dt { "No numbers" } dd { "–" } },
                    Some(sums) => {
                        div { dt { "Chats" } dd { (whole(sums.chats)) } }
                        div {
                            dt { "Service level " span.soft { "of " (objective(settings.service_level_target)) } }
                            dd { (level(sums, settings.service_level_target)) }
                        }
                        div { dt { "Mean ASA" } dd { (clock(sums.asa_mean_seconds)) } }
                        div { dt { "Unanswered" } dd { (whole(sums.unanswered)) } }
                    }
                }
            }
        }
    }
}

fn by_skill(skills: &[OfSkill]) -> Markup {
    html! {
        table {
            caption { "Skills" }
            thead { tr { th scope="col" { "Skill" } th.number scope="col" { "Chats" } th.number scope="col" { "Level" } } }
            tbody {
                @for skill in skills.iter().take(MOST_SKILLS) {
                    tr {
                        th scope="row" { (table::named(&skill.skill_id, skill.name.as_deref())) }
                        td.number { (whole(skill.sums.chats)) }
                        td.number { (level(&skill.sums, skill.service_level_target)) }
                    }
                }
            }
        }
    }
}

/// Several operations, those that are worst first.
fn tiles(operations: &[Operation]) -> Markup {
    html! {
        ul.tiles {
            @for operation in operations.iter().take(MOST_TILES) {
                li class=(state::class(operation.verdict.state)) {
                    h2 { span aria-hidden="true" { (state::sign(operation.verdict.state)) " " } (operation.operation) }
                    @if operation.verdict.state == State::Well {
                        (tile(operation))
                    } @else {
                        p { (operation.verdict.text) }
                    }
                }
            }
        }
        @if operations.len() > MOST_TILES {
            p.data { "and " (whole((operations.len() - MOST_TILES) as u64)) " more that are no worse" }
        }
    }
}

fn tile(operation: &Operation) -> Markup {
    let sums = operation.today.as_ref().map(|today| &today.total);
    html! {
        @match sums.or(operation.window.as_ref().map(|window| &window.total)) {
            Some(sums) => p { strong { (level(sums, operation.settings.service_level_target)) } " of " (whole(sums.chats)) " chats" },
            None => p { "no numbers yet" },
        }
    }
}
