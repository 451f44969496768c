//! Takes the rows of one answer into a tally beside the ledger, and into the latest window.

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

use super::Examples;
use super::reading::found;
use super::time::Clocks;
use crate::chats::chat::{Chat, NotAChat};
use crate::chats::key::Keys;
use crate::chats::latest_window::{Fingerprint, Gatherer, Recent};
use crate::chats::{Ledger, Tallied, Tally};
use crate::config::OperationConfig;
use crate::ledger::{Id, Novelty};
use wolkvox::history::Purpose;
use wolkvox::{Gate, HourlyZone, Row, RowError, Sink, UnknownKeys, Window, window};

/// The window's beginning is known only when the poll has ended. A chat that is older than the window and this can't be in it.
const SLACK: TimeDelta = TimeDelta::hours(1);

/// When, and with which `Date`, an answer began.
#[derive(Debug, Clone, Copy)]
pub(super) struct Begun {
    pub(super) at: Instant,
    pub(super) ours: DateTime<Utc>,
    /// As sent.
    pub(super) date: Option<DateTime<Utc>>,
    /// Whether it can be the server's clock.
    pub(super) is_believed: bool,
}

impl Begun {
    /// The server's clock, if the answer is dated.
    fn server(self) -> Option<DateTime<Utc>> {
        self.date.filter(|_| self.is_believed)
    }
}

/// What an answer brought. It counts only if the answer was whole.
pub(super) struct TakenAnswer {
    /// When the call was made, by our clock.
    pub(super) asked_at: DateTime<Utc>,
    /// `None` where no answer came.
    pub(super) begun: Option<Begun>,
    pub(super) tallied: Tallied,
    pub(super) chats: Gatherer,
}

impl TakenAnswer {
    /// When it was answered, by the server's clock where the answer is dated.
    pub(super) fn answered_at(&self) -> DateTime<Utc> {
        self.begun.and_then(Begun::server).unwrap_or(self.asked_at)
    }
}

/// One request's sink.
pub(super) struct Intake<'a> {
    config: &'a OperationConfig,
    clocks: &'a Clocks,
    zone: HourlyZone,
    /// Up to where the server has answered.
    watermark: DateTime<Utc>,
    tally: Tally<'a>,
    asked_at: DateTime<Utc>,
    begun: Option<Begun>,
    /// `None` of a sweep, whose chats are not gathered.
    recent: Option<&'a Recent>,
    gatherer: Gatherer,
    /// Chats closed before this are not gathered.
    gather_from: DateTime<Utc>,
}

impl<'a> Intake<'a> {
    pub(super) fn new(
        ledger: &'a Ledger,
        recent: &'a Recent,
        config: &'a OperationConfig,
        clocks: &'a Clocks,
        purpose: Purpose,
        chunk: &Window,
    ) -> Intake<'a> {
        let tally = Tally::begin(ledger, &config.counting, found(purpose), chunk.date_end)
            .by_days_of(config.server.timezone);
        Intake {
            config,
            clocks,
            zone: HourlyZone::new(config.server.timezone),
            watermark: ledger.cursors.poll,
            tally,
            asked_at: clocks.ours(),
            begun: None,
            recent: (purpose == Purpose::Poll).then_some(recent),
            gatherer: Gatherer::default(),
            gather_from: DateTime::<Utc>::MAX_UTC,
        }
    }

    /// The same, which keeps examples or leaves them.
    pub(super) fn with(self, examples: Examples) -> Intake<'a> {
        let tally = match examples {
            Examples::Keep => self.tally,
            Examples::Leave => self.tally.without_examples(),
        };
        Intake { tally, ..self }
    }

    /// The call is over.
    pub(super) fn finish(mut self) -> TakenAnswer {
        let begun = self.begun;
        if begun.is_none() {
            self.begin(None);
        }
        TakenAnswer {
            asked_at: self.asked_at,
            begun,
            tallied: self.tally.finish(),
            chats: self.gatherer,
        }
    }
}

impl Sink for Intake<'_> {
    fn begin(&mut self, date: Option<DateTime<Utc>>) {
        let ours = self.clocks.ours();
        let begun = Begun {
            at: Instant::now(),
            ours,
            date,
            is_believed: date.is_some_and(|date| self.clocks.believes(date, self.watermark)),
        };
        self.begun = Some(begun);
        let servers = begun.server().unwrap_or_else(|| self.clocks.servers());
        // A row can't lie in the future of both clocks, nor beyond what was asked for.
        let latest = window::greatest_local(self.config.server.timezone, ours.max(servers));
        self.tally
            .answered(servers, self.clocks.ours_since_start(), latest);
        self.gather_from = servers - self.config.polling.window - SLACK;
    }

    fn row(&mut self, row: Result<Row<'_>, RowError>) {
        if let Err(error) = row.map_err(NotAChat::from).and_then(|row| self.take(&row)) {
            self.tally.reject(error);
        }
    }

    fn unknown_keys(&mut self, keys: &UnknownKeys, _gate: &Gate) {
        self.tally.note_unknown_keys(keys.len() as u64);
    }
}

impl Intake<'_> {
    fn take(&mut self, row: &Row<'_>) -> Result<(), NotAChat> {
        let id = Chat::id_of(row)?;
        match self.tally.recognize(&id) {
            None => self.take_new(row, id),
            Some(Novelty::Duplicate(first_seen)) => self.take_known(row, id, first_seen),
            Some(Novelty::New | Novelty::Repeated) => {}
        }
        Ok(())
    }

    fn take_new(&mut self, row: &Row<'_>, id: Id) {
        let mut chat = Chat::of(id, row, &mut self.zone);
        chat.customer = self.tally.customer_of(row);
        let keys = self.tally.absorb_new(&chat);
        let fingerprint = self.recent.map(|recent| recent.fingerprint(row));
        self.gather(&chat, &keys, self.tally.first_seen(), fingerprint);
    }

    /// A chat that is counted already: all that may change is the latest window. Its row is read only where it was not in the
    /// last poll, or has changed since.
    fn take_known(&mut self, row: &Row<'_>, id: Id, first_seen: DateTime<Utc>) {
        let Some(recent) = self.recent else { return };
        let fingerprint = recent.fingerprint(row);
        let unchanged = recent.find(&id, fingerprint);
        if let Some(chat) = unchanged.filter(|_| self.tally.has_room_for_labels()) {
            if chat.closed >= self.gather_from {
                self.gatherer.note_again(chat);
            }
            return;
        }
        let chat = Chat::of(id, row, &mut self.zone);
        let keys = self.tally.keys_of_known(&chat);
        self.gather(&chat, &keys, first_seen, Some(fingerprint));
    }

    fn gather(
        &mut self,
        chat: &Chat,
        keys: &Keys,
        first_seen: DateTime<Utc>,
        fingerprint: Option<Fingerprint>,
    ) {
        let is_gathered = self.recent.is_some()
            && chat.closed.map_or(first_seen, |closed| closed.earliest) >= self.gather_from;
        if is_gathered {
            // Near the series limit, what has come before decides on the label sets too.
            let fingerprint = fingerprint.filter(|_| self.tally.has_room_for_labels());
            self.gatherer.note_row(chat, keys, first_seen, fingerprint);
        }
    }
}

#[cfg(test)]
mod tests;
