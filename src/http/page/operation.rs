//! The section of one operation.

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use super::text::{Times, duration, objective};
use super::{figures, polls, state, table};
use crate::http::overview::{Operation, Polling, SettingsOverview, State};

/// Whether the operation is the only one on the page, whose verdict stands at the top of it then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Alone,
    AmongOthers,
}

/// Where the section is on the page.
pub(super) fn anchor(operation: &str) -> String {
    let name: String = form_urlencoded::byte_serialize(operation.as_bytes()).collect();
    format!("operation-{}", name.replace('%', "."))
}

/// The section of an operation.
pub(super) fn section(operation: &Operation, place: Place, now: DateTime<Utc>) -> Markup {
    let times = Times::of(operation, now);
    html! {
        section.operation id=(anchor(&operation.operation)) {
            header {
                h2 { (operation.operation) }
                @if place == Place::AmongOthers { (state::chip(operation.verdict.state)) }
                p.soft {
                    (operation.server)
                    @if operation.is_simulated { " (demo: a simulator, no real chats)" }
                    " · times in " (times.zone_in_words())
                }
            }
            @if place == Place::AmongOthers && operation.verdict.state != State::Well { (why(operation)) }
            @if let Some(polling) = &operation.polling { (polled_here(operation, polling, times)) }
        }
    }
}

fn why(operation: &Operation) -> Markup {
    html! {
        div class={ "why " (state::class(operation.verdict.state)) } {
            p { strong { (operation.verdict.text) } }
            @if let Some(why) = &operation.verdict.why { p.words { (why) } }
            @if let Some(url) = &operation.polled_at { p { a href={ (url) "/" } { "Its status page" } } }
        }
    }
}

fn polled_here(operation: &Operation, polling: &Polling, times: Times) -> Markup {
    html! {
        @if !operation.boards.is_empty() {
            p.boards {
                "In Grafana: "
                @for board in &operation.boards { a href=(board.url) { (board.title) } " " }
            }
        }
        @if operation.today.is_none() && operation.window.is_none() {
            section.card {
                h3 { "Today and the latest window" }
                p.soft { (without_numbers(polling)) }
            }
        }
        @if let Some(today) = &operation.today {
            section.card { h3 { "Today" } (figures::today(operation, today, times)) }
        }
        @if let Some(window) = &operation.window {
            section.card { h3 { "Latest window" } (figures::window(operation, window, times)) }
        }
        div.pair {
            section.card { h3 { "Polls" } (polls::section(operation, polling, times)) }
            section.card { h3 { "Settings" } (settings(&operation.settings, times)) }
        }
    }
}

/// Why there are no numbers.
fn without_numbers(polling: &Polling) -> &'static str {
    match polling.data_up_to {
        Some(_) => "The numbers are too old to be shown as new. They come back with the next good poll.",
        None => "Nothing was read yet.",
    }
}

fn settings(settings: &SettingsOverview, times: Times) -> Markup {
    html! {
        dl.facts {
            div { dt { "Zone" } dd { (times.zone_in_words()) } }
            div { dt { "Poll interval" } dd { (duration(settings.poll_interval_seconds)) } }
            div { dt { "Latest window" } dd { (duration(settings.window_seconds)) } }
            div {
                dt { "Sweeps" }
                dd { @match settings.sweep_interval_seconds { Some(seconds) => { "every " (duration(seconds)) }, None => "none" } }
            }
            div {
                dt { "Objective" }
                dd { (objective(settings.service_level_target)) " answered within " (table::seconds(settings.asa_target_seconds)) }
            }
            @for skill in &settings.skills {
                div {
                    dt { "Skill " (table::named(&skill.skill_id, skill.name.as_deref())) }
                    dd { (objective(skill.service_level_target)) " within " (table::seconds(skill.asa_target_seconds)) }
                }
            }
            div { dt { "Agents" } dd { (settings.agents) } }
        }
        (super::warnings("Warnings of the configuration", &settings.warnings))
    }
}
