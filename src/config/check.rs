//! Raw variables → checked settings.

mod file;
mod name;
mod server;
mod zone;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Datelike, Utc};
use secrecy::SecretString;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use super::raw::{self, PREFIX, Raw};
use super::shown::{length, shown, shown_near};
use super::{Config, LogFormat, skill_names};
use crate::ledger::Agents;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
pub(super) const LEVELS: [&str; 6] = ["error", "warn", "info", "debug", "trace", "off"];

/// Gathers all problems while it checks: none may hide another.
#[derive(Default)]
pub(super) struct Check {
    pub(super) problems: Vec<String>,
    pub(super) warnings: Vec<String>,
}

impl Check {
    /// The checked settings; `None` if there are problems.
    pub(super) fn config(&mut self, raw: Raw) -> Option<Config> {
        let insecure = self.switch("ALLOW_INSECURE_HTTP", raw.allow_insecure_http);
        let server = self.server(raw.server, raw.base_url, insecure.unwrap_or(false));
        let token = self.token(raw.token, raw.token_file);
        let operation = self.operation(raw.operation, server.as_ref().map(|(_, name)| name));
        let timezone = self.timezone(raw.timezone);
        let poll_interval = self.duration("POLL_INTERVAL", raw.poll_interval, SECOND..=DAY);
        let window = self.duration("WINDOW", raw.window, SECOND..=31 * DAY);
        let sweep_interval = self.duration("SWEEP_INTERVAL", raw.sweep_interval, Duration::ZERO..=31 * DAY);
        let sweep_lookback = self.duration("SWEEP_LOOKBACK", raw.sweep_lookback, SECOND..=366 * DAY);
        let count_from = self.count_from(raw.count_from);
        let request_timeout = self.duration("REQUEST_TIMEOUT", raw.request_timeout, SECOND..=HOUR);
        let asa_target = self.duration("ASA_TARGET", raw.asa_target, SECOND..=31 * DAY);
        let service_level_target = self.share("SERVICE_LEVEL_TARGET", raw.service_level_target);
        let api_daily_limit = self.api_daily_limit(raw.api_daily_limit);
        let skill_names = self.skill_names(raw.skill_names);
        let agents = [
            ("off", Agents::Off),
            ("ids", Agents::Ids),
            ("names", Agents::Names),
        ];
        let agents = self.word("AGENTS", raw.agents, &agents);
        let exemplars = self.switch("EXEMPLARS", raw.exemplars);
        let created_samples = self.switch("CREATED_SAMPLES", raw.created_samples);
        let max_series = self.max_series(raw.max_series);
        let retire_after = self.retire_after(raw.retire_after);
        let state_dir = self.path("STATE_DIR", raw.state_dir);
        let ca_file = self.path("CA_FILE", raw.ca_file);
        let web_config_file = self.path("WEB_CONFIG_FILE", raw.web_config_file);
        let listen_address = self.listen_address(raw.listen_address);
        let log = self.log(raw.log);
        let formats = [("text", LogFormat::Text), ("json", LogFormat::Json)];
        let log_format = self.word("LOG_FORMAT", raw.log_format, &formats);
        let config = Config {
            base_url: server?.0,
            token: token?,
            operation: operation?,
            agent_dni: raw.agent_dni.map(SecretString::from),
            timezone: timezone?,
            poll_interval: poll_interval?,
            window: window?,
            sweep_interval: Some(sweep_interval?).filter(|interval| !interval.is_zero()),
            sweep_lookback: sweep_lookback?,
            count_from: count_from?,
            request_timeout: request_timeout?,
            asa_target_ms: u64::try_from(asa_target?.as_millis()).ok()?,
            service_level_target: service_level_target?,
            api_daily_limit: api_daily_limit?,
            skill_names: skill_names?,
            agents: agents?,
            exemplars: exemplars?,
            created_samples: created_samples?,
            max_series: max_series?,
            retire_after: Some(retire_after?).filter(|after| !after.is_zero()),
            state_dir: state_dir?.unwrap_or_else(|| PathBuf::from("wolkvox-state")),
            ca_file: ca_file?,
            listen_address: listen_address?,
            web_config_file: web_config_file?,
            log: log?,
            log_format: log_format?,
            warnings: Vec::new(),
        };
        self.warn_about_pace(&config);
        Some(config)
    }

    fn problem<T>(&mut self, variable: &str, what: &str) -> Option<T> {
        self.problems.push(format!("{PREFIX}{variable} {what}"));
        None
    }

    fn warning(&mut self, variable: &str, what: &str) {
        self.warnings.push(format!("{PREFIX}{variable} {what}"));
    }

    fn duration(
        &mut self,
        variable: &str,
        value: Option<String>,
        range: RangeInclusive<Duration>,
    ) -> Option<Duration> {
        let default = raw::default(variable);
        let text = value.unwrap_or_else(|| default.to_owned());
        let parsed = if text == "0" {
            Ok(Duration::ZERO)
        } else {
            humantime::parse_duration(&text)
        };
        match parsed {
            Ok(duration) if range.contains(&duration) => Some(duration),
            Ok(_) => self.problem(
                variable,
                &format!(
                    "is {text}; it must lie between {} and {}",
                    humantime::format_duration(*range.start()),
                    humantime::format_duration(*range.end())
                ),
            ),
            Err(_) => self.problem(
                variable,
                &format!(
                    "is {}, which is not a duration; write it with a unit, such as {default}",
                    shown(&text)
                ),
            ),
        }
    }

    /// `Some(None)` is a start now.
    #[allow(clippy::option_option)] // The outer one is "no problem".
    fn count_from(&mut self, value: Option<String>) -> Option<Option<DateTime<Utc>>> {
        let text = or_default("COUNT_FROM", value);
        if text.eq_ignore_ascii_case("start") {
            return Some(None);
        }
        match DateTime::parse_from_rfc3339(&text) {
            Ok(at) if at > Utc::now() => {
                self.problem("COUNT_FROM", &format!("is {text}, which lies in the future"))
            }
            // Each month that is caught up costs a call: a year with a slip in it would use up the day's.
            Ok(at) if at.year() < 2010 => self.problem(
                "COUNT_FROM",
                &format!("is {text}; no report reaches back before 2010"),
            ),
            Ok(at) => Some(Some(at.to_utc())),
            Err(_) => self.problem(
                "COUNT_FROM",
                &format!(
                    "is {}; it must be `start` or a time such as 2026-01-31T00:00:00-05:00",
                    shown_near(&text, ["start"])
                ),
            ),
        }
    }

    fn share(&mut self, variable: &str, value: Option<String>) -> Option<f64> {
        let text = or_default(variable, value);
        match text.parse::<f64>() {
            Ok(share) if share > 0.0 && share <= 1.0 => Some(share),
            _ => self.problem(
                variable,
                &format!(
                    "is {}; it must be a share above 0 and up to 1, such as 0.8",
                    shown(&text)
                ),
            ),
        }
    }

    fn max_series(&mut self, value: Option<String>) -> Option<usize> {
        let text = or_default("MAX_SERIES", value);
        let lines = self.whole_number("MAX_SERIES", &text, 1_000..=10_000_000, 50_000)?;
        usize::try_from(lines).ok()
    }

    /// `Some(None)` is no limit that is known.
    #[allow(clippy::option_option)] // The outer one is "no problem".
    fn api_daily_limit(&mut self, value: Option<String>) -> Option<Option<u64>> {
        let Some(text) = value else { return Some(None) };
        self.whole_number("API_DAILY_LIMIT", &text, 1..=1_000_000_000, 5_000)
            .map(Some)
    }

    fn whole_number(
        &mut self,
        variable: &str,
        text: &str,
        range: RangeInclusive<u64>,
        such_as: u64,
    ) -> Option<u64> {
        match text.parse() {
            Ok(number) if range.contains(&number) => Some(number),
            _ => self.problem(
                variable,
                &format!(
                    "is {}; it must be a whole number between {} and {}, such as {such_as}",
                    shown(text),
                    range.start(),
                    range.end()
                ),
            ),
        }
    }

    fn skill_names(&mut self, value: Option<String>) -> Option<BTreeMap<String, String>> {
        match skill_names::read(&value.unwrap_or_default()) {
            Ok(names) => Some(names),
            Err(errors) => {
                for error in errors {
                    self.problem::<()>("SKILL_NAMES", &error.to_string());
                }
                None
            }
        }
    }

    /// `off` and 0 are off.
    fn retire_after(&mut self, value: Option<String>) -> Option<Duration> {
        let Some(text) = value.filter(|text| !text.eq_ignore_ascii_case("off")) else {
            return Some(Duration::ZERO);
        };
        let after = self.duration("RETIRE_AFTER", Some(text), Duration::ZERO..=3660 * DAY)?;
        if !after.is_zero() && after < 2 * DAY {
            return self.problem(
                "RETIRE_AFTER",
                "is under two days: agents and skills would vanish over a weekend; try 180d, or off",
            );
        }
        Some(after)
    }

    fn switch(&mut self, variable: &str, value: Option<String>) -> Option<bool> {
        self.word(variable, value, &[("true", true), ("false", false)])
    }

    fn word<T: Copy>(&mut self, variable: &str, value: Option<String>, words: &[(&str, T)]) -> Option<T> {
        let text = or_default(variable, value);
        let found = words.iter().find(|(word, _)| text.eq_ignore_ascii_case(word));
        if let Some((_, value)) = found {
            return Some(*value);
        }
        let all: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        self.problem(
            variable,
            &format!(
                "is {}; it must be one of: {}",
                shown_near(&text, all.iter().copied()),
                all.join(", ")
            ),
        )
    }

    fn listen_address(&mut self, value: Option<String>) -> Option<String> {
        let text = or_default("LISTEN_ADDRESS", value);
        // `:10555` is what users of Go programs write for "all addresses".
        let full = if text.starts_with(':') {
            format!("0.0.0.0{text}")
        } else {
            text.clone()
        };
        let is_name_and_port = full.rsplit_once(':').is_some_and(|(host, port)| {
            !host.is_empty() && !host.contains(':') && port.parse::<u16>().is_ok()
        });
        if full.parse::<SocketAddr>().is_ok() || is_name_and_port {
            return Some(full);
        }
        self.problem(
            "LISTEN_ADDRESS",
            &format!(
                "is {}; it must be an address and a port, such as 0.0.0.0:10555",
                shown_near(&text, ["localhost"])
            ),
        )
    }

    fn log(&mut self, value: Option<String>) -> Option<String> {
        let text = or_default("LOG", value);
        // To the filter a mistyped level is the name of a part of the program: all else would fall silent.
        let is_silent = |part: &&str| {
            let part = part.trim();
            !part.is_empty() && !part.contains(['=', '[']) && part.parse::<LevelFilter>().is_err()
        };
        if let Some(part) = text.split(',').find(is_silent) {
            return self.problem(
                "LOG",
                &format!(
                    "is no filter: {} is no level; error, warn, info, debug, trace and off are, and parts of the program have one: hyper=debug",
                    shown_near(part.trim(), LEVELS)
                ),
            );
        }
        match EnvFilter::try_new(&text) {
            Ok(_) => Some(text),
            // The error quotes the value.
            Err(_) => self.problem(
                "LOG",
                &format!(
                    "is {}, which is no filter such as info or info,hyper=debug; levels are {}",
                    length(&text),
                    LEVELS.join(", ")
                ),
            ),
        }
    }

    fn warn_about_quota(&mut self, config: &Config) {
        let calls = calls_a_day(config);
        if let Some(limit) = config.api_daily_limit.filter(|limit| calls > *limit) {
            self.warning(
                "API_DAILY_LIMIT",
                &format!("is {limit}, but polls and sweeps make {calls} calls a day: lengthen WOLKVOX_POLL_INTERVAL"),
            );
        }
    }

    fn warn_about_pace(&mut self, config: &Config) {
        if config.poll_interval < Duration::from_secs(60) {
            self.warning(
                "POLL_INTERVAL",
                "is under a minute. The vendor asks for five, and each call counts against the operation's daily quota",
            );
        }
        self.warn_about_quota(config);
        if config.window < 2 * config.poll_interval {
            self.warning(
                "WINDOW",
                "is shorter than two poll intervals: chats that show up late may have to wait for the next sweep",
            );
        }
        match config.sweep_interval {
            None => self.warning(
                "SWEEP_INTERVAL",
                "is 0: rows that come later than WOLKVOX_WINDOW are never found, and a server that filters on the opening time is not counted right",
            ),
            Some(interval) if config.sweep_lookback < config.window + interval => self.warning(
                "SWEEP_LOOKBACK",
                "is shorter than WOLKVOX_WINDOW and WOLKVOX_SWEEP_INTERVAL together: sweeps find next to nothing",
            ),
            Some(_) => {}
        }
    }
}

/// Calls of a day on which nothing has to be caught up.
fn calls_a_day(config: &Config) -> u64 {
    let calls = |interval: Duration| DAY.as_secs().div_ceil(interval.as_secs().max(1));
    calls(config.poll_interval) + config.sweep_interval.map_or(0, calls)
}

fn or_default(variable: &str, value: Option<String>) -> String {
    value.unwrap_or_else(|| raw::default(variable).to_owned())
}
