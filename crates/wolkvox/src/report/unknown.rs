//! Keys of rows that the caller has not told of: the vendor adds some over time.

use crate::RawText;

/// The most that are kept of one answer, and the longest of them, in bytes: the server decides how many there are.
const MOST: usize = 64;
const LONGEST: usize = 128;
/// Stands in for all that are longer.
const LONG: &str = "(a longer one)";

/// The distinct keys of an answer's rows that its [`Report`](super::Report) does not name, in the order in which they came. Two
/// are the same that differ in case or in blanks around.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UnknownKeys(Vec<RawText>);

impl UnknownKeys {
    /// How many there are: 64 where there are more.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys. A server may have put anything into one.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &RawText> {
        self.0.iter()
    }

    /// Takes in a key.
    pub(super) fn note(&mut self, name: &str) {
        let name = name.trim();
        let name = if name.len() > LONGEST { LONG } else { name };
        if self.0.len() < MOST && !self.0.iter().any(|known| known.is(name)) {
            self.0.push(RawText::new(name));
        }
    }
}
