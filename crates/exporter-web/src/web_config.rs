//! The web configuration file, in the form that Prometheus' exporter-toolkit gave it: TLS, users, headers, a rate.
//!
//! What is in it is what it says: a key that is not known, or that can't be honoured here, is an error.

mod client_auth;
mod file;
mod rate;
mod raw;
mod tls;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hyper::header::{HeaderName, HeaderValue};
use rustls::ServerConfig;

use super::auth::Users;
pub(crate) use file::Fingerprint;
pub use rate::Rate;

/// Headers that may be set, and the values that they may have where that is a short list.
const HEADERS: [(&str, &[&str]); 5] = [
    ("Content-Security-Policy", &[]),
    ("Strict-Transport-Security", &[]),
    ("X-Content-Type-Options", &["nosniff"]),
    ("X-Frame-Options", &["deny", "sameorigin"]),
    ("X-XSS-Protection", &[]),
];

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
        write!(
            f,
            "WOLKVOX_WEB_CONFIG_FILE: {} can't be used:",
            self.path.display()
        )?;
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
    WebConfig::parse(text, path, &mut Fingerprint::default()).map(drop)
}

impl WebConfig {
    /// Reads a file and those that it names. What was read is known in any case, so that a change can be seen.
    pub(super) fn load(path: &Path) -> (Fingerprint, Result<Self, WebConfigError>) {
        let mut files = Fingerprint::default();
        let result = match files.read(path).map(String::from_utf8) {
            Ok(Ok(text)) => Self::parse(&text, path, &mut files),
            Ok(Err(_)) => Err(error(path, vec!["it is not UTF-8 text".to_owned()])),
            Err(cause) => Err(error(path, vec![format!("it can't be read ({cause})")])),
        };
        (files, result)
    }

    fn parse(text: &str, path: &Path, files: &mut Fingerprint) -> Result<Self, WebConfigError> {
        let raw = raw::parse(text).map_err(|problem| error(path, vec![problem]))?;
        let mut problems = Vec::new();
        let directory = path.parent().unwrap_or(Path::new(""));
        let tls = raw
            .tls_server_config
            .filter(|tls| !tls.is_empty())
            .and_then(|tls| {
                tls::Builder {
                    directory,
                    files,
                    problems: &mut problems,
                }
                .server_config(&tls)
            });
        let users = Users::new(raw.basic_auth_users.unwrap_or_default(), &mut problems);
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
            Ok(Self {
                tls: tls.map(Arc::new),
                users,
                headers,
                rate,
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
    let text = raw.interval.as_deref().unwrap_or("0");
    let interval = if text == "0" {
        Ok(Duration::ZERO)
    } else {
        humantime::parse_duration(text)
    };
    match (interval, raw.burst) {
        (Ok(Duration::ZERO), _) => None,
        (Ok(interval), Some(burst @ 1..)) => Some(Rate::new(interval, burst)),
        (Ok(_), _) => {
            problems
                .push("rate_limit.burst: must be 1 or more, else nothing would ever be answered".to_owned());
            None
        }
        (Err(_), _) => {
            problems.push(format!(
                "rate_limit.interval: is {}, which is not a duration; write 1s or 100ms",
                shown(text)
            ));
            None
        }
    }
}

#[cfg(test)]
mod tests;
