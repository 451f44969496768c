//! What one call shows of the address, the allow-list, the token and the clock.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Findings, Verdict, words};
use crate::config;
use wolkvox::{Error, Exchange, Reason};

/// A clock that is off by more is worth a word.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::seconds(5);

pub(super) fn judge_call(findings: &mut Findings, exchange: &Exchange, server: &config::Server) {
    let host = server.host();
    let answered = format!(
        "{host} answers (HTTP {}, {:.1} s)",
        exchange.status.unwrap_or_default(),
        exchange.duration.as_secs_f64()
    );
    let let_in = match &server.proxy {
        Some(proxy) => format!("the address of the proxy {proxy} is let in"),
        None => "this machine's address is let in".to_owned(),
    };
    let Err(error) = &exchange.result else {
        findings.add(Verdict::Ok, "address", answered);
        findings.add(Verdict::Ok, "allow-list", let_in);
        findings.add(Verdict::Ok, "token", "it is known to this server");
        return;
    };
    let about = subject(error);
    // A proxy may have answered in the server's place.
    if exchange.status.is_some() && error.cause().is_none() {
        findings.add(Verdict::Ok, "address", answered);
        if error.is_from_wolkvox() {
            findings.add(Verdict::Ok, "allow-list", let_in);
        } else {
            findings.add(
                Verdict::Note,
                "allow-list",
                "can't be judged: what answered may not be Wolkvox",
            );
        }
        if knows_token(error) {
            findings.add(Verdict::Ok, "token", "it is known to this server");
        }
    }
    findings.add(Verdict::Problem, about, error.to_string());
}

/// Whether Wolkvox took the token, and then something else went wrong.
fn knows_token(error: &Error) -> bool {
    let is_past_it = matches!(
        error.reason(),
        Reason::Quota | Reason::Concurrency | Reason::Truncated | Reason::TooManyRows
    );
    is_past_it && error.is_from_wolkvox()
}

/// What a failed call is about.
fn subject(error: &Error) -> &'static str {
    if let Some(cause) = error.cause() {
        return cause.subject().as_str();
    }
    match error.reason() {
        Reason::Connect | Reason::Tls => "network",
        Reason::NotJson => "address",
        Reason::Auth => "token",
        Reason::Quota | Reason::Concurrency => "quota",
        Reason::Forbidden | Reason::HttpStatus | Reason::BadRequest => "report",
        Reason::Timeout | Reason::Truncated | Reason::TooLarge | Reason::TooManyRows => "rows",
    }
}

pub(super) fn judge_clock(findings: &mut Findings, date: Option<DateTime<Utc>>, now: DateTime<Utc>) {
    let Some(date) = date else { return };
    let offset = date - now;
    // The header has whole seconds.
    let text = format!(
        "the server's clock is {} {} ours",
        words(offset.abs()),
        if offset < TimeDelta::zero() {
            "behind"
        } else {
            "ahead of"
        }
    );
    if offset.abs() <= CLOCK_TOLERANCE {
        findings.add(Verdict::Ok, "clock", "this machine and the server agree");
    } else {
        findings.add(
            Verdict::Note,
            "clock",
            format!("{text}: no chat is lost by that, but set this machine's clock (NTP) if it is ours that is off"),
        );
    }
}
