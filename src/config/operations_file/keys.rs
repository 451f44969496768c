//! The keys of tables and their values, as text. A problem shows no value: it may be a secret.

use toml::de::DeValue;

use super::super::literal;
use super::super::operation::GROUP;
use super::super::operation_name;
use super::super::shown::{length, nearest, shown};
use super::super::variable::{PREFIX, Variable};
use super::table::{NAME, key};

pub(super) const SKILLS: &str = "skills";
/// What a skill has.
const SKILL_KEYS: [&str; 3] = [NAME, "asa_target", "service_level_target"];
/// Variables that a number would be taken for: what it lost, or what is wrong with it, could not be seen any more.
const TEXTS: [&str; 6] = ["SERVER", "OPERATION", "TOKEN", "TOKEN_FILE", "CA_FILE", "GROUP"];
/// A longer key is shown by its length.
const LONGEST_KEY: usize = 40;

/// Which variable a key is, and its text.
pub(super) type Set = (&'static str, String);

/// A value with a problem that is kept all the same, so that it is not said to be missing; and the problem.
pub(super) type Wrong = (Option<Set>, String);

/// What a key sets; `None` where its value is blank.
pub(super) fn entry(name: &str, value: &DeValue<'_>) -> Result<Option<Set>, Wrong> {
    let Some(short) = short(name) else {
        return Err((None, unknown(name)));
    };
    let alone = |what: String| (None, format!("{} {what}", key(short)));
    let text = match (value, scalar(value)) {
        (DeValue::Integer(_) | DeValue::Float(_), Some(text)) if short == "SERVER" => {
            return Err((
                Some((short, text.clone())),
                format!(
                    "server is the number {}, which would have lost its leading zeros: write it in quotes, as in \"0010\"",
                    shown(&text)
                ),
            ));
        }
        (DeValue::String(_), Some(text)) => text,
        (other, Some(text)) if TEXTS.contains(&short) => {
            return Err((
                Some((short, text)),
                format!("{} is {}; write it in quotes", key(short), kind(other)),
            ));
        }
        (_, Some(text)) => text,
        (other, None) => return Err(alone(format!("is {}; it takes one value", kind(other)))),
    };
    let text = text.trim();
    if let Some(problem) = problem(short, text) {
        return Err((
            Some((short, literal::unquoted(text).unwrap_or(text).to_owned())),
            format!("{} {problem}", key(short)),
        ));
    }
    Ok((!text.is_empty()).then(|| (short, text.to_owned())))
}

/// What is wrong with the ends of a text, in the words of this file.
fn problem(short: &str, text: &str) -> Option<String> {
    match literal::unquoted(text) {
        Some(_) => Some("has quotes inside of its quotes: remove the inner ones".to_owned()),
        None => literal::problem(short, text),
    }
}

/// The text of one of a skill's keys.
pub(super) fn skill_entry(name: &str, value: &DeValue<'_>) -> Result<String, String> {
    if !SKILL_KEYS.contains(&name) {
        let nearest = nearest(name, SKILL_KEYS.into_iter());
        return Err(format!(
            "{} is not known; did you mean {nearest}?",
            shown_key(name)
        ));
    }
    match (value, scalar(value)) {
        (DeValue::String(_), Some(text)) => Ok(text.trim().to_owned()),
        (other, Some(_)) if name == NAME => Err(format!("name is {}; write it in quotes", kind(other))),
        (_, Some(text)) => Ok(text),
        (other, None) => Err(format!("{name} is {}; it takes one value", kind(other))),
    }
}

/// The variable that a key is, without the prefix.
fn short(name: &str) -> Option<&'static str> {
    let known = || {
        Variable::per_operation()
            .map(|known| known.short)
            .chain([GROUP.short])
    };
    known().find(|short| key(short) == name)
}

/// What is wrong with a key that is none.
fn unknown(name: &str) -> String {
    let short = plain(name).to_uppercase();
    if name == "operation" {
        return "operation is not known; the name of an operation is its key name".to_owned();
    }
    let is_known = Variable::all().any(|variable| variable.short == short);
    if is_known && !Variable::per_operation().any(|variable| variable.short == short) {
        return format!(
            "{} is for the whole process and not for one operation: set {PREFIX}{short} in the environment",
            shown_key(name)
        );
    }
    let keys = Variable::per_operation().map(|known| key(known.short));
    let others = [GROUP.short.to_lowercase(), SKILLS.to_owned()];
    let nearest = nearest(&plain(name), keys.chain(others));
    format!("{} is not known; did you mean {nearest}?", shown_key(name))
}

/// A key as it would be written here: `WOLKVOX_ASA_TARGET` and `asa-target` are `asa_target`.
pub(super) fn plain(name: &str) -> String {
    let lower = name.to_lowercase().replace('-', "_");
    let without = lower.strip_prefix(&PREFIX.to_lowercase()).map(str::to_owned);
    // The distance takes as long as the lengths multiplied.
    without.unwrap_or(lower).chars().take(LONGEST_KEY).collect()
}

/// A key in a remark: what is no usual one may be a secret.
pub(super) fn shown_key(name: &str) -> String {
    let is_plain = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    if is_plain && !name.is_empty() && operation_name::check(name).is_ok() && name.len() <= LONGEST_KEY {
        name.to_owned()
    } else {
        format!("a key that is {}", length(name))
    }
}

/// The text of a single value.
fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(
            i128::from_str_radix(number.as_str(), number.radix())
                .map_or_else(|_| number.as_str().to_owned(), |number| number.to_string()),
        ),
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        DeValue::Boolean(is) => Some(is.to_string()),
        DeValue::Datetime(time) => Some(time.to_string()),
        DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

pub(super) fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
