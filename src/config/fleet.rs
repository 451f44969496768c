//! What a process with several operations has besides theirs.

use std::net::IpAddr;
use std::path::PathBuf;

use super::shown::shown_near;
use super::value::{Given, path, switch};
use super::variable::{
    Preset::{None as Unset, Value, Words},
    section,
};

section! {
    /// What a process with several operations has besides theirs.
    pub struct Fleet {
        operations_file: Option<PathBuf> = "OPERATIONS_FILE", Unset,
            "A TOML file with an `[[operation]]` table for each operation, or a directory of them: see docs/configuration.md. The variables of an operation are the defaults then.",
            path;
        advertise_address: Option<String> = "ADVERTISE_ADDRESS", Words("the `Host` of the request"),
            "Host and port at which Prometheus reaches this process: what `/sd` names. Needed with `WOLKVOX_STATE_URL`, where it is told to the other replicas.",
            advertise_address;
        enable_lifecycle: bool = "ENABLE_LIFECYCLE", Value("false"),
            "`true` allows `POST /-/reload`, which reads the configuration again, as SIGHUP does.",
            switch;
    }
}

/// A host that others reach, and a port.
fn advertise_address(given: Given<'_>) -> Result<Option<String>, String> {
    let Some(text) = given.set else {
        return Ok(None);
    };
    let is_address = text
        .rsplit_once(':')
        .is_some_and(|(host, port)| is_host(host) && port.parse::<u16>().is_ok_and(|port| port > 0));
    if is_address {
        return Ok(Some(text.to_owned()));
    }
    Err(format!(
        "is {}; it must be a host and a port that Prometheus reaches, such as wolkvox-1.example:10555",
        shown_near(text, ["localhost"])
    ))
}

/// A name, or an address that is that of one machine.
fn is_host(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match (bare, host.parse::<IpAddr>()) {
        (Some(bare), _) => bare
            .parse::<std::net::Ipv6Addr>()
            .is_ok_and(|address| !address.is_unspecified()),
        (None, Ok(address)) => address.is_ipv4() && !address.is_unspecified(),
        (None, Err(_)) => {
            !host.is_empty()
                && host
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        }
    }
}
