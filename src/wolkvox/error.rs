//! What can go wrong with one call.

use std::time::Duration;

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

/// A call that failed. Its text never holds the token or anything of a customer.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    reason: Reason,
    message: String,
    retry_after: Option<Duration>,
}

impl Error {
    /// Why, as a label value.
    pub fn reason(&self) -> Reason {
        self.reason
    }
    /// How long the server asked us to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}
