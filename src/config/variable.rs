//! A variable as the documents know it. Each stands in the file of its section, in one row with its default, its text and
//! its parser. docs/configuration.md and `--help` are made from these rows or tested against them.

use std::fmt::Write;

use super::{counting, fleet, log, polling, server, state, web};

/// All variables start with this.
pub(super) const PREFIX: &str = "WOLKVOX_";

/// The variables of each section, in the order of the documents.
const SECTIONS: [&[Variable]; 7] = [
    server::VARIABLES,
    polling::Polling::VARIABLES,
    counting::Counting::VARIABLES,
    fleet::Fleet::VARIABLES,
    web::Web::VARIABLES,
    state::VARIABLES,
    log::Log::VARIABLES,
];

/// The sections that come first and describe an operation: a table of the operations file may have them.
const PER_OPERATION: usize = 3;

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
    /// Its name without the prefix: `SERVER`.
    pub(super) short: &'static str,
    /// What holds where it is not set.
    pub default: Preset,
    /// One or two sentences, with Markdown's backticks.
    pub meaning: &'static str,
}

impl Variable {
    /// All of them, in the order of the documents.
    pub fn all() -> impl Iterator<Item = &'static Variable> {
        SECTIONS.into_iter().flatten()
    }

    /// Those that describe an operation.
    pub(super) fn per_operation() -> impl Iterator<Item = &'static Variable> {
        SECTIONS.into_iter().take(PER_OPERATION).flatten()
    }

    /// The full name: `WOLKVOX_SERVER`.
    pub fn name(&self) -> String {
        format!("{PREFIX}{}", self.short)
    }
}

/// Declares a section: a struct whose fields are variables, each in one row: field and type, name without the prefix, default,
/// text, and the parser (from [`super::value::Given`]). The text is the field's documentation too. What follows `besides` is no variable: it
/// begins with its type's default.
macro_rules! section {
    (
        $(#[$attribute:meta])*
        $vis:vis struct $name:ident {
            $($field:ident: $type:ty = $short:literal, $default:expr, $meaning:literal, $parser:expr;)+
        }
        $(besides {
            $($(#[$remark:meta])* $other:ident: $other_type:ty;)+
        })?
    ) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, PartialEq)]
        $vis struct $name {
            $(#[doc = $meaning] $vis $field: $type,)+
            $($($(#[$remark])* $vis $other: $other_type,)+)?
        }

        impl $name {
            pub(super) const VARIABLES: &[$crate::config::variable::Variable] = &[
                $($crate::config::variable::Variable { short: $short, default: $default, meaning: $meaning },)+
            ];

            /// Reads and checks the variables; `None` where one has a problem.
            pub(super) fn read(values: &mut $crate::config::value::Values) -> Option<Self> {
                let mut variables = Self::VARIABLES.iter();
                // Each is read before the first problem ends it: none may hide another.
                $(let $field: Option<$type> = variables.next().and_then(|variable| values.read(variable, $parser));)+
                Some(Self { $($field: $field?,)+ $($($other: <$other_type>::default(),)+)? })
            }
        }
    };
}
pub(super) use section;

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
        let row = format!("  {}{default}\n      {}", variable.name(), variable.meaning);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}", row.replace('`', ""));
    }
    text.push_str("\nThe proxy is that of HTTPS_PROXY (HTTP_PROXY for plain http) or ALL_PROXY, but for what NO_PROXY lists.\n");
    text
}
