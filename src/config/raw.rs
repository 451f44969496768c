//! The variables as they are: text, all optional. An unknown one is a typing mistake and told with the nearest known
//! name.

use serde::Deserialize;

use super::literal;
use super::variable::{Preset, Variable};

/// A secret that is so long is one within another value too.
const LONG_SECRET: usize = 8;
/// A shorter one may be some other number or word by chance.
const SHORT_SECRET: usize = 5;

/// All variables start with this.
pub(super) const PREFIX: &str = "WOLKVOX_";

macro_rules! variables {
    ($($field:ident: $default:expr, $meaning:literal;)+) => {
        /// The variables, by their names without the prefix, in lower case. Without `Debug`: one of them is the token.
        #[derive(Default, Deserialize)]
        pub(super) struct Raw {
            $(pub(super) $field: Option<String>,)+
        }

        pub(super) const VARIABLES: &[Variable] = &[
            $(Variable { field: stringify!($field), default: $default, meaning: $meaning },)+
        ];
    };
}

use Preset::{None as Nothing, Value, Words};

variables! {
    server: Nothing, "The number of your Wolkvox server: `0010` or `wv0010` for `https://wv0010.wolkvox.com`. Exactly one of this and `WOLKVOX_BASE_URL`.";
    base_url: Nothing, "In place of the server: scheme, host and port of a gateway or a test server.";
    allow_insecure_http: Value("false"), "`true` allows plain `http` to another machine. Without it only to this one.";
    token: Nothing, "The `wolkvox-token`. Exactly one of this and `WOLKVOX_TOKEN_FILE`.";
    token_file: Nothing, "A file with the token. Read again before each request, so a new token needs no restart.";
    operation: Words("the server's number, or the host of `WOLKVOX_BASE_URL`"), "Value of the label `operation`. Also names the state file.";
    agent_dni: Nothing, "Asks for the chats of the agent with this identity document only.";
    timezone: Value("America/Bogota"), "Zone of the report's dates: its IANA name, or a fixed offset from UTC such as `-05:00`.";
    poll_interval: Value("5m"), "Time between two polls. The vendor asks for five minutes.";
    window: Value("30m"), "How far each poll reaches back, and what the gauges of the latest window cover.";
    sweep_interval: Value("1h"), "How often to look further back for rows that came late. `0` is never.";
    sweep_lookback: Value("26h"), "How far back that look goes.";
    count_from: Value("start"), "`start`, or a time such as `2026-01-31T00:00:00-05:00`: chats closed before it are not counted. Read at the first start only.";
    request_timeout: Value("90s"), "Longest time for one request, from the call to the end of the answer.";
    asa_target: Value("30s"), "A chat answered within this is within the target.";
    service_level_target: Value("0.8"), "Share of the chats that should be answered within the target. Shown as a metric to compare with.";
    api_daily_limit: Nothing, "Calls that your operation has a day: licences × 1000. Shown as a metric to compare with.";
    skill_names: Nothing, "Names of skills, which the report lacks: `12=Sales, 13=Support`. Shown as a metric to join with.";
    agents: Value("ids"), "`off`: no metrics per agent. `ids`: by extension number. `names`: also the agents' names, which are personal data.";
    exemplars: Value("false"), "`true` adds exemplars with the `conn_id` to the histograms (OpenMetrics only).";
    created_samples: Value("false"), "`true` adds `_created` samples (OpenMetrics only).";
    max_series: Value("50000"), "Most sample lines that label sets from the report may take. Past it new ones are counted with their open labels as `other`.";
    retire_after: Value("off"), "A label set without a chat for so long, such as `180d`, is dropped. `off` keeps all.";
    state_dir: Words("systemd's `STATE_DIRECTORY`, else `wolkvox-state` in the working directory"), "Directory of the state file. Must be writable and must outlive the process.";
    ca_file: Words("the system's roots"), "PEM file with the root certificates to trust in place of the system's.";
    listen_address: Value("0.0.0.0:10555"), "Address and port of `/metrics`.";
    web_config_file: Nothing, "TLS, users and headers of `/metrics`, in the format of Prometheus' exporters: see docs/web-config.md. Read again when it changes.";
    log: Value("info"), "`error`, `warn`, `info`, `debug` or `trace`, or a filter such as `info,hyper=debug`.";
    log_format: Value("text"), "`text` or `json`.";
}

/// Picks out the exporter's variables. What is wrong goes to `problems`; an empty value is not set.
pub(super) fn read(
    variables: impl IntoIterator<Item = (String, Result<String, String>)>,
    problems: &mut Vec<String>,
) -> Raw {
    let mut state_directory = None;
    let mut known = Vec::new();
    for (name, value) in variables {
        if name == "STATE_DIRECTORY" {
            state_directory = Some(value);
            continue;
        }
        let Some(short) = name.strip_prefix(PREFIX) else {
            continue;
        };
        if !VARIABLES.iter().any(|known| known.field.to_uppercase() == short) {
            if !is_from_kubernetes(&name, value.as_deref().unwrap_or_default()) {
                problems.push(unknown(&name, &short.to_lowercase()));
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
    if raw.state_dir.is_none() {
        raw.state_dir = state_directory.and_then(|list| from_systemd(list, problems));
    }
    raw
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
            let is_part = value.len() >= LONG_SECRET && holder.contains(value);
            // A short document may well be the number of a server, or a count.
            let is_whole = holder == value && value.len() >= SHORT_SECRET;
            if is_part || is_whole {
                problems.push(format!(
                    "{name} holds the value of {secret}, which would be shown there: was it put into the wrong variable?"
                ));
            }
        }
    }
}

/// systemd lists several directories with colons between; the first one is ours.
fn from_systemd(list: Result<String, String>, problems: &mut Vec<String>) -> Option<String> {
    let Ok(list) = list else {
        // Going on with the default would be a first start beside the state that there is.
        problems.push("STATE_DIRECTORY is not UTF-8 text".to_owned());
        return None;
    };
    let first = list.split(':').next().unwrap_or_default();
    (!first.is_empty()).then(|| first.to_owned())
}

/// What holds where a variable is not set.
pub(super) fn default(variable: &str) -> &'static str {
    let known = VARIABLES
        .iter()
        .find(|known| known.field.eq_ignore_ascii_case(variable));
    match known.map(|known| known.default) {
        Some(Value(value)) => value,
        _ => "",
    }
}

fn unknown(name: &str, field: &str) -> String {
    let nearest = VARIABLES
        .iter()
        .map(|known| (strsim::damerau_levenshtein(known.field, field), known.field))
        .min()
        .map(|(_, known)| known.to_uppercase())
        .unwrap_or_default();
    format!("{name} is not a variable of this exporter; did you mean {PREFIX}{nearest}?")
}

/// For a Service named `wolkvox` or `wolkvox-…`, Kubernetes gives every container in its namespace variables with our
/// prefix. Told by the value too: `WOLKVOX_PORT=9100` is somebody's mistake.
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
