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
mod tests {
    use super::*;

    fn checked(version: Version, hosts: &[&str]) -> Result<(), HostError> {
        let mut request = Request::builder().version(version);
        for host in hosts {
            request = request.header("host", *host);
        }
        check(&request.body(()).unwrap())
    }

    #[test]
    fn one_host_is_needed_by_http_1_1_and_two_are_never_right() {
        let (old, new) = (Version::HTTP_10, Version::HTTP_11);
        assert_eq!(checked(new, &["a.example"]), Ok(()));
        assert_eq!(checked(new, &[]), Err(HostError::Missing));
        assert_eq!(checked(old, &[]), Ok(()));
        for version in [old, new] {
            assert_eq!(checked(version, &["a", "a"]), Err(HostError::Repeated));
        }
    }

    #[test]
    fn a_host_is_a_name_or_an_address_with_or_without_a_port() {
        for host in [
            "",
            "a",
            "a.example:10555",
            "a.example:",
            "192.0.2.1",
            "[2001:db8::1]",
            "[::1]:80",
            "a_b",
        ] {
            assert_eq!(checked(Version::HTTP_11, &[host]), Ok(()), "{host}");
        }
        for host in [
            "a b",
            "a/b",
            "http://a",
            "user@a",
            "a:b",
            "a:80:80",
            "[::1",
            "[::1]x",
            "a?b",
            "a#b",
            "a\\b",
            "2001:db8::1",
        ] {
            assert_eq!(
                checked(Version::HTTP_11, &[host]),
                Err(HostError::Invalid),
                "{host}"
            );
        }
    }
}
