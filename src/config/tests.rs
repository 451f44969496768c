//! What can be set, and what is said of mistakes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;
use wolkvox::Zone;

use super::*;
use crate::token::ConfiguredToken;

mod mistaken;
mod server;
mod shown;
mod state;
mod web;

/// For the tests of other rooms.
pub(crate) static COUNTING: Counting = Counting {
    count_from: None,
    asa_target_ms: 20_000,
    service_level_target: 0.8,
    business_hours: None,
    skill_names: BTreeMap::new(),
    skill_catalogue: false,
    agents: Agents::Names,
    recontact: None,
    max_series: 150_000,
    retire_after: None,
    objectives: BTreeMap::new(),
};

const MINUTE: Duration = Duration::from_secs(60);
const NEEDED: [(&str, &str); 2] = [("WOLKVOX_SERVER", "0010"), ("WOLKVOX_TOKEN", "SECRET123")];

pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_773_154_800, 0).unwrap()
}

fn read(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), Ok((*value).to_owned()));
    Config::from_variables(variables.iter().map(owned), now())
}

/// With a server and a token.
pub(crate) fn with(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    read(&[&NEEDED, variables].concat())
}

impl Config {
    /// The first operation: the only one where the environment describes it.
    pub(crate) fn operation(&self) -> &OperationConfig {
        &self.operations[0]
    }

    /// The same, for what needs nothing else.
    pub(crate) fn into_operation(mut self) -> OperationConfig {
        self.operations.swap_remove(0)
    }
}

/// With a token and a base address.
pub(crate) fn at(base: &str, more: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let needed = [("WOLKVOX_BASE_URL", base), ("WOLKVOX_TOKEN", "SECRET123")];
    read(&[&needed, more].concat())
}

/// The only problem.
fn problem(result: Result<Config, ConfigError>) -> String {
    let problems = result.unwrap_err().problems;
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems.into_iter().next().unwrap()
}

#[test]
fn a_server_and_a_token_are_enough_and_the_rest_is_as_documented() {
    let config = with(&[]).unwrap();
    assert_eq!(
        config.operation().server.base_url.as_str(),
        "https://wv0010.wolkvox.com/"
    );
    assert_eq!(config.operation().server.operation, "0010");
    assert!(config.operation().server.agent_dni.is_none());
    assert_eq!(
        config.operation().server.timezone,
        Zone::Named(chrono_tz::America::Bogota)
    );
    assert_eq!(config.operation().polling.poll_interval, 5 * MINUTE);
    assert_eq!(config.operation().polling.window, 30 * MINUTE);
    assert_eq!(config.operation().polling.sweep_interval, Some(60 * MINUTE));
    assert_eq!(config.operation().polling.sweep_lookback, 26 * 60 * MINUTE);
    assert_eq!(config.operation().counting.count_from, None);
    assert_eq!(config.operation().server.request_timeout, Duration::from_secs(90));
    assert_eq!(config.operation().counting.asa_target_ms, 30_000);
    assert!((config.operation().counting.service_level_target - 0.8).abs() < f64::EPSILON);
    assert_eq!(config.operation().counting.agents, Agents::Ids);
    assert!(!config.web.exemplars && !config.web.created_samples);
    assert_eq!(config.state.directory(), Some(Path::new("./wolkvox-state")));
    assert_eq!(config.operation().server.ca_file, None);
    assert_eq!(config.web.listen_address, "0.0.0.0:10555");
    assert_eq!(config.log.filter, "info");
    assert_eq!(config.log.format, LogFormat::Text);
    assert_eq!(config.operation().warnings, Vec::<String>::new());
}

#[test]
fn setting_a_default_changes_nothing() {
    let defaults: Vec<_> = variable::Variable::all()
        .filter_map(|variable| match variable.default {
            variable::Preset::Value(value) => Some((variable.name(), value)),
            _ => None,
        })
        .collect();
    let set: Vec<_> = defaults
        .iter()
        .map(|(name, value)| (name.as_str(), *value))
        .collect();
    assert_eq!(
        format!("{:?}", with(&set).unwrap()),
        format!("{:?}", with(&[]).unwrap())
    );
}

#[test]
fn all_problems_are_reported_at_once_each_with_its_variable() {
    let error = read(&[
        ("WOLKVOX_TIMEZONE", "Bogota"),
        ("WOLKVOX_POLL_INTERVAL", "300"),
        ("WOLKVOX_AGENTS", "yes"),
        ("WOLKVOX_TOKENS", "x"),
    ])
    .unwrap_err();
    let reported = error.to_string();
    for variable in ["SERVER", "TOKEN", "TIMEZONE", "POLL_INTERVAL", "AGENTS", "TOKENS"] {
        assert!(
            reported.contains(&format!("  - WOLKVOX_{variable} ")),
            "{variable} is not in {reported}"
        );
    }
    assert_eq!(error.problems.len(), 6, "{reported}");
}

#[test]
fn an_empty_value_is_not_set() {
    let config = with(&[
        ("WOLKVOX_BASE_URL", ""),
        ("WOLKVOX_TOKEN_FILE", "  "),
        ("WOLKVOX_OPERATION", ""),
        ("WOLKVOX_POLL_INTERVAL", ""),
    ])
    .unwrap();
    assert_eq!(
        (
            config.operation().server.operation.as_str(),
            config.operation().polling.poll_interval
        ),
        ("0010", 5 * MINUTE)
    );
}

#[test]
fn an_unknown_variable_is_reported_with_the_nearest_known_one() {
    for (wrong, right) in [
        ("WOLKVOX_POLL_INTERVALL", "WOLKVOX_POLL_INTERVAL"),
        ("WOLKVOX_TIME_ZONE", "WOLKVOX_TIMEZONE"),
        ("WOLKVOX_LISTEN_ADDR", "WOLKVOX_LISTEN_ADDRESS"),
        ("WOLKVOX_server", "WOLKVOX_SERVER"),
        ("WOLKVOX_LISTEN_PORT", "WOLKVOX_LISTEN_ADDRESS"),
    ] {
        let problem = problem(with(&[(wrong, "9100")]));
        assert!(problem.starts_with(wrong), "{problem}");
        if right != "WOLKVOX_LISTEN_ADDRESS" || wrong == "WOLKVOX_LISTEN_ADDR" {
            assert!(problem.ends_with(&format!("did you mean {right}?")), "{problem}");
        }
    }
    assert!(with(&[("WOLKVOXOPERATION", "x"), ("PATH", "/bin")]).is_ok());
}

#[test]
fn what_kubernetes_injects_for_a_service_is_tolerated() {
    for service in ["WOLKVOX", "WOLKVOX_EXPORTER"] {
        let suffixes = [
            ("SERVICE_HOST", "10.0.0.1"),
            ("SERVICE_PORT", "10555"),
            ("SERVICE_PORT_METRICS", "10555"),
            ("PORT", "tcp://10.0.0.1:10555"),
            ("PORT_10555_TCP", "tcp://10.0.0.1:10555"),
            ("PORT_10555_TCP_PROTO", "tcp"),
            ("PORT_10555_TCP_PORT", "10555"),
            ("PORT_10555_TCP_ADDR", "10.0.0.1"),
        ];
        for (suffix, value) in suffixes {
            let name = format!("{service}_{suffix}");
            assert!(with(&[(&name, value)]).is_ok(), "{name}");
        }
    }
    assert!(problem(with(&[("WOLKVOX_PORT", "9100")])).starts_with("WOLKVOX_PORT is not a variable"));
    assert!(problem(with(&[("WOLKVOX_PORT_X_TCP", "1")])).starts_with("WOLKVOX_PORT_X_TCP is not"));
}

#[test]
fn a_duration_has_a_unit_and_bounds() {
    let config = with(&[
        ("WOLKVOX_POLL_INTERVAL", "1m 30s"),
        ("WOLKVOX_ASA_TARGET", "1500ms"),
        ("WOLKVOX_SWEEP_INTERVAL", "0"),
    ])
    .unwrap();
    assert_eq!(config.operation().polling.poll_interval, Duration::from_secs(90));
    assert_eq!(config.operation().counting.asa_target_ms, 1_500);
    assert_eq!(config.operation().polling.sweep_interval, None);
    assert_eq!(
        with(&[("WOLKVOX_SWEEP_INTERVAL", "0s")])
            .unwrap()
            .into_operation()
            .polling
            .sweep_interval,
        None
    );
    for text in ["300", "five minutes", "-5m", "5"] {
        let problem = problem(with(&[("WOLKVOX_POLL_INTERVAL", text)]));
        assert!(
            problem.contains("is not a duration") && problem.ends_with("such as 5m"),
            "{problem}"
        );
    }
    for (variable, values) in [
        ("POLL_INTERVAL", ["0", "999ms", "25h"]),
        ("WINDOW", ["0", "999ms", "32d"]),
        ("SWEEP_INTERVAL", ["32d", "33d", "1y"]),
        ("SWEEP_LOOKBACK", ["0", "999ms", "367d"]),
        ("REQUEST_TIMEOUT", ["0", "999ms", "61m"]),
        ("ASA_TARGET", ["0", "999ms", "32d"]),
    ] {
        for value in values {
            let name = format!("WOLKVOX_{variable}");
            let problem = problem(with(&[(&name, value)]));
            assert!(problem.contains("must lie between"), "{name}={value}: {problem}");
        }
    }
}

#[test]
fn what_works_but_was_probably_not_meant_is_a_warning() {
    for (variables, warned) in [
        (
            vec![("WOLKVOX_POLL_INTERVAL", "59s")],
            vec!["WOLKVOX_POLL_INTERVAL"],
        ),
        (vec![("WOLKVOX_POLL_INTERVAL", "60s")], vec![]),
        (vec![("WOLKVOX_WINDOW", "9m")], vec!["WOLKVOX_WINDOW"]),
        (vec![("WOLKVOX_WINDOW", "10m")], vec![]),
        (
            vec![("WOLKVOX_SWEEP_INTERVAL", "0")],
            vec!["WOLKVOX_SWEEP_INTERVAL"],
        ),
        (
            vec![("WOLKVOX_SWEEP_LOOKBACK", "89m")],
            vec!["WOLKVOX_SWEEP_LOOKBACK"],
        ),
        (vec![("WOLKVOX_SWEEP_LOOKBACK", "90m")], vec![]),
        (
            vec![("WOLKVOX_SWEEP_LOOKBACK", "1h"), ("WOLKVOX_SWEEP_INTERVAL", "0")],
            vec!["WOLKVOX_SWEEP_INTERVAL"],
        ),
    ] {
        let warnings = with(&variables).unwrap().into_operation().warnings;
        let names: Vec<_> = warnings
            .iter()
            .filter_map(|text| text.split(' ').next())
            .collect();
        assert_eq!(names, warned, "{variables:?}");
    }
}

#[test]
fn counting_begins_at_the_start_or_at_a_time_in_the_past() {
    let from = |value| with(&[("WOLKVOX_COUNT_FROM", value)]);
    assert_eq!(from("start").unwrap().into_operation().counting.count_from, None);
    let expected: DateTime<Utc> = "2026-01-31T05:00:00Z".parse().unwrap();
    assert_eq!(
        from("2026-01-31T00:00:00-05:00")
            .unwrap()
            .operation()
            .counting
            .count_from,
        Some(expected)
    );
    assert_eq!(
        from("2026-03-10T15:00:00Z")
            .unwrap()
            .operation()
            .counting
            .count_from,
        Some(now())
    );
    assert!(problem(from("2026-03-10T15:00:01Z")).contains("lies in the future"));
    assert!(problem(from("0026-01-31T00:00:00Z")).contains("before 2010"));
    for text in ["yesterday", "2026-01-31", "2026-01-31T00:00:00"] {
        assert!(
            problem(from(text)).contains("it must be `start` or a time"),
            "{text}"
        );
    }
}

#[test]
fn the_state_is_where_systemd_says_unless_set() {
    let dir = |variables: &[_]| with(variables).unwrap().state.directory().unwrap().to_owned();
    assert_eq!(
        dir(&[("STATE_DIRECTORY", "/var/lib/a")]),
        PathBuf::from("/var/lib/a")
    );
    assert_eq!(
        dir(&[("STATE_DIRECTORY", "/var/lib/a:/var/lib/b")]),
        PathBuf::from("/var/lib/a")
    );
    assert_eq!(dir(&[("STATE_DIRECTORY", "")]), PathBuf::from("./wolkvox-state"));
    assert_eq!(
        dir(&[("STATE_DIRECTORY", "/var/lib/a"), ("WOLKVOX_STATE_DIR", "/data")]),
        PathBuf::from("/data")
    );
}

#[test]
fn a_value_that_is_not_utf_8_is_a_problem_of_its_variable() {
    let read = |name: &str| {
        let needed = NEEDED.map(|(name, value)| (name.to_owned(), Ok(value.to_owned())));
        let bad = (name.to_owned(), Err("\u{fffd}".to_owned()));
        problem(Config::from_variables(needed.into_iter().chain([bad]), now()))
    };
    assert_eq!(read("WOLKVOX_OPERATION"), "WOLKVOX_OPERATION is not UTF-8 text");
    // Else the exporter would begin a second state in its working directory.
    assert_eq!(read("STATE_DIRECTORY"), "STATE_DIRECTORY is not UTF-8 text");
}

#[test]
fn a_mistyped_log_level_does_not_silence_the_log() {
    for filter in [
        "info",
        "WARN",
        "off",
        "info,hyper=debug",
        "wolkvox_exporter=trace",
    ] {
        assert_eq!(with(&[("WOLKVOX_LOG", filter)]).unwrap().log.filter, filter);
    }
    for filter in ["inof", "verbose", "hyper=debug,inof", "hyper=verbose"] {
        assert!(
            problem(with(&[("WOLKVOX_LOG", filter)])).starts_with("WOLKVOX_LOG is"),
            "{filter}"
        );
    }
}

#[test]
fn words_and_shares_are_checked() {
    let config = with(&[
        ("WOLKVOX_AGENTS", "Names"),
        ("WOLKVOX_EXEMPLARS", "TRUE"),
        ("WOLKVOX_LOG_FORMAT", "json"),
        ("WOLKVOX_TIMEZONE", "europe/madrid"),
        ("WOLKVOX_OPERATION", "Ventas Bogotá"),
        ("WOLKVOX_SERVICE_LEVEL_TARGET", "1"),
    ])
    .unwrap();
    assert_eq!(
        (config.operation().counting.agents, config.web.exemplars),
        (Agents::Names, true)
    );
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!(
        config.operation().server.timezone,
        Zone::Named(chrono_tz::Europe::Madrid)
    );
    assert_eq!(config.operation().server.operation, "Ventas Bogotá");
    for (variable, value) in [
        ("WOLKVOX_EXEMPLARS", "1"),
        ("WOLKVOX_LOG_FORMAT", "logfmt"),
        ("WOLKVOX_SERVICE_LEVEL_TARGET", "80"),
        ("WOLKVOX_SERVICE_LEVEL_TARGET", "0"),
        ("WOLKVOX_SERVICE_LEVEL_TARGET", "NaN"),
        ("WOLKVOX_OPERATION", "a\nb"),
    ] {
        assert!(problem(with(&[(variable, value)])).starts_with(variable));
    }
}
