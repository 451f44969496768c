//! Answers that say that there are no chats, where the report has shown some. Believed, they would move the cursors over
//! chats that nobody has seen.

use chrono::TimeDelta;

use super::{Poller, Publish};
use crate::ledger::{Found, Store};
use wolkvox::{self, Reason, Source, Window};

/// For so long what the report has shown is held against it. Later the vendor may have deleted it.
const TRUSTED_FOR: TimeDelta = TimeDelta::days(7);
/// The report is believed after all if it takes back what it has shown so many times in a row, and shows later chats each
/// time: then it is not silent, and those were deleted.
const BELIEVED_AFTER: u32 = 12;

/// How many times in a row the report took chats back while it showed later ones.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    polls: u32,
    sweeps: u32,
}

impl Doubts {
    fn of(&mut self, found: Found) -> &mut u32 {
        match found {
            Found::ByPoll => &mut self.polls,
            Found::BySweep => &mut self.sweeps,
        }
    }
}

impl<S: Source, D: Store, P: Publish> Poller<S, D, P> {
    /// Whether an answer without rows can't be true.
    pub(super) fn has_shown_rows_in(&self, piece: &Window) -> bool {
        let since = self.clocks.servers() - TRUSTED_FOR;
        self.ledger
            .seen
            .has_rows_in(&(piece.date_ini..piece.date_end), since)
    }

    /// The failure of a stretch of which these pieces are doubted, while later ones had so many rows.
    pub(super) fn doubt(
        &mut self,
        found: Found,
        doubted: &[Window],
        rows_behind: u64,
    ) -> Option<wolkvox::Error> {
        let times = self.doubts.of(found);
        let is_contradicted = !doubted.is_empty() && rows_behind > 0;
        *times = if is_contradicted { *times + 1 } else { 0 };
        let first = doubted.first()?;
        if *times >= BELIEVED_AFTER {
            *times = 0;
            for piece in doubted {
                self.ledger.seen.take_back(&(piece.date_ini..piece.date_end));
            }
            tracing::error!(
                from = %first.from.format("%FT%TZ"),
                to = %first.to.format("%FT%TZ"),
                "Wolkvox no longer shows chats that it has shown before, and shows later ones: it is believed from now on. They stay counted"
            );
        }
        Some(wolkvox::Error::new(
            Reason::HttpStatus,
            format!(
                "Wolkvox says that no chats closed from {} to {} (its local time), but it has shown chats of that time before: the answer is not believed, and is asked for again until chats are shown. Look at the same time in Wolkvox' own report; if its chats were deleted there, this ends by itself when new ones are shown",
                first.date_ini, first.date_end
            ),
        ))
    }
}
