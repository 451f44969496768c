//! Wolkvox' own count of closed chats, by channel: the report `chat_13`, to hold ours against. Its form is known from the
//! vendor's pages alone, so it is read as leniently as can be.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use wolkvox::{Key, Read, Report, Row, RowError, Sink, Value};

use super::chat::{UNKNOWN, value};

const CHANNEL: usize = 0;
const CHATS: usize = 1;

/// What to ask Wolkvox for, with the dates of a window. It has no other parameters: an agent can't be asked for.
pub fn report() -> Report {
    let key = |name, index, rank| Key {
        name,
        index,
        rank,
        read: Read::Value,
    };
    Report {
        name: "chat_13",
        keys: vec![
            key("channel", CHANNEL, 0),
            // As the vendor's sample spells it.
            key("chanel", CHANNEL, 1),
            key("interaction", CHATS, 0),
        ],
        unread: &[],
    }
}

/// Takes the rows of the report. They count only if the answer was whole.
#[derive(Debug, Default)]
pub struct ClosedByChannel {
    /// Chats by channel, which is in lower case; `unknown` where it is blank. Rows of one channel are added up.
    pub chats: BTreeMap<String, u64>,
    /// Rows without a count that can be read.
    pub unreadable: u64,
}

impl Sink for ClosedByChannel {
    fn begin(&mut self, _date: Option<DateTime<Utc>>) {}

    fn row(&mut self, row: Result<Row<'_>, RowError>) {
        let count = row.ok().and_then(|row| Some((channel(&row), count(&row)?)));
        match count {
            Some((channel, chats)) => *self.chats.entry(channel).or_default() += chats,
            None => self.unreadable += 1,
        }
    }
}

/// As the channel of a chat is read.
fn channel(row: &Row<'_>) -> String {
    let text = match row.get(CHANNEL) {
        Value::Text(text) if text.trim() != "-" => value::lower_case_label(text),
        _ => None,
    };
    text.unwrap_or_else(|| UNKNOWN.to_owned())
}

/// A whole number. Other reports of Wolkvox write one as `9,336.00`.
fn count(row: &Row<'_>) -> Option<u64> {
    let Value::Text(text) = row.get(CHATS) else {
        return None;
    };
    let text = text.trim();
    let whole = match text.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() && fraction.bytes().all(|digit| digit == b'0') => {
            whole
        }
        _ => text,
    };
    value::count(whole)
}

#[cfg(test)]
mod tests;
