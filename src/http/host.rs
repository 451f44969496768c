//! The `Host` header, as RFC 9112 (3.2) wants it. A server that reads a request differently from the proxy before it may
//! answer a request that was meant for another host.

use hyper::header::{HOST, HeaderValue};
use hyper::http::uri::Authority;
use hyper::{Request, Version};

/// What is wrong with a request's `Host`; in words for the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum HostError {
    #[error("A request of HTTP/1.1 needs a Host header.")]
    Missing,
    #[error("The request has more than one Host header.")]
    Repeated,
    #[error("The Host header must be a name or an address, with or without a port.")]
    Invalid,
}

/// Checks that there is one `Host`, and that it can be one. HTTP/1.0 needs none.
pub(super) fn check<B>(request: &Request<B>) -> Result<(), HostError> {
    let mut hosts = request.headers().get_all(HOST).into_iter();
    match (hosts.next(), hosts.next()) {
        (Some(_), Some(_)) => Err(HostError::Repeated),
        (Some(host), None) if is_host(host) => Ok(()),
        (Some(_), None) => Err(HostError::Invalid),
        (None, _) if request.version() < Version::HTTP_11 => Ok(()),
        (None, _) => Err(HostError::Missing),
    }
}

/// Blank is allowed: it says that what is asked for has no host.
fn is_host(value: &HeaderValue) -> bool {
    let bytes = value.as_bytes();
    let Ok(authority) = Authority::try_from(bytes) else {
        return bytes.is_empty();
    };
    let text = authority.as_str();
    let after_host = &text[authority.host().len().min(text.len())..];
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    !text.contains('@') && (after_host.is_empty() || after_host.strip_prefix(':').is_some_and(is_port))
}

#[cfg(test)]
mod tests;
