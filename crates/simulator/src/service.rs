//! From a request to its answer: the vendor's contract.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use chrono::{DateTime, TimeDelta, Utc};
use hyper::Response;
use hyper::body::Incoming;
use hyper::header::{self, HeaderName, HeaderValue};

use super::answer::{Distortion, Report, envelope, envelope_is_text};
use super::body::{AnswerBody, Ending, Source};
use super::fault::Fault;
use super::handle::{Call, Handle, Request};
use super::model::Entry;
use super::query::{Api, Page, Query, Window};
use super::settings::{Filter, OverLimit};
use super::table;

const EMPTY_WINDOW: &str = "Validate dates entered";
const HTML: &str = "text/html; charset=iso-8859-1";
const JSON: &str = "application/json; charset=utf-8";
/// Calls of one token at the same time.
const MOST_CALLS: usize = 2;
/// How far back the report goes.
const HISTORY: TimeDelta = TimeDelta::days(400);
const BEGINNING: &str = r#"{"code":"200","error":null,"msg":"1 records were found","data":["#;
const PHP_WARNING: &str = "<br />\n<b>Warning</b>:  Undefined array key \"skill\" in <b>/var/www/html/api/v2/\
    reports_manager.php</b> on line <b>1482</b><br />\n";

/// An answer about to be given.
struct Reply {
    status: u16,
    content_type: &'static str,
    headers: Vec<(HeaderName, String)>,
    source: Source,
    ending: Option<Ending>,
    slow: bool,
}

impl Reply {
    fn new(status: u16, content_type: &'static str, source: Source) -> Self {
        Self {
            status,
            content_type,
            headers: Vec::new(),
            source,
            ending: None,
            slow: false,
        }
    }

    fn html(status: u16, title: &str) -> Self {
        let page = format!(
            "<!DOCTYPE HTML>\n<html><head><title>{title}</title></head><body>{title}</body></html>\n"
        );
        Self::new(status, HTML, Source::whole(page))
    }

    fn json(status: u16, source: Source) -> Self {
        Self::new(status, JSON, source)
    }

    /// An envelope without rows, whose code is the status.
    fn refusal(handle: &Handle, query: &Query, status: u16, msg: &str) -> Self {
        let text = is_text(handle, query);
        Self::json(status, Source::whole(envelope(&status.to_string(), msg, text)))
    }

    fn with(mut self, name: HeaderName, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// What a fault does to the bytes on their way.
    fn distorted(mut self, fault: Option<&Fault>) -> Self {
        match fault {
            Some(Fault::CutBody { after_bytes } | Fault::ResetBody { after_bytes }) => {
                self.ending = Some(Ending {
                    after: *after_bytes,
                    stall: false,
                });
            }
            Some(Fault::StallBody { after_bytes }) => {
                self.ending = Some(Ending {
                    after: *after_bytes,
                    stall: true,
                });
            }
            Some(Fault::OneByteASecond) => self.slow = true,
            Some(Fault::WrongContentLength { missing }) => {
                let bytes = self.source.collect();
                let promised = bytes.len() as u64 + missing;
                self.headers.push((header::CONTENT_LENGTH, promised.to_string()));
                self.source = Source::whole(bytes);
                // Cut where it ends: hyper must not learn the body's true length.
                self.ending = Some(Ending {
                    after: usize::MAX,
                    stall: false,
                });
            }
            _ => {}
        }
        self
    }

    fn into_response(self, now: DateTime<Utc>, call: Option<Call>) -> io::Result<Response<AnswerBody>> {
        let mut response = Response::builder()
            .status(self.status)
            .header(header::DATE, httpdate::fmt_http_date(SystemTime::from(now)))
            .header(header::SERVER, "Apache")
            .header(header::CONTENT_TYPE, self.content_type)
            .header("keep-alive", "timeout=5, max=100");
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        let body = AnswerBody::new(self.source, self.ending, call);
        response
            .body(if self.slow { body.slowly() } else { body })
            .map_err(io::Error::other)
    }
}

/// Answers a request. `reset` is set if the connection is to end with a reset; instead of an answer, then an error is
/// given, or within its body.
pub(super) async fn answer(
    handle: Handle,
    reset: Arc<AtomicBool>,
    request: hyper::Request<Incoming>,
) -> io::Result<Response<AnswerBody>> {
    let now = handle.now();
    let Some(page) = Page::at(request.uri().path()) else {
        return Reply::html(404, "404 Not Found").into_response(now, None);
    };
    let query = Query::parse(page, request.uri().query().unwrap_or_default());
    let fault = handle.next_fault(&query);
    let (call, calls) = handle.begin_call();
    if let Some(Fault::ResetBeforeHeaders | Fault::DropConnections | Fault::Stall) = &fault {
        log(&handle, now, &query, None);
        if fault == Some(Fault::Stall) {
            std::future::pending::<()>().await;
        }
        reset.store(true, Ordering::SeqCst);
        return Err(io::Error::from(io::ErrorKind::ConnectionReset));
    }
    let token = request.headers().get("wolkvox-token").map(HeaderValue::as_bytes);
    let reply = match fault
        .as_ref()
        .and_then(|fault| replacement(fault, &handle, &query))
    {
        Some(reply) => reply,
        None => match refusal(&handle, &query, token, calls, now) {
            Some((status, msg)) => Reply::refusal(&handle, &query, status, msg),
            None => match query.asked() {
                Some(Api::Skills) => skills(&handle, &query, fault.as_ref()),
                Some(Api::ClosedByChannel) => counts(&handle, &query, now, fault.as_ref()).await?,
                Some(Api::Chats) | None => report(&handle, &query, now, fault.as_ref()).await?,
            },
        },
    };
    log(&handle, now, &query, Some(reply.status));
    if let Some(Fault::ResetBody { .. }) = &fault {
        reset.store(true, Ordering::SeqCst);
    }
    reply.distorted(fault.as_ref()).into_response(now, Some(call))
}

fn log(handle: &Handle, at: DateTime<Utc>, query: &Query, status: Option<u16>) {
    let Query {
        page,
        api,
        date_ini,
        date_end,
        agent_dni,
    } = query.clone();
    handle.state().log(Request {
        page,
        api,
        at,
        date_ini,
        date_end,
        agent_dni,
        status,
    });
}

/// The answer of a fault that has one of its own.
fn replacement(fault: &Fault, handle: &Handle, query: &Query) -> Option<Reply> {
    Some(match fault {
        Fault::Status {
            code,
            msg,
            retry_after,
        } => {
            let reply = Reply::refusal(handle, query, *code, msg);
            match retry_after {
                Some(time) => reply.with(header::RETRY_AFTER, time),
                None => reply,
            }
        }
        Fault::Html502 => Reply::html(502, "502 Proxy Error"),
        // Portals name a time to come back: nobody may obey it.
        Fault::Html200 => Reply::html(200, "Login").with(header::RETRY_AFTER, "86400"),
        Fault::EmptyBody => Reply::json(200, Source::whole("")),
        Fault::Body(bytes) => Reply::json(200, Source::whole(bytes.clone())),
        Fault::OtherCodeIn200 { code, msg } => {
            Reply::json(200, Source::whole(envelope(code, msg, is_text(handle, query))))
        }
        Fault::Redirect { location } => Reply::html(302, "302 Found").with(header::LOCATION, location),
        Fault::EndlessBody => Reply::json(200, Source::Endless(BEGINNING)),
        Fault::GzipBomb => Reply::json(200, Source::bomb(BEGINNING)).with(header::CONTENT_ENCODING, "gzip"),
        _ => return None,
    })
}

/// Why a call is refused, if it is. The vendor's page does not say in which order it checks.
fn refusal(
    handle: &Handle,
    query: &Query,
    token: Option<&[u8]>,
    calls: usize,
    now: DateTime<Utc>,
) -> Option<(u16, &'static str)> {
    let mut state = handle.state();
    match token {
        None | Some(b"") => return Some((401, "PLEASE ENTER THE WOLKVOX-TOKEN")),
        Some(token) if token != state.token.as_bytes() => return Some((403, "PLEASE VALIDATE TOKEN")),
        Some(_) => {}
    }
    if calls > MOST_CALLS {
        return Some((403, "EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN (2)"));
    }
    let today = now.with_timezone(&handle.simulator.settings().zone).date_naive();
    if state.used.0 != today {
        state.used = (today, 0);
    }
    if state.quota.is_some_and(|quota| state.used.1 >= quota) {
        return Some((403, "TOKEN LIMIT EXCEEDED"));
    }
    state.used.1 += 1;
    let has_dates = query.date_ini.is_some() && query.date_end.is_some();
    if query.api.is_none() || query.page == Page::Reports && !has_dates {
        return Some((400, "SOME PARAMETERS ARE REQUIRED"));
    }
    query
        .asked()
        .is_none()
        .then_some((400, "THE API YOU WANT TO CONSULT DOES NOT EXIST"))
}

/// The answer to a call that is not refused.
async fn report(
    handle: &Handle,
    query: &Query,
    now: DateTime<Utc>,
    fault: Option<&Fault>,
) -> io::Result<Reply> {
    // A day of a busy operation takes some milliseconds to look through: not on a thread that serves others.
    let (looker, asked) = (handle.clone(), query.clone());
    let filter = handle.state().filter;
    let mut rows = tokio::task::spawn_blocking(move || rows(&looker, &asked, filter, now)).await?;
    let distortion = distortion(fault);
    if rows.is_empty() && distortion.announce_more == 0 {
        let reply = envelope("404", EMPTY_WINDOW, is_text(handle, query));
        return Ok(Reply::json(
            404,
            Source::whole([distortion.preface.as_bytes(), &reply].concat()),
        ));
    }
    let settings = handle.simulator.settings();
    if rows.len() > settings.row_limit {
        if settings.over_limit == OverLimit::Error {
            return Ok(Reply::refusal(
                handle,
                query,
                400,
                "THE LIMIT OF RECORDS WAS EXCEEDED",
            ));
        }
        rows.truncate(settings.row_limit);
    }
    let text = is_text(handle, query);
    let report = Report::new(Arc::clone(&handle.simulator), rows, text, distortion);
    Ok(Reply::json(200, Source::Report(Box::new(report))))
}

/// The answer to a call for the list of skills that is not refused.
fn skills(handle: &Handle, query: &Query, fault: Option<&Fault>) -> Reply {
    let settings = handle.simulator.settings();
    let body = table::skills(settings, is_text(handle, query), &distortion(fault));
    Reply::json(200, Source::whole(body))
}

/// The answer to a call for the closed chats by channel that is not refused: those of the report, whichever time it filters on,
/// and those that no agent took.
async fn counts(
    handle: &Handle,
    query: &Query,
    now: DateTime<Utc>,
    fault: Option<&Fault>,
) -> io::Result<Reply> {
    let (looker, asked) = (handle.clone(), query.clone());
    let counted = tokio::task::spawn_blocking(move || closed_by_channel(&looker, &asked, now)).await?;
    let text = is_text(handle, query);
    let distortion = distortion(fault);
    if counted.is_empty() {
        let reply = envelope("404", EMPTY_WINDOW, text);
        return Ok(Reply::json(404, Source::whole(reply)));
    }
    let dialect = &handle.simulator.settings().dialect;
    let body = table::counts(&counted, dialect, text, &distortion);
    Ok(Reply::json(200, Source::whole(body)))
}

fn closed_by_channel(handle: &Handle, query: &Query, now: DateTime<Utc>) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for entry in rows(handle, query, Filter::CloseTime, now) {
        *counts.entry(handle.simulator.chat(&entry).channel).or_default() += 1;
    }
    let zone = handle.simulator.settings().zone;
    let state = handle.state();
    let window = query.window();
    for (channel, closed) in &state.untaken {
        let holds = |window: &Window| window.holds(closed.timestamp(), zone, state.end_inclusive);
        if window.as_ref().is_some_and(holds) && *closed <= now {
            *counts.entry(channel.clone()).or_default() += 1;
        }
    }
    counts
}

fn distortion(fault: Option<&Fault>) -> Distortion {
    match fault {
        Some(Fault::PhpWarningBeforeJson) => Distortion {
            preface: PHP_WARNING,
            ..Distortion::default()
        },
        Some(Fault::AnnounceMore(more)) => Distortion {
            announce_more: *more,
            ..Distortion::default()
        },
        Some(Fault::InvalidUtf8 { field }) => Distortion {
            not_utf8: Some(field.clone()),
            ..Distortion::default()
        },
        _ => Distortion::default(),
    }
}

/// What the database finds at `now` by this time of the chats.
fn rows(handle: &Handle, query: &Query, filter: Filter, now: DateTime<Utc>) -> Vec<Entry> {
    let end_inclusive = handle.state().end_inclusive;
    let Some(window) = query.window() else {
        return Vec::new();
    };
    let simulator = &handle.simulator;
    let zone = simulator.settings().zone;
    let (from, to) = window.bounds(zone);
    let oldest = (now - HISTORY).timestamp();
    let mut entries = simulator.entries(filter, from.max(oldest), to.min(now.timestamp()));
    entries.retain(|entry| {
        entry.visible() <= now.timestamp()
            && entry.closed() <= now.timestamp()
            && window.holds(entry.time(filter), zone, end_inclusive)
    });
    if let Some(dni) = &query.agent_dni {
        entries.retain(|entry| simulator.chat(entry).agent.dni == *dni);
    }
    entries
}

/// Whether the envelope of the answer to this query has its code as a string.
fn is_text(handle: &Handle, query: &Query) -> bool {
    let dates = format!("{:?}{:?}", query.date_ini, query.date_end);
    envelope_is_text(handle.simulator.settings(), &dates)
}
