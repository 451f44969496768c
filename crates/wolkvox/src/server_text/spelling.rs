//! The spellings of a character: `+` is `%2B` in a URL, `&#43;` or `&plus;` in HTML, `\u002b` in JSON.

use super::is_hidden;

/// A character as it is meant, and the bytes of the text that spell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unit {
    pub(super) meaning: char,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The names that HTML has for ASCII.
const ENTITIES: [(&str, char); 32] = [
    ("amp", '&'),
    ("apos", '\''),
    ("ast", '*'),
    ("bsol", '\\'),
    ("colon", ':'),
    ("comma", ','),
    ("commat", '@'),
    ("dollar", '$'),
    ("equals", '='),
    ("excl", '!'),
    ("grave", '`'),
    ("gt", '>'),
    ("Hat", '^'),
    ("lbrace", '{'),
    ("lbrack", '['),
    ("lowbar", '_'),
    ("lpar", '('),
    ("lt", '<'),
    ("nbsp", '\u{a0}'),
    ("num", '#'),
    ("percnt", '%'),
    ("period", '.'),
    ("plus", '+'),
    ("quest", '?'),
    ("quot", '"'),
    ("rbrace", '}'),
    ("rbrack", ']'),
    ("rpar", ')'),
    ("semi", ';'),
    ("sol", '/'),
    ("UnderBar", '_'),
    ("vert", '|'),
];
const LONGEST_ENTITY: usize = 10;

/// Each character as itself.
pub(super) fn plain(text: &str) -> Vec<Unit> {
    text.char_indices()
        .map(|(start, meaning)| Unit {
            meaning,
            start,
            end: start + meaning.len_utf8(),
        })
        .collect()
}

/// Reads one layer of spellings; `None` where there is none.
pub(super) fn read(units: &[Unit]) -> Option<Vec<Unit>> {
    let mut read = Vec::with_capacity(units.len());
    let mut rest = units;
    while let Some(first) = rest.first() {
        let (meaning, length) = escape(rest).unwrap_or((first.meaning, 1));
        if !is_hidden(meaning) {
            read.push(Unit {
                meaning,
                start: first.start,
                end: rest[length - 1].end,
            });
        }
        rest = &rest[length..];
    }
    (read.len() < units.len()).then_some(read)
}

/// The character that is spelled at the beginning, and in how many.
fn escape(units: &[Unit]) -> Option<(char, usize)> {
    match units.first()?.meaning {
        '%' => percent(units),
        '&' => entity(&units[1..]),
        '\\' => backslash(&units[1..]),
        _ => None,
    }
}

fn percent(units: &[Unit]) -> Option<(char, usize)> {
    let byte = |at: usize| {
        let escape = units.get(at..at + 3)?;
        let value = (escape[0].meaning == '%').then(|| number(&escape[1..], 16))??;
        u8::try_from(value).ok()
    };
    let first = byte(0)?;
    let count = match first {
        0..=0x7f => 1,
        0xc0..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf7 => 4,
        _ => return None,
    };
    let bytes = (0..count)
        .map(|index| byte(index * 3))
        .collect::<Option<Vec<_>>>()?;
    let character = std::str::from_utf8(&bytes).ok()?.chars().next()?;
    Some((character, count * 3))
}

/// What follows a `&`.
fn entity(units: &[Unit]) -> Option<(char, usize)> {
    if units.first()?.meaning == '#' {
        return numbered_entity(&units[1..]);
    }
    let length = units
        .iter()
        .take(LONGEST_ENTITY)
        .position(|unit| unit.meaning == ';')?;
    let name: String = units[..length].iter().map(|unit| unit.meaning).collect();
    let (_, character) = ENTITIES.iter().find(|(known, _)| *known == name)?;
    Some((*character, length + 2))
}

/// What follows a `&#`. Browsers do without the `;`.
fn numbered_entity(units: &[Unit]) -> Option<(char, usize)> {
    let radix = if matches!(units.first()?.meaning, 'x' | 'X') {
        16
    } else {
        10
    };
    let prefix = usize::from(radix == 16);
    let digits = units[prefix..]
        .iter()
        .take(8)
        .take_while(|unit| unit.meaning.is_digit(radix))
        .count();
    let character = char::from_u32(number(&units[prefix..prefix + digits], radix)?)?;
    let end = prefix + digits;
    let semicolon = usize::from(units.get(end).is_some_and(|unit| unit.meaning == ';'));
    Some((character, 2 + end + semicolon))
}

/// What follows a `\`.
fn backslash(units: &[Unit]) -> Option<(char, usize)> {
    let kind = units.first()?.meaning;
    let digits = match kind {
        'u' => 4,
        'x' => 2,
        // Line breaks and the like are removed, as they would be unescaped.
        'n' | 'r' | 't' | 'b' | 'f' => return Some(('\n', 2)),
        punctuation if punctuation.is_ascii_punctuation() => return Some((punctuation, 2)),
        _ => return None,
    };
    let character = char::from_u32(number(units.get(1..=digits)?, 16)?)?;
    Some((character, 2 + digits))
}

fn number(units: &[Unit], radix: u32) -> Option<u32> {
    let digits: String = units.iter().map(|unit| unit.meaning).collect();
    // It would take a sign.
    let is_plain = digits.chars().all(|digit| digit.is_digit(radix));
    is_plain.then(|| u32::from_str_radix(&digits, radix).ok())?
}
