//! What the rows of one call say about the server.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::chats::Field;
use crate::chats::chat::Chat;
use crate::clock::Clock;
use wolkvox::{Gate, Row, RowError, ServerText, Sink, UnknownKeys, Value, Window, Zone};

/// The newest closes that say how often chats close.
const NEWEST: usize = 30;
/// Chats that open or close so often let the newest one be compared with now.
const STEADY: TimeDelta = TimeDelta::minutes(6);

/// Gathers what is judged; no row is kept.
pub(super) struct ReportSample<'a> {
    clock: &'a dyn Clock,
    /// When the answer began, by our clock.
    pub(super) begun: Option<DateTime<Utc>>,
    zone: Zone,
    window: Window,
    pub(super) rows: usize,
    pub(super) rejected: u64,
    /// Chats opened before the window.
    pub(super) opened_before: u64,
    seen: [bool; Field::ALL.len()],
    invalid: BTreeMap<Field, u64>,
    /// Keys that no field has, as they may be shown.
    pub(super) unknown: Vec<ServerText>,
    closes: Vec<DateTime<Utc>>,
    first_opened: Option<DateTime<Utc>>,
    longest_ms: u64,
}

impl ReportSample<'_> {
    pub(super) fn new(zone: Zone, window: Window, clock: &dyn Clock) -> ReportSample<'_> {
        ReportSample {
            clock,
            begun: None,
            zone,
            window,
            rows: 0,
            rejected: 0,
            opened_before: 0,
            seen: [false; Field::ALL.len()],
            invalid: BTreeMap::new(),
            unknown: Vec::new(),
            closes: Vec::new(),
            first_opened: None,
            longest_ms: 0,
        }
    }

    /// Whether any row has the field's key.
    pub(super) fn was_seen(&self, field: Field) -> bool {
        self.seen[field as usize]
    }

    /// Fields with values that can't be read, and in how many rows.
    pub(super) fn invalid(&self) -> impl Iterator<Item = (Field, u64)> {
        self.invalid.iter().map(|(field, count)| (*field, *count))
    }

    /// The newest close time.
    pub(super) fn newest(&self) -> Option<DateTime<Utc>> {
        self.closes.iter().max().copied()
    }

    /// The time between two closes, of the newest ones: the median.
    pub(super) fn usual_gap(&self) -> TimeDelta {
        let mut closes = self.closes.clone();
        closes.sort_unstable_by(|one, other| other.cmp(one));
        closes.truncate(NEWEST);
        let mut gaps: Vec<_> = closes.windows(2).map(|pair| pair[0] - pair[1]).collect();
        gaps.sort_unstable();
        gaps.get(gaps.len() / 2).copied().unwrap_or(TimeDelta::days(1))
    }

    /// Whether chats close all the time.
    pub(super) fn is_steady(&self) -> bool {
        self.closes.len() >= NEWEST && self.usual_gap() <= STEADY
    }

    /// Whether chats were opened right at the beginning of what was asked for.
    pub(super) fn begins_at_once(&self) -> bool {
        self.first_opened
            .is_some_and(|opened| opened - self.window.from <= STEADY * 2)
    }

    /// The longest chat.
    pub(super) fn longest(&self) -> TimeDelta {
        i64::try_from(self.longest_ms).map_or(TimeDelta::MAX, TimeDelta::milliseconds)
    }
}

impl Sink for ReportSample<'_> {
    fn begin(&mut self, _date: Option<DateTime<Utc>>) {
        self.begun = Some(self.clock.now());
    }

    fn row(&mut self, row: Result<Row<'_>, RowError>) {
        self.rows += 1;
        let Ok(row) = row else {
            self.rejected += 1;
            return;
        };
        for field in Field::ALL {
            self.seen[field as usize] |= row.get(field) != Value::Absent;
        }
        let Ok(chat) = Chat::from_row(&row, self.zone) else {
            self.rejected += 1;
            return;
        };
        for field in chat.invalid.iter() {
            *self.invalid.entry(field).or_default() += 1;
        }
        self.closes.extend(chat.closed.map(|closed| closed.earliest));
        self.longest_ms = self.longest_ms.max(chat.duration_ms.unwrap_or(0));
        if let Some(opened) = chat.opened {
            self.opened_before += u64::from(opened.latest < self.window.from);
            let first = self.first_opened.get_or_insert(opened.earliest);
            *first = opened.earliest.min(*first);
        }
    }

    fn unknown_keys(&mut self, keys: &UnknownKeys, gate: &Gate) {
        self.unknown = keys.iter().map(|key| gate.admit(key)).collect();
    }
}
