//! Which containers the decoder is in, a bit each.

/// The deepest that an answer may nest: far above any report, and 16 KiB of memory.
pub(super) const DEEPEST: usize = 128 * 1024;
const BITS: usize = u64::BITS as usize;

/// A container of JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Container {
    Object,
    List,
}

/// The open containers, from the outermost to the innermost.
#[derive(Debug, Default)]
pub(super) struct Nesting {
    /// A set bit is an object.
    bits: Vec<u64>,
    depth: usize,
}

impl Nesting {
    /// Bytes of memory.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.bits.capacity() * size_of::<u64>()
    }

    /// How many are open.
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    /// The innermost one.
    pub(super) fn innermost(&self) -> Option<Container> {
        let at = self.depth.checked_sub(1)?;
        let is_object = self.bits[at / BITS] >> (at % BITS) & 1 == 1;
        Some(if is_object {
            Container::Object
        } else {
            Container::List
        })
    }

    /// Opens one. Returns whether there was room.
    pub(super) fn open(&mut self, container: Container) -> bool {
        if self.depth == DEEPEST {
            return false;
        }
        let (word, bit) = (self.depth / BITS, 1 << (self.depth % BITS));
        if word == self.bits.len() {
            self.bits.push(0);
        }
        match container {
            Container::Object => self.bits[word] |= bit,
            Container::List => self.bits[word] &= !bit,
        }
        self.depth += 1;
        true
    }

    /// Closes the innermost one.
    pub(super) fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }
}
