//! The variables as they are: text, all optional. An unknown one is a typing mistake and told with the nearest known
//! name.

use serde::Deserialize;

/// All variables start with this.
pub(super) const PREFIX: &str = "WOLKVOX_";

macro_rules! variables {
    ($($field:ident),+ $(,)?) => {
        /// The variables, by their names without the prefix, in lower case. Without `Debug`: it holds the token.
        #[derive(Default, Deserialize)]
        pub(super) struct Raw {
            $(pub(super) $field: Option<String>,)+
        }

        const FIELDS: &[&str] = &[$(stringify!($field)),+];
    };
}

variables! {
    server, base_url, allow_insecure_http, token, token_file, operation, agent_dni, timezone, poll_interval, window,
    sweep_interval, sweep_lookback, count_from, request_timeout, asa_target, service_level_target, agents, exemplars,
    created_samples, max_series, retire_after, state_dir, ca_file, listen_address, web_config_file, log, log_format,
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
            // systemd lists several directories with colons between; the first one is ours.
            state_directory = value
                .ok()
                .and_then(|list| list.split(':').next().map(str::to_owned));
            continue;
        }
        let Some(field) = name.strip_prefix(PREFIX).map(str::to_ascii_lowercase) else {
            continue;
        };
        if !FIELDS.contains(&field.as_str()) {
            if !is_from_kubernetes(&name) {
                problems.push(unknown(&name, &field));
            }
            continue;
        }
        match value {
            Ok(value) if value.trim().is_empty() => {}
            Ok(value) => known.push((name, value.trim().to_owned())),
            Err(_) => problems.push(format!("{name} is not UTF-8 text")),
        }
    }
    let mut raw: Raw = envy::prefixed(PREFIX).from_iter(known).unwrap_or_else(|error| {
        problems.push(error.to_string());
        Raw::default()
    });
    raw.state_dir = raw
        .state_dir
        .or(state_directory.filter(|directory| !directory.is_empty()));
    raw
}

fn unknown(name: &str, field: &str) -> String {
    let nearest = FIELDS
        .iter()
        .map(|known| (strsim::damerau_levenshtein(known, field), known))
        .min()
        .map(|(_, known)| known.to_uppercase())
        .unwrap_or_default();
    format!("{name} is not a variable of this exporter; did you mean {PREFIX}{nearest}?")
}

/// For a Service named `wolkvox`, Kubernetes gives every container in its namespace variables with our prefix.
fn is_from_kubernetes(name: &str) -> bool {
    if name.ends_with("_SERVICE_HOST") || name.ends_with("_PORT") || name.contains("_SERVICE_PORT") {
        return true;
    }
    // WOLKVOX_PORT_10555_TCP, WOLKVOX_PORT_10555_TCP_ADDR, …
    name.split_once("_PORT_").is_some_and(|(_, rest)| {
        let mut parts = rest.split('_');
        let is_port = parts.next().is_some_and(|port| port.parse::<u16>().is_ok());
        is_port && matches!(parts.next(), Some("TCP" | "UDP" | "SCTP"))
    })
}
