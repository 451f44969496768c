//! What was counted today and in the latest window.

use maud::{Markup, html};

use super::text::{Times, clock, duration, objective, reached, whole};
use super::{chart, table};
use crate::http::numbers::{OfAgent, OfSkill, Quarter, Sums, Today, Window};
use crate::http::overview::Operation;

/// The local day.
pub(super) fn today(operation: &Operation, today: &Today, times: Times) -> Markup {
    html! {
        p.soft {
            "Chats that closed on " (today.day.format("%-d %B")) ", from " (times.local(today.from)) " on"
            @if is_partial(today, times) { " (what closed earlier was not read)" }
        }
        (sums(operation, &today.total))
        @if !today.quarters.is_empty() {
            div.charts {
                (chart::chats(&today.quarters))
                (chart::service_level(&today.quarters, operation.settings.service_level_target))
            }
            (hours(&today.quarters))
        }
        (tables(operation, "today", &today.skills, &today.total, &today.agents))
    }
}

/// Whether the day was read from its midnight on.
fn is_partial(today: &Today, times: Times) -> bool {
    let from = today.from.with_timezone(&times.zone);
    from.date_naive() != today.day || from.time() > chrono::NaiveTime::MIN
}

/// The latest window.
pub(super) fn window(operation: &Operation, window: &Window, times: Times) -> Markup {
    html! {
        p.soft {
            "Chats that closed in the " (duration(operation.settings.window_seconds)) " from "
            (times.local(window.from)) " to " (times.local(window.to))
        }
        (sums(operation, &window.total))
        @if window.total.answered > 0 {
            div.charts { (chart::asa(&window.asa, operation.settings.asa_target_seconds)) }
        }
        (tables(operation, "in the latest window", &window.skills, &window.total, &window.agents))
    }
}

/// The sums as tiles.
fn sums(operation: &Operation, sums: &Sums) -> Markup {
    let settings = &operation.settings;
    html! {
        dl.tiles {
            div {
                dt { "Chats" }
                dd { (whole(sums.chats)) }
                @if sums.timeouts > 0 { dd.note { (whole(sums.timeouts)) " of them timeouts" } }
            }
            div {
                dt { "Service level" }
                dd { (table::level(sums, settings.service_level_target)) }
                dd.note { "objective " (objective(settings.service_level_target)) " within " (table::seconds(settings.asa_target_seconds)) }
            }
            div {
                dt { "Mean ASA" }
                dd { (clock(sums.asa_mean_seconds)) }
                dd.note { "of " (whole(sums.answered)) " answered" }
            }
            div {
                dt { "Unanswered" }
                dd { (whole(sums.unanswered)) }
                dd.note { "the customer wrote, no agent did" }
            }
        }
    }
}

fn tables(operation: &Operation, when: &str, skills: &[OfSkill], total: &Sums, agents: &[OfAgent]) -> Markup {
    html! {
        div.tables {
            @if !skills.is_empty() { div { (table::skills(&format!("Skills {when}"), skills, total, operation.settings.service_level_target)) } }
            @if !agents.is_empty() { div { (table::agents(&format!("Agents {when}"), agents)) } }
        }
    }
}

/// What the charts of the day show, as a table.
fn hours(quarters: &[Quarter]) -> Markup {
    html! {
        details {
            summary { "The day by the hour, as a table" }
            div.scroll {
                table {
                    caption { "Chats and service level by the hour" }
                    thead {
                        tr {
                            th scope="col" { "Hour" }
                            th.number scope="col" { "Chats" }
                            th.number scope="col" { "Answered" }
                            th.number scope="col" { "Service level" }
                        }
                    }
                    tbody {
                        @for hour in chart::hours(quarters) {
                            tr {
                                th scope="row" { (hour.begins) }
                                td.number { (whole(hour.chats)) }
                                td.number { (whole(hour.answered)) }
                                td.number { (reached(hour.level)) }
                            }
                        }
                    }
                }
            }
        }
    }
}
