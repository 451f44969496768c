//! Ways out that depend on what is set.

use reqwest::Url;

use crate::cause::{PASSWORD_FORM, YAML};
use crate::client::proxy::Proxy;

/// Where this machine need not know the server's name.
pub(super) fn another_way(server: &Url, proxy: Option<&Proxy>) -> String {
    let Some(proxy) = proxy else {
        let variable = match server.scheme() {
            "http" => "HTTP_PROXY",
            _ => "HTTPS_PROXY",
        };
        return format!(", or set {variable} if this machine reaches the internet by a proxy only");
    };
    proxy.resolving_scheme().map_or_else(String::new, |scheme| {
        let variable = proxy.variable();
        format!(", or write {scheme}:// in {variable}, then the proxy looks it up")
    })
}

/// What to do where a proxy refuses user and password, or the lack of them.
pub(super) fn password(proxy: &Proxy) -> String {
    let variable = proxy.variable();
    let advice = if proxy.has_credentials() {
        format!("check those in {variable}, which stand {PASSWORD_FORM}")
    } else {
        format!("write them into {variable} {PASSWORD_FORM}")
    };
    if proxy.is_socks() {
        advice
    } else {
        format!("{advice}; of the methods of HTTP it must take Basic")
    }
}

/// What may have become of a server's number.
pub(super) fn for_number(host: &str) -> &'static str {
    if is_shortened(host) { YAML } else { "" }
}

/// Whether a host is that of a number without its leading zeros: the known ones have four digits.
fn is_shortened(host: &str) -> bool {
    let name = host.split('.').next().unwrap_or_default();
    name.strip_prefix("wv").is_some_and(|number| {
        (1..4).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}
