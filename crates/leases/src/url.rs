//! The URL that names the database: `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=…&sslrootcert=…`.
//! <https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS>

use std::net::IpAddr;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

/// How much TLS is asked for. `tokio-postgres` knows no more than whether there is some.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Security {
    /// None.
    Off,
    /// Where the server has it, whoever the server is.
    IfOffered,
    /// Always, whoever the server is.
    Unverified,
    /// Always, and a trusted authority vouches for the server's certificate.
    Authority,
    /// The same, and the certificate names the host.
    Host,
}

impl Security {
    /// Whether somebody vouches for the server.
    pub(crate) fn is_verified(self) -> bool {
        matches!(self, Security::Authority | Security::Host)
    }
}

/// Where the database is, and how it is reached. The password is never shown.
#[derive(Clone)]
pub struct StateUrl {
    pub(crate) config: Config,
    pub(crate) security: Security,
    /// The file of trusted roots, PEM; `None` is the system's.
    pub(crate) roots: Option<PathBuf>,
    /// Host, port and database, for people.
    address: String,
}

/// Why a text is no URL of a database. None of the texts shows a part of it that may be secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// It begins with another word.
    #[error("must begin with postgres://, as in postgres://USER:PASSWORD@HOST:5432/DATABASE")]
    Scheme,
    /// The parser of tokio-postgres refuses it. What it says may hold a part of a password that has an `@`, `/` or `?` in it.
    #[error(
        "is not a URL of PostgreSQL, or has an option that is not known; it looks like postgres://USER:PASSWORD@HOST:5432/DATABASE, with %40 for an @ in the password"
    )]
    Form,
    /// No user, host or database.
    #[error("names no {0}; it looks like postgres://USER:PASSWORD@HOST:5432/DATABASE")]
    Missing(&'static str),
    /// A word of `sslmode` that PostgreSQL has not.
    #[error("has an unknown sslmode; one of disable, prefer, require, verify-ca and verify-full")]
    SslMode,
}

impl StateUrl {
    /// Reads a URL. Where it does not say how much TLS there must be, the certificate is verified, but on this very machine.
    ///
    /// # Errors
    /// See [`UrlError`].
    pub fn parse(url: &str) -> Result<StateUrl, UrlError> {
        let url = url.trim();
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(UrlError::Scheme);
        }
        let parts = Parts::of(url);
        let mut config: Config = parts.rest.parse().map_err(|_| UrlError::Form)?;
        check(&config)?;
        let is_local = config.get_hosts().iter().all(is_local);
        let security = match parts.ssl_mode.as_deref() {
            None if is_local => Security::IfOffered,
            None | Some("verify-full") => Security::Host,
            Some("verify-ca") => Security::Authority,
            // As libpq does it: who names roots wants them to be used.
            Some("require") if parts.roots.is_some() => Security::Authority,
            Some("require") => Security::Unverified,
            Some("prefer" | "allow") => Security::IfOffered,
            Some("disable") => Security::Off,
            Some(_) => return Err(UrlError::SslMode),
        };
        config.ssl_mode(match security {
            Security::Off => SslMode::Disable,
            Security::IfOffered => SslMode::Prefer,
            Security::Unverified | Security::Authority | Security::Host => SslMode::Require,
        });
        // libpq's word for the roots of the system, which are the default here.
        let roots = parts.roots.filter(|path| path != "system").map(PathBuf::from);
        Ok(StateUrl {
            address: address(&config),
            config,
            security,
            roots,
        })
    }

    /// Host, port and database, for people: `db.example:5432/wolkvox`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What may be read or changed on the way to the database, for a warning; `None` where nothing may.
    pub fn weakness(&self) -> Option<&'static str> {
        let is_local = self.config.get_hosts().iter().all(is_local);
        match self.security {
            _ if is_local => None,
            Security::Off => Some("the password and the state travel in clear (sslmode=disable)"),
            Security::IfOffered => Some("whoever answers may switch TLS off (sslmode=prefer)"),
            Security::Unverified => Some("nobody vouches for the server (sslmode=require)"),
            Security::Authority | Security::Host => None,
        }
    }
}

impl std::fmt::Debug for StateUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StateUrl({})", self.address)
    }
}

impl PartialEq for StateUrl {
    fn eq(&self, other: &Self) -> bool {
        self.config == other.config && self.security == other.security && self.roots == other.roots
    }
}

/// A URL without what `tokio-postgres` can't read, and that.
struct Parts {
    rest: String,
    ssl_mode: Option<String>,
    roots: Option<String>,
}

impl Parts {
    fn of(url: &str) -> Parts {
        let mut parts = Parts {
            rest: url.to_owned(),
            ssl_mode: None,
            roots: None,
        };
        // A password may have one.
        let host = url.find('@').unwrap_or_default();
        let Some(at) = url[host..].find('?') else {
            return parts;
        };
        let (head, query) = (&url[..host + at], &url[host + at + 1..]);
        let mut others = Vec::new();
        for pair in query.split('&') {
            let value = || {
                let value = pair.split_once('=').map_or("", |(_, value)| value);
                Some(percent_decode_str(value).decode_utf8_lossy().into_owned())
            };
            match pair.split('=').next() {
                Some("sslmode") => parts.ssl_mode = value(),
                Some("sslrootcert") => parts.roots = value().filter(|path| !path.is_empty()),
                _ => others.push(pair),
            }
        }
        head.clone_into(&mut parts.rest);
        if !others.is_empty() {
            parts.rest = format!("{head}?{}", others.join("&"));
        }
        parts
    }
}

fn check(config: &Config) -> Result<(), UrlError> {
    // The rest of a password that has one, too.
    let is_shown = |host: &Host| matches!(host, Host::Tcp(name) if name.contains('@'));
    if config.get_hosts().iter().any(is_shown) {
        return Err(UrlError::Form);
    }
    if config.get_hosts().is_empty() {
        return Err(UrlError::Missing("host"));
    }
    if config.get_user().is_none_or(str::is_empty) {
        return Err(UrlError::Missing("user"));
    }
    if config.get_dbname().is_none_or(str::is_empty) {
        return Err(UrlError::Missing("database"));
    }
    Ok(())
}

fn is_local(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

fn address(config: &Config) -> String {
    let ports = config.get_ports();
    let hosts = config.get_hosts().iter().enumerate().map(|(at, host)| {
        let port = ports.get(at).or(ports.first()).copied().unwrap_or(5432);
        match host {
            Host::Tcp(name) if name.contains(':') => format!("[{name}]:{port}"),
            Host::Tcp(name) => format!("{name}:{port}"),
            #[cfg(unix)]
            Host::Unix(path) => path.display().to_string(),
        }
    });
    let hosts = hosts.collect::<Vec<_>>().join(",");
    format!("{hosts}/{}", config.get_dbname().unwrap_or_default())
}

#[cfg(test)]
mod tests;
