//! What must not be shown of the server's words.

use std::collections::HashSet;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::spelling::Unit;

/// So many characters in a row of a secret are not shown either: a server may cut what it repeats.
const PART: usize = 8;
/// A shorter secret would be found within words and numbers: it is one only where it stands alone.
const SHORT: usize = 5;
/// The digits in a row that may be a document, a telephone or an account.
const DIGITS: usize = 5;
/// The same with separators between them; a date of 8 digits is not shown either.
const GROUPED_DIGITS: usize = 7;

/// What was found; of several at one place the last in this order is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sensitive {
    Number,
    Mail,
    Address,
    Secret,
}

impl Sensitive {
    /// What stands in its place.
    pub(super) fn name(self) -> &'static str {
        match self {
            Sensitive::Number => "[number]",
            Sensitive::Mail => "[mail]",
            Sensitive::Address => "[address]",
            Sensitive::Secret => "[secret]",
        }
    }
}

/// A secret as it is searched for.
pub(super) struct Secret {
    /// All parts of this length.
    parts: HashSet<Vec<char>>,
    length: usize,
    is_short: bool,
}

impl Secret {
    /// `None` where it is empty.
    pub(super) fn new(secret: &str) -> Option<Secret> {
        let characters: Vec<char> = secret.trim().chars().map(folded).collect();
        let length = characters.len().min(PART);
        (length > 0).then(|| Secret {
            parts: characters.windows(length).map(<[char]>::to_vec).collect(),
            length,
            is_short: characters.len() < SHORT,
        })
    }

    pub(super) fn find(&self, units: &[Unit]) -> Vec<Range<usize>> {
        let text: Vec<char> = units.iter().map(|unit| folded(unit.meaning)).collect();
        text.windows(self.length)
            .enumerate()
            .filter(|(_, part)| self.parts.contains(*part))
            .map(|(start, part)| start..start + part.len())
            .filter(|range| !self.is_short || stands_alone(&text, range))
            .collect()
    }
}

/// Servers change the case of what they repeat, and forms write a blank as `+`.
fn folded(character: char) -> char {
    match character {
        '+' | '\u{a0}' => ' ',
        other => other.to_ascii_lowercase(),
    }
}

fn stands_alone(text: &[char], range: &Range<usize>) -> bool {
    let is_word = |at: Option<usize>| {
        at.and_then(|at| text.get(at))
            .is_some_and(|character| character.is_alphanumeric())
    };
    !is_word(range.start.checked_sub(1)) && !is_word(Some(range.end))
}

/// Numbers, and addresses of mail and of machines.
pub(super) fn find(units: &[Unit]) -> Vec<(Range<usize>, Sensitive)> {
    let text: Vec<char> = units.iter().map(|unit| unit.meaning).collect();
    let mut found = numbers(&text);
    found.extend(machines(&text));
    found.extend(mails(&text));
    found
}

fn numbers(text: &[char]) -> Vec<(Range<usize>, Sensitive)> {
    let mut found = Vec::new();
    let mut start = 0;
    while start < text.len() {
        if !text[start].is_numeric() {
            start += 1;
            continue;
        }
        let group = DigitGroup::at(text, start);
        if group.longest >= DIGITS || group.digits >= GROUPED_DIGITS {
            found.push((start..group.end, Sensitive::Number));
        }
        start = group.end;
    }
    found
}

/// Digits with separators between them.
struct DigitGroup {
    end: usize,
    digits: usize,
    /// The most digits without a separator.
    longest: usize,
}

impl DigitGroup {
    fn at(text: &[char], start: usize) -> DigitGroup {
        let mut group = DigitGroup {
            end: start,
            digits: 0,
            longest: 0,
        };
        let is_digit = |at: usize| text.get(at).is_some_and(|character| character.is_numeric());
        let mut run = 0;
        loop {
            if is_digit(group.end) {
                group.digits += 1;
                run += 1;
                group.longest = group.longest.max(run);
                group.end += 1;
                continue;
            }
            let separators = separators(&text[group.end..]);
            if separators == 0 || !is_digit(group.end + separators) {
                return group;
            }
            run = 0;
            group.end += separators;
        }
    }
}

/// How many characters separate digits of one number: one, or two where one of them is a parenthesis.
fn separators(text: &[char]) -> usize {
    let is_separator =
        |character: &char| matches!(character, ' ' | '\u{a0}' | '.' | ',' | '-' | '/' | '_' | '\'');
    match text {
        ['(' | ')', second, ..] | [second, '(', ..] if is_separator(second) => 2,
        ['(' | ')', ..] => 1,
        [first, ..] if is_separator(first) => 1,
        _ => 0,
    }
}

fn machines(text: &[char]) -> Vec<(Range<usize>, Sensitive)> {
    let is_part = |character: &char| character.is_ascii_hexdigit() || matches!(character, '.' | ':');
    let mut found = Vec::new();
    let mut start = 0;
    for run in text.chunk_by(|one, other| is_part(one) == is_part(other)) {
        let range = start..start + run.len();
        start = range.end;
        let word: String = run.iter().collect();
        // `std::` has what could be an address in its middle.
        let is_word = !stands_alone(text, &range);
        if is_part(&run[0]) && (is_version_4(&word) || !is_word && is_version_6(&word)) {
            found.push((range, Sensitive::Address));
        }
    }
    found
}

/// Also with a port, or at a sentence's end.
fn is_version_4(word: &str) -> bool {
    let word = word.trim_end_matches('.');
    let host = word.rsplit_once(':').map_or(word, |(host, _)| host);
    [word, host].iter().any(|text| text.parse::<Ipv4Addr>().is_ok())
}

fn is_version_6(word: &str) -> bool {
    let word = word.trim_end_matches('.');
    let word = if word.ends_with("::") {
        word
    } else {
        word.trim_end_matches(':')
    };
    let has_digit = word.bytes().any(|byte| byte.is_ascii_hexdigit());
    has_digit && word.parse::<Ipv6Addr>().is_ok()
}

fn mails(text: &[char]) -> Vec<(Range<usize>, Sensitive)> {
    let is_outside =
        |character: &char| character.is_whitespace() || "@＠\"'<>()[]{},;:=|\\".contains(*character);
    let mut found = Vec::new();
    for (at, _) in text
        .iter()
        .enumerate()
        .filter(|(_, character)| matches!(character, '@' | '＠'))
    {
        let before = text[..at].iter().rev().take_while(|c| !is_outside(c)).count();
        let after = text[at + 1..].iter().take_while(|c| !is_outside(c)).count();
        if before > 0 && after > 0 {
            found.push((at - before..at + 1 + after, Sensitive::Mail));
        }
    }
    found
}
