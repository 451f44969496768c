//! The configuration: raw variables first (`config/raw.rs`), checked settings second. All problems are found at once, each
//! named with its variable and the way out.

mod check;
mod literal;
mod raw;
mod shown;
mod skill_names;
pub mod variable;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::Url;
use secrecy::SecretString;
use small_file::Shown;

use crate::ledger::Agents;
use crate::wolkvox::Zone;
use crate::wolkvox::client::Token;
use check::Check;

/// The form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One object per line, for machines.
    Json,
}

/// The checked configuration. Each field is the variable of the same name, with the prefix `WOLKVOX_`.
#[derive(Clone)]
pub struct Config {
    /// `BASE_URL`, or made from `SERVER`: scheme, host and port, without a path.
    pub base_url: Url,
    /// `TOKEN` or `TOKEN_FILE`.
    pub token: Token,
    /// `OPERATION`: the value of the label.
    pub operation: String,
    /// `AGENT_DNI`: an identity document, personal data.
    pub agent_dni: Option<SecretString>,
    /// `TIMEZONE`: the zone of the report's dates.
    pub timezone: Zone,
    /// `POLL_INTERVAL`.
    pub poll_interval: Duration,
    /// `WINDOW`.
    pub window: Duration,
    /// `SWEEP_INTERVAL`; `None` is off.
    pub sweep_interval: Option<Duration>,
    /// `SWEEP_LOOKBACK`.
    pub sweep_lookback: Duration,
    /// `COUNT_FROM`; `None` is the first start.
    pub count_from: Option<DateTime<Utc>>,
    /// `REQUEST_TIMEOUT`.
    pub request_timeout: Duration,
    /// `ASA_TARGET`, whole milliseconds.
    pub asa_target_ms: u64,
    /// `SERVICE_LEVEL_TARGET`, above 0 and up to 1.
    pub service_level_target: f64,
    /// `API_DAILY_LIMIT`: calls a day; `None` where it is not told.
    pub api_daily_limit: Option<u64>,
    /// `AGENTS`.
    pub agents: Agents,
    /// `SKILL_NAMES`: names by the skills' ids.
    pub skill_names: BTreeMap<String, String>,
    /// `EXEMPLARS`.
    pub exemplars: bool,
    /// `CREATED_SAMPLES`.
    pub created_samples: bool,
    /// `MAX_SERIES`: sample lines.
    pub max_series: usize,
    /// `RETIRE_AFTER`; `None` is off.
    pub retire_after: Option<Duration>,
    /// `STATE_DIR`.
    pub state_dir: PathBuf,
    /// `CA_FILE`.
    pub ca_file: Option<PathBuf>,
    /// `LISTEN_ADDRESS`: host and port.
    pub listen_address: String,
    /// `WEB_CONFIG_FILE`: TLS and users of the server, in the exporter-toolkit's form.
    pub web_config_file: Option<PathBuf>,
    /// `LOG`: a tracing filter.
    pub log: String,
    /// `LOG_FORMAT`.
    pub log_format: LogFormat,
    /// What works, but is probably not what was meant.
    pub warnings: Vec<String>,
}

/// Without what may be a secret in the wrong variable.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = |path: &PathBuf| Shown(path).to_string();
        let token = match &self.token {
            Token::Fixed(_) => "WOLKVOX_TOKEN".to_owned(),
            Token::File(file) => path(file),
        };
        f.debug_struct("Config")
            .field("base_url", &self.base_url.as_str())
            .field("token", &token)
            .field("operation", &self.operation)
            .field("agent_dni", &self.agent_dni.is_some())
            .field("timezone", &self.timezone.to_string())
            .field("poll_interval", &self.poll_interval)
            .field("window", &self.window)
            .field("sweep_interval", &self.sweep_interval)
            .field("sweep_lookback", &self.sweep_lookback)
            .field("count_from", &self.count_from)
            .field("request_timeout", &self.request_timeout)
            .field("asa_target_ms", &self.asa_target_ms)
            .field("service_level_target", &self.service_level_target)
            .field("api_daily_limit", &self.api_daily_limit)
            .field("agents", &self.agents)
            .field("skill_names", &self.skill_names.len())
            .field("exemplars", &self.exemplars)
            .field("created_samples", &self.created_samples)
            .field("max_series", &self.max_series)
            .field("retire_after", &self.retire_after)
            .field("state_dir", &path(&self.state_dir))
            .field("ca_file", &self.ca_file.as_ref().map(path))
            .field("listen_address", &self.listen_address)
            .field("web_config_file", &self.web_config_file.as_ref().map(path))
            .field("log", &shown::shown_near(&self.log, check::LEVELS))
            .field("log_format", &self.log_format)
            .field("warnings", &self.warnings)
            .finish()
    }
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
    /// Reads the configuration from the process's environment.
    ///
    /// # Errors
    /// All problems at once.
    pub fn from_env() -> Result<Config, ConfigError> {
        Config::from_variables(std::env::vars_os().map(|(name, value)| {
            let text =
                |os: std::ffi::OsString| os.into_string().map_err(|os| os.to_string_lossy().into_owned());
            (text(name).unwrap_or_else(|lossy| lossy), text(value))
        }))
    }

    /// Reads the configuration from variables; a value that is not UTF-8 is an error that holds what can be read of it.
    ///
    /// # Errors
    /// All problems at once.
    pub fn from_variables(
        variables: impl IntoIterator<Item = (String, Result<String, String>)>,
    ) -> Result<Config, ConfigError> {
        let mut check = Check::default();
        let raw = raw::read(variables, &mut check.problems);
        match check.config(raw) {
            Some(config) if check.problems.is_empty() => Ok(Config {
                warnings: check.warnings,
                ..config
            }),
            _ => Err(ConfigError {
                problems: check.problems,
            }),
        }
    }
}

#[cfg(test)]
mod tests;
