//! Why no answer came that can be read: from the errors of the libraries to a cause of the catalogue.
//!
//! Some of their types have no name outside of them, and are known by what they say. Each cause has a test with a real server.

mod advice;
mod handshake;

use std::error::Error as StdError;
use std::io::{self, ErrorKind};
use std::time::Duration;

use reqwest::Url;

use super::judge::{chain, find, root_cause};
use super::proxy::Proxy;
use super::proxy::probe::{self, Found, Takes};
use super::resolver::{LookupError, WhyNot};
use super::{CONNECT_TIMEOUT, Names};
use crate::cause::Slots;
use crate::{Cause, Error, Gate, RawText};

/// What the library says while it makes the connection to a proxy.
const TO_PROXY: &str = "tunnel error: failed to create underlying connection";

/// How the server is reached.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) server: Url,
    pub(super) proxy: Option<Proxy>,
    pub(super) roots: RootsIn,
    pub(super) names: Names,
    /// For one connection.
    pub(super) connect_limit: Duration,
}

/// Where the roots are that are trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RootsIn {
    System,
    File,
}

/// Whom a failed step was with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Peer {
    Server,
    Proxy,
}

/// A cause, and what its sentence is filled with.
struct Judged {
    cause: Cause,
    slots: Slots,
}

impl Route {
    /// Judges why a request brought no answer. Words of libraries, which may quote the server, pass the gate. A proxy that
    /// made no connection is asked why.
    pub(super) async fn explain(&self, error: reqwest::Error, gate: &Gate) -> Error {
        // The address holds agent_dni, a person's identity document.
        let error = error.without_url();
        let judgement = Judgement {
            route: self,
            error: &error,
            gate,
        };
        // It has to end before the call's time does: a connection took half of that at the most.
        let limit = self.connect_limit / 2;
        let Judged { cause, slots } = match (judgement.judge(), &self.proxy) {
            (Some(judged), _) => judged,
            (None, Some(proxy)) if judgement.error.is_timeout() => {
                judgement.of_time_at_proxy(probe::ask(proxy, &self.server, limit).await)
            }
            (None, Some(proxy)) => judgement.of_proxy(probe::ask(proxy, &self.server, limit).await),
            (None, None) => judgement.of_time(probe::takes_connections(&self.server, limit).await),
        };
        Error::of(cause, cause.tell(&slots))
    }

    /// The time for one connection, and where it comes from if it is not the program's own.
    fn shown_limit(&self) -> String {
        let limit = words(self.connect_limit);
        if self.connect_limit < CONNECT_TIMEOUT {
            format!("{limit} (half of {})", self.names.timeout)
        } else {
            limit
        }
    }

    /// Nothing came in time.
    pub(super) fn no_answer(&self, limit: Duration) -> Error {
        let slots = self.slots(Peer::Server).with("limit", words(limit));
        Error::of(Cause::NoAnswer, Cause::NoAnswer.tell(&slots))
    }

    /// A status that a proxy, which sees plain HTTP, may have answered in the server's place; `None` where it is the
    /// server's.
    pub(super) fn answered_by_proxy(&self, status: u16) -> Option<Error> {
        let proxy = self.proxy.as_ref()?;
        if self.server.scheme() != "http" || proxy.is_socks() || !matches!(status, 403 | 407 | 502..=504) {
            return None;
        }
        let cause = of_status(status);
        let slots = self.slots(Peer::Proxy).with("detail", format!("HTTP {status}"));
        Some(Error::of(cause, cause.tell(&slots)).with_status(status))
    }

    fn slots(&self, peer: Peer) -> Slots {
        let host = self.server.host_str().unwrap_or_default();
        let server = match self.server.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let proxy = self.proxy.as_ref();
        let public = match proxy {
            Some(proxy) => format!("the public address of the proxy {proxy}"),
            None => "the public address of this machine".to_owned(),
        };
        let roots = self.names.roots;
        let (file, place) = match self.roots {
            RootsIn::System => (format!("a file that {roots} names"), "by this machine".to_owned()),
            RootsIn::File => (format!("the file of {roots}"), format!("in the file of {roots}")),
        };
        let slots = Slots::default()
            .with("file", file)
            .with("where", place)
            .with("address", self.names.address)
            .with("roots", roots)
            .with("yaml", advice::for_number(host))
            .with("way", advice::another_way(&self.server, proxy))
            .with("password", proxy.map(advice::password).unwrap_or_default())
            .with("host", host)
            .with("server", &*server)
            .with("public", public)
            .with("proxy", proxy.map(ToString::to_string).unwrap_or_default())
            .with("variable", proxy.map(Proxy::variable).unwrap_or_default());
        match (peer, proxy) {
            (Peer::Proxy, Some(proxy)) => slots
                .with("peer", format!("the proxy {proxy}"))
                .with("setting", proxy.variable())
                .with("asked", proxy.host()),
            _ => slots
                .with("peer", server)
                .with("setting", self.names.address)
                .with("asked", host),
        }
    }
}

/// A failure that is being judged.
struct Judgement<'a> {
    route: &'a Route,
    error: &'a reqwest::Error,
    gate: &'a Gate,
}

impl Judgement<'_> {
    /// `None` where only the proxy can tell, or where it took too long and only another try shows what did.
    fn judge(&self) -> Option<Judged> {
        let peer = self.peer();
        if let Some(error) = find::<LookupError>(self.error) {
            return Some(self.of_lookup(error));
        }
        if let Some(text) = self.saying("SOCKS error: ") {
            return self.of_socks(&text);
        }
        if let Some(text) = self.saying("tunnel error: ").filter(|text| text != TO_PROXY) {
            return text
                .ends_with("authorization required")
                .then(|| self.detailed(Cause::ProxyPassword, Peer::Proxy, "HTTP 407"));
        }
        if let Some(error) = find::<rustls::Error>(self.error) {
            return Some(handshake::judge(self, error, peer));
        }
        if find::<hyper::Error>(self.error).is_some_and(hyper::Error::is_parse) {
            return Some(self.told(Cause::Unreadable, Peer::Server));
        }
        if self.error.is_timeout() {
            return None;
        }
        Some(self.of_connection(peer))
    }

    /// With whom it failed. What is asked in plain HTTP is asked of the proxy itself.
    fn peer(&self) -> Peer {
        let through = self.route.proxy.as_ref().filter(|proxy| !proxy.is_socks());
        let is_plain = self.route.server.scheme() == "http";
        if through.is_some() && (is_plain || self.saying(TO_PROXY).is_some()) {
            Peer::Proxy
        } else {
            Peer::Server
        }
    }

    /// The first of the errors within one another whose text begins so.
    fn saying(&self, beginning: &str) -> Option<String> {
        chain(self.error)
            .map(ToString::to_string)
            .find(|text| text.starts_with(beginning))
    }

    fn of_lookup(&self, error: &LookupError) -> Judged {
        let proxy = self
            .route
            .proxy
            .as_ref()
            .filter(|proxy| proxy.host() == error.name);
        let peer = if proxy.is_some() {
            Peer::Proxy
        } else {
            Peer::Server
        };
        let cause = match &error.why {
            WhyNot::NotAsked(_) => Cause::NoLookup,
            why if why.is_without_answer() => Cause::NameServer,
            _ if proxy.is_some() => Cause::ProxyName,
            _ => Cause::UnknownName,
        };
        let detail = match &error.why {
            // The words of this program: the gate would cut them short.
            WhyNot::NotAsked(error) => error.to_string(),
            why => self.shown(why),
        };
        let mut judged = self.detailed(cause, peer, &detail);
        judged.slots.set("name", &*error.name);
        judged
    }

    /// What a proxy of SOCKS answered; `None` where no connection to it was made.
    fn of_socks(&self, text: &str) -> Option<Judged> {
        let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
        let cause = if has(&["underlying connection"]) {
            return None;
        } else if has(&["credentials", "authentication", "ident"]) {
            Cause::ProxyPassword
        } else if has(&["not allowed"]) {
            Cause::ProxyForbids
        } else if has(&["parsing", "io error"]) {
            Cause::ProxyUnreadable
        } else {
            Cause::ProxyFails
        };
        Some(self.detailed(cause, Peer::Proxy, text))
    }

    /// A connection to the server took too long: its first half, or the TLS handshake after it.
    fn of_time(&self, takes: Takes) -> Judged {
        let is_tls = self.route.server.scheme() == "https";
        match takes {
            Takes::Connections if is_tls => self.limited(Cause::HandshakeSilent, Peer::Server),
            _ => self.limited(Cause::NoConnection, Peer::Server),
        }
    }

    /// A connection through the proxy took too long.
    fn of_time_at_proxy(&self, found: Found) -> Judged {
        match found {
            // It does its part at once, so that the server's is missing.
            Found::Status(200..=299) if self.route.server.scheme() == "https" => {
                self.limited(Cause::HandshakeSilent, Peer::Server)
            }
            Found::NoHandshake => self.limited(Cause::ProxyHandshakeSilent, Peer::Proxy),
            // It took its time to say so.
            Found::Status(300..) => self.of_proxy(found),
            _ => self.limited(Cause::ProxySilent, Peer::Proxy),
        }
    }

    fn limited(&self, cause: Cause, peer: Peer) -> Judged {
        let mut judged = self.told(cause, peer);
        judged.slots.set("limit", self.route.shown_limit());
        judged
    }

    fn of_connection(&self, peer: Peer) -> Judged {
        let kind = chain(self.error)
            .filter_map(|error| error.downcast_ref::<io::Error>())
            .last()
            .map(io::Error::kind);
        let is_closed = find::<hyper::Error>(self.error).is_some_and(hyper::Error::is_incomplete_message);
        let is_connected = self.saying("tcp ").is_none();
        let cause = match kind {
            Some(ErrorKind::PermissionDenied) => Cause::Forbidden,
            _ if self.error.is_connect() && !is_connected && peer == Peer::Proxy => Cause::ProxyNotReached,
            Some(ErrorKind::ConnectionRefused) => Cause::Refused,
            Some(ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable) => Cause::Unreachable,
            Some(kind) if is_end(kind) && self.error.is_connect() && is_connected => Cause::ClosedInHandshake,
            Some(kind) if is_end(kind) => Cause::Closed,
            _ if is_closed => Cause::Closed,
            _ => Cause::Other,
        };
        self.told(cause, peer)
    }

    /// What the proxy said when it was asked again.
    fn of_proxy(&self, found: Found) -> Judged {
        let is_socks = self.route.proxy.as_ref().is_some_and(Proxy::is_socks);
        match found {
            Found::Name(error) => self.of_lookup(&error),
            Found::Connection(error) => {
                self.detailed(Cause::ProxyNotReached, Peer::Proxy, &self.shown(&error))
            }
            Found::Status(status @ 300..) => {
                self.detailed(of_status(status), Peer::Proxy, &format!("HTTP {status}"))
            }
            Found::NoAnswer => self.detailed(
                Cause::ProxyUnreadable,
                Peer::Proxy,
                "it gave no answer of HTTP when it was asked for a connection",
            ),
            _ if is_socks => self.told(Cause::ProxyNotReached, Peer::Proxy),
            _ => self.told(Cause::ProxyFails, Peer::Proxy),
        }
    }

    /// A cause with the last word of the libraries as its detail.
    fn told(&self, cause: Cause, peer: Peer) -> Judged {
        let detail = self.gate.admit(&root_cause(self.error)).to_string();
        self.detailed(cause, peer, &detail)
    }

    fn detailed(&self, cause: Cause, peer: Peer, detail: &str) -> Judged {
        let slots = self.route.slots(peer).with("detail", detail);
        Judged { cause, slots }
    }

    fn shown(&self, error: &dyn StdError) -> String {
        self.shown_text(error.to_string())
    }

    fn shown_text(&self, text: String) -> String {
        self.gate.admit(&RawText::new(text)).to_string()
    }
}

/// What a proxy means by a status in place of a connection.
fn of_status(status: u16) -> Cause {
    match status {
        407 => Cause::ProxyPassword,
        // A web server, which does not do what was asked for.
        300..=399 | 400 | 404 | 405 | 501 => Cause::ProxyUnreadable,
        400..=499 => Cause::ProxyForbids,
        _ => Cause::ProxyFails,
    }
}

/// Whether the other side ended the connection.
fn is_end(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::UnexpectedEof
    )
}

fn words(limit: Duration) -> String {
    humantime::format_duration(limit).to_string()
}

#[cfg(test)]
mod tests;
