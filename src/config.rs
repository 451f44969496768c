//! The configuration. A file per section holds its variables, each in one row ([`variable`] explains the rows): raw text
//! first, checked settings second. All problems are found at once, each named with its variable and the way out.
//!
//! The parts take the sections as they are; nothing here knows a part.

mod counting;
mod environment;
mod literal;
mod log;
mod operation;
mod operation_name;
mod polling;
mod proxy;
mod server;
mod shown;
mod skill_names;
mod state;
mod value;
pub mod variable;
mod web;

use std::fmt;

use chrono::{DateTime, Utc};

pub use counting::{Agents, Counting};
pub use log::{Log, LogFormat};
pub use operation::OperationConfig;
pub use polling::Polling;
pub use proxy::proxy_variables;
pub use server::{Addressed, Server};
pub use state::State;
pub use web::Web;

use proxy::ProxyVariables;
use value::Values;

/// No report reaches back before this year.
pub const FIRST_YEAR: i32 = 2010;

/// The checked configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// What is polled; at least one.
    pub operations: Vec<OperationConfig>,
    /// Where and to whom the metrics are shown, and in which forms.
    pub web: Web,
    /// Where the state is kept.
    pub state: State,
    /// What is logged, and how.
    pub log: Log,
}

/// All that is wrong with the configuration; at least one problem.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    /// One sentence each, beginning with the variable.
    pub problems: Vec<String>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "the configuration can't be used:")?;
        for problem in &self.problems {
            writeln!(f, "  - {problem}")?;
        }
        write!(
            f,
            "All variables are explained in the README and in docs/configuration.md."
        )
    }
}

impl Config {
    /// Reads the configuration from the process's environment. Nothing in it may lie after `now`.
    ///
    /// # Errors
    /// All problems at once.
    pub fn from_env(now: DateTime<Utc>) -> Result<Config, ConfigError> {
        let variables = std::env::vars_os().map(|(name, value)| {
            let text =
                |os: std::ffi::OsString| os.into_string().map_err(|os| os.to_string_lossy().into_owned());
            (text(name).unwrap_or_else(|lossy| lossy), text(value))
        });
        Config::from_variables(variables, now)
    }

    /// Reads the configuration from variables; a value that is not UTF-8 is an error that holds what can be read of it. Nothing
    /// in it may lie after `now`.
    ///
    /// # Errors
    /// All problems at once.
    pub fn from_variables(
        variables: impl IntoIterator<Item = (String, Result<String, String>)>,
        now: DateTime<Utc>,
    ) -> Result<Config, ConfigError> {
        let mut problems = Vec::new();
        let mut proxies = ProxyVariables::default();
        let raw = environment::read(variables, &mut proxies, &mut problems);
        let mut values = Values {
            raw,
            proxies,
            now,
            problems,
            warnings: Vec::new(),
        };
        match Config::read(&mut values) {
            Some(config) if values.problems.is_empty() => Ok(config),
            _ => Err(ConfigError {
                problems: values.problems,
            }),
        }
    }

    fn read(values: &mut Values) -> Option<Config> {
        // All sections are read before the first problem ends it: none may hide another.
        let operation = OperationConfig::read(values);
        let web = Web::read(values);
        let state = State::read(values);
        let log = Log::read(values);
        Some(Config {
            operations: vec![operation?],
            web: web?,
            state: state?,
            log: log?,
        })
    }

    /// The first operation: the only one where the environment describes it.
    pub fn operation(&self) -> &OperationConfig {
        &self.operations[0]
    }

    /// The same, for what needs nothing else.
    #[must_use]
    pub fn into_operation(mut self) -> OperationConfig {
        self.operations.swap_remove(0)
    }
}

#[cfg(test)]
pub(crate) mod tests;
