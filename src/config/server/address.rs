//! From the number of a server, or the address of a gateway, to an address that is asked.

use std::net::IpAddr;

use reqwest::Url;

use super::super::shown::{length, shown};

/// More characters than the number of any server has, and fewer than a token.
const LONGEST_NUMBER: usize = 12;
/// Of the numbers that are known.
const DIGITS: usize = 4;

/// The address of a numbered server, and the number.
pub(super) fn numbered_server(server: &str) -> Result<(Url, String), String> {
    let lower = server.to_ascii_lowercase();
    let number = lower.strip_prefix("wv").unwrap_or(&lower);
    let is_name = !number.is_empty()
        && number.len() <= LONGEST_NUMBER
        && number.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let url = Url::parse(&format!("https://wv{number}.wolkvox.com"));
    if let Some(url) = url.ok().filter(|_| is_name) {
        return Ok((url, number.to_owned()));
    }
    let shown = if is_wolkvox(&lower) {
        format!("{server:?}")
    } else {
        shown(server)
    };
    Err(format!(
        "is {shown}; it should be the number alone, such as 0010 or wv0010"
    ))
}

/// Whether a number lacks its leading zeros, as one that a program read as a number and wrote anew.
pub(super) fn is_shortened(number: &str) -> bool {
    number.len() < DIGITS && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// The address of a server, where its number alone is asked for.
fn is_wolkvox(text: &str) -> bool {
    let host = text.strip_prefix("https://").unwrap_or(text);
    let name = host.trim_end_matches('/').strip_suffix(".wolkvox.com");
    name.is_some_and(|name| {
        name.len() <= LONGEST_NUMBER && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// An address of scheme, host and port alone, and the host.
pub(super) fn bare_address(base: &str) -> Result<(Url, String), String> {
    let parsed = Url::parse(base)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"));
    let Some((url, host)) = parsed.and_then(|url| Some((url.clone(), url.host_str()?.to_owned()))) else {
        return Err("is not an address such as https://gateway.example:8443".to_owned());
    };
    let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    if !is_bare || !url.username().is_empty() || url.password().is_some() {
        return Err(
            "must be scheme, host and port alone: no path, no query, no user (the report's path is added)"
                .to_owned(),
        );
    }
    if looks_like_token(&host) {
        return Err(format!(
            "has {} in place of a host that looks like a token; it should be an address such as https://gateway.example:8443",
            length(&host)
        ));
    }
    Ok((url, host))
}

/// A host in one long word of letters and digits, which no gateway has.
fn looks_like_token(host: &str) -> bool {
    let has_digit = host.bytes().any(|byte| byte.is_ascii_digit());
    host.len() >= 20 && has_digit && host.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

pub(super) fn is_loopback(host: &str) -> bool {
    let address = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}
