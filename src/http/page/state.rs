//! How a state is marked: a sign and a word besides the colour, since not everybody sees colours.

use maud::{Markup, html};

use crate::http::overview::State;

/// Its class in the style.
pub(super) fn class(state: State) -> &'static str {
    match state {
        State::Elsewhere => "elsewhere",
        State::Well => "well",
        State::Starting => "starting",
        State::Warning => "warning",
        State::Failing => "failing",
    }
}

/// Its sign.
pub(super) fn sign(state: State) -> &'static str {
    match state {
        State::Elsewhere => "→",
        State::Well => "✓",
        State::Starting => "…",
        State::Warning => "!",
        State::Failing => "✕",
    }
}

fn word(state: State) -> &'static str {
    match state {
        State::Elsewhere => "elsewhere",
        State::Well => "well",
        State::Starting => "starting",
        State::Warning => "have a look",
        State::Failing => "failing",
    }
}

/// Sign and word.
pub(super) fn chip(state: State) -> Markup {
    html! { span class={ "chip " (class(state)) } { span aria-hidden="true" { (sign(state)) } " " (word(state)) } }
}
