//! What an answer means: the status, the envelope's `code` and `msg`, and what the transport says of failures.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::io;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use reqwest::header::{HeaderMap, RETRY_AFTER};

use super::Names;
use crate::report::{Code, DecodeError, Envelope};
use crate::{Answer, Error, Gate, RawText, Reason};

const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// The words of an error that are not this module's own: what the gate lets through of the server's, and the names that the
/// caller's settings have.
pub(super) struct Words<'a> {
    pub(super) gate: Gate,
    pub(super) names: &'a Names,
    /// The report or list that was asked for.
    pub(super) asked: &'static str,
}

/// Judges an answer by a status that is not 200. `Ok` is an empty window.
pub(super) fn status(status: u16, envelope: Option<&Envelope>, words: &Words<'_>) -> Result<(), Error> {
    if status == 404 && envelope.is_some_and(is_empty_window) {
        return Ok(());
    }
    let none = RawText::default();
    let text = envelope.map_or(&none, Envelope::text);
    let (reason, meaning) = meaning(status, text, words);
    let said = if text.is_empty() {
        String::new()
    } else {
        format!(", \"{}\"", words.gate.admit(text))
    };
    let error = Error::new(reason, format!("HTTP {status}{said}: {meaning}")).with_status(status);
    Err(match envelope {
        Some(envelope) if is_from_wolkvox(envelope) => error.of_wolkvox(),
        _ => error,
    })
}

/// Whether an envelope is Wolkvox' own. Other servers answer in JSON too, but not with these keys and values.
fn is_from_wolkvox(envelope: &Envelope) -> bool {
    let has_code = matches!(envelope.code, Code::Number(_));
    envelope.announced().is_some() || has_code && !envelope.text().is_empty()
}

fn meaning(status: u16, text: &RawText, words: &Words<'_>) -> (Reason, Cow<'static, str>) {
    let Names { address, token, .. } = words.names;
    let asked = words.asked;
    match status {
        400 => (
            Reason::BadRequest,
            "Wolkvox refused the request as malformed; this is not a matter of the token".into(),
        ),
        401 => (
            Reason::Auth,
            format!("Wolkvox wants a token and saw none it knows: check {token}").into(),
        ),
        403 if text.is("PLEASE VALIDATE TOKEN") => (
            Reason::Auth,
            format!(
                "Wolkvox does not know this token: check {token}, and that it belongs to the server of {address}"
            )
            .into(),
        ),
        403 if text.is("TOKEN LIMIT EXCEEDED") => (
            Reason::Quota,
            "the operation's calls for today are used up (1000 per licence, shared by all of its tokens): poll less often, or find who else is calling".into(),
        ),
        403 if text.begins_with("EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS") => (
            Reason::Concurrency,
            "too many calls at once on this token: something else uses it too; give the exporter a token of its own".into(),
        ),
        403 => (
            Reason::Forbidden,
            "Wolkvox refuses for now, as it does during its backup or maintenance; the token is probably fine".into(),
        ),
        404 => (
            Reason::HttpStatus,
            format!("Wolkvox has no such report here: check {address}, and ask Wolkvox whether the {asked} report is enabled for this operation").into(),
        ),
        429 => (Reason::HttpStatus, "too many calls: poll less often".into()),
        300..=399 => (
            Reason::HttpStatus,
            format!("a redirect, which is never followed because the token would go with it: check {address}, and whether a proxy or portal is in between").into(),
        ),
        500..=599 => (
            Reason::HttpStatus,
            "Wolkvox, or a proxy before it, is in trouble: it mostly passes by itself; if it stays, ask Wolkvox".into(),
        ),
        _ => (
            Reason::HttpStatus,
            format!("this is no answer that Wolkvox documents: check {address}, and whether a proxy or portal answers in its place; if it stays, ask Wolkvox").into(),
        ),
    }
}

/// Judges a whole envelope that came with HTTP 200.
pub(super) fn envelope(envelope: &Envelope, words: &Words<'_>) -> Result<Answer, Error> {
    match envelope.code {
        Code::Number(200) | Code::None if envelope.has_data => rows(envelope),
        Code::Number(200) | Code::None => Err(not_json(
            &format!("it has no list `data`{}", said(envelope.text(), words)),
            words.names,
        )),
        // An answer that says `empty` and has rows is no such answer.
        Code::Number(404) if is_empty_window(envelope) && envelope.rows > 0 => {
            Err(not_json("it has rows and says that there are none", words.names))
        }
        Code::Number(code) => status(code, Some(envelope), words).map(|()| Answer::default()),
        Code::Unreadable => Err(not_json(
            &format!("its `code` is not a number{}", said(envelope.text(), words)),
            words.names,
        )),
    }
}

fn rows(envelope: &Envelope) -> Result<Answer, Error> {
    let answer = Answer {
        rows: envelope.rows,
        announced: envelope.announced(),
    };
    let rows = answer.rows;
    match answer.announced {
        Some(announced) if announced > rows => Err(Error::new(
            Reason::Truncated,
            format!(
                "Wolkvox announced {announced} rows and sent {rows}: the answer was cut, and is not counted"
            ),
        )
        .of_wolkvox()),
        _ => Ok(answer),
    }
}

/// What is odd about a good answer's count of rows, in words.
pub(super) fn oddity(answer: &Answer, msg: &RawText, words: &Words<'_>) -> Option<String> {
    let rows = answer.rows;
    match answer.announced {
        Some(announced) if announced < rows => Some(format!(
            "Wolkvox announced {announced} rows and sent {rows}; all of them count"
        )),
        None if rows > 0 => Some(format!(
            "Wolkvox did not say how many rows there are (it says \"{}\"); a cut answer would go unseen",
            words.gate.admit(msg)
        )),
        _ => None,
    }
}

fn is_empty_window(envelope: &Envelope) -> bool {
    envelope.msg.is("validate dates entered")
}

fn said(text: &RawText, words: &Words<'_>) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!(" (it says \"{}\")", words.gate.admit(text))
    }
}

fn not_json(what: &str, names: &Names) -> Error {
    Error::new(
        Reason::NotJson,
        format!(
            "HTTP 200, but not an answer of Wolkvox: {what}. Check {}, and whether a proxy or portal answers in its place",
            names.address
        ),
    )
}

/// Judges why a body under HTTP 200 could not be decoded.
pub(super) fn decoding(error: &DecodeError, names: &Names) -> Error {
    match error {
        DecodeError::NotJson(what) => not_json(what, names),
        DecodeError::Empty => not_json("the body is empty", names),
        DecodeError::Truncated | DecodeError::Stopped => Error::new(
            Reason::Truncated,
            "the answer ends in the middle of its JSON: Wolkvox, or a proxy before it, cut it off; it is not counted",
        ),
    }
}

/// Judges why a body could not be read to its end.
pub(super) fn reading(error: reqwest::Error, words: &Words<'_>) -> Error {
    let error = error.without_url();
    let cause = words.gate.admit(&root_cause(&error));
    Error::new(
        Reason::Truncated,
        format!("the connection ended before the answer did ({cause}); what came of it is not counted"),
    )
}

/// The answer began, and did not end in time.
pub(super) fn stalled(status: u16, limit: Duration) -> Error {
    let limit = humantime::format_duration(limit);
    let message = format!(
        "the answer (HTTP {status}) began but did not end within {limit}: Wolkvox is slow or stalled"
    );
    Error::new(Reason::Timeout, message).with_status(status)
}

/// `Retry-After`, in seconds or as a date; a date is taken by the server's own clock where it shows it. It binds only where
/// the server refuses for now, with 429 or 503: portals, redirects and error pages have the header too, and would stop the
/// polls.
pub(super) fn retry_after(status: u16, headers: &HeaderMap, date: Option<DateTime<Utc>>) -> Option<Duration> {
    if !matches!(status, 429 | 503) {
        return None;
    }
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = if let Ok(seconds) = text.parse() {
        Duration::from_secs(seconds)
    } else {
        let until = httpdate::parse_http_date(text).ok()?;
        let now = date.map_or_else(SystemTime::now, SystemTime::from);
        until.duration_since(now).unwrap_or_default()
    };
    Some(wait.min(LONGEST_WAIT))
}

/// The error, and those within it.
pub(super) fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| match error.downcast_ref::<io::Error>() {
        // An I/O error's source is its inner error's source: the inner one is skipped.
        Some(outer) if outer.get_ref().is_some() => {
            outer.get_ref().map(|inner| inner as &(dyn StdError + 'static))
        }
        _ => error.source(),
    })
    .take(16)
}

pub(super) fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    chain(error).find_map(|error| error.downcast_ref())
}

/// Whether the connection ended where nothing said that it would.
pub(super) fn is_cut(error: &reqwest::Error) -> bool {
    io_errors(error).any(|error| error.kind() == io::ErrorKind::UnexpectedEof)
}

fn io_errors<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a io::Error> {
    chain(error).filter_map(|error| error.downcast_ref())
}

/// In the words of a library, which may quote the server: a certificate has names in it.
pub(super) fn root_cause(error: &(dyn StdError + 'static)) -> RawText {
    chain(error)
        .last()
        .map(|cause| RawText::new(without_link(&cause.to_string())))
        .unwrap_or_default()
}

/// A library's words without the address of its documents, which means nothing to who reads them.
fn without_link(text: &str) -> &str {
    text.split(": https://docs.rs/").next().unwrap_or_default()
}

#[cfg(test)]
mod tests;
