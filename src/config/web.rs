//! Where and to whom the metrics are shown, and in which forms.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::shown::shown_near;
use super::value::{Given, path, switch};
use super::variable::{
    Preset::{None as Unset, Value},
    section,
};

section! {
    /// Where and to whom the metrics are shown, and in which forms.
    pub struct Web {
        listen_address: String = "LISTEN_ADDRESS", Value("0.0.0.0:10555"),
            "Address and port of `/metrics`.",
            listen_address;
        config_file: Option<PathBuf> = "WEB_CONFIG_FILE", Unset,
            "TLS, users and headers of `/metrics`, in the format of Prometheus' exporters: see docs/web-config.md. Read again when it changes.",
            path;
        exemplars: bool = "EXEMPLARS", Value("false"),
            "`true` adds exemplars with the `conn_id` to the histograms (OpenMetrics and protobuf).",
            switch;
        created_samples: bool = "CREATED_SAMPLES", Value("false"),
            "`true` adds `_created` samples (OpenMetrics only).",
            switch;
    }
}

/// Host and port.
fn listen_address(given: Given<'_>) -> Result<String, String> {
    let text = given.text();
    // `:10555` is what users of Go programs write for "all addresses".
    let full = if text.starts_with(':') {
        format!("0.0.0.0{text}")
    } else {
        text.to_owned()
    };
    let is_name_and_port = full
        .rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && !host.contains(':') && port.parse::<u16>().is_ok());
    if full.parse::<SocketAddr>().is_ok() || is_name_and_port {
        return Ok(full);
    }
    Err(format!(
        "is {}; it must be an address and a port, such as 0.0.0.0:10555",
        shown_near(text, ["localhost"])
    ))
}
