//! Where and to whom the metrics are shown, and in which forms.

use std::net::SocketAddr;
use std::path::PathBuf;

use reqwest::Url;

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
        grafana_url: Option<String> = "GRAFANA_URL", Unset,
            "Address of your Grafana, such as `https://grafana.example`: the status page links to the boards of each operation there.",
            grafana_url;
    }
}

/// An address that boards are below, without a slash at its end.
fn grafana_url(given: Given<'_>) -> Result<Option<String>, String> {
    const SUCH_AS: &str =
        "an address such as https://grafana.example, or with the path below which Grafana is";
    let Some(text) = given.set else {
        return Ok(None);
    };
    let parsed = Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let Some(url) = parsed else {
        return Err(format!("is not {SUCH_AS}"));
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(format!(
            "has a user in it, and the status page shows it to everyone; it must be {SUCH_AS}"
        ));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(format!("has a part behind ? or #; it must be {SUCH_AS}"));
    }
    Ok(Some(url.as_str().trim_end_matches('/').to_owned()))
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
