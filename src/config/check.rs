//! Raw variables → checked settings.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Datelike, Utc};
use chrono_tz::Tz;
use reqwest::Url;
use secrecy::SecretString;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use super::raw::{self, PREFIX, Raw};
use super::{Config, LogFormat};
use crate::ledger::Agents;
use crate::wolkvox::client::Token;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

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
            agents: agents?,
            exemplars: exemplars?,
            created_samples: created_samples?,
            max_series: max_series?,
            retire_after: Some(retire_after?).filter(|after| !after.is_zero()),
            state_dir: PathBuf::from(raw.state_dir.unwrap_or_else(|| "wolkvox-state".to_owned())),
            ca_file: raw.ca_file.map(PathBuf::from),
            listen_address: listen_address?,
            web_config_file: raw.web_config_file.map(PathBuf::from),
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

    /// The address, and the name that the operation has by default.
    fn server(
        &mut self,
        server: Option<String>,
        base: Option<String>,
        insecure: bool,
    ) -> Option<(Url, String)> {
        match (server, base) {
            (Some(server), None) => self.numbered_server(&server),
            (None, Some(base)) => self.base_url(&base, insecure),
            (None, None) => self.problem(
                "SERVER",
                "is not set. It is the number in the address where you log in: 0010 for https://wv0010.wolkvox.com (or set WOLKVOX_BASE_URL for a gateway). To look around without a Wolkvox server, run `wolkvox-exporter demo`",
            ),
            (Some(_), Some(_)) => self.problem("SERVER", "and WOLKVOX_BASE_URL are both set; exactly one is needed"),
        }
    }

    fn numbered_server(&mut self, server: &str) -> Option<(Url, String)> {
        let lower = server.to_ascii_lowercase();
        let number = lower.strip_prefix("wv").unwrap_or(&lower);
        let is_name =
            !number.is_empty() && number.len() <= 32 && number.bytes().all(|b| b.is_ascii_alphanumeric());
        let url = Url::parse(&format!("https://wv{number}.wolkvox.com"))
            .ok()
            .filter(|_| is_name);
        match url {
            Some(url) => Some((url, number.to_owned())),
            None => self.problem(
                "SERVER",
                &format!("is {server:?}; it should be the number alone, such as 0010 or wv0010"),
            ),
        }
    }

    fn base_url(&mut self, base: &str, insecure: bool) -> Option<(Url, String)> {
        let parsed = Url::parse(base)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https"));
        let Some((url, host)) = parsed.and_then(|url| Some((url.clone(), url.host_str()?.to_owned()))) else {
            return self.problem(
                "BASE_URL",
                "is not an address such as https://gateway.example:8443",
            );
        };
        let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if !is_bare || !url.username().is_empty() || url.password().is_some() {
            return self.problem(
                "BASE_URL",
                "must be scheme, host and port alone: no path, no query, no user (the report's path is added)",
            );
        }
        if url.scheme() == "http" && !is_loopback(&host) {
            if !insecure {
                return self.problem(
                    "BASE_URL",
                    "is plain http: anyone on the way could read the token. Use https, or set WOLKVOX_ALLOW_INSECURE_HTTP=true if that is what you want",
                );
            }
            self.warning("BASE_URL", "is plain http: anyone on the way can read the token");
        }
        Some((url, host))
    }

    fn token(&mut self, token: Option<String>, file: Option<String>) -> Option<Token> {
        match (token, file) {
            (Some(token), None) => {
                let token = Token::Fixed(SecretString::from(token));
                if token.read().is_err() {
                    return self.problem(
                        "TOKEN",
                        "holds something that no token does: blanks, line breaks or letters outside ASCII",
                    );
                }
                Some(token)
            }
            (None, Some(file)) => Some(Token::File(PathBuf::from(file))),
            (None, None) => self.problem(
                "TOKEN",
                "is not set. It is the wolkvox-token of your operation (or set WOLKVOX_TOKEN_FILE to a file that holds it)",
            ),
            (Some(_), Some(_)) => self.problem("TOKEN", "and WOLKVOX_TOKEN_FILE are both set; exactly one is needed"),
        }
    }

    fn operation(&mut self, operation: Option<String>, default: Option<&String>) -> Option<String> {
        let operation = operation.or_else(|| default.cloned())?;
        if operation.chars().count() > 128 || operation.chars().any(char::is_control) {
            return self.problem(
                "OPERATION",
                "must be a short name: at most 128 characters, no control characters",
            );
        }
        Some(operation)
    }

    fn timezone(&mut self, value: Option<String>) -> Option<Tz> {
        let name = or_default("TIMEZONE", value);
        match Tz::from_str_insensitive(&name) {
            Ok(zone) => Some(zone),
            Err(_) => self.problem(
                "TIMEZONE",
                &format!("is {name:?}, which is not an IANA time zone; America/Bogota or Europe/Madrid are"),
            ),
        }
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
                &format!("is {text:?}, which is not a duration; write it with a unit, such as {default}"),
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
                &format!("is {text:?}; it must be `start` or a time such as 2026-01-31T00:00:00-05:00"),
            ),
        }
    }

    fn share(&mut self, variable: &str, value: Option<String>) -> Option<f64> {
        let text = or_default(variable, value);
        match text.parse::<f64>() {
            Ok(share) if share > 0.0 && share <= 1.0 => Some(share),
            _ => self.problem(
                variable,
                &format!("is {text:?}; it must be a share above 0 and up to 1, such as 0.8"),
            ),
        }
    }

    fn max_series(&mut self, value: Option<String>) -> Option<usize> {
        let Some(text) = value else { return Some(50_000) };
        match text.parse() {
            Ok(lines @ 1_000..=10_000_000) => Some(lines),
            _ => self.problem(
                "MAX_SERIES",
                &format!("is {text:?}; it must be a whole number between 1000 and 10000000, such as 50000"),
            ),
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
            &format!("is {text:?}; it must be one of: {}", all.join(", ")),
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
            &format!("is {text:?}; it must be an address and a port, such as 0.0.0.0:10555"),
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
                &format!("is {text:?}, and {part:?} is no level; error, warn, info, debug, trace and off are, and parts of the program have one: {part}=debug"),
            );
        }
        match EnvFilter::try_new(&text) {
            Ok(_) => Some(text),
            Err(error) => self.problem("LOG", &format!("is {text:?}: {error}; try info, debug or warn")),
        }
    }

    fn warn_about_pace(&mut self, config: &Config) {
        if config.poll_interval < Duration::from_secs(60) {
            self.warning(
                "POLL_INTERVAL",
                "is under a minute. The vendor asks for five, and each call counts against the operation's daily quota",
            );
        }
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

fn or_default(variable: &str, value: Option<String>) -> String {
    value.unwrap_or_else(|| raw::default(variable).to_owned())
}

fn is_loopback(host: &str) -> bool {
    let address = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}
