//! The answer to a request.

mod selection;

use std::sync::Arc;

use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use leases::Replica;

use super::Shared;
use super::body::Body;
use super::discovery::{self, Reach};
use super::overview::{Exporter, Overview};
use super::page::{self, View};
use super::shared::{NotShown, Reload};
use super::status::Readiness;
use crate::exposition::{Encoding, Format};
use crate::health::HEALTHY;
use selection::Selection;

/// What there is to ask for.
#[derive(Debug, Clone, Copy)]
enum Route {
    Page,
    Status,
    Metrics,
    Discovery,
    Healthy,
    Ready,
    Reload,
}

impl Route {
    fn of(path: &str) -> Option<Self> {
        match path {
            "/" => Some(Self::Page),
            "/api/v1/status" => Some(Self::Status),
            "/metrics" => Some(Self::Metrics),
            "/sd" => Some(Self::Discovery),
            "/-/healthy" => Some(Self::Healthy),
            "/-/ready" => Some(Self::Ready),
            "/-/reload" => Some(Self::Reload),
            _ => None,
        }
    }

    fn takes(self, method: &Method) -> bool {
        match self {
            Self::Reload => matches!(*method, Method::POST | Method::PUT),
            _ => matches!(*method, Method::GET | Method::HEAD),
        }
    }

    /// What it takes, as the header `Allow` has it.
    fn methods(self) -> &'static str {
        match self {
            Self::Reload => "POST, PUT",
            _ => "GET, HEAD",
        }
    }
}

/// Answers a request. hyper sends no body to a HEAD, and the `Content-Length` that a GET would have.
/// `scheme` is that of the connection.
pub(super) async fn answer<B>(
    shared: &Arc<Shared>,
    request: &Request<B>,
    scheme: &'static str,
) -> Response<Body> {
    let Some(route) = Route::of(request.uri().path()) else {
        let paths = "There is nothing here. The paths are /, /api/v1/status, /metrics, /sd, /-/healthy, /-/ready and \
                     /-/reload; behind a proxy they may come after a prefix.\n";
        return plain(StatusCode::NOT_FOUND, paths);
    };
    if !route.takes(request.method()) {
        let methods = route.methods();
        let text = format!("Only {} are answered here.\n", methods.replace(", ", " and "));
        let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, &text);
        set(&mut response, header::ALLOW, methods);
        return response;
    }
    let query = request.uri().query().unwrap_or_default();
    match route {
        Route::Page => status_page(shared, query),
        Route::Status => status(shared, query),
        Route::Metrics => metrics(shared, request).await,
        Route::Discovery => discovery(shared, request, scheme),
        Route::Reload => reload(shared).await,
        Route::Healthy => plain(StatusCode::OK, HEALTHY),
        Route::Ready if shared.readiness() == Readiness::Ready => {
            plain(StatusCode::OK, "The exporter is ready.\n")
        }
        Route::Ready => plain(
            StatusCode::SERVICE_UNAVAILABLE,
            "The exporter is starting: not ready yet.\n",
        ),
    }
}

async fn metrics<B>(shared: &Arc<Shared>, request: &Request<B>) -> Response<Body> {
    let selection = match Selection::of(request.uri().query().unwrap_or_default()) {
        Ok(selection) => selection,
        Err(error) => return plain(StatusCode::BAD_REQUEST, &format!("{error}\n")),
    };
    let scrape = match &selection {
        Selection::All => shared.scrape_all(),
        Selection::Exporter => shared.scrape_none(),
        Selection::Operation(name) => match shared.scrape_one(name) {
            Ok(scrape) => scrape,
            Err(why) => return not_shown(shared, name, why),
        },
    };
    let headers = request.headers();
    let format = Format::negotiate(values(headers, &header::ACCEPT));
    let encoding = Encoding::negotiate(values(headers, &header::ACCEPT_ENCODING));
    scrape.exposition.render(format, encoding).await;
    let rendered = match selection {
        Selection::Operation(_) => scrape.exposition.answer(format, encoding, &[]),
        Selection::All | Selection::Exporter => {
            let live = [shared.scrapes_family()];
            let exposition = &scrape.exposition;
            exposition.answer_with(&shared.tail(), format, encoding, &live)
        }
    };

    let shared = Arc::clone(shared);
    let body = Body::new(rendered.chunks, move || shared.answered(&scrape));
    let mut response = response(StatusCode::OK, format.content_type(), body);
    set(&mut response, header::VARY, "Accept, Accept-Encoding");
    if rendered.encoding == Encoding::Gzip {
        set(&mut response, header::CONTENT_ENCODING, "gzip");
    }
    response
}

/// What Prometheus is to scrape.
fn discovery<B>(shared: &Shared, request: &Request<B>, scheme: &'static str) -> Response<Body> {
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let Some(address) = shared.advertised().or(host.filter(|host| !host.is_empty())) else {
        return plain(
            StatusCode::BAD_REQUEST,
            "The request has no Host, so it is not known where this exporter is reached: set WOLKVOX_ADVERTISE_ADDRESS.\n",
        );
    };
    let reach = Reach { address, scheme };
    let mut query = form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes());
    let exporters = query.any(|(key, _)| key == "exporters");
    let text = match (shared.replica().map(Replica::overview), exporters) {
        (None, true) => discovery::exporters(reach),
        (None, false) => {
            let operations = shared.operations();
            discovery::operations(operations.iter().map(|operation| operation.name()), reach)
        }
        (Some(Some(overview)), true) => discovery::exporters_of_fleet(&overview),
        (Some(Some(overview)), false) => discovery::operations_of_fleet(&overview, reach),
        // An empty list would end all series. Prometheus keeps the one that it has.
        (Some(None), _) => {
            return plain(
                StatusCode::SERVICE_UNAVAILABLE,
                "The database can't be read at the moment, so it is not known which replica holds what; the log says why.\n",
            );
        }
    };
    response(StatusCode::OK, "application/json; charset=utf-8", text.into())
}

/// Reads the settings again, where that is allowed.
async fn reload(shared: &Shared) -> Response<Body> {
    match shared.reload().await {
        Reload::Off => plain(
            StatusCode::FORBIDDEN,
            "Reloads by HTTP are switched off: set WOLKVOX_ENABLE_LIFECYCLE=true, or send SIGHUP.\n",
        ),
        Reload::Busy => plain(
            StatusCode::SERVICE_UNAVAILABLE,
            "Other reloads are under way, or the exporter is ending: try again in a moment.\n",
        ),
        Reload::Done(Ok(text)) => plain(StatusCode::OK, &format!("{text}\n")),
        Reload::Done(Err(text)) => plain(StatusCode::INTERNAL_SERVER_ERROR, &format!("{text}\n")),
    }
}

/// The answer where the operation of this name shows nothing.
fn not_shown(shared: &Shared, name: &str, why: NotShown) -> Response<Body> {
    let (status, text) = match why {
        NotShown::Unknown => (
            StatusCode::NOT_FOUND,
            format!(
                "There is no operation {name:?} here. {}; /sd lists what there is.\n",
                match shared.operations().len() {
                    1 => "1 operation is known".to_owned(),
                    count => format!("{count} operations are known"),
                }
            ),
        ),
        NotShown::Starting => (
            StatusCode::SERVICE_UNAVAILABLE,
            format!("The operation {name:?} is starting: it has nothing to show yet.\n"),
        ),
        NotShown::NotHeld => (
            StatusCode::SERVICE_UNAVAILABLE,
            match shared.replica() {
                Some(_) => format!(
                    "This replica does not hold the operation {name:?}, or its state can't be used: /sd lists where it is, and the status page (/) says more.\n"
                ),
                None => format!(
                    "The operation {name:?} is configured, but stands still: the status page (/) and the log say why.\n"
                ),
            },
        ),
    };
    plain(status, &text)
}

/// The lines of a header; one that isn't ASCII is passed over.
fn values<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
}

/// How all operations are doing, or the one that the query names, for people.
fn status_page(shared: &Shared, query: &str) -> Response<Body> {
    let view = View::of(query);
    let name = view.operation.as_deref();
    let overview = match overview(shared, name) {
        Ok(overview) => overview,
        Err(why) => return not_shown(shared, name.unwrap_or_default(), why),
    };
    let page = page::page(&overview, &view);
    let mut response = response(StatusCode::OK, "text/html; charset=utf-8", page.into());
    // It is letters of ASCII.
    if let Ok(policy) = HeaderValue::from_str(&page::CONTENT_SECURITY_POLICY) {
        response
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    set(&mut response, header::REFERRER_POLICY, "no-referrer");
    response
}

/// The same for programs.
fn status(shared: &Shared, query: &str) -> Response<Body> {
    let name = View::of(query).operation;
    let overview = match overview(shared, name.as_deref()) {
        Ok(overview) => overview,
        Err(why) => return not_shown(shared, &name.unwrap_or_default(), why),
    };
    match serde_json::to_string(&overview) {
        Ok(text) => response(
            StatusCode::OK,
            "application/json; charset=utf-8",
            format!("{text}\n").into(),
        ),
        Err(error) => plain(
            StatusCode::INTERNAL_SERVER_ERROR,
            &format!(
                "The status can't be written as JSON (a fault of the program: please report it): {error}\n"
            ),
        ),
    }
}

/// How all operations are doing, or the one of this name.
///
/// # Errors
/// No operation has this name.
fn overview(shared: &Shared, name: Option<&str>) -> Result<Overview, NotShown> {
    let operations = shared.operations();
    let wanted = operations
        .iter()
        .filter(|operation| name.is_none_or(|name| operation.name() == name));
    let statuses: Vec<_> = wanted.map(|operation| operation.status()).collect();
    if name.is_some() && statuses.is_empty() {
        return Err(NotShown::Unknown);
    }
    let fleet = shared.replica().and_then(Replica::overview);
    Ok(Overview::of(
        &statuses,
        Exporter {
            now: shared.clock().now(),
            readiness: shared.readiness(),
            problems: shared.problems(),
            warnings: shared.warnings().to_vec(),
            grafana_url: shared.grafana_url(),
            elsewhere: &|operation| fleet.as_ref()?.holder_of(operation).map(str::to_owned),
        },
    ))
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
