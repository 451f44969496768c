//! From a variable's text to its value. A parser's error goes on after the variable's name: "is 300, which …".

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::SecretString;

use super::environment::Raw;
use super::operations_file::Table;
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
    /// What a key holds that is no variable; `example` is for the errors.
    pub(super) fn of(text: &'a str, example: &'static str, now: DateTime<Utc>) -> Given<'a> {
        Given {
            set: Some(text),
            default: example,
            now,
        }
    }

    /// The text, or that of the default.
    pub(super) fn text(self) -> &'a str {
        self.set.unwrap_or(self.default)
    }

    /// The same, with another example of a value for the errors: a default such as `off` is none.
    pub(super) fn with_example(self, example: &'static str) -> Given<'a> {
        Given::of(self.text(), example, self.now)
    }
}

/// What is wrong with one variable.
#[derive(Debug)]
pub(super) struct Problems(pub(super) Vec<String>);

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
    /// Of the environment.
    pub(super) raw: Raw,
    /// The operation that is being read, where the operations file describes it. The environment has the defaults then.
    pub(super) table: Option<Table>,
    pub(super) proxies: ProxyVariables,
    pub(super) now: DateTime<Utc>,
    pub(super) problems: Vec<String>,
    /// Of the operation that is being read.
    pub(super) warnings: Vec<String>,
    /// Of what the environment says for all operations of the operations file: each is told once.
    pub(super) shared_warnings: Vec<String>,
}

impl Values {
    /// The parsed value; `None` where it has a problem.
    pub(super) fn read<T, E: Into<Problems>>(
        &mut self,
        variable: &Variable,
        parse: impl FnOnce(Given<'_>) -> Result<T, E>,
    ) -> Option<T> {
        let given = Given {
            set: self.set(variable.short),
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

    /// What is set: the operation's table goes before the environment.
    fn set(&self, short: &str) -> Option<&str> {
        let of_all = || self.raw.get(&short.to_lowercase()).map(String::as_str);
        match &self.table {
            None => of_all(),
            Some(table) => match table.get(short) {
                None if !table.replaces(short) => of_all(),
                set => set,
            },
        }
    }

    /// Notes what is wrong with a variable.
    pub(super) fn problem(&mut self, short: &str, what: &str) {
        match &self.table {
            // Of each operation without a value of its own: once is enough.
            Some(table) if table.get(short).is_none() && self.set(short).is_some() => {
                push_once(&mut self.problems, format!("{PREFIX}{short} {what}"));
            }
            Some(table) => self.problems.push(table.remark(short, what)),
            None => self.problems.push(format!("{PREFIX}{short} {what}")),
        }
    }

    /// Notes what works and was probably not meant. It is about the first of these variables, and comes of them all.
    pub(super) fn warning<const N: usize>(&mut self, shorts: [&str; N], what: &str) {
        let Some(short) = shorts.first() else { return };
        match &self.table {
            Some(table) if shorts.iter().any(|short| table.get(short).is_some()) => {
                self.warnings.push(table.remark(short, what));
            }
            Some(_) => push_once(&mut self.shared_warnings, format!("{PREFIX}{short} {what}")),
            None => self.warnings.push(format!("{PREFIX}{short} {what}")),
        }
    }

    /// Notes what is wrong and what is odd with variables of other programs, which are the same for all operations.
    pub(super) fn foreign(&mut self, problems: Vec<String>, warnings: Vec<String>) {
        if self.table.is_none() {
            self.problems.extend(problems);
            self.warnings.extend(warnings);
            return;
        }
        for problem in problems {
            push_once(&mut self.problems, problem);
        }
        for warning in warnings {
            push_once(&mut self.shared_warnings, warning);
        }
    }
}

fn push_once(all: &mut Vec<String>, one: String) {
    if !all.contains(&one) {
        all.push(one);
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

/// A share from 0 up to below 1.
pub(super) fn part(given: Given<'_>) -> Result<f64, String> {
    match given.text().parse::<f64>() {
        Ok(part) if (0.0..1.0).contains(&part) => Ok(part.abs()),
        _ => Err(format!(
            "is {}; it must be a share from 0 up to below 1, such as {}",
            shown(given.text()),
            given.default
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
