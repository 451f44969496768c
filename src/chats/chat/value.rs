//! The values of the report's fields: what their text means. Texts come trimmed and not blank; `None` is a value that
//! can't be read.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use chrono::{Datelike, NaiveDate, NaiveDateTime, Timelike};

use super::{Feeling, Participant, TIMEOUT_CODE};

/// Times beyond 31 days are nonsense: no query of the report spans more.
const MAX_MILLISECONDS: u64 = 31 * 24 * 60 * 60 * 1000;
/// Counts beyond 10⁹ are nonsense.
const MAX_COUNT: u64 = 1_000_000_000;
/// Dates outside are nonsense, and far ones would not survive arithmetic.
const PLAUSIBLE_YEARS: RangeInclusive<i32> = 2000..=2999;
/// Label values are cut at this many characters.
const MAX_LABEL_CHARACTERS: usize = 128;
/// Bytes of the longest one.
pub(in crate::chats) const MAX_LABEL_BYTES: usize = 4 * MAX_LABEL_CHARACTERS;

/// A text without the blanks around it. Most have none, as its ends show.
pub(in crate::chats) fn trimmed(text: &str) -> &str {
    let is_mark = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_graphic);
    if is_mark(text.as_bytes().first()) && is_mark(text.as_bytes().last()) {
        text
    } else {
        text.trim()
    }
}

/// A label value: control characters become a blank, and it is cut at 128 characters.
pub(in crate::chats) fn label(text: &str) -> Option<String> {
    let clean = if is_plain(text) {
        Cow::Borrowed(text)
    } else {
        let blank_controls = |c: char| if c.is_control() { ' ' } else { c };
        text.chars()
            .map(blank_controls)
            .take(MAX_LABEL_CHARACTERS)
            .collect()
    };
    match clean.trim() {
        "" => None,
        trimmed => Some(trimmed.to_owned()),
    }
}

/// Whether a text is a label value as it is, blanks around it aside.
fn is_plain(text: &str) -> bool {
    text.len() <= MAX_LABEL_CHARACTERS && text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// A label value in lower case.
pub(in crate::chats) fn lower_case_label(text: &str) -> Option<String> {
    let mut label = label(text)?;
    if label.is_ascii() {
        label.make_ascii_lowercase();
        return Some(label);
    }
    Some(label.to_lowercase())
}

/// `cod_act`; the timeout's code in one spelling.
pub(in crate::chats) fn code(text: &str) -> Option<String> {
    let letters = text.chars().flat_map(char::to_lowercase);
    let is_between = |c: &char| is_separator(*c) || c.is_whitespace();
    if letters.filter(|c| !is_between(c)).eq("timeoutchat".chars()) {
        Some(TIMEOUT_CODE.to_owned())
    } else {
        label(text)
    }
}

/// `YYYY-MM-DD HH:MM:SS`, the operation's local time.
pub(in crate::chats) fn local_time(text: &str) -> Option<NaiveDateTime> {
    let at = plain_local_time(text).or_else(|| local_time_by_chrono(text))?;
    PLAUSIBLE_YEARS.contains(&at.year()).then_some(at)
}

/// The one form that servers were seen to send, by its digits: chrono takes ten times as long for it. `None` says nothing.
fn plain_local_time(text: &str) -> Option<NaiveDateTime> {
    let bytes: &[u8; 19] = text.as_bytes().try_into().ok()?;
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b' ', time @ ..] = *bytes else {
        return None;
    };
    let [h1, h2, b':', min1, min2, b':', s1, s2] = time else {
        return None;
    };
    let year = two_digits(y1, y2)? * 100 + two_digits(y3, y4)?;
    let date = NaiveDate::from_ymd_opt(
        i32::try_from(year).ok()?,
        two_digits(m1, m2)?,
        two_digits(d1, d2)?,
    )?;
    date.and_hms_opt(two_digits(h1, h2)?, two_digits(min1, min2)?, two_digits(s1, s2)?)
}

/// What else chrono reads as such a time: fewer digits, more blanks, a sign.
fn local_time_by_chrono(text: &str) -> Option<NaiveDateTime> {
    let at = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").ok()?;
    // chrono reads a second of 60 as a leap second; the report's clock has none.
    (at.nanosecond() < 1_000_000_000).then_some(at)
}

fn two_digits(tens: u8, ones: u8) -> Option<u32> {
    Some(10 * digit(tens)? + digit(ones)?)
}

fn digit(byte: u8) -> Option<u32> {
    byte.is_ascii_digit().then(|| u32::from(byte - b'0'))
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
    let (hours, [b':', m1, m2, b':', s1, s2]) = text.as_bytes().split_last_chunk()? else {
        return None;
    };
    let below_60 = |tens: u8, ones: u8| two_digits(tens, ones).filter(|value| *value < 60);
    let (minutes, seconds) = (below_60(*m1, *m2)?, below_60(*s1, *s2)?);
    number(hours)?
        .checked_mul(3600)?
        .checked_add(u64::from(minutes * 60 + seconds))?
        .checked_mul(1000)
}

fn decimal_seconds(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if !is_digits(fraction) {
        return None;
    }
    let places = fraction.bytes().chain(*b"000").take(4);
    let ten_thousandths = places.fold(0, |sum, digit| 10 * sum + u64::from(digit - b'0'));
    number(whole.as_bytes())?
        .checked_mul(1000)?
        .checked_add((ten_thousandths + 5) / 10)
}

/// A whole number, `,` between thousands allowed.
pub(in crate::chats) fn count(text: &str) -> Option<u64> {
    let value = if text.contains(',') {
        with_thousands(text)?
    } else {
        number(text.as_bytes())?
    };
    (value <= MAX_COUNT).then_some(value)
}

fn with_thousands(text: &str) -> Option<u64> {
    let mut groups = text.split(',');
    let first = groups.next()?;
    if !(1..=3).contains(&first.len()) || !groups.all(|group| group.len() == 3 && is_digits(group)) {
        return None;
    }
    let mut digits = text.bytes().filter(|byte| *byte != b',');
    digits.try_fold(0, append)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// A number of digits only: `parse` would take a sign.
fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().copied().try_fold(0, append)
}

fn append(number: u64, byte: u8) -> Option<u64> {
    number.checked_mul(10)?.checked_add(u64::from(digit(byte)?))
}

/// Whether a chat was transferred.
pub(in crate::chats) fn yes_or_no(text: &str) -> Option<bool> {
    one_of(text, |word| match word {
        "yes" | "si" | "sí" | "true" | "1" => Some(true),
        "no" | "false" | "0" => Some(false),
        _ => None,
    })
}

/// One of the report's five moods.
pub(in crate::chats) fn feeling(text: &str) -> Option<Feeling> {
    one_of(text, |word| match word {
        "very negative" => Some(Feeling::VeryNegative),
        "negative" => Some(Feeling::Negative),
        "neutral" => Some(Feeling::Neutral),
        "positive" => Some(Feeling::Positive),
        "very positive" => Some(Feeling::VeryPositive),
        _ => None,
    })
}

/// Who wrote last.
pub(in crate::chats) fn participant(text: &str) -> Option<Participant> {
    one_of(text, |word| match word {
        "agent" => Some(Participant::Agent),
        "customer" => Some(Participant::Customer),
        "chat bot" | "chatbot" | "bot" => Some(Participant::Bot),
        _ => None,
    })
}

/// Closed words match in any case, and `-`, `_` and blanks are alike. Most servers send them plain.
fn one_of<T>(text: &str, known: impl Fn(&str) -> Option<T>) -> Option<T> {
    known(text).or_else(|| known(&words(text)))
}

fn words(text: &str) -> String {
    let lower = text.to_lowercase();
    let words: Vec<_> = lower
        .split(|c| is_separator(c) || c.is_whitespace())
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ")
}

fn is_separator(c: char) -> bool {
    matches!(c, '-' | '_')
}

#[cfg(test)]
mod tests;
