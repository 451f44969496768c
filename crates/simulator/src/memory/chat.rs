//! A chat of the report in memory, and its row.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use wolkvox::{Row, Value};

use crate::Filter;
use crate::answer::{clock_text, local_text};

/// What all chats have in common, unless [`Chat::with`] says otherwise.
const COMMON: &[(&str, &str)] = &[
    ("channel", "whatsapp"),
    ("customer_chars", "120"),
    ("agent_id", "2001"),
    ("agent_name", "Ana"),
    ("agent_chars", "240"),
    ("agent_anwers", "4"),
    ("time_on_agent", "00:04:00"),
    ("cod_act", "21"),
    ("description_cod_act", "Sold"),
    ("skill_id", "7"),
    ("asa", "00:00:12"),
    ("last_participant_who_spoke", "agent"),
    ("feeling", "neutral"),
];

/// A chat as it happened, in the server's time.
#[derive(Debug, Clone)]
pub struct Chat {
    /// Its `conn_id`.
    pub id: String,
    /// When it was opened.
    pub opened: DateTime<Utc>,
    /// When it was closed.
    pub closed: DateTime<Utc>,
    /// Its row appears this long after the close.
    pub delay: TimeDelta,
    /// Whether the row has a `date_close`.
    pub says_close: bool,
    /// Whether the row has a `chat_duration`.
    pub says_duration: bool,
    /// What the row has otherwise, by the caller's index of the field.
    pub fields: Vec<(usize, String)>,
    /// The server's clock minus the true time when it closed.
    pub offset: TimeDelta,
}

impl Chat {
    /// A chat of five minutes whose row appears at once and has all fields.
    pub fn new(id: impl Into<String>, closed: DateTime<Utc>) -> Self {
        Self {
            id: id.into(),
            opened: closed - TimeDelta::minutes(5),
            closed,
            delay: TimeDelta::zero(),
            says_close: true,
            says_duration: true,
            fields: Vec::new(),
            offset: TimeDelta::zero(),
        }
    }

    /// The same chat, opened so long before its close.
    #[must_use]
    pub fn lasting(mut self, duration: TimeDelta) -> Self {
        self.opened = self.closed - duration;
        self
    }

    /// The same chat, whose row appears so long after its close.
    #[must_use]
    pub fn delayed(mut self, delay: TimeDelta) -> Self {
        self.delay = delay;
        self
    }

    /// The same chat without `date_close`.
    #[must_use]
    pub fn without_close(mut self) -> Self {
        self.says_close = false;
        self
    }

    /// The same chat without anything that its close can be read from.
    #[must_use]
    pub fn without_any_close(mut self) -> Self {
        self.says_close = false;
        self.says_duration = false;
        self
    }

    /// The same chat with another text in a field.
    #[must_use]
    pub fn with(mut self, field: impl Into<usize>, value: &str) -> Self {
        self.fields.push((field.into(), value.to_owned()));
        self
    }

    /// The time that a window filters on.
    pub fn time(&self, filter: Filter) -> DateTime<Utc> {
        match filter {
            Filter::CloseTime => self.closed,
            Filter::OpenTime => self.opened,
        }
    }

    /// Whether its row is there when the true time is `truth`. A row that is there does not go away when the server's clock
    /// is set back.
    pub(super) fn is_visible(&self, truth: DateTime<Utc>) -> bool {
        self.closed - self.offset + self.delay <= truth
    }

    /// Its row, as a caller reads it who has `keys`.
    pub(super) fn row(&self, zone: Tz, keys: &[&str]) -> Row<'static> {
        let local = |at: DateTime<Utc>| local_text(at.with_timezone(&zone).naive_local());
        let mut row = Row::default();
        let mut put = |key: &str, text: String| {
            if let Some(index) = keys.iter().position(|name| *name == key) {
                row.set(index, Value::Text(&text));
            }
        };
        for (key, text) in COMMON {
            put(key, (*text).to_owned());
        }
        put("conn_id", self.id.clone());
        put("date", local(self.opened));
        put("chat_duration", self.duration_text());
        if self.says_close {
            put("date_close", local(self.closed));
        }
        for (field, text) in &self.fields {
            row.set(*field, Value::Text(text));
        }
        row
    }

    fn duration_text(&self) -> String {
        if !self.says_duration {
            return "-".to_owned();
        }
        let seconds = (self.closed - self.opened).num_seconds();
        clock_text(u64::try_from(seconds).unwrap_or(0))
    }
}
