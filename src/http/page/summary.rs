//! Several operations in a table, those that are worst first.

use maud::{Markup, html};

use super::operation::anchor;
use super::table::level;
use super::text::{Times, clock, whole};
use super::view::View;
use super::{Detail, state};
use crate::http::overview::{Operation, Overview, State};

/// The table.
pub(super) fn table(overview: &Overview, detail: Detail) -> Markup {
    html! {
        div.scroll {
            table.summary {
                caption { (whole(overview.operations.len() as u64)) " operations, those that are worst first" }
                thead {
                    tr {
                        th scope="col" { "Operation" }
                        th scope="col" { "State" }
                        th.data scope="col" { "Data up to" }
                        th.number scope="col" { "Chats today" }
                        th.number scope="col" { "Service level" }
                        th.number.asa scope="col" { "Mean ASA" }
                    }
                }
                tbody { @for operation in &overview.operations { (row(operation, overview, detail)) } }
            }
        }
    }
}

fn row(operation: &Operation, overview: &Overview, detail: Detail) -> Markup {
    let times = Times::of(operation, overview.at);
    let sums = operation.today.as_ref().map(|today| &today.total);
    html! {
        tr {
            th scope="row" { a href=(link(operation, detail)) { (operation.operation) } }
            td {
                (state::chip(operation.verdict.state))
                @if operation.verdict.state != State::Well { div.because { (operation.verdict.text) } }
            }
            td.data {
                @match operation.polling.as_ref().map(|polling| polling.data_up_to) {
                    Some(Some(at)) => { (times.at(at)) " " span.soft { (times.distance(at)) } }
                    Some(None) => "nothing read yet",
                    None => "–",
                }
            }
            @match sums {
                Some(sums) => {
                    td.number { (whole(sums.chats)) }
                    td.number { (level(sums, operation.settings.service_level_target)) }
                    td.number.asa { (clock(sums.asa_mean_seconds)) }
                }
                None => { td.number { "–" } td.number { "–" } td.number.asa { "–" } }
            }
        }
    }
}

/// Where the operation's section is.
fn link(operation: &Operation, detail: Detail) -> String {
    if let (State::Elsewhere, Some(url)) = (operation.verdict.state, &operation.polled_at) {
        return format!("{url}/");
    }
    if detail.shows(operation) {
        return format!("#{}", anchor(&operation.operation));
    }
    let one = View {
        operation: Some(operation.operation.clone()),
        ..View::default()
    };
    one.link()
}
