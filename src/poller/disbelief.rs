//! Answers that say that there are no chats, where the report has shown some. If they were believed, the cursors would move
//! over chats that were never read.

use chrono::TimeDelta;

use crate::ledger::Seen;
use wolkvox::history::Purpose;
use wolkvox::{Error, Reason, Window};

/// For this long the report is expected to show chats that it has shown. Later the vendor may have deleted them.
pub(super) const TRUSTED_FOR: TimeDelta = TimeDelta::days(7);
/// After so many such answers in a row, with later chats in each cycle, the report is believed: the chats were deleted.
const BELIEVED_AFTER: u32 = 12;

/// The chunks of a range whose answers are not believed.
#[derive(Debug, Default)]
pub(super) struct NotBelieved {
    chunks: Vec<Window>,
    /// Rows of later chunks.
    rows_behind: u64,
}

impl NotBelieved {
    pub(super) fn push(&mut self, chunk: Window) {
        self.chunks.push(chunk);
    }

    /// A later chunk has so many rows.
    pub(super) fn note_rows(&mut self, rows: u64) {
        if !self.chunks.is_empty() {
            self.rows_behind += rows;
        }
    }
}

/// How many times in a row the report took chats back while it showed later ones.
#[derive(Debug, Default)]
pub(super) struct Disbelief {
    polls: u32,
    sweeps: u32,
}

impl Disbelief {
    /// The failure of a range of which these chunks are not believed; `None` if there are none.
    pub(super) fn failure(
        &mut self,
        purpose: Purpose,
        range: &NotBelieved,
        seen: &mut Seen,
    ) -> Option<Error> {
        let times = match purpose {
            Purpose::Poll => &mut self.polls,
            Purpose::Sweep => &mut self.sweeps,
        };
        let is_contradicted = !range.chunks.is_empty() && range.rows_behind > 0;
        *times = if is_contradicted { *times + 1 } else { 0 };
        let first = range.chunks.first()?;
        if *times >= BELIEVED_AFTER {
            *times = 0;
            for chunk in &range.chunks {
                seen.take_back(&(chunk.date_ini..chunk.date_end));
            }
            tracing::error!(
                from = %first.from.format("%FT%TZ"),
                to = %first.to.format("%FT%TZ"),
                "Wolkvox no longer shows chats that it has shown before, and shows later ones: it is believed from now on. They stay counted"
            );
        }
        Some(Error::new(
            Reason::HttpStatus,
            format!(
                "Wolkvox says that no chats closed from {} to {} (its local time), but it has shown chats of that time before: the answer is not believed, and is asked for again until chats are shown. Look at the same time in Wolkvox' own report; if its chats were deleted there, this ends by itself when new ones are shown",
                first.date_ini, first.date_end
            ),
        ))
    }
}
