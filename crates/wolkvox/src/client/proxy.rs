//! The proxy on the way to the server.

pub(super) mod probe;

use std::fmt;
use std::sync::Arc;

use hyper::Uri;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use super::is_loopback;

/// What a proxy's address may begin with.
const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

/// Why a text is no address of a proxy. It goes on after the name of the variable, and never holds any of the text: there may
/// be a password in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProxyError {
    /// Another scheme.
    #[error(
        "is the address of a proxy of an unknown kind; it must begin with one of: http://, https://, socks4://, socks4a://, socks5://, socks5h://"
    )]
    Scheme,
    /// No port.
    #[error(
        "has no port; write the proxy's, as in http://proxy.example:3128, or leave it empty where there is no proxy"
    )]
    Port,
    /// More than user, host and port.
    #[error(
        "has more in it than a proxy has: it must be scheme, host and port, as in http://proxy.example:3128"
    )]
    More,
    /// A host or port that a shell was to fill in.
    #[error(
        "refers to a variable ($) in its host or port, which only a shell replaces; write the value itself"
    )]
    Reference,
    /// Anything else.
    #[error(
        "is no address of a proxy; it should look like http://proxy.example:3128 or http://user:password@proxy.example:3128, with @ as %40, : as %3A, / as %2F, # as %23 and \\ as %5C in user and password"
    )]
    Form,
}

/// Any server that is not this machine.
const SERVER: &str = "https://server.example/";

/// A proxy. Neither `Debug` nor `Display` shows its user and password. A clone is the same one.
#[derive(Clone)]
pub struct Proxy(Arc<Address>);

struct Address {
    /// With user and password, if there are any.
    url: SecretString,
    scheme: String,
    host: String,
    port: u16,
    /// The password as it is typed in, and the header that holds it. `None` where there is neither user nor password.
    credentials: Option<Credentials>,
    variable: String,
}

struct Credentials {
    password: SecretString,
    /// The value of `Proxy-Authorization`.
    header: SecretString,
}

impl Proxy {
    /// Reads an address, which is set where `variable` says: errors of connections name it. Without a scheme it is
    /// `http`, as for other programs.
    ///
    /// # Errors
    /// See [`ProxyError`].
    pub fn parse(text: &str, variable: impl Into<String>) -> Result<Proxy, ProxyError> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let scheme = scheme.to_ascii_lowercase();
        if !SCHEMES.contains(&scheme.as_str()) {
            return Err(ProxyError::Scheme);
        }
        let (user, host) = rest.rsplit_once('@').unwrap_or(("", rest));
        // A host would end there; and what looks like a scheme and lacks a colon is none.
        if user.contains(['/', '\\', '?', '#']) || !text.contains("://") && text.contains("//") {
            return Err(ProxyError::Form);
        }
        if host.contains('$') {
            return Err(ProxyError::Reference);
        }
        // Hosts are checked as those of http, and a port that is http's own would be lost.
        let url = Url::parse(&format!("http://{rest}")).map_err(|_| ProxyError::Form)?;
        let port = port(rest).ok_or(ProxyError::Port)?;
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or(ProxyError::Form)?.to_owned();
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(ProxyError::More);
        }
        let user = match (url.username(), url.password()) {
            ("", None) => String::new(),
            (user, password) => format!("{user}:{}@", password.unwrap_or_default()),
        };
        let whole = format!("{scheme}://{user}{host}:{port}");
        // What the library could not read it would pass over, and connect directly.
        if intercept(&whole, "", SERVER).is_none() {
            return Err(ProxyError::Form);
        }
        Ok(Proxy(Arc::new(Address {
            url: whole.into(),
            credentials: credentials(&format!("{user}{host}:{port}")),
            scheme,
            host,
            port,
            variable: variable.into(),
        })))
    }

    /// Whether a server is reached without a proxy although one is set: it is this machine, or `NO_PROXY` lists it (hosts,
    /// domains, addresses and networks, with commas or blanks between; `*` is all).
    pub fn is_bypassed(server: &Url, no_proxy: &str) -> bool {
        let listed: Vec<_> = no_proxy
            .split([',', ' ', '\t'])
            .map(|entry| {
                entry
                    .strip_prefix('*')
                    .filter(|rest| rest.starts_with('.'))
                    .unwrap_or(entry)
            })
            .collect();
        is_loopback(server)
            || intercept("http://proxy.example:1", &listed.join(","), server.as_str()).is_none()
    }

    /// Scheme, host and port.
    pub fn address(&self) -> String {
        format!("{}://{}:{}", self.0.scheme, self.0.host, self.0.port)
    }

    /// Where it is set.
    pub fn variable(&self) -> &str {
        &self.0.variable
    }

    pub(super) fn host(&self) -> &str {
        &self.0.host
    }

    /// Whether it speaks SOCKS. Others speak HTTP.
    pub(super) fn is_socks(&self) -> bool {
        self.0.scheme.starts_with("socks")
    }

    /// Whether a user or a password is set.
    pub(super) fn has_credentials(&self) -> bool {
        self.0.credentials.is_some()
    }

    /// The scheme of such a proxy by which it looks names up itself; `None` where it does already.
    pub(super) fn resolving_scheme(&self) -> Option<&'static str> {
        match self.0.scheme.as_str() {
            "socks4" => Some("socks4a"),
            "socks5" => Some("socks5h"),
            _ => None,
        }
    }

    /// What must not be shown of what the proxy says: it may repeat what it was sent.
    pub(super) fn secrets(&self) -> Vec<String> {
        let Some(credentials) = &self.0.credentials else {
            return Vec::new();
        };
        let header = credentials.header.expose_secret();
        let encoded = header.trim_start_matches("Basic ");
        vec![
            credentials.password.expose_secret().to_owned(),
            encoded.to_owned(),
        ]
    }

    /// For the client: all that it asks goes through this proxy.
    pub(super) fn for_all(&self) -> reqwest::Result<reqwest::Proxy> {
        reqwest::Proxy::all(self.0.url.expose_secret())
    }
}

/// `http://proxy.example:3128`
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.address(), self.0.variable)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self})")
    }
}

/// How the library would ask this proxy for that address; `None` where it would not.
fn intercept(proxy: &str, no_proxy: &str, server: &str) -> Option<Intercept> {
    let server: Uri = server.parse().ok()?;
    let matcher = Matcher::builder().all(proxy.to_owned()).no(no_proxy.to_owned());
    matcher.build().intercept(&server)
}

/// As the library reads them of an address without its scheme. For SOCKS it has the password, for HTTP the header.
fn credentials(address: &str) -> Option<Credentials> {
    let socks = intercept(&format!("socks5://{address}"), "", SERVER)?;
    let http = intercept(&format!("http://{address}"), "", SERVER)?;
    let (_, password) = socks.raw_auth()?;
    Some(Credentials {
        password: password.into(),
        header: http.basic_auth()?.to_str().ok()?.into(),
    })
}

/// The port that stands in an address without its scheme.
fn port(rest: &str) -> Option<u16> {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let (host, port) = host.rsplit_once(':')?;
    // Within brackets a colon belongs to an address of version 6.
    let is_whole = !host.contains('[') || host.ends_with(']');
    port.parse().ok().filter(|port| is_whole && *port > 0)
}

#[cfg(test)]
mod tests;
