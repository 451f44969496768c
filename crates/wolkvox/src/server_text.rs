//! What the server says, on its way to a person.
//!
//! A server may repeat whatever it was sent or holds: the token, an identity document, a customer's telephone. Its words
//! are [`RawText`], which can be compared but not formatted. A [`Gate`] is the only way from there to [`ServerText`],
//! which can: so the compiler finds a message that quotes the server past the gate.

mod sensitive;
mod spelling;

use std::fmt;

use sensitive::{Secret, Sensitive};
use spelling::Unit;

/// Longest part of the server's words in a message, in characters.
const SHOWN: usize = 200;
/// What is looked at of the server's words, in characters: many times what is shown.
const READ: usize = 16 * 1024;
/// Spellings within spellings that are looked through: `%252B` has two.
const DEPTH: usize = 4;

/// Words as the server sent them, or as a library made them of what the server sent.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct RawText(String);

impl RawText {
    /// Takes words in.
    pub fn new(text: impl Into<String>) -> RawText {
        RawText(text.into())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether they are this phrase, in any case and with any blanks around.
    pub fn is(&self, phrase: &str) -> bool {
        self.0.trim().eq_ignore_ascii_case(phrase)
    }

    /// Whether they begin with this phrase, in any case.
    pub fn begins_with(&self, phrase: &str) -> bool {
        let beginning = self.0.trim().get(..phrase.len());
        beginning.is_some_and(|beginning| beginning.eq_ignore_ascii_case(phrase))
    }

    /// N of `N records were found`.
    pub fn announced_records(&self) -> Option<u64> {
        let mut words = self.0.split_whitespace();
        let number = words.next()?;
        words.next()?.to_lowercase().starts_with("record").then_some(())?;
        let whole = match number.split_once('.') {
            Some((whole, fraction)) if fraction.bytes().all(|byte| byte == b'0') => whole,
            Some(_) => return None,
            None => number,
        };
        let digits = whole.replace(',', "");
        digits
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| digits.parse().ok())?
    }
}

impl fmt::Debug for RawText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawText({} bytes)", self.0.len())
    }
}

/// Words of the server that may be shown: without control and bidirectional characters, secrets, numbers of five or more
/// digits, addresses of mail and of machines, and short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerText(String);

impl ServerText {
    /// Whether nothing is left to show.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for ServerText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Makes words of the server showable. It knows the secrets of one call.
pub struct Gate {
    secrets: Vec<Secret>,
}

impl Gate {
    /// A gate for a call that sent these secrets.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Gate {
        Gate {
            secrets: secrets.into_iter().filter_map(Secret::new).collect(),
        }
    }

    /// The words without what must not be shown. They are cut last: half of a secret would not be recognized.
    pub fn admit(&self, text: &RawText) -> ServerText {
        let visible: String = text
            .0
            .chars()
            .take(READ)
            .filter(|character| !is_hidden(*character))
            .collect();
        let findings = self.findings(&visible);
        let shown = replace(visible.trim_end(), &findings);
        ServerText(cut(shown.trim()))
    }

    /// Looks through the spellings of URLs, HTML and JSON, also within one another.
    fn findings(&self, text: &str) -> Vec<SensitiveSpan> {
        let mut findings = Vec::new();
        let mut units = spelling::plain(text);
        for _ in 0..=DEPTH {
            let secrets = self.secrets.iter().flat_map(|secret| secret.find(&units));
            let secrets = secrets.map(|range| (range, Sensitive::Secret));
            let found = secrets.chain(sensitive::find(&units));
            findings.extend(found.filter_map(|(range, kind)| SensitiveSpan::new(units.get(range)?, kind)));
            match spelling::read(&units) {
                Some(read) => units = read,
                None => break,
            }
        }
        joined(findings)
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gate({} secrets)", self.secrets.len())
    }
}

/// A place in the text that is not shown: bytes from `start` to before `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct SensitiveSpan {
    start: usize,
    end: usize,
    kind: Sensitive,
}

impl SensitiveSpan {
    fn new(units: &[Unit], kind: Sensitive) -> Option<SensitiveSpan> {
        Some(SensitiveSpan {
            start: units.first()?.start,
            end: units.last()?.end,
            kind,
        })
    }
}

/// In their order, those that overlap as one.
fn joined(mut findings: Vec<SensitiveSpan>) -> Vec<SensitiveSpan> {
    findings.sort_unstable();
    let mut joined: Vec<SensitiveSpan> = Vec::new();
    for finding in findings {
        match joined.last_mut() {
            Some(last) if finding.start < last.end => {
                last.end = last.end.max(finding.end);
                last.kind = last.kind.max(finding.kind);
            }
            _ => joined.push(finding),
        }
    }
    joined
}

fn replace(text: &str, findings: &[SensitiveSpan]) -> String {
    let mut shown = String::new();
    let mut from = 0;
    for finding in findings {
        shown.push_str(text.get(from..finding.start).unwrap_or_default());
        shown.push_str(finding.kind.name());
        from = finding.end;
    }
    shown.push_str(text.get(from..).unwrap_or_default());
    shown
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Characters that do something to a terminal or to the direction of a line, or that nobody sees: they would hide a secret
/// from the search.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests;
