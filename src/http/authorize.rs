//! Authorizes requests: each must pass the `Host`, the rate and the password before it is answered.

use std::sync::Arc;

use hyper::header::{self, HeaderValue};
use hyper::{Request, Response, StatusCode};

use super::answer::{answer, plain};
use super::body::Body;
use super::{Shared, host};
use crate::health::{CHALLENGE, RATE_LIMITED};
use exporter_web::{Admission, Peer, Web, WebConfig};

/// Answers a request that `config` lets in, and refuses the others. All paths are alike, as in the exporter-toolkit.
/// The headers that `config` adds stand on refusals too.
pub(super) async fn authorize_and_answer<B>(
    web: &Web,
    shared: &Arc<Shared>,
    config: &WebConfig,
    peer: Peer,
    request: &Request<B>,
) -> Response<Body> {
    let mut response = if let Err(error) = host::check(request) {
        bad_request(&error.to_string())
    } else if config.rate.as_ref().is_some_and(|rate| !rate.admits()) {
        plain(StatusCode::TOO_MANY_REQUESTS, RATE_LIMITED)
    } else {
        match web.authorize(config, request.headers(), peer).await {
            Admission::Granted => {
                let scheme = if config.tls.is_some() { "https" } else { "http" };
                answer(shared, request, scheme).await
            }
            Admission::Denied => unauthorized(),
            Admission::Busy => busy(),
        }
    };
    for (name, value) in &config.headers {
        response.headers_mut().insert(name, value.clone());
    }
    response
}

/// Closes the connection: it is not sure where the client's next request begins.
fn bad_request(what: &str) -> Response<Body> {
    let mut response = plain(StatusCode::BAD_REQUEST, &format!("{what}\n"));
    response
        .headers_mut()
        .insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

fn unauthorized() -> Response<Body> {
    let mut response = plain(
        StatusCode::UNAUTHORIZED,
        "A user and a password are needed: basic_auth of Prometheus' scrape configuration, or curl -u user.\n",
    );
    response
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE));
    response
}

fn busy() -> Response<Body> {
    let mut response = plain(
        StatusCode::SERVICE_UNAVAILABLE,
        "Too many passwords are being checked: try again in 10 seconds.\n",
    );
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from_static("10"));
    response
}
