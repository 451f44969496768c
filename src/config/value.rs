//! From a variable's text to its value. A parser's error goes on after the variable's name: "is 300, which …".

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::SecretString;

use super::environment::Raw;
use super::proxy::ProxyVariables;
use super::shown::{length, shown, shown_near};
use super::variable::{PREFIX, Preset, Variable};

pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const HOUR: Duration = Duration::from_secs(60 * 60);
pub(super) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What one variable holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Given<'a> {
    /// Trimmed and not blank; `None` where it is not set.
    pub(super) set: Option<&'a str>,
    /// What holds where it is not set; empty where that is not a value.
    default: &'static str,
    /// When it is read.
    pub(super) now: DateTime<Utc>,
}

impl<'a> Given<'a> {
    /// The text, or that of the default.
    pub(super) fn text(self) -> &'a str {
        self.set.unwrap_or(self.default)
    }

    /// The same, with another example of a value for the errors: a default such as `off` is none.
    pub(super) fn with_example(self, example: &'static str) -> Given<'a> {
        Given {
            set: Some(self.text()),
            default: example,
            now: self.now,
        }
    }
}

/// What is wrong with one variable.
#[derive(Debug)]
pub(super) struct Problems(Vec<String>);

impl From<String> for Problems {
    fn from(problem: String) -> Problems {
        Problems(vec![problem])
    }
}

impl From<Vec<String>> for Problems {
    fn from(problems: Vec<String>) -> Problems {
        Problems(problems)
    }
}

/// Hands out the values, and gathers all that is wrong: no problem may hide another.
#[derive(Debug)]
pub(super) struct Values {
    pub(super) raw: Raw,
    pub(super) proxies: ProxyVariables,
    pub(super) now: DateTime<Utc>,
    pub(super) problems: Vec<String>,
    pub(super) warnings: Vec<String>,
}

impl Values {
    /// The parsed value; `None` where it has a problem.
    pub(super) fn read<T, E: Into<Problems>>(
        &mut self,
        variable: &Variable,
        parse: impl FnOnce(Given<'_>) -> Result<T, E>,
    ) -> Option<T> {
        let given = Given {
            set: self.raw.get(&variable.short.to_lowercase()).map(String::as_str),
            default: match variable.default {
                Preset::Value(value) => value,
                Preset::None | Preset::Words(_) => "",
            },
            now: self.now,
        };
        match parse(given) {
            Ok(value) => Some(value),
            Err(problems) => {
                for problem in problems.into().0 {
                    self.problem(variable.short, &problem);
                }
                None
            }
        }
    }

    /// Notes what is wrong with a variable.
    pub(super) fn problem(&mut self, short: &str, what: &str) {
        self.problems.push(format!("{PREFIX}{short} {what}"));
    }

    /// Notes what works and was probably not meant.
    pub(super) fn warning(&mut self, short: &str, what: &str) {
        self.warnings.push(format!("{PREFIX}{short} {what}"));
    }
}

/// Any text; `None` where it is not set.
#[allow(clippy::unnecessary_wraps)] // As all parsers.
pub(super) fn text(given: Given<'_>) -> Result<Option<String>, String> {
    Ok(given.set.map(str::to_owned))
}

/// A text that is not to be shown.
#[allow(clippy::unnecessary_wraps)] // As all parsers.
pub(super) fn secret(given: Given<'_>) -> Result<Option<SecretString>, String> {
    Ok(given.set.map(SecretString::from))
}

/// A path; `None` where it is not set.
pub(super) fn path(given: Given<'_>) -> Result<Option<PathBuf>, String> {
    match given.set {
        Some(path) if small_file::looks_like_key(path) => Err(format!(
            "is {} that looks like a token and not like a path; a path begins with / or ./",
            length(path)
        )),
        path => Ok(path.map(PathBuf::from)),
    }
}

/// `true` or `false`.
pub(super) fn switch(given: Given<'_>) -> Result<bool, String> {
    word(&[("true", true), ("false", false)])(given)
}

/// One of some words, in any case.
pub(super) fn word<T: Copy>(words: &[(&str, T)]) -> impl FnOnce(Given<'_>) -> Result<T, String> {
    |given| {
        let text = given.text();
        let found = words.iter().find(|(word, _)| text.eq_ignore_ascii_case(word));
        found.map(|(_, value)| *value).ok_or_else(|| {
            let all: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            format!(
                "is {}; it must be one of: {}",
                shown_near(text, all.iter().copied()),
                all.join(", ")
            )
        })
    }
}

/// A duration with its unit, or 0.
pub(super) fn duration(
    range: RangeInclusive<Duration>,
) -> impl FnOnce(Given<'_>) -> Result<Duration, String> {
    move |given| {
        let text = given.text();
        let parsed = if text == "0" {
            Ok(Duration::ZERO)
        } else {
            humantime::parse_duration(text)
        };
        match parsed {
            Ok(duration) if range.contains(&duration) => Ok(duration),
            Ok(_) => Err(format!(
                "is {text}; it must lie between {} and {}",
                humantime::format_duration(*range.start()),
                humantime::format_duration(*range.end())
            )),
            Err(_) => Err(format!(
                "is {}, which is not a duration; write it with a unit, such as {}",
                shown(text),
                given.default
            )),
        }
    }
}

/// A duration of which 0 is "off".
pub(super) fn duration_or_off(up_to: Duration) -> impl FnOnce(Given<'_>) -> Result<Option<Duration>, String> {
    move |given| {
        let duration = duration(Duration::ZERO..=up_to)(given)?;
        Ok(Some(duration).filter(|duration| !duration.is_zero()))
    }
}

/// A duration in whole milliseconds.
pub(super) fn milliseconds(range: RangeInclusive<Duration>) -> impl FnOnce(Given<'_>) -> Result<u64, String> {
    move |given| {
        let duration = duration(range)(given)?;
        u64::try_from(duration.as_millis()).map_err(|error| error.to_string())
    }
}

/// A share above 0 and up to 1.
pub(super) fn share(given: Given<'_>) -> Result<f64, String> {
    match given.text().parse::<f64>() {
        Ok(share) if share > 0.0 && share <= 1.0 => Ok(share),
        _ => Err(format!(
            "is {}; it must be a share above 0 and up to 1, such as 0.8",
            shown(given.text())
        )),
    }
}

/// A whole number. The error shows one that would do.
pub(super) fn whole_number(
    range: RangeInclusive<u64>,
    such_as: u64,
) -> impl FnOnce(Given<'_>) -> Result<u64, String> {
    move |given| match given.text().parse() {
        Ok(number) if range.contains(&number) => Ok(number),
        _ => Err(format!(
            "is {}; it must be a whole number between {} and {}, such as {such_as}",
            shown(given.text()),
            range.start(),
            range.end()
        )),
    }
}
