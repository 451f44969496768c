//! The HTTP client.

mod body;
mod gzip;
mod judge;
mod proxy;
mod question;
mod resolver;
mod tls;
mod token;
mod transport;
mod trust;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use reqwest::header::{ACCEPT_ENCODING, DATE, HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{ClientBuilder, Response, Url};
use secrecy::{ExposeSecret, SecretString};

pub use proxy::{Proxy, ProxyError};
pub use tls::Tls;
pub use token::{NoToken, ReadToken, Token, TokenError, TokenSource};
pub use trust::RootsError;

use super::report::{Envelope, Report};
use super::window::Window;
use super::{Answer, Error, Exchange, Gate, List, Lists, Reason, Sink, Source};
use judge::Words;
use question::Question;
use resolver::Resolver;
use transport::{RootsIn, Route};
use trust::{Trust, TrustError};

/// The server closes an idle connection after 5 s; a request on one that is just being closed would be lost.
const IDLE: Duration = Duration::from_secs(4);
/// A firewall that drops packets gives no sign. So connecting times out long before a slow answer does.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// What the caller calls its settings: errors name what is to be checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Names {
    /// By which the server's address is given.
    pub address: &'static str,
    /// The token.
    pub token: &'static str,
    /// The roots to trust.
    pub roots: &'static str,
    /// The longest time for one call.
    pub timeout: &'static str,
}

impl Names {
    /// The fields of [`Settings`].
    pub const OF_SETTINGS: Names = Names {
        address: "`base`",
        token: "`token`",
        roots: "`roots`",
        timeout: "`timeout`",
    };
}

/// What a [`Client`] needs to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Scheme, host and port if any: `https://wv0001.wolkvox.com`.
    pub base: String,
    /// Who asks: the header `User-Agent`.
    pub user_agent: String,
    /// Where the token comes from.
    pub token: Arc<dyn TokenSource>,
    /// Ask only for the chats of the agent with this identity document.
    pub agent_dni: Option<SecretString>,
    /// For one call, from the request to the answer's end.
    pub timeout: Duration,
    /// Roots to trust instead of the system's, PEM.
    pub roots: Option<Vec<u8>>,
    /// Where those roots are shared with the clients that have a clone of it.
    pub tls: Tls,
    /// The way to the server. One on this machine is never reached through a proxy.
    pub proxy: Option<Proxy>,
    /// Which report to ask for, and what to read of it.
    pub report: Report,
    /// What all of these are called where the caller's users set them.
    pub names: Names,
    /// Most bytes of one answer, after decompression.
    pub max_bytes: u64,
    /// An answer of that many rows or more is taken as cut.
    pub max_rows: u64,
}

impl Settings {
    /// Settings with the vendor's limits: 90 s (it documents 60), 256 MiB, 60,000 rows.
    pub fn new(base: impl Into<String>, token: impl TokenSource + 'static, report: Report) -> Self {
        Settings {
            base: base.into(),
            user_agent: concat!("wolkvox/", env!("CARGO_PKG_VERSION")).to_owned(),
            token: Arc::new(token),
            agent_dni: None,
            timeout: Duration::from_secs(90),
            roots: None,
            tls: Tls::default(),
            proxy: None,
            report,
            names: Names::OF_SETTINGS,
            max_bytes: 256 * 1024 * 1024,
            max_rows: 60_000,
        }
    }
}

/// Settings that make no client.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The base is not an address with `http` or `https` and a host. It is not shown: it may have a password in it.
    #[error("what is set is no address of a Wolkvox server; it should look like https://wv0001.wolkvox.com")]
    Base,
    /// The roots to trust can't be used.
    #[error("what holds the roots to trust {0}")]
    Roots(#[from] RootsError),
    /// The HTTP library refuses the proxy. Its address is not shown: it may have a password in it.
    #[error("the proxy can't be used")]
    Proxy,
    /// The TLS library refuses: most likely the system has no root certificates.
    #[error("secure connections can't be set up ({0})")]
    Tls(String),
}

/// Asks a Wolkvox server for the report, and for lists. The vendor allows one call at a time per token; the caller must keep to that.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    /// Of the report.
    url: Url,
    route: Box<Route>,
    settings: Settings,
    /// What is odd about the report was logged as a warning.
    has_logged: AtomicBool,
}

/// What is known of a call, whatever becomes of it.
#[derive(Default)]
struct CallProgress {
    status: Option<u16>,
    date: Option<DateTime<Utc>>,
    bytes: u64,
}

impl Client {
    /// Builds a client. Opens no connection and does not read the token yet.
    ///
    /// # Errors
    /// See [`SetupError`].
    pub fn new(mut settings: Settings) -> Result<Self, SetupError> {
        let url = question::address(&settings.base).ok_or(SetupError::Base)?;
        let route = Box::new(route(&url, &settings));
        let http = http(&settings, &route)?;
        // They may be many, and are parsed now.
        settings.roots = None;
        Ok(Client {
            http,
            url,
            route,
            settings,
            has_logged: AtomicBool::new(false),
        })
    }

    /// One call, within the time that it may take.
    async fn call<S: Sink>(&self, question: Question<'_>, sink: &mut S) -> Exchange {
        let begin = Instant::now();
        let limit = self.settings.timeout;
        let mut progress = CallProgress::default();
        let result = tokio::time::timeout(limit, self.ask(question, sink, &mut progress)).await;
        let result = result.unwrap_or_else(|_| {
            Err(match progress.status {
                Some(status) => judge::stalled(status, limit),
                None => self.route.no_answer(limit),
            })
        });
        let CallProgress { status, date, bytes } = progress;
        Exchange {
            status,
            date,
            bytes,
            duration: begin.elapsed(),
            result,
        }
    }

    async fn ask<S: Sink>(
        &self,
        question: Question<'_>,
        sink: &mut S,
        progress: &mut CallProgress,
    ) -> Result<Answer, Error> {
        let token = self.settings.token.read().await?;
        // Of the token that was sent: the file may hold another one by the time that the answer comes.
        let words = self.words(&token, question);
        let response = self.send(question, token, &words).await?;
        let status = response.status().as_u16();
        let headers = response.headers();
        progress.status = Some(status);
        progress.date = date(headers);
        let retry_after = judge::retry_after(status, headers, progress.date);
        sink.begin(progress.date);
        let result = if status == 200 {
            self.read(response, question, sink, &words, &mut progress.bytes)
                .await
        } else {
            match body::verdict(response, &words, &mut progress.bytes).await {
                // An empty window, or a report that is not there: nobody knows.
                Err(error) if status == 404 => Err(error.with_status(status)),
                envelope => self.judge(status, envelope.ok().flatten().as_ref(), &words),
            }
        };
        result.map_err(|error| error.with_retry_after(retry_after))
    }

    /// A proxy speaks for itself where it answers without an envelope.
    fn judge(&self, status: u16, envelope: Option<&Envelope>, words: &Words<'_>) -> Result<Answer, Error> {
        match self
            .route
            .answered_by_proxy(status)
            .filter(|_| envelope.is_none())
        {
            Some(error) => Err(error),
            None => judge::status(status, envelope, words).map(|()| Answer::default()),
        }
    }

    fn words<'a>(&'a self, token: &Token, question: Question<'_>) -> Words<'a> {
        let agent = self.settings.agent_dni.as_ref();
        let agent = agent.map_or("", |agent| agent.expose_secret());
        let of_proxy = self.route.proxy.as_ref().map(Proxy::secrets).unwrap_or_default();
        let secrets = [token.expose_secret(), agent].into_iter();
        Words {
            gate: Gate::new(secrets.chain(of_proxy.iter().map(String::as_str))),
            names: &self.settings.names,
            asked: question.report(&self.settings).name,
        }
    }

    async fn send(&self, question: Question<'_>, token: Token, words: &Words<'_>) -> Result<Response, Error> {
        if !question.is_askable() {
            return Err(Error::new(
                Reason::BadRequest,
                "a window that is reversed or crosses a month was not asked for: Wolkvox would answer as if it were empty",
            ));
        }
        let token = HeaderValue::from(token);
        let request = self
            .http
            .get(question.url(&self.url, &self.settings))
            .header(ACCEPT_ENCODING, "gzip")
            .header("wolkvox-token", token);
        match request.send().await {
            Ok(response) => Ok(response),
            // Aside: it is rare, and what it needs would be a part of each call.
            Err(error) => Err(Box::pin(self.route.explain(error, &words.gate)).await),
        }
    }

    async fn read<S: Sink>(
        &self,
        response: Response,
        question: Question<'_>,
        sink: &mut S,
        words: &Words<'_>,
        bytes: &mut u64,
    ) -> Result<Answer, Error> {
        let asked = question.report(&self.settings);
        let limits = question.limits(&self.settings);
        let envelope = body::report(response, asked, limits, words, bytes, sink).await?;
        let answer = judge::envelope(&envelope, words)?;
        if let Some(oddity) = judge::oddity(&answer, &envelope.msg, words) {
            self.log(question, &oddity);
        }
        Ok(answer)
    }

    /// A server that counts its rows in its own way does so in each answer: of the report it is logged once.
    fn log(&self, question: Question<'_>, oddity: &str) {
        if let Question::List(list) = question {
            tracing::debug!(list = list.report.name, "{oddity}");
        } else if self.has_logged.swap(true, Ordering::Relaxed) {
            tracing::debug!(report = self.settings.report.name, "{oddity}");
        } else {
            tracing::warn!(
                report = self.settings.report.name,
                "{oddity}. This is logged once"
            );
        }
    }
}

impl Source for Client {
    async fn report<S: Sink>(&self, window: &Window, sink: &mut S) -> Exchange {
        self.call(Question::Window(window), sink).await
    }
}

impl Lists for Client {
    async fn list<S: Sink>(&self, list: &List, sink: &mut S) -> Exchange {
        self.call(Question::List(list), sink).await
    }
}

fn route(url: &Url, settings: &Settings) -> Route {
    let roots = match settings.roots {
        Some(_) => RootsIn::File,
        None => RootsIn::System,
    };
    Route {
        server: url.clone(),
        proxy: settings.proxy.clone().filter(|_| !is_loopback(url)),
        roots,
        names: settings.names,
        connect_limit: CONNECT_TIMEOUT.min(settings.timeout / 2),
    }
}

fn http(settings: &Settings, route: &Route) -> Result<reqwest::Client, SetupError> {
    let builder = reqwest::Client::builder()
        .user_agent(settings.user_agent.as_str())
        .redirect(Policy::none())
        .referer(false)
        // Answers are unpacked where they are decoded.
        .no_gzip()
        .pool_idle_timeout(IDLE)
        .dns_resolver(Resolver)
        .connect_timeout(route.connect_limit)
        .tls_backend_preconfigured(tls(settings, route)?);
    let builder = lenient(builder).no_proxy();
    let builder = match &route.proxy {
        Some(proxy) => builder.proxy(proxy.for_all().map_err(|_| SetupError::Proxy)?),
        None => builder,
    };
    builder.build().map_err(|error| refused(&error))
}

/// A head that is not well-formed spoils no answer: old gateways fold lines, put a blank before the colon, or add lines that
/// are no headers at all, which are left out.
fn lenient(builder: ClientBuilder) -> ClientBuilder {
    builder
        .http1_ignore_invalid_headers_in_responses(true)
        .http1_allow_spaces_after_header_name_in_responses(true)
        .http1_allow_obsolete_multiline_headers_in_responses(true)
}

fn tls(settings: &Settings, route: &Route) -> Result<rustls::ClientConfig, SetupError> {
    // Without TLS no roots are needed, and the smallest containers have none.
    let is_plain = is_loopback(&route.server) && route.server.scheme() == "http";
    let trust = match &settings.roots {
        Some(pem) => Trust::Only(pem),
        None if is_plain => Trust::Nobody,
        None => Trust::System,
    };
    settings.tls.config(trust).map_err(|error| match error {
        TrustError::Roots(error) => SetupError::Roots(error),
        TrustError::Tls(error) => refused(&error),
    })
}

fn refused(error: &(dyn std::error::Error + 'static)) -> SetupError {
    SetupError::Tls(Gate::new([]).admit(&judge::root_cause(error)).to_string())
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    host == "localhost"
        || unbracketed(host)
            .parse()
            .is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

/// A host as resolvers take it: an address of version 6 has brackets in URLs alone.
fn unbracketed(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

fn date(headers: &HeaderMap) -> Option<DateTime<Utc>> {
    let text = headers.get(DATE)?.to_str().ok()?;
    httpdate::parse_http_date(text).ok().map(DateTime::from)
}

#[cfg(test)]
mod tests;
