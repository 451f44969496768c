//! What the parts need to know of an operation, made from its configuration.

use chrono::TimeDelta;
use secrecy::ExposeSecret;

use crate::chats::{Agents, Rules};
use crate::config::Config;
use crate::ledger::store::Identity;
use crate::{metrics, poller};
use wolkvox::client;

/// Whose state it is.
pub fn identity(config: &Config) -> Identity {
    Identity {
        operation: config.operation.clone(),
        host: server_of(config),
        agent_dni: config
            .agent_dni
            .as_ref()
            .map(|dni| dni.expose_secret().to_owned()),
        timezone: config.timezone.name().to_owned(),
    }
}

/// Host, and port where it is not the scheme's own.
pub fn server_of(config: &Config) -> String {
    let host = config.base_url.host_str().unwrap_or_default();
    match config.base_url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// How its server is asked.
pub fn client_settings(config: &Config) -> client::Settings {
    client::Settings {
        agent_dni: config.agent_dni.clone(),
        timeout: config.request_timeout,
        ca_file: config.ca_file.clone(),
        agent_names: config.agents == Agents::Names,
        user_agent: concat!("wolkvox-exporter/", env!("CARGO_PKG_VERSION")).to_owned(),
        ..client::Settings::new(config.base_url.as_str(), config.token.clone())
    }
}

/// How its chats are counted.
pub fn rules(config: &Config) -> Rules {
    Rules {
        asa_target_ms: config.asa_target_ms,
        agents: config.agents,
        max_series: config.max_series,
    }
}

/// What is shown of its settings.
pub fn shown_settings(config: &Config) -> metrics::Settings {
    metrics::Settings {
        operation: config.operation.clone(),
        asa_target_ms: config.asa_target_ms,
        service_level_target: config.service_level_target,
        api_daily_limit: config.api_daily_limit,
        skill_names: config.skill_names.clone(),
        poll_interval: config.poll_interval,
        window: config.window,
        max_series: config.max_series,
    }
}

/// How it is polled.
pub fn poller_settings(config: &Config) -> poller::Settings {
    poller::Settings {
        zone: config.timezone,
        poll_interval: config.poll_interval,
        window: delta(config.window),
        sweep_interval: config.sweep_interval,
        sweep_lookback: delta(config.sweep_lookback),
        rules: rules(config),
        retire_after: config.retire_after.map(delta),
        exemplars: config.exemplars,
        shown: shown_settings(config),
    }
}

/// A length of time that can be taken from an instant.
pub fn delta(duration: std::time::Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

#[cfg(test)]
mod tests;
