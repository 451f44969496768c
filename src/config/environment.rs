//! The variables as they are in the environment: text, all optional. An unknown one is a typing mistake, and its problem
//! names the nearest known one.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::literal;
use super::proxy::ProxyVariables;
use super::shown::nearest;
use super::variable::{PREFIX, Variable};

/// A secret of this length is recognised inside another value too.
const LONG_SECRET: usize = 8;
/// A shorter one may be some other number or word by chance.
const SHORT_SECRET: usize = 5;

/// What systemd sets for `StateDirectory=`. It stands in for `WOLKVOX_STATE_DIR`.
const SYSTEMD: &str = "STATE_DIRECTORY";

/// What systemd sets for `LoadCredential=`. The credential `token` in it stands in for `WOLKVOX_TOKEN_FILE`.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// Values by the variables' names without the prefix, in lower case, as envy has them.
pub(super) type Raw = BTreeMap<String, String>;

/// Picks out the exporter's variables, and those of proxies. What is wrong goes to `problems`; an empty value is not set.
pub(super) fn read(
    variables: impl IntoIterator<Item = (String, Result<String, String>)>,
    proxies: &mut ProxyVariables,
    problems: &mut Vec<String>,
) -> Raw {
    let (mut state_directory, mut credentials) = (None, None);
    let mut known = Vec::new();
    let variables = variables
        .into_iter()
        .filter_map(|(name, value)| proxies.take(name, value));
    for (name, value) in variables {
        if name == SYSTEMD {
            state_directory = Some(value);
            continue;
        }
        if name == CREDENTIALS {
            credentials = value.ok();
            continue;
        }
        let Some(short) = name.strip_prefix(PREFIX) else {
            continue;
        };
        if !Variable::all().any(|known| known.short == short) {
            if !is_from_kubernetes(&name, value.as_deref().unwrap_or_default()) {
                problems.push(unknown(&name, short));
            }
            continue;
        }
        match value {
            Ok(value) if value.trim().is_empty() => {}
            Ok(value) => {
                known.extend(literal(&name, short, value.trim(), problems).map(|value| (name, value)));
            }
            Err(_) => problems.push(format!("{name} is not UTF-8 text")),
        }
    }
    find_secrets(&known, problems);
    let mut raw: Raw = envy::prefixed(PREFIX).from_iter(known).unwrap_or_else(|error| {
        problems.push(error.to_string());
        Raw::default()
    });
    let is_in_database = raw.contains_key("state_url") || raw.contains_key("state_url_file");
    // A unit may have the directory for other files.
    let state_directory = state_directory.filter(|_| !is_in_database);
    if let Some(directory) = state_directory.and_then(|list| from_systemd(list, problems)) {
        raw.entry("state_dir".to_owned()).or_insert(directory);
    }
    if let Some(token) = credentials.and_then(|directory| token_credential(&raw, &directory)) {
        raw.insert("token_file".to_owned(), token);
    }
    raw
}

/// The credential with the token, where no variable says where a token is. An empty one is none: the package makes an empty
/// file, so that the service starts also where the token is a variable.
fn token_credential(raw: &Raw, directory: &str) -> Option<String> {
    let others = ["token", "token_file", "operations_file"];
    if others.iter().any(|name| raw.contains_key(*name)) {
        return None;
    }
    let file = Path::new(directory).join("token");
    let is_empty = fs::metadata(&file).ok()?.len() == 0;
    (!is_empty).then(|| file.to_str().map(str::to_owned))?
}

/// What the variable holds; without quotes around it, so that what is in them is checked in the same run.
fn literal(name: &str, short: &str, value: &str, problems: &mut Vec<String>) -> Option<String> {
    problems.extend(literal::problem(short, value).map(|problem| format!("{name} {problem}")));
    let value = literal::unquoted(value).unwrap_or(value);
    (!value.is_empty()).then(|| value.to_owned())
}

/// A secret in another variable would be shown: as a label, a host, the name of a file.
fn find_secrets(variables: &[(String, String)], problems: &mut Vec<String>) {
    for secret in ["TOKEN", "AGENT_DNI"].map(|short| format!("{PREFIX}{short}")) {
        let Some((_, value)) = variables.iter().find(|(name, _)| *name == secret) else {
            continue;
        };
        for (name, holder) in variables.iter().filter(|(name, _)| *name != secret) {
            if holds(holder, value) {
                problems.push(format!(
                    "{name} holds the value of {secret}, which would be shown there: was it put into the wrong variable?"
                ));
            }
        }
    }
}

/// Whether a value is a secret, or has it in it.
pub(super) fn holds(value: &str, secret: &str) -> bool {
    let is_part = secret.len() >= LONG_SECRET && value.contains(secret);
    // A short document may well be the number of a server, or a count.
    let is_whole = value == secret && secret.len() >= SHORT_SECRET;
    is_part || is_whole
}

/// systemd lists several directories with colons between; the first one is ours.
fn from_systemd(list: Result<String, String>, problems: &mut Vec<String>) -> Option<String> {
    let Ok(list) = list else {
        // Going on with the default would be a first start beside the state that there is.
        problems.push(format!("{SYSTEMD} is not UTF-8 text"));
        return None;
    };
    let first = list.split(':').next().unwrap_or_default();
    (!first.is_empty()).then(|| first.to_owned())
}

fn unknown(name: &str, short: &str) -> String {
    let nearest = nearest(&short.to_uppercase(), Variable::all().map(|known| known.short));
    format!("{name} is not a variable of this exporter; did you mean {PREFIX}{nearest}?")
}

/// For a Service named `wolkvox` or `wolkvox-…`, Kubernetes gives every container in its namespace variables with our
/// prefix. Their values count too: `WOLKVOX_PORT=9100` is somebody's mistake.
fn is_from_kubernetes(name: &str, value: &str) -> bool {
    if name.ends_with("_SERVICE_HOST") || name.contains("_SERVICE_PORT") {
        return true;
    }
    if name.ends_with("_PORT") && value.contains("://") {
        return true;
    }
    // WOLKVOX_PORT_10555_TCP, WOLKVOX_PORT_10555_TCP_ADDR, …
    name.split_once("_PORT_").is_some_and(|(_, rest)| {
        let mut parts = rest.split('_');
        let is_port = parts.next().is_some_and(|port| port.parse::<u16>().is_ok());
        is_port && matches!(parts.next(), Some("TCP" | "UDP" | "SCTP"))
    })
}
