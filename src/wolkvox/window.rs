//! Which stretch of time one call asks for.

use chrono::{DateTime, NaiveDateTime, Utc};

/// One piece of a stretch: what a single call asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first instant that the piece covers, UTC.
    pub from: DateTime<Utc>,
    /// The last instant that the piece covers, UTC.
    pub to: DateTime<Utc>,
    /// `date_ini`: the least local time in the piece.
    pub date_ini: NaiveDateTime,
    /// `date_end`: the greatest local time in the piece.
    pub date_end: NaiveDateTime,
}
