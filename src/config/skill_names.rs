//! `WOLKVOX_SKILL_NAMES`: `12=Sales, 13=Support`, or one pair a line.

use std::collections::BTreeMap;
use std::fmt;

use super::literal::unquoted;
use super::shown::shown;

/// The most characters of a label's value, as for those of the report.
const LONGEST: usize = 128;
/// More letters and digits than the number of any skill has.
const LONG_ID: usize = 20;

/// What is wrong with the names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum SkillNamesError {
    /// No `=`.
    #[error(
        "holds {0}, which is not a pair such as 12=Sales; between two pairs stands a comma or a line break, so names have none"
    )]
    NoPair(ShownPair),
    /// `=Sales`.
    #[error("holds {0}, which has no skill before the =; write the skill's number there, such as 12=Sales")]
    NoId(ShownPair),
    /// `12=`.
    #[error(
        "has no name for skill {0}; write 12=Sales, or leave the skill out: it is shown by its number then"
    )]
    NoName(String),
    /// The same skill twice.
    #[error("names skill {0} twice")]
    Twice(String),
    /// `12="Sales"`.
    #[error("holds {0} with quotes around the id or the name: remove the quotes")]
    Quoted(ShownPair),
    /// An id that is no number of a skill, and would be shown.
    #[error("holds {0} with what looks like a token in place of a skill's number")]
    Token(ShownPair),
    /// An id or a name that no label takes.
    #[error("holds {0} with an id or a name of {1} characters; the longest has {LONGEST} characters")]
    TooLong(ShownPair, usize),
    /// A tab or the like.
    #[error("holds {0} with a control character in it")]
    Control(ShownPair),
}

/// Where a pair stands, and how it is shown: a secret may have been put in place of the names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ShownPair {
    number: usize,
    shown: String,
}

impl ShownPair {
    fn of(number: usize, pair: &str) -> ShownPair {
        ShownPair {
            number,
            shown: shown(pair),
        }
    }
}

impl fmt::Display for ShownPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} as pair {}", self.shown, self.number)
    }
}

/// Names by skill.
///
/// # Errors
/// All that is wrong, in the order in which it stands.
pub(super) fn read(text: &str) -> Result<BTreeMap<String, String>, Vec<SkillNamesError>> {
    let mut names = BTreeMap::new();
    let mut errors = Vec::new();
    // A comma at the end of a line is no pair of its own.
    let pairs = text
        .split([',', '\n'])
        .map(str::trim)
        .filter(|pair| !pair.is_empty());
    for (index, pair) in pairs.enumerate() {
        match read_pair(pair, index + 1) {
            Ok((id, _)) if names.contains_key(id) => errors.push(SkillNamesError::Twice(shown(id))),
            Ok((id, name)) => {
                names.insert(id.to_owned(), name.to_owned());
            }
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(names) } else { Err(errors) }
}

fn read_pair(pair: &str, number: usize) -> Result<(&str, &str), SkillNamesError> {
    let place = || ShownPair::of(number, pair);
    let Some((id, name)) = pair.split_once('=') else {
        return Err(SkillNamesError::NoPair(place()));
    };
    let (id, name) = (id.trim(), name.trim());
    if id.is_empty() {
        return Err(SkillNamesError::NoId(place()));
    }
    if name.is_empty() {
        return Err(SkillNamesError::NoName(shown(id)));
    }
    if looks_like_token(id) {
        return Err(SkillNamesError::Token(place()));
    }
    match [id, name].into_iter().find_map(fault) {
        None => Ok((id, name)),
        Some(Fault::TooLong(length)) => Err(SkillNamesError::TooLong(place(), length)),
        Some(Fault::Control) => Err(SkillNamesError::Control(place())),
        Some(Fault::Quoted) => Err(SkillNamesError::Quoted(place())),
    }
}

/// Why no label takes an id or a name.
enum Fault {
    TooLong(usize),
    Control,
    Quoted,
}

fn fault(part: &str) -> Option<Fault> {
    let length = part.chars().count();
    if length > LONGEST {
        return Some(Fault::TooLong(length));
    }
    if part.chars().any(char::is_control) {
        return Some(Fault::Control);
    }
    unquoted(part).map(|_| Fault::Quoted)
}

fn looks_like_token(id: &str) -> bool {
    let has_digit = id.bytes().any(|byte| byte.is_ascii_digit());
    id.len() >= LONG_ID && has_digit && id.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// Whether a label takes an id, and a name where there is one. What is wrong goes on after the skill.
pub(super) fn check(id: &str, name: Option<&str>) -> Result<(), String> {
    if looks_like_token(id) {
        return Err("looks like a token in place of a skill's number".to_owned());
    }
    for (what, part) in [("its id", Some(id)), ("its name", name)] {
        let Some(part) = part else { continue };
        if part.is_empty() {
            return Err(format!("{what} is empty"));
        }
        let Some(fault) = fault(part) else { continue };
        return Err(match fault {
            Fault::TooLong(length) => {
                format!("{what} has {length} characters; the longest has {LONGEST} characters")
            }
            Fault::Control => format!("{what} has a control character in it"),
            Fault::Quoted => format!("{what} has quotes inside of its quotes: remove the inner ones"),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
