//! The configuration. A file per section holds its variables, each in one row ([`variable`] explains the rows): raw text
//! first, checked settings second. All problems are found at once, each named with its variable and the way out.
//!
//! The parts take the sections as they are; nothing here knows a part.

mod counting;
mod environment;
mod fleet;
mod hash;
mod literal;
mod log;
mod operation;
mod operation_name;
mod operations_file;
mod polling;
mod proxy;
mod recontact;
mod server;
mod shown;
mod skill_names;
mod state;
mod value;
pub mod variable;
mod web;

use std::fmt;

use chrono::{DateTime, Utc};

pub use counting::{Agents, Counting, Objectives};
pub use fleet::Fleet;
pub use log::{Log, LogFormat};
pub use operation::OperationConfig;
pub use polling::Polling;
pub use proxy::proxy_variables;
pub use recontact::Recontact;
pub use server::{Addressed, Described, Server};
pub use state::{Place, State};
pub use web::Web;
pub use wolkvox::Zone;

use proxy::ProxyVariables;
use value::Values;

/// No report reaches back before this year.
pub const FIRST_YEAR: i32 = 2010;

/// As many names are told where one has to be chosen.
const MOST_NAMES: usize = 10;

/// Why it is not clear which operation is meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceError {
    /// No operation has the name.
    #[error("no operation is called {name:?}; configured: {names}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// Those that there are, or some of them.
        names: String,
    },
    /// There is more than one, and none was named.
    #[error(
        "{count} operations are configured, and this command is for one: name it with --operation NAME. They are: {names}"
    )]
    Several {
        /// How many.
        count: usize,
        /// Those that there are, or some of them.
        names: String,
    },
}

/// The checked configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// What is polled, in the order in which it is configured; at least one.
    pub operations: Vec<OperationConfig>,
    /// What a process with several operations has besides theirs.
    pub fleet: Fleet,
    /// Where and to whom the metrics are shown, and in which forms.
    pub web: Web,
    /// Where the state is kept.
    pub state: State,
    /// What is logged, and how.
    pub log: Log,
    /// What works with several operations, but is probably not what was meant: of defaults for all, and of two beside each
    /// other. Without an operations file there is none.
    pub warnings: Vec<String>,
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
            "All variables are explained in docs/configuration.md, the first steps in the README."
        )
    }
}

impl Config {
    /// Reads the configuration from the process's environment. Nothing in it may lie after `now`.
    ///
    /// # Errors
    /// All problems at once.
    pub fn from_env(now: DateTime<Utc>) -> Result<Config, ConfigError> {
        Config::from_variables(environment(), now)
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
        checked(values(variables, now), Config::read)
    }

    fn read(values: &mut Values) -> Option<Config> {
        // All sections are read before the first problem ends it: none may hide another.
        let fleet = Fleet::read(values);
        let operations = match operations_file::path(fleet.as_ref(), values) {
            Some(path) => operations_file::read(values, &path),
            None => OperationConfig::read(values).map(|operation| vec![operation]),
        };
        let web = Web::read(values);
        let state = State::read(values);
        let log = Log::read(values);
        Some(Config {
            operations: operations?,
            fleet: fleet?,
            web: web?,
            state: state?,
            log: log?,
            warnings: std::mem::take(&mut values.shared_warnings),
        })
    }

    /// The operation of this name, or the only one, with the warnings that concern all.
    ///
    /// # Errors
    /// None has this name, or several could be meant.
    pub fn choose(mut self, name: Option<&str>) -> Result<OperationConfig, ChoiceError> {
        let at = match name {
            Some(name) => self
                .operations
                .iter()
                .position(|operation| operation.name() == name),
            None => (self.operations.len() == 1).then_some(0),
        };
        let Some(at) = at else {
            let names = some_names(&self.operations);
            return Err(match name {
                Some(name) => ChoiceError::Unknown {
                    name: name.to_owned(),
                    names,
                },
                None => ChoiceError::Several {
                    count: self.operations.len(),
                    names,
                },
            });
        };
        let mut operation = self.operations.swap_remove(at);
        operation.warnings.append(&mut self.warnings);
        Ok(operation)
    }
}

impl State {
    /// Reads from the process's environment where the states are, and nothing else: no operation need be configured.
    ///
    /// # Errors
    /// All problems at once.
    pub fn from_env(now: DateTime<Utc>) -> Result<State, ConfigError> {
        checked(values(environment(), now), State::read)
    }
}

impl Web {
    /// Reads from the process's environment where the metrics are shown, and nothing else: no operation need be configured.
    ///
    /// # Errors
    /// All problems at once.
    pub fn from_env(now: DateTime<Utc>) -> Result<Web, ConfigError> {
        checked(values(environment(), now), Web::read)
    }
}

/// What is read of the values, where none has a problem.
fn checked<T>(mut values: Values, read: impl FnOnce(&mut Values) -> Option<T>) -> Result<T, ConfigError> {
    match read(&mut values) {
        Some(read) if values.problems.is_empty() => Ok(read),
        _ => Err(ConfigError {
            problems: values.problems,
        }),
    }
}

fn environment() -> impl Iterator<Item = (String, Result<String, String>)> {
    std::env::vars_os().map(|(name, value)| {
        let text = |os: std::ffi::OsString| os.into_string().map_err(|os| os.to_string_lossy().into_owned());
        (text(name).unwrap_or_else(|lossy| lossy), text(value))
    })
}

fn values(
    variables: impl IntoIterator<Item = (String, Result<String, String>)>,
    now: DateTime<Utc>,
) -> Values {
    let mut problems = Vec::new();
    let mut proxies = ProxyVariables::default();
    let raw = environment::read(variables, &mut proxies, &mut problems);
    Values {
        raw,
        table: None,
        proxies,
        now,
        problems,
        warnings: Vec::new(),
        shared_warnings: Vec::new(),
    }
}

/// The names of operations, as many as a line takes.
fn some_names(operations: &[OperationConfig]) -> String {
    let mut names: Vec<_> = operations
        .iter()
        .take(MOST_NAMES)
        .map(OperationConfig::name)
        .collect();
    if operations.len() > MOST_NAMES {
        names.push("…");
    }
    names.join(", ")
}

#[cfg(test)]
pub(crate) mod tests;
