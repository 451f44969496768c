//! Which key of a row is which.

use super::Key;

/// The most keys that are remembered of a row, and the longest of them with its colon, in bytes.
const MOST: usize = 64;
const LONGEST: usize = 64;
/// A row may lack some keys that others have: so many of them are looked behind.
const AHEAD: usize = 3;

/// Finds the key that a name stands for.
///
/// All rows of a report have the same keys in the same order, with few exceptions. So the next key is guessed: to see that it
/// is the one that stood here in an earlier row costs a comparison of bytes. What is not guessed is looked up.
#[derive(Debug)]
pub(super) struct Fields<'k> {
    keys: &'k [Key],
    guesses: Vec<Guess>,
    next: usize,
}

/// What stood at one place of an earlier row.
#[derive(Debug)]
struct Guess {
    /// From the quote before the key to the first byte of its value.
    bytes: Vec<u8>,
    key: Option<usize>,
}

impl<'k> Fields<'k> {
    /// These keys are read.
    pub(super) fn new(keys: &'k [Key]) -> Fields<'k> {
        Fields {
            keys,
            guesses: Vec::new(),
            next: 0,
        }
    }

    /// Bytes of memory.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        let guesses = self.guesses.iter().map(|guess| guess.bytes.capacity());
        guesses.sum::<usize>() + self.guesses.capacity() * size_of::<Guess>()
    }

    /// A row begins.
    pub(super) fn restart(&mut self) {
        self.next = 0;
    }

    /// The key of that number.
    pub(super) fn key(&self, number: usize) -> &'k Key {
        &self.keys[number]
    }

    /// The key that `bytes` begins with, if it can be guessed: its length with its colon, and its number if it is read.
    #[inline]
    pub(super) fn guess(&mut self, bytes: &[u8]) -> Option<(usize, Option<usize>)> {
        let ahead = self.guesses.get(self.next..)?.iter().take(AHEAD);
        let found = ahead
            .enumerate()
            .find(|(_, guess)| bytes.starts_with(&guess.bytes));
        let (skipped, guess) = found?;
        self.next += skipped;
        Some((guess.bytes.len(), guess.key))
    }

    /// The number of a key that is read, by its text.
    pub(super) fn look_up(&self, name: &str) -> Option<usize> {
        let name = name.trim();
        self.keys
            .iter()
            .position(|key| key.name.eq_ignore_ascii_case(name))
    }

    /// The row has had another key. `bytes` are those from its quote to its value, if they are known.
    pub(super) fn pass(&mut self, bytes: Option<&[u8]>, key: Option<usize>) {
        let at = self.next;
        self.next += 1;
        let Some(bytes) = bytes.filter(|bytes| bytes.len() <= LONGEST) else {
            return;
        };
        if let Some(guess) = self.guesses.get_mut(at) {
            guess.bytes.clear();
            guess.bytes.extend_from_slice(bytes);
            guess.key = key;
        } else if at == self.guesses.len() && at < MOST {
            let bytes = bytes.to_vec();
            self.guesses.push(Guess { bytes, key });
        }
    }

    /// The row has had the key that was guessed.
    #[inline]
    pub(super) fn pass_guessed(&mut self) {
        self.next += 1;
    }
}
