//! The status page: what a browser shows of an [`Overview`]. It needs no script, and loads nothing but itself. Its links are
//! relative: a proxy may show it below a path of its own.

mod chart;
mod figures;
mod operation;
mod polls;
mod state;
mod style;
mod summary;
mod table;
mod text;
mod view;
mod wall;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::overview::{Operation, Overview};
use operation::Place;
pub(super) use style::CONTENT_SECURITY_POLICY;
pub(super) use view::View;
use view::{Layout, Refresh};

/// With more operations only those have a section of their own that are not well; the others have a page of their own.
const MOST_WHOLE: usize = 10;

/// Warnings that are shown without being asked for.
const MOST_OPEN: usize = 3;

/// Where the documentation is; empty where the package names no home.
const HOME: &str = env!("CARGO_PKG_REPOSITORY");

/// Which operations have a section on the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Detail {
    All,
    /// Those that are not well. They come first in the overview.
    NotWell,
}

impl Detail {
    fn of(overview: &Overview) -> Self {
        if overview.operations.len() > MOST_WHOLE {
            Self::NotWell
        } else {
            Self::All
        }
    }

    fn shows(self, operation: &Operation) -> bool {
        self == Self::All || !operation.is_well()
    }
}

/// The page.
pub(super) fn page(overview: &Overview, view: &View) -> String {
    let body = match view.layout {
        Layout::Page => reader(overview, view),
        Layout::Wall => wall::body(overview, view),
    };
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                @if view.refresh == Refresh::On { meta http-equiv="refresh" content=(overview.refresh_seconds); }
                title { (title(overview)) }
                style { (PreEscaped(style::SHEET)) }
            }
            (body)
        }
    };
    page.into_string()
}

fn title(overview: &Overview) -> String {
    format!(
        "{} · {} · Wolkvox exporter",
        overview.verdict.text,
        subject(overview)
    )
}

/// What the page is about.
fn subject(overview: &Overview) -> String {
    match &*overview.operations {
        [operation] => operation.operation.clone(),
        operations => format!("{} operations", operations.len()),
    }
}

/// For a reader.
fn reader(overview: &Overview, view: &View) -> Markup {
    let detail = Detail::of(overview);
    let is_alone = overview.operations.len() == 1;
    let place = if is_alone {
        Place::Alone
    } else {
        Place::AmongOthers
    };
    html! {
        body {
            main {
                (verdict(overview))
                @if !is_alone && !overview.operations.is_empty() {
                    section.card { h2 { "Operations" } (summary::table(overview, detail)) }
                }
                @for one in overview.operations.iter().filter(|one| is_alone || detail.shows(one)) {
                    (operation::section(one, place, overview.at))
                }
                (warnings("Warnings of the configuration for all operations", &overview.warnings))
            }
            (footer(overview, view))
        }
    }
}

/// What works, and was probably not meant. Many are folded up.
fn warnings(title: &str, warnings: &[String]) -> Markup {
    let list = html! { ul { @for warning in warnings { li.words { (warning) } } } };
    html! {
        @match warnings.len() {
            0 => {},
            1..=MOST_OPEN => div.why.warning { p { strong { (title) } } (list) },
            many => div.why.warning { details { summary { (title) " (" (many) ")" } (list) } },
        }
    }
}

/// What is to be seen first.
fn verdict(overview: &Overview) -> Markup {
    let verdict = &overview.verdict;
    html! {
        header class={ "verdict " (state::class(verdict.state)) } {
            span.sign aria-hidden="true" { (state::sign(verdict.state)) }
            div {
                h1 { (verdict.text) }
                @if let Some(why) = &verdict.why { p.words { (why) } }
                @for problem in overview.problems.iter().filter(|problem| verdict.why.as_ref() != Some(*problem)) {
                    p.words { (problem) }
                }
                @if let [operation] = &*overview.operations {
                    @if let Some(url) = &operation.polled_at { p { a href={ (url) "/" } { "Its status page" } } }
                }
            }
        }
    }
}

fn footer(overview: &Overview, view: &View) -> Markup {
    let with = |refresh, layout| View {
        layout,
        refresh,
        ..view.clone()
    };
    html! {
        footer {
            p.soft {
                "Wolkvox exporter " (overview.version)
                @if !overview.is_ready { " (starting)" }
                ". "
                @match view.refresh {
                    Refresh::On => {
                        "This page loads itself again every " (overview.refresh_seconds) " seconds: "
                        a href=(with(Refresh::Off, view.layout).link()) { "hold it" }
                    }
                    Refresh::Off => { "This page does not load itself again: " a href=(with(Refresh::On, view.layout).link()) { "let it" } }
                }
                "."
            }
            nav aria-label="Pages" {
                @if view.operation.is_some() { a href="?" { "All operations" } }
                a href=(with(Refresh::On, Layout::Wall).link()) { "Wallboard" }
                a href="metrics" { "Metrics" }
                a href="api/v1/status" { "JSON" }
                a href="-/healthy" { "Health" }
                a href="-/ready" { "Readiness" }
                @if !HOME.is_empty() { a href=(HOME) { "Documentation" } }
            }
        }
    }
}

#[cfg(test)]
mod tests;
