//! The id of a chat, by which it is counted once.

use std::borrow::Cow;

use wolkvox::Value;

use super::{Id, NotAChat, value};
use crate::ledger::IdRef;

/// The longest `conn_id`, in bytes; a longer one is rejected.
pub const MAX_CONN_ID_BYTES: usize = 64;

/// What programs write where they have no id. Case does not matter. If these were taken for ids, all such chats would
/// count as one.
const NO_IDS: [&str; 9] = [
    "-",
    "0",
    "null",
    "(null)",
    "nil",
    "none",
    "undefined",
    "nan",
    "n/a",
];

/// The id of a chat: any text up to [`MAX_CONN_ID_BYTES`], trimmed. A whole number is one id in all its JSON spellings:
/// `1000`, `1000.0` and `1e3`. Which one a server writes may change with its version, and the chat would count again.
pub(super) fn parse(value: &Value<'_>) -> Result<Id, NotAChat> {
    let text = match value {
        Value::Absent => return Err(NotAChat::NoConnId),
        Value::Unreadable => return Err(NotAChat::BadConnId),
        Value::Text(text) => value::trimmed(text),
    };
    // As nearly all of them are written. 0 is none.
    if let number @ IdRef::Number(1..) = IdRef::from(text) {
        return Ok(number.into());
    }
    let text = one_spelling(text);
    if is_no_id(&text) {
        return Err(NotAChat::NoConnId);
    }
    if text.len() > MAX_CONN_ID_BYTES {
        return Err(NotAChat::BadConnId);
    }
    Ok(Id::from(text.as_ref()))
}

/// Whether a trimmed text is what programs write where they have no id.
pub(in crate::chats) fn is_no_id(text: &str) -> bool {
    text.is_empty() || NO_IDS.iter().any(|no_id| text.eq_ignore_ascii_case(no_id))
}

/// The digits of a text that is a whole number as JSON writes them; any other text as it is.
fn one_spelling(text: &str) -> Cow<'_, str> {
    whole_number(text).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// `None` for what needs no other spelling: no number of JSON (`007`, `+5`), no whole one, or more digits than an id has.
fn whole_number(text: &str) -> Option<String> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent_of(exponent)?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) if is_digits(fraction) => (whole, fraction),
        Some(_) => return None,
        None => (mantissa, ""),
    };
    if !is_digits(whole) || whole.len() > 1 && whole.starts_with('0') {
        return None;
    }
    // The point moves by the exponent.
    let digits = format!("{whole}{fraction}");
    let point = i64::try_from(whole.len()).ok()?.checked_add(exponent)?;
    if digits.bytes().all(|digit| digit == b'0') {
        return Some("0".to_owned());
    }
    let point = usize::try_from(point)
        .ok()
        .filter(|point| *point <= MAX_CONN_ID_BYTES)?;
    let is_whole = digits.bytes().skip(point).all(|digit| digit == b'0');
    if unsigned.len() < text.len() || !is_whole {
        return None;
    }
    let digits = digits.get(..point).unwrap_or(&digits);
    let number = format!("{digits:0<point$}");
    let number = number.trim_start_matches('0');
    (!number.is_empty()).then(|| number.to_owned())
}

fn exponent_of(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    is_digits(digits).then(|| text.parse().ok())?
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests;
