//! Where the report is asked for.

use std::net::IpAddr;

use reqwest::Url;

use super::super::shown::{length, shown};
use super::Check;

/// More characters than the number of any server has, and fewer than a token.
const LONGEST: usize = 12;

impl Check {
    /// The address, and the name that the operation has by default.
    pub(super) fn server(
        &mut self,
        server: Option<String>,
        base: Option<String>,
        insecure: bool,
    ) -> Option<(Url, String)> {
        match (server, base) {
            (Some(server), None) => self.numbered_server(&server),
            (None, Some(base)) => self.base_url(&base, insecure),
            (None, None) => self.problem(
                "SERVER",
                "is not set. It is the number in the address where you log in: 0010 for https://wv0010.wolkvox.com (or set WOLKVOX_BASE_URL for a gateway). To look around without a Wolkvox server, run `wolkvox-exporter demo`",
            ),
            (Some(_), Some(_)) => self.problem("SERVER", "and WOLKVOX_BASE_URL are both set; exactly one is needed"),
        }
    }

    fn numbered_server(&mut self, server: &str) -> Option<(Url, String)> {
        let lower = server.to_ascii_lowercase();
        let number = lower.strip_prefix("wv").unwrap_or(&lower);
        let is_name = !number.is_empty()
            && number.len() <= LONGEST
            && number.bytes().all(|b| b.is_ascii_alphanumeric());
        let url = Url::parse(&format!("https://wv{number}.wolkvox.com"))
            .ok()
            .filter(|_| is_name);
        if let Some(url) = url {
            return Some((url, number.to_owned()));
        }
        let shown = if is_wolkvox(&lower) {
            format!("{server:?}")
        } else {
            shown(server)
        };
        self.problem(
            "SERVER",
            &format!("is {shown}; it should be the number alone, such as 0010 or wv0010"),
        )
    }

    fn base_url(&mut self, base: &str, insecure: bool) -> Option<(Url, String)> {
        let parsed = Url::parse(base)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https"));
        let Some((url, host)) = parsed.and_then(|url| Some((url.clone(), url.host_str()?.to_owned()))) else {
            return self.problem(
                "BASE_URL",
                "is not an address such as https://gateway.example:8443",
            );
        };
        let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if !is_bare || !url.username().is_empty() || url.password().is_some() {
            return self.problem(
                "BASE_URL",
                "must be scheme, host and port alone: no path, no query, no user (the report's path is added)",
            );
        }
        if looks_like_token(&host) {
            return self.problem(
                "BASE_URL",
                &format!(
                    "has {} in place of a host that looks like a token; it should be an address such as https://gateway.example:8443",
                    length(&host)
                ),
            );
        }
        if url.scheme() == "http" && !is_loopback(&host) {
            if !insecure {
                return self.problem(
                    "BASE_URL",
                    "is plain http: anyone on the way could read the token. Use https, or set WOLKVOX_ALLOW_INSECURE_HTTP=true if that is what you want",
                );
            }
            self.warning("BASE_URL", "is plain http: anyone on the way can read the token");
        }
        Some((url, host))
    }
}

/// The address of a server, where its number alone is asked for.
fn is_wolkvox(text: &str) -> bool {
    let host = text.strip_prefix("https://").unwrap_or(text);
    let name = host.trim_end_matches('/').strip_suffix(".wolkvox.com");
    name.is_some_and(|name| name.len() <= LONGEST && name.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// A host in one long word of letters and digits, which no gateway has.
fn looks_like_token(host: &str) -> bool {
    let has_digit = host.bytes().any(|byte| byte.is_ascii_digit());
    host.len() >= 20 && has_digit && host.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn is_loopback(host: &str) -> bool {
    let address = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}
