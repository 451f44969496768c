//! The web configuration file, in the form that Prometheus' exporter-toolkit gave it: TLS, users, headers, a rate.
//!
//! Nothing in it is ignored: a key that is not known, or that can't be honoured here, is an error.

mod client_auth;
mod file;
mod protection;
mod rate;
mod raw;
mod suite;
mod tls;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hyper::header::{HeaderName, HeaderValue};
use rustls::ServerConfig;
use small_file::Shown;

use super::auth::Users;
use super::cost::Costs;
pub(crate) use file::Fingerprint;
pub(crate) use protection::Protection;
pub use rate::Rate;

/// Headers that may be set, and the values that they may have where that is a short list.
const HEADERS: [(&str, &[&str]); 5] = [
    ("Content-Security-Policy", &[]),
    ("Strict-Transport-Security", &[]),
    ("X-Content-Type-Options", &["nosniff"]),
    ("X-Frame-Options", &["deny", "sameorigin"]),
    ("X-XSS-Protection", &[]),
];

/// With a longer interval too few requests are let in for any scraper.
const LONGEST_INTERVAL: Duration = Duration::from_secs(3600);

/// The speed of an ordinary machine, for a check that must have the same outcome everywhere.
const ORDINARY_SPEED: Duration = Duration::from_millis(4);

/// What the server does besides answering. The default is plain HTTP for everyone.
#[derive(Default)]
pub struct WebConfig {
    /// How TLS is spoken; `None` is plain HTTP.
    pub tls: Option<Arc<ServerConfig>>,
    /// Empty: everyone.
    pub(crate) users: Users,
    /// What every answer carries besides its own headers.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// How many requests are answered.
    pub rate: Option<Rate>,
    /// What is in force, and not as it should be.
    pub(crate) warnings: Vec<String>,
    pub(crate) protection: Protection,
    tls_digest: Option<[u8; 32]>,
}

/// All that is wrong with a web configuration file; at least one problem. No secret is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct WebConfigError {
    /// The file.
    pub path: PathBuf,
    /// One sentence each, beginning with the line or the key.
    pub problems: Vec<String>,
}

impl fmt::Display for WebConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WOLKVOX_WEB_CONFIG_FILE: {} can't be used:", Shown(&self.path))?;
        for problem in &self.problems {
            write!(f, "\n  - {problem}")?;
        }
        write!(f, "\nThe file is explained in docs/web-config.md.")
    }
}

/// Checks the text of a web configuration file; the files that it names are read.
///
/// # Errors
/// All problems at once, in words for the person who wrote it.
pub fn check(text: &str, path: &Path) -> Result<(), WebConfigError> {
    let costs = Costs::of_machine(super::web::REQUEST_TIME_OUT, ORDINARY_SPEED);
    WebConfig::parse(text, path, &mut Fingerprint::default(), &costs).map(drop)
}

impl WebConfig {
    /// Reads a file and those that it names. What was read is known in any case, so that a change can be seen.
    pub(super) fn load(path: &Path, costs: &Costs) -> (Fingerprint, Result<Self, WebConfigError>) {
        let mut files = Fingerprint::default();
        let result = match files.read(path).map(String::from_utf8) {
            Ok(Ok(text)) => Self::parse(&text, path, &mut files, costs),
            Ok(Err(_)) => Err(error(path, vec!["it is not UTF-8 text".to_owned()])),
            Err(cause) => Err(error(path, vec![cause.to_string()])),
        };
        (files, result)
    }

    /// Whether a connection that was opened under this configuration would have been opened under the other one.
    pub fn has_tls_of(&self, other: &Self) -> bool {
        self.tls_digest == other.tls_digest
    }

    fn parse(
        text: &str,
        path: &Path,
        files: &mut Fingerprint,
        costs: &Costs,
    ) -> Result<Self, WebConfigError> {
        let raw = raw::parse(text).map_err(|problems| error(path, problems))?;
        let (mut problems, mut warnings) = (Vec::new(), Vec::new());
        let directory = path.parent().unwrap_or(Path::new(""));
        let tls = raw
            .tls_server_config
            .filter(|tls| !tls.is_empty())
            .and_then(|tls| tls::Builder::new(directory, files, &mut problems).build(&tls));
        let users = raw.basic_auth_users.unwrap_or_default();
        let users = Users::new(users, costs, &mut problems, &mut warnings);
        let http = raw.http_server_config.unwrap_or_default();
        if http.http2 == Some(true) {
            problems.push(
                "http_server_config.http2: true can't be honoured, HTTP/1.1 alone is spoken; write false, or leave it out"
                    .to_owned(),
            );
        }
        let headers = headers(http.headers.unwrap_or_default(), &mut problems);
        let rate = raw.rate_limit.and_then(|raw| rate(&raw, &mut problems));
        if problems.is_empty() {
            let protection = Protection {
                tls: tls.as_ref().map(|tls| tls.protection),
                users: users.len(),
            };
            Ok(Self {
                tls_digest: tls.as_ref().map(|tls| tls.digest),
                tls: tls.map(|tls| Arc::new(tls.config)),
                users,
                headers,
                rate,
                warnings,
                protection,
            })
        } else {
            Err(error(path, problems))
        }
    }
}

/// A name or a word of the file for an error, if it looks like one: where indentation is lost, a line of a key or a
/// hash stands in its place.
pub(super) fn shown(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.@:".contains(&byte);
    if text.len() <= 48 && text.bytes().all(is_plain) {
        format!("`{text}`")
    } else {
        "(something that is not shown, it may be secret)".to_owned()
    }
}

fn error(path: &Path, problems: Vec<String>) -> WebConfigError {
    WebConfigError {
        path: path.to_owned(),
        problems,
    }
}

fn headers(
    raw: impl IntoIterator<Item = (String, Option<String>)>,
    problems: &mut Vec<String>,
) -> Vec<(HeaderName, HeaderValue)> {
    let mut headers = Vec::new();
    for (name, value) in raw {
        let mut problem =
            |what: &str| problems.push(format!("http_server_config.headers: {}: {what}", shown(&name)));
        let Some((_, allowed)) = HEADERS.iter().find(|(known, _)| *known == name) else {
            let names: Vec<_> = HEADERS.iter().map(|(known, _)| *known).collect();
            problem(&format!(
                "can't be set; these can, in this spelling: {}",
                names.join(", ")
            ));
            continue;
        };
        // Blank is not set, as the toolkit has it.
        let Some(value) = value.filter(|value| !value.is_empty()) else {
            continue;
        };
        if !allowed.is_empty() && !allowed.contains(&value.as_str()) {
            problem(&format!(
                "is {}; it must be {}",
                shown(&value),
                allowed.join(" or ")
            ));
            continue;
        }
        match (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_str(&value),
        ) {
            (Ok(name), Ok(value)) => headers.push((name, value)),
            _ => problem("holds something that can't be sent in a header, such as a line break"),
        }
    }
    headers
}

fn rate(raw: &raw::RateLimit, problems: &mut Vec<String>) -> Option<Rate> {
    let mut problem = |what: &str| problems.push(format!("rate_limit.{what}"));
    let interval = match (raw.interval.as_deref(), raw.burst) {
        // An explicit `{}`: no limit.
        (None, None) => return None,
        (None, Some(_)) => {
            problem(
                "interval: is missing, and burst alone limits nothing: write 1s for one request a second",
            );
            None
        }
        (Some(text), _) => interval(text)
            .map_err(|what| problem(&format!("interval: {what}")))
            .ok(),
    };
    let burst = raw.burst.filter(|burst| *burst > 0);
    if burst.is_none() {
        problem("burst: must be 1 or more, else nothing would ever be answered");
    }
    Some(Rate::new(interval?, burst?))
}

fn interval(text: &str) -> Result<Duration, String> {
    // Go takes a zero without a unit.
    let interval = match text {
        "0" => Ok(Duration::ZERO),
        text => humantime::parse_duration(text),
    };
    match interval {
        Ok(Duration::ZERO) => {
            Err("is zero, which limits nothing; leave rate_limit out for no limit".to_owned())
        }
        Ok(interval) if interval > LONGEST_INTERVAL => Err(format!(
            "is {}, and after the burst only one request would be answered in each; write an hour (1h) or less",
            shown(text)
        )),
        Ok(interval) => Ok(interval),
        Err(_) => Err(format!(
            "is {}, which is not a duration; write 1s or 100ms",
            shown(text)
        )),
    }
}

#[cfg(test)]
mod tests;
