//! What the parts need to know of an operation, made from its configuration.

use chrono::TimeDelta;
use secrecy::ExposeSecret;

use crate::chats::{Rules, field};
use crate::config::Config;
use crate::ledger::store::Identity;
use crate::{metrics, poller};
use wolkvox::client;

/// Whose state it is.
pub fn identity(config: &Config) -> Identity {
    Identity {
        operation: config.server.operation.clone(),
        host: config.server.host(),
        agent_dni: config
            .server
            .agent_dni
            .as_ref()
            .map(|dni| dni.expose_secret().to_owned()),
        timezone: config.server.timezone.to_string(),
    }
}

/// How its server is asked.
pub fn client_settings(config: &Config) -> client::Settings {
    client::Settings {
        agent_dni: config.server.agent_dni.clone(),
        timeout: config.server.request_timeout,
        ca_file: config.server.ca_file.clone(),
        user_agent: concat!("wolkvox-exporter/", env!("CARGO_PKG_VERSION")).to_owned(),
        ..client::Settings::new(
            config.server.base_url.as_str(),
            config.server.token.clone(),
            field::report(config.counting.agents),
        )
    }
}

/// How its chats are counted.
pub fn rules(config: &Config) -> Rules {
    Rules {
        asa_target_ms: config.counting.asa_target_ms,
        agents: config.counting.agents,
        max_series: config.counting.max_series,
    }
}

/// What is shown of its settings.
pub fn shown_settings(config: &Config) -> metrics::Settings {
    metrics::Settings {
        operation: config.server.operation.clone(),
        asa_target_ms: config.counting.asa_target_ms,
        service_level_target: config.counting.service_level_target,
        api_daily_limit: config.polling.api_daily_limit,
        skill_names: config.counting.skill_names.clone(),
        poll_interval: config.polling.poll_interval,
        window: config.polling.window,
        max_series: config.counting.max_series,
    }
}

/// How it is polled.
pub fn poller_settings(config: &Config) -> poller::Settings {
    poller::Settings {
        zone: config.server.timezone,
        poll_interval: config.polling.poll_interval,
        window: delta(config.polling.window),
        sweep_interval: config.polling.sweep_interval,
        sweep_lookback: delta(config.polling.sweep_lookback),
        rules: rules(config),
        retire_after: config.counting.retire_after.map(delta),
        exemplars: config.web.exemplars,
        shown: shown_settings(config),
    }
}

/// A length of time that can be taken from an instant.
pub fn delta(duration: std::time::Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

#[cfg(test)]
mod tests;
