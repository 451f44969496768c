//! The values of the report's fields: what their text means. Texts come trimmed and not blank; `None` is a value that
//! can't be read.

use std::ops::RangeInclusive;

use chrono::{Datelike, NaiveDateTime, Timelike};

use super::{Feeling, Participant, TIMEOUT_CODE};

/// Times beyond 31 days are nonsense: no query of the report spans more.
const MAX_MILLISECONDS: u64 = 31 * 24 * 60 * 60 * 1000;
/// Counts beyond 10⁹ are nonsense.
const MAX_COUNT: u64 = 1_000_000_000;
/// Dates outside are nonsense, and far ones would not survive arithmetic.
const PLAUSIBLE_YEARS: RangeInclusive<i32> = 2000..=2999;
/// Label values are cut at this many characters.
const MAX_LABEL_CHARACTERS: usize = 128;

/// The report's ways to say "no value".
pub(in crate::chats) fn is_blank(text: &str) -> bool {
    matches!(text.trim(), "" | "-")
}

/// A label value: control characters become a blank, and it is cut at 128 characters.
pub(in crate::chats) fn label(text: &str) -> Option<String> {
    let clean: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(MAX_LABEL_CHARACTERS)
        .collect();
    match clean.trim() {
        "" => None,
        trimmed => Some(trimmed.to_owned()),
    }
}

/// `cod_act`; the timeout's code in one spelling.
pub(in crate::chats) fn code(text: &str) -> Option<String> {
    if words(text).replace(' ', "") == "timeoutchat" {
        Some(TIMEOUT_CODE.to_owned())
    } else {
        label(text)
    }
}

/// `YYYY-MM-DD HH:MM:SS`, the operation's local time.
pub(in crate::chats) fn local_time(text: &str) -> Option<NaiveDateTime> {
    let at = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").ok()?;
    // chrono reads a second of 60 as a leap second; the report's clock has none.
    let is_leap_second = at.nanosecond() >= 1_000_000_000;
    (!is_leap_second && PLAUSIBLE_YEARS.contains(&at.year())).then_some(at)
}

/// `H…:MM:SS`, or seconds as digits with an optional decimal part; in whole milliseconds, rounded.
pub(in crate::chats) fn milliseconds(text: &str) -> Option<u64> {
    let milliseconds = if text.contains(':') {
        clock_time(text)?
    } else {
        decimal_seconds(text)?
    };
    (milliseconds <= MAX_MILLISECONDS).then_some(milliseconds)
}

fn clock_time(text: &str) -> Option<u64> {
    let mut parts = text.split(':');
    let hours = digits(parts.next()?)?;
    let minutes = two_digits_below_60(parts.next()?)?;
    let seconds = two_digits_below_60(parts.next()?)?;
    if parts.next().is_some() {
        return None;
    }
    hours
        .checked_mul(3600)?
        .checked_add(minutes * 60 + seconds)?
        .checked_mul(1000)
}

fn two_digits_below_60(text: &str) -> Option<u64> {
    if text.len() != 2 {
        return None;
    }
    digits(text).filter(|value| *value < 60)
}

fn decimal_seconds(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if !is_digits(fraction) {
        return None;
    }
    let thousandths = format!("{fraction:0<4.4}").parse::<u64>().ok()?.saturating_add(5) / 10;
    digits(whole)?.checked_mul(1000)?.checked_add(thousandths)
}

/// A whole number, `,` between thousands allowed.
pub(in crate::chats) fn count(text: &str) -> Option<u64> {
    let value = if text.contains(',') {
        with_thousands(text)?
    } else {
        digits(text)?
    };
    (value <= MAX_COUNT).then_some(value)
}

fn with_thousands(text: &str) -> Option<u64> {
    let mut groups = text.split(',');
    let first = groups.next()?;
    if !(1..=3).contains(&first.len()) || !groups.all(|group| group.len() == 3 && is_digits(group)) {
        return None;
    }
    digits(&text.replace(',', ""))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Digits only: `parse` alone would take a sign.
fn digits(text: &str) -> Option<u64> {
    if is_digits(text) { text.parse().ok() } else { None }
}

/// Whether a chat was transferred.
pub(in crate::chats) fn yes_or_no(text: &str) -> Option<bool> {
    match words(text).as_str() {
        "yes" | "si" | "sí" | "true" | "1" => Some(true),
        "no" | "false" | "0" => Some(false),
        _ => None,
    }
}

/// One of the report's five moods.
pub(in crate::chats) fn feeling(text: &str) -> Option<Feeling> {
    match words(text).as_str() {
        "very negative" => Some(Feeling::VeryNegative),
        "negative" => Some(Feeling::Negative),
        "neutral" => Some(Feeling::Neutral),
        "positive" => Some(Feeling::Positive),
        "very positive" => Some(Feeling::VeryPositive),
        _ => None,
    }
}

/// Who wrote last.
pub(in crate::chats) fn participant(text: &str) -> Option<Participant> {
    match words(text).as_str() {
        "agent" => Some(Participant::Agent),
        "customer" => Some(Participant::Customer),
        "chat bot" | "chatbot" | "bot" => Some(Participant::Bot),
        _ => None,
    }
}

/// Closed words match in any case, and `-`, `_` and blanks are alike.
fn words(text: &str) -> String {
    let spaced: String = text
        .to_lowercase()
        .chars()
        .map(|c| if matches!(c, '-' | '_') { ' ' } else { c })
        .collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}
