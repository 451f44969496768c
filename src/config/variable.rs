//! A variable as the documents know it. The table is in `config/raw.rs`; the README, docs/configuration.md and
//! `--help` are made from it or tested against it.

use std::fmt::Write;

use super::raw::{PREFIX, VARIABLES};

/// What holds where a variable is not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// Nothing.
    None,
    /// The same as if it were set to this.
    Value(&'static str),
    /// Something that depends, in words.
    Words(&'static str),
}

/// A variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable {
    /// Its name without the prefix, in lower case.
    pub(super) field: &'static str,
    /// What holds where it is not set.
    pub default: Preset,
    /// One or two sentences, with Markdown's backticks.
    pub meaning: &'static str,
}

impl Variable {
    /// All of them, in the order of the documents.
    pub fn all() -> &'static [Variable] {
        VARIABLES
    }

    /// The full name: `WOLKVOX_SERVER`.
    pub fn name(&self) -> String {
        format!("{PREFIX}{}", self.field.to_uppercase())
    }
}

/// The table of the documents.
pub fn markdown() -> String {
    let mut text = String::from("| variable | default | meaning |\n|---|---|---|\n");
    for variable in Variable::all() {
        let default = match variable.default {
            Preset::None => "—".to_owned(),
            Preset::Value(value) => format!("`{value}`"),
            Preset::Words(words) => words.to_owned(),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| `{}` | {default} | {} |",
            variable.name(),
            variable.meaning
        );
    }
    text
}

/// The same for a terminal.
pub fn help() -> String {
    let mut text = String::from("Environment variables:\n");
    for variable in Variable::all() {
        let default = match variable.default {
            Preset::None => String::new(),
            Preset::Value(value) | Preset::Words(value) => format!(" [default: {value}]"),
        };
        let told = format!("  {}{default}\n      {}", variable.name(), variable.meaning);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}", told.replace('`', ""));
    }
    text
}
