//! How a value is shown in a problem. A secret may have been put into any variable: only what looks like a number, or is
//! nearly a word that is expected, is repeated; of all else the length is shown.

/// More digits in a row may be an identity document.
const DIGITS: usize = 6;
const LONGEST: usize = 32;
const UNITS: [&str; 22] = [
    "", "ns", "us", "ms", "s", "sec", "secs", "m", "min", "mins", "h", "hr", "hour", "hours", "d", "day",
    "days", "w", "y", "k", "M", "%",
];

/// A value that should be a number or a time.
pub(super) fn shown(value: &str) -> String {
    if looks_like_number(value) {
        format!("{value:?}")
    } else {
        length(value)
    }
}

/// A value that should be one of some words.
pub(super) fn shown_near<'a>(value: &str, words: impl IntoIterator<Item = &'a str>) -> String {
    if words.into_iter().any(|word| is_near(value, word)) {
        format!("{value:?}")
    } else {
        shown(value)
    }
}

/// Whether a value is a word but for a slip. Such a value shows nothing that is not public.
pub(super) fn is_near(value: &str, word: &str) -> bool {
    let (value, word) = (value.to_lowercase(), word.to_lowercase());
    strsim::damerau_levenshtein(&value, &word) * 4 <= word.chars().count() + 1
}

/// The one of these that a name is most likely a slip of; of two that are as near, the first by letters.
pub(super) fn nearest<T: AsRef<str> + Ord>(name: &str, known: impl Iterator<Item = T>) -> String {
    known
        .map(|known| (strsim::damerau_levenshtein(known.as_ref(), name), known))
        .min()
        .map_or_else(String::new, |(_, known)| known.as_ref().to_owned())
}

pub(super) fn length(value: &str) -> String {
    match value.chars().count() {
        1 => "a value of 1 character".to_owned(),
        count => format!("a value of {count} characters"),
    }
}

/// A number, a length of time, a date, an address of version 4 with a port.
fn looks_like_number(value: &str) -> bool {
    let runs = || value.split(|character: char| !character.is_ascii_digit());
    let is_plain = !value.is_empty() && value.len() <= LONGEST && runs().all(|run| run.len() <= DIGITS);
    is_plain && (value.split_whitespace().all(is_quantity) || is_date(value))
}

/// `-5`, `5,000`, `1.5h`, `10.0.0.1:80`.
fn is_quantity(word: &str) -> bool {
    let number = word.trim_end_matches(|character: char| character.is_ascii_alphabetic() || character == '%');
    let is_number = number
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b"+-.,:[]".contains(&byte));
    is_number && number.bytes().any(|byte| byte.is_ascii_digit()) && UNITS.contains(&&word[number.len()..])
}

/// `2026-01-31`, `2026-01-31T00:00:00-05:00`.
fn is_date(value: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_digit() || b"-:TZ+. ".contains(&byte);
    let bytes = value.as_bytes();
    bytes.len() >= 8
        && bytes[..4].iter().all(u8::is_ascii_digit)
        && bytes[4] == b'-'
        && value.bytes().all(is_part)
}

#[cfg(test)]
mod tests;
