//! The tokens of JSON, each of which may begin in one chunk and end in another. How long a token is never decides how much
//! memory it takes.

/// From here on a string is looked through by code that is fast for long ones.
const SHORT: usize = 32;
const LANES: usize = size_of::<u64>();

/// What was found of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// It ends before this byte: the closing quote, or what is behind a number or a word.
    End(usize),
    /// It goes on in the next chunk.
    Open,
    /// This byte can't be there.
    Bad(usize),
}

/// A string behind its opening quote. Any byte may be in it, also those that have to be mended; escapes must be such.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct OpenString {
    escape: Escape,
    pub(super) has_escapes: bool,
}

#[derive(Debug, Clone, Copy, Default)]
enum Escape {
    #[default]
    None,
    /// Behind the backslash.
    Begun,
    /// So many hexadecimal digits are to come.
    Digits(u8),
}

impl OpenString {
    /// Looks for the closing quote in the bytes that come next.
    #[inline]
    pub(super) fn resume(&mut self, bytes: &[u8]) -> Found {
        let mut at = 0;
        loop {
            if let Escape::None = self.escape {
                let Some(found) = quote_or_backslash(&bytes[at..]) else {
                    return Found::Open;
                };
                at += found;
                if bytes[at] == b'"' {
                    return Found::End(at);
                }
                self.has_escapes = true;
                self.escape = Escape::Begun;
                at += 1;
            }
            let Some(byte) = bytes.get(at) else {
                return Found::Open;
            };
            let Some(next) = self.escape.then(*byte) else {
                return Found::Bad(at);
            };
            self.escape = next;
            at += 1;
        }
    }
}

impl Escape {
    /// The state behind another byte of an escape; `None` if it can't be there.
    fn then(self, byte: u8) -> Option<Escape> {
        match self {
            Escape::Begun if byte == b'u' => Some(Escape::Digits(4)),
            Escape::Begun => b"\"\\/bfnrt".contains(&byte).then_some(Escape::None),
            Escape::Digits(_) if !byte.is_ascii_hexdigit() => None,
            Escape::Digits(left) if left > 1 => Some(Escape::Digits(left - 1)),
            Escape::Digits(_) | Escape::None => Some(Escape::None),
        }
    }
}

/// Where the first quote or backslash is. Most strings are short: eight bytes at a time cost less than to set up what is
/// faster for long ones.
#[inline]
fn quote_or_backslash(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    while at < SHORT {
        let Some(lane) = bytes[at..].first_chunk::<LANES>() else {
            let rest = bytes[at..].iter();
            return rest
                .enumerate()
                .find(|(_, byte)| matches!(byte, b'"' | b'\\'))
                .map(|(found, _)| at + found);
        };
        let found = lanes_with(*lane, b'"') | lanes_with(*lane, b'\\');
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize / 8);
        }
        at += LANES;
    }
    memchr::memchr2(b'"', b'\\', &bytes[at..]).map(|found| at + found)
}

/// The highest bit of each lane that holds the byte. Lanes above the first such one may have theirs set wrongly.
#[inline]
fn lanes_with(lanes: [u8; LANES], byte: u8) -> u64 {
    const LOW: u64 = u64::from_le_bytes([1; LANES]);
    const HIGH: u64 = LOW << 7;
    let differing = u64::from_le_bytes(lanes) ^ (LOW * u64::from(byte));
    differing.wrapping_sub(LOW) & !differing & HIGH
}

/// A number: what its last byte was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum OpenNumber {
    #[default]
    Nothing,
    Minus,
    Zero,
    Digit,
    Point,
    Fraction,
    Exponent,
    ExponentSign,
    ExponentDigit,
}

impl OpenNumber {
    /// Looks for the end in the bytes that come next.
    pub(super) fn resume(&mut self, bytes: &[u8]) -> Found {
        for (at, byte) in bytes.iter().enumerate() {
            match self.then(*byte) {
                Some(next) => *self = next,
                None if self.is_whole() && !byte.is_ascii_digit() => return Found::End(at),
                None => return Found::Bad(at),
            }
        }
        Found::Open
    }

    /// Whether it may end here.
    pub(super) fn is_whole(self) -> bool {
        use OpenNumber::{Digit, ExponentDigit, Fraction, Zero};
        matches!(self, Zero | Digit | Fraction | ExponentDigit)
    }

    fn then(self, byte: u8) -> Option<OpenNumber> {
        use OpenNumber::{
            Digit, Exponent, ExponentDigit, ExponentSign, Fraction, Minus, Nothing, Point, Zero,
        };
        Some(match (self, byte) {
            (Nothing, b'-') => Minus,
            (Nothing | Minus, b'0') => Zero,
            (Nothing | Minus | Digit, b'0'..=b'9') => Digit,
            (Zero | Digit, b'.') => Point,
            (Point | Fraction, b'0'..=b'9') => Fraction,
            (Zero | Digit | Fraction, b'e' | b'E') => Exponent,
            (Exponent, b'+' | b'-') => ExponentSign,
            (Exponent | ExponentSign | ExponentDigit, b'0'..=b'9') => ExponentDigit,
            _ => return None,
        })
    }
}

/// One of the three words.
#[derive(Debug, Clone, Copy)]
pub(super) struct OpenWord {
    word: &'static str,
    read: usize,
}

impl OpenWord {
    /// The word that begins with this byte.
    pub(super) fn of(byte: u8) -> Option<OpenWord> {
        let words = ["null", "true", "false"];
        let word = words.into_iter().find(|word| word.as_bytes()[0] == byte)?;
        Some(OpenWord { word, read: 0 })
    }

    /// Whether it is `null`.
    pub(super) fn is_null(self) -> bool {
        self.word == "null"
    }

    /// Looks for the end in the bytes that come next.
    pub(super) fn resume(&mut self, bytes: &[u8]) -> Found {
        let rest = &self.word.as_bytes()[self.read..];
        let same = rest.iter().zip(bytes).take_while(|(one, other)| one == other);
        let same = same.count();
        self.read += same;
        if same == rest.len() {
            Found::End(same)
        } else if same == bytes.len() {
            Found::Open
        } else {
            Found::Bad(same)
        }
    }
}
