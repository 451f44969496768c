//! What an answer means: the status, the envelope's `code` and `msg`, and what the transport says of failures.

use std::error::Error as StdError;
use std::io;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use rustls::CertificateError;

use crate::report::{Code, DecodeError, Envelope};
use crate::{Answer, Error, Gate, RawText, Reason};

const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);
const ALLOW_LIST: &str = "Wolkvox answers only the addresses on its allow-list and leaves all others refused or without \
    an answer: ask Wolkvox whether the public address of this machine (or of its proxy, HTTPS_PROXY) is listed. \
    Check WOLKVOX_SERVER too";

/// Judges an answer by a status that is not 200. `Ok` is an empty window.
pub(super) fn status(status: u16, envelope: Option<&Envelope>, gate: &Gate) -> Result<(), Error> {
    let none = RawText::default();
    let text = envelope.map_or(&none, Envelope::text);
    let (reason, meaning) = match status {
        404 if envelope.is_some_and(is_empty_window) => return Ok(()),
        400 => (
            Reason::BadRequest,
            "Wolkvox refused the request as malformed; this is not a matter of the token",
        ),
        401 => (
            Reason::Auth,
            "Wolkvox wants a token and saw none it knows: check WOLKVOX_TOKEN or WOLKVOX_TOKEN_FILE",
        ),
        403 if text.is("PLEASE VALIDATE TOKEN") => (
            Reason::Auth,
            "Wolkvox does not know this token: check WOLKVOX_TOKEN or WOLKVOX_TOKEN_FILE, and that the token belongs to this WOLKVOX_SERVER",
        ),
        403 if text.is("TOKEN LIMIT EXCEEDED") => (
            Reason::Quota,
            "the operation's calls for today are used up (1000 per licence, shared by all of its tokens): poll less often, or find who else is calling",
        ),
        403 if text.begins_with("EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS") => (
            Reason::Concurrency,
            "too many calls at once on this token: something else uses it too; give the exporter a token of its own",
        ),
        403 => (
            Reason::Forbidden,
            "Wolkvox refuses for now, as it does during its backup or maintenance; the token is probably fine",
        ),
        404 => (
            Reason::HttpStatus,
            "Wolkvox has no such report here: check WOLKVOX_SERVER, and ask Wolkvox whether the chat_1 report is enabled for this operation",
        ),
        429 => (Reason::HttpStatus, "too many calls: poll less often"),
        300..=399 => (
            Reason::HttpStatus,
            "a redirect, which is never followed because the token would go with it: check WOLKVOX_SERVER, and whether a proxy or portal is in between",
        ),
        500..=599 => (Reason::HttpStatus, "Wolkvox, or a proxy before it, is in trouble"),
        _ => (Reason::HttpStatus, "this is no answer that Wolkvox documents"),
    };
    let said = if text.is_empty() {
        String::new()
    } else {
        format!(", \"{}\"", gate.admit(text))
    };
    Err(Error::new(reason, format!("HTTP {status}{said}: {meaning}")).with_status(status))
}

/// Judges a whole envelope that came with HTTP 200.
pub(super) fn envelope(envelope: &Envelope, gate: &Gate) -> Result<Answer, Error> {
    match envelope.code {
        Code::Number(200) | Code::None if envelope.has_data => rows(envelope),
        Code::Number(200) | Code::None => Err(not_json(&format!(
            "it has no list `data`{}",
            said(envelope.text(), gate)
        ))),
        // An answer that says `empty` and has rows is no such answer.
        Code::Number(404) if is_empty_window(envelope) && envelope.rows > 0 => {
            Err(not_json("it has rows and says that there are none"))
        }
        Code::Number(code) => status(code, Some(envelope), gate).map(|()| Answer::default()),
        Code::Unreadable => Err(not_json(&format!(
            "its `code` is not a number{}",
            said(envelope.text(), gate)
        ))),
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
        )),
        _ => Ok(answer),
    }
}

/// What is odd about a good answer's count of rows, in words.
pub(super) fn oddity(answer: &Answer, msg: &RawText, gate: &Gate) -> Option<String> {
    let rows = answer.rows;
    match answer.announced {
        Some(announced) if announced < rows => Some(format!(
            "Wolkvox announced {announced} rows and sent {rows}; all of them count"
        )),
        None if rows > 0 => Some(format!(
            "Wolkvox did not say how many rows there are (it says \"{}\"); a cut answer would go unseen",
            gate.admit(msg)
        )),
        _ => None,
    }
}

fn is_empty_window(envelope: &Envelope) -> bool {
    envelope.msg.is("validate dates entered")
}

fn said(text: &RawText, gate: &Gate) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!(" (it says \"{}\")", gate.admit(text))
    }
}

fn not_json(what: &str) -> Error {
    Error::new(
        Reason::NotJson,
        format!(
            "HTTP 200, but not an answer of Wolkvox: {what}. Check WOLKVOX_SERVER, and whether a proxy or portal \
             answers in its place"
        ),
    )
}

/// Judges why a body under HTTP 200 could not be decoded.
pub(super) fn decoding(error: &DecodeError) -> Error {
    match error {
        DecodeError::NotJson(what) => not_json(what),
        DecodeError::Empty => not_json("the body is empty"),
        DecodeError::Truncated | DecodeError::Read(_) | DecodeError::Stopped => Error::new(
            Reason::Truncated,
            "the answer ends in the middle of its JSON: Wolkvox, or a proxy before it, cut it off; it is not counted",
        ),
    }
}

/// Judges why a request got no answer.
pub(super) fn sending(error: reqwest::Error, gate: &Gate) -> Error {
    // The address holds agent_dni, a person's identity document.
    let error = error.without_url();
    let cause = gate.admit(&root_cause(&error));
    if let Some(error) = find::<rustls::Error>(&error) {
        let cause = validity(error).unwrap_or_else(|| cause.to_string());
        return Error::new(
            Reason::Tls,
            format!(
                "no secure connection to Wolkvox ({cause}): where a proxy inspects TLS, or the server has a private \
                 certificate, name its roots in WOLKVOX_CA_FILE"
            ),
        );
    }
    if find::<hyper::Error>(&error).is_some_and(hyper::Error::is_parse) {
        return Error::not_http(format!(
            "what answers at this address is no HTTP server, or not of HTTP/1.1 ({cause}): check WOLKVOX_SERVER or \
             WOLKVOX_BASE_URL, the port and whether it is http or https, and whether a proxy answers in its place"
        ));
    }
    if error.is_timeout() {
        return Error::new(
            Reason::Timeout,
            format!("no connection to Wolkvox within the time allowed. {ALLOW_LIST}"),
        );
    }
    Error::new(
        Reason::Connect,
        format!("no connection to Wolkvox ({cause}). {ALLOW_LIST}"),
    )
}

/// Judges why a body could not be read to its end.
pub(super) fn reading(error: reqwest::Error, gate: &Gate) -> Error {
    let error = error.without_url();
    let cause = gate.admit(&root_cause(&error));
    if is_of_decompression(&error) {
        return not_json(&format!("it says that it is gzip, and is not ({cause})"));
    }
    Error::new(
        Reason::Truncated,
        format!("the connection ended before the answer did ({cause}); what came of it is not counted"),
    )
}

/// Nothing more came in time.
pub(super) fn timeout(status: Option<u16>, limit: Duration) -> Error {
    let limit = humantime::format_duration(limit);
    let message = match status {
        Some(status) => format!(
            "the answer (HTTP {status}) began but did not end within {limit}: Wolkvox is slow or stalled"
        ),
        None => format!(
            "no answer from Wolkvox within {limit}. It may be busy; if it never answers: {ALLOW_LIST}"
        ),
    };
    let error = Error::new(Reason::Timeout, message);
    match status {
        Some(status) => error.with_status(status),
        None => error,
    }
}

/// `Retry-After`, in seconds or as a date; a date is taken by the server's own clock where it shows it.
pub(super) fn retry_after(headers: &HeaderMap, date: Option<DateTime<Utc>>) -> Option<Duration> {
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

/// A certificate out of its time, with its date: the library's own text has seconds since 1970, long numbers.
fn validity(error: &rustls::Error) -> Option<String> {
    let date = |time: rustls::pki_types::UnixTime| {
        let at = DateTime::from_timestamp(i64::try_from(time.as_secs()).ok()?, 0)?;
        Some(at.format("%FT%TZ").to_string())
    };
    let rustls::Error::InvalidCertificate(error) = error else {
        return None;
    };
    match error {
        CertificateError::ExpiredContext { time, not_after } => Some(format!(
            "its certificate expired on {}, and this machine's clock says {}",
            date(*not_after)?,
            date(*time)?
        )),
        CertificateError::NotValidYetContext { time, not_before } => Some(format!(
            "its certificate is valid from {} on, and this machine's clock says {}",
            date(*not_before)?,
            date(*time)?
        )),
        _ => None,
    }
}

fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| match error.downcast_ref::<io::Error>() {
        // An I/O error's source is its inner error's source: the inner one is skipped.
        Some(outer) if outer.get_ref().is_some() => {
            outer.get_ref().map(|inner| inner as &(dyn StdError + 'static))
        }
        _ => error.source(),
    })
    .take(16)
}

fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    chain(error).find_map(|error| error.downcast_ref())
}

/// Whether the bytes that came can't be decompressed. The library reports all failures of a body like that, those of the
/// connection too. But those have an error of hyper inside, and a compressed body that is cut ends too early.
fn is_of_decompression(error: &reqwest::Error) -> bool {
    let is_cut = io_errors(error).any(|error| error.kind() == io::ErrorKind::UnexpectedEof);
    error.is_decode() && !is_cut && find::<hyper::Error>(error).is_none()
}

fn io_errors<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a io::Error> {
    chain(error).filter_map(|error| error.downcast_ref())
}

/// In the words of a library, which may quote the server: a certificate has names in it.
pub(super) fn root_cause(error: &(dyn StdError + 'static)) -> RawText {
    chain(error)
        .last()
        .map(|cause| RawText::new(cause.to_string()))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saying(msg: &str) -> Envelope {
        Envelope {
            msg: RawText::new(msg),
            ..Envelope::default()
        }
    }

    fn gate() -> Gate {
        Gate::new([])
    }

    #[test]
    fn a_status_is_judged_as_the_vendor_means_it() {
        for (code, msg, reason) in [
            (400, "SOME PARAMETERS ARE REQUIRED", Reason::BadRequest),
            (401, "PLEASE ENTER THE WOLKVOX-TOKEN", Reason::Auth),
            (403, " please validate TOKEN ", Reason::Auth),
            (403, "TOKEN LIMIT EXCEEDED", Reason::Quota),
            (
                403,
                "Exceeds the limit of simultaneous requests per token (2)",
                Reason::Concurrency,
            ),
            (403, "", Reason::Forbidden),
            (403, "Validate dates entered", Reason::Forbidden),
            (404, "", Reason::HttpStatus),
            (404, "Validate dates entered!", Reason::HttpStatus),
            (302, "", Reason::HttpStatus),
            (429, "", Reason::HttpStatus),
            (502, "", Reason::HttpStatus),
        ] {
            let error = status(code, Some(&saying(msg)), &gate()).unwrap_err();
            assert_eq!((error.reason(), error.status()), (reason, Some(code)), "{msg}");
            assert!(error.to_string().contains(msg.trim()));
        }
        assert!(status(404, Some(&saying("\tVALIDATE dates entered ")), &gate()).is_ok());
        assert!(status(404, None, &gate()).is_err());
    }

    #[test]
    fn a_servers_text_is_short_and_harmless() {
        let error = status(500, Some(&saying(&"a\u{1b}[31m\n".repeat(1000))), &gate())
            .unwrap_err()
            .to_string();
        assert!(!error.chars().any(char::is_control));
        assert!(error.chars().count() < 400);
    }

    #[test]
    fn a_certificate_out_of_its_time_is_reported_with_dates() {
        use rustls::pki_types::UnixTime;
        let time = |seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let expired = rustls::Error::InvalidCertificate(CertificateError::ExpiredContext {
            time: time(1_800_000_000),
            not_after: time(1_700_000_000),
        });
        assert_eq!(
            validity(&expired).unwrap(),
            "its certificate expired on 2023-11-14T22:13:20Z, and this machine's clock says 2027-01-15T08:00:00Z"
        );
        let early = rustls::Error::InvalidCertificate(CertificateError::NotValidYetContext {
            time: time(0),
            not_before: time(1_700_000_000),
        });
        assert!(
            validity(&early)
                .unwrap()
                .contains("valid from 2023-11-14T22:13:20Z on")
        );
        assert_eq!(validity(&rustls::Error::HandshakeNotComplete), None);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_by_the_servers_clock() {
        let date = DateTime::from_timestamp(784_111_777, 0);
        let wait = |text: &'static str| {
            retry_after(
                &HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]),
                date,
            )
        };
        assert_eq!(wait("120"), Some(Duration::from_secs(120)));
        assert_eq!(
            wait("Sun, 06 Nov 1994 08:50:37 GMT"),
            Some(Duration::from_secs(60))
        );
        assert_eq!(wait("Sun, 06 Nov 1994 08:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(wait("18446744073709551615"), Some(LONGEST_WAIT));
        assert_eq!(wait("soon"), None);
        assert_eq!(retry_after(&HeaderMap::new(), date), None);
    }
}
