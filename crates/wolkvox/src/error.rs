//! What can go wrong with one call.

use std::time::Duration;

use crate::Cause;

/// Why a call failed: the label `reason` of `wolkvox_poll_failures_total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// The name was not found, the connection refused, or reset before the answer's headers.
    Connect,
    /// The TLS handshake failed.
    Tls,
    /// No answer, or one that stalled.
    Timeout,
    /// The answer ended early, or announced more rows than it held.
    Truncated,
    /// More bytes than the cap.
    TooLarge,
    /// As many rows as the vendor's limit, so the answer was probably cut.
    TooManyRows,
    /// No JSON, or not an envelope.
    NotJson,
    /// 3xx, 429, 5xx, or a 404 that is not an empty window.
    HttpStatus,
    /// 401, or 403 for a wrong token.
    Auth,
    /// 403: the day's quota is used up.
    Quota,
    /// 403: too many calls at once on this token.
    Concurrency,
    /// Any other 403: the server's backup or maintenance.
    Forbidden,
    /// 400.
    BadRequest,
}

impl Reason {
    /// All of them, in the order of the enum.
    pub const ALL: [Reason; 13] = [
        Reason::Connect,
        Reason::Tls,
        Reason::Timeout,
        Reason::Truncated,
        Reason::TooLarge,
        Reason::TooManyRows,
        Reason::NotJson,
        Reason::HttpStatus,
        Reason::Auth,
        Reason::Quota,
        Reason::Concurrency,
        Reason::Forbidden,
        Reason::BadRequest,
    ];

    /// The value of the label `reason`.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Connect => "connect",
            Reason::Tls => "tls",
            Reason::Timeout => "timeout",
            Reason::Truncated => "truncated",
            Reason::TooLarge => "too_large",
            Reason::TooManyRows => "too_many_rows",
            Reason::NotJson => "not_json",
            Reason::HttpStatus => "http_status",
            Reason::Auth => "auth",
            Reason::Quota => "quota",
            Reason::Concurrency => "concurrency",
            Reason::Forbidden => "forbidden",
            Reason::BadRequest => "bad_request",
        }
    }
}

/// A call that failed. Its text never holds the token or anything of a customer.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    reason: Reason,
    message: String,
    retry_after: Option<Duration>,
    status: Option<u16>,
    cause: Option<Cause>,
    sender: Sender,
}

/// Who sent what was judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sender {
    /// A proxy, a portal or another server may have.
    Unknown,
    /// It has the form of Wolkvox' answers.
    Wolkvox,
}

impl Error {
    /// A failure with its text: what happened, the likely cause, what to do. Words of the server in it are
    /// [`ServerText`](super::ServerText).
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Error {
            reason,
            message: message.into(),
            retry_after: None,
            status: None,
            cause: None,
            sender: Sender::Unknown,
        }
    }

    /// No answer came that can be read, for this cause, in the catalogue's words.
    pub(crate) fn of(cause: Cause, message: String) -> Self {
        Error {
            cause: Some(cause),
            ..Error::new(cause.reason(), message)
        }
    }

    /// Adds the status that the failure was judged by: of HTTP, or the envelope's `code` under HTTP 200. A time-out with
    /// a status is that of an answer that had begun.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Adds how long the server asked us to wait, with 429 or 503.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.retry_after = wait;
        self
    }

    /// Adds that what was judged has the form of Wolkvox' answers: its envelope, or rows under `data`.
    #[must_use]
    pub(crate) fn of_wolkvox(mut self) -> Self {
        self.sender = Sender::Wolkvox;
        self
    }

    /// Why, as a label value.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// How long the server asked us to wait, at most a day.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The status that the failure was judged by, if it was one.
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// Why no answer came that can be read; `None` where one came.
    pub fn cause(&self) -> Option<Cause> {
        self.cause
    }

    /// Whether no connection was made: it failed, or was waited for in vain, as behind a firewall that drops what it does not
    /// know. Whoever calls may not be on the allow-list.
    pub fn is_without_connection(&self) -> bool {
        let is_waited_for = |cause| {
            matches!(
                cause,
                Cause::NoConnection | Cause::HandshakeSilent | Cause::ProxySilent
            )
        };
        self.reason == Reason::Connect || self.cause.is_some_and(is_waited_for)
    }

    /// Whether Wolkvox itself answered, as the form of the answer shows. Where it did not show, a proxy or portal may have
    /// answered in its place.
    pub fn is_from_wolkvox(&self) -> bool {
        self.sender == Sender::Wolkvox
    }

    /// What is likely to help.
    pub fn class(&self) -> Class {
        match self.reason {
            Reason::Truncated | Reason::TooLarge | Reason::TooManyRows => Class::Smaller,
            // An answer that began and did not end. No answer at all is no matter of size.
            Reason::Timeout if self.status.is_some() => Class::Smaller,
            // The next try would be refused as well, and a proxy may lock a user out who tries too often.
            Reason::Connect if self.is_refused_by_proxy() => Class::GiveUp,
            Reason::Connect => Class::Retry,
            Reason::HttpStatus if matches!(self.status, Some(429 | 500..=599)) => Class::Retry,
            // After a time-out the server may still be at work on the call, and it answers one at a time.
            Reason::Timeout | Reason::Concurrency | Reason::Quota | Reason::Forbidden | Reason::NotJson => {
                Class::Wait
            }
            Reason::HttpStatus | Reason::Tls | Reason::Auth | Reason::BadRequest => Class::GiveUp,
        }
    }

    fn is_refused_by_proxy(&self) -> bool {
        matches!(self.cause, Some(Cause::ProxyPassword | Cause::ProxyForbids))
    }

    /// Whether the same would be too much each time, so that only less can help.
    pub(crate) fn is_too_much(&self) -> bool {
        matches!(self.reason, Reason::TooLarge | Reason::TooManyRows)
    }
}

/// What a caller can do about a call that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Ask for the same again soon: a connection that failed, 429, 5xx.
    Retry,
    /// Ask for less: the answer was too large, or too slow to come to its end.
    Smaller,
    /// Ask for the same again later: the server refuses for now, or something answers in its place.
    Wait,
    /// Nothing: an operator has to put something right.
    GiveUp,
}

#[cfg(test)]
mod tests;
