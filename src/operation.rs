//! What the parts need to know of an operation, made from its configuration.

use crate::chats::field;
use crate::config::Config;
use wolkvox::client;

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

#[cfg(test)]
mod tests;
