//! The answer to a request.

use std::sync::Arc;

use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use tokio::time::Instant;

use super::body::Body;
use super::status::Readiness;
use super::{Shared, html};
use crate::exposition::{Encoding, Format};

/// No script, nothing from elsewhere; the style is in the page itself.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
                                       form-action 'none'; frame-ancestors 'none'";

/// What there is to ask for.
#[derive(Debug, Clone, Copy)]
enum Route {
    Status,
    Metrics,
    Healthy,
    Ready,
}

impl Route {
    fn of(path: &str) -> Option<Self> {
        match path {
            "/" => Some(Self::Status),
            "/metrics" => Some(Self::Metrics),
            "/-/healthy" => Some(Self::Healthy),
            "/-/ready" => Some(Self::Ready),
            _ => None,
        }
    }
}

/// Answers a request. hyper sends no body to a HEAD, and the `Content-Length` that a GET would have.
pub(super) async fn answer<B>(shared: &Arc<Shared>, request: &Request<B>) -> Response<Body> {
    let Some(route) = Route::of(request.uri().path()) else {
        let paths = "There is nothing here. The paths are /, /metrics, /-/healthy and /-/ready; behind a proxy they \
                     may come after a prefix.\n";
        return plain(StatusCode::NOT_FOUND, paths);
    };
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut response = plain(
            StatusCode::METHOD_NOT_ALLOWED,
            "Only GET and HEAD are answered here.\n",
        );
        set(&mut response, header::ALLOW, "GET, HEAD");
        return response;
    }
    match route {
        Route::Status => status(shared),
        Route::Metrics => metrics(shared, request.headers()).await,
        Route::Healthy => plain(StatusCode::OK, "The exporter is healthy.\n"),
        Route::Ready if shared.readiness() == Readiness::Ready => {
            plain(StatusCode::OK, "The exporter is ready.\n")
        }
        Route::Ready => plain(
            StatusCode::SERVICE_UNAVAILABLE,
            "The exporter is starting: not ready yet.\n",
        ),
    }
}

async fn metrics(shared: &Arc<Shared>, headers: &HeaderMap) -> Response<Body> {
    let format = Format::negotiate(values(headers, &header::ACCEPT));
    let encoding = Encoding::negotiate(values(headers, &header::ACCEPT_ENCODING));
    let published = shared.page();
    published.page.render(format, encoding).await;
    let tail = shared.process();
    let rendered = published.page.answer(format, encoding, Instant::now(), &tail);

    let (shared, number) = (Arc::clone(shared), published.number);
    let body = Body::new(rendered.chunks, move || shared.answered(number));
    let mut response = response(StatusCode::OK, format.content_type(), body);
    set(&mut response, header::VARY, "Accept, Accept-Encoding");
    if rendered.encoding == Encoding::Gzip {
        set(&mut response, header::CONTENT_ENCODING, "gzip");
    }
    response
}

/// The lines of a header; one that isn't ASCII is passed over.
fn values<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
}

fn status(shared: &Shared) -> Response<Body> {
    let page = html::page(&shared.status(), shared.readiness(), shared.clock().now());
    let mut response = response(StatusCode::OK, "text/html; charset=utf-8", page.into());
    set(
        &mut response,
        header::CONTENT_SECURITY_POLICY,
        CONTENT_SECURITY_POLICY,
    );
    set(&mut response, header::REFERRER_POLICY, "no-referrer");
    response
}

pub(super) fn plain(status: StatusCode, text: &str) -> Response<Body> {
    response(status, "text/plain; charset=utf-8", text.to_owned().into())
}

/// Nothing is to be stored: everything here is about now.
fn response(status: StatusCode, content_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    set(&mut response, header::CONTENT_TYPE, content_type);
    set(&mut response, header::CACHE_CONTROL, "no-store");
    set(&mut response, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    response
}

fn set(response: &mut Response<Body>, name: HeaderName, value: &'static str) {
    response
        .headers_mut()
        .insert(name, HeaderValue::from_static(value));
}

#[cfg(test)]
mod tests;
