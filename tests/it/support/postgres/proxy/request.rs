//! What a client sends, put together into requests.

use std::collections::BTreeSet;

use super::message::Message;

/// Messages that are answered together: up to a `Sync`, a `Flush` or a plain query; or one that waits for nothing.
pub(super) struct Request {
    pub(super) bytes: Vec<u8>,
    /// Whether a marked statement is carried out by it.
    pub(super) is_marked: bool,
    /// Whether the server says `ReadyForQuery` when it is done.
    pub(super) is_answered: bool,
}

/// Collects the messages of a connection.
pub(super) struct Collector {
    mark: String,
    bytes: Vec<u8>,
    is_marked: bool,
    /// The names of prepared statements that are marked; the empty one is that without a name.
    prepared: BTreeSet<Vec<u8>>,
}

impl Collector {
    pub(super) fn new(mark: &str) -> Collector {
        Collector {
            mark: mark.to_owned(),
            bytes: Vec::new(),
            is_marked: false,
            prepared: BTreeSet::new(),
        }
    }

    /// Adds a message, and returns what is whole with it.
    pub(super) fn add(&mut self, message: &Message) -> Option<Request> {
        self.look_at(message);
        self.bytes.extend_from_slice(&message.bytes);
        let is_answered = matches!(message.kind, b'S' | b'Q' | b'F');
        let is_whole = is_answered || !is_part(message.kind);
        is_whole.then(|| Request {
            bytes: std::mem::take(&mut self.bytes),
            is_marked: std::mem::take(&mut self.is_marked),
            is_answered,
        })
    }

    /// To prepare a statement carries nothing out; to bind one does, with what follows it.
    fn look_at(&mut self, message: &Message) {
        let mut texts = message.body().split(|byte| *byte == 0);
        let first = texts.next().unwrap_or_default();
        let second = texts.next().unwrap_or_default();
        match message.kind {
            b'Q' => self.is_marked |= self.holds_mark(first),
            b'P' if self.holds_mark(second) => drop(self.prepared.insert(first.to_owned())),
            b'P' => drop(self.prepared.remove(first)),
            b'B' => self.is_marked |= self.prepared.contains(second),
            _ => {}
        }
    }

    fn holds_mark(&self, text: &[u8]) -> bool {
        let text = String::from_utf8_lossy(text).to_lowercase();
        let words: Vec<_> = text.split_whitespace().collect();
        words.join(" ").contains(&self.mark)
    }
}

/// Parse, Bind, Describe, Execute, Close: more follows, and the server need not answer before.
fn is_part(kind: u8) -> bool {
    matches!(kind, b'P' | b'B' | b'D' | b'E' | b'C')
}
