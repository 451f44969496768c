//! Takes the rows of one answer into a tally beside the ledger, and into the latest window.

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

use super::reading::found;
use super::time::Clocks;
use crate::chats::chat::{Chat, NotAChat};
use crate::chats::exemplar::Exemplars;
use crate::chats::latest_window::Gatherer;
use crate::chats::{Ledger, Tallied, Tally};
use crate::config::Config;
use crate::ledger::Novelty;
use wolkvox::history::Purpose;
use wolkvox::{HourlyZone, Row, RowError, Sink, Window, window};

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
    config: &'a Config,
    clocks: &'a Clocks,
    zone: HourlyZone,
    /// Up to where the server has answered.
    watermark: DateTime<Utc>,
    tally: Tally<'a>,
    asked_at: DateTime<Utc>,
    begun: Option<Begun>,
    gatherer: Gatherer,
    /// Chats closed before this are not gathered.
    gather_from: DateTime<Utc>,
}

impl<'a> Intake<'a> {
    pub(super) fn new(
        ledger: &'a Ledger,
        config: &'a Config,
        clocks: &'a Clocks,
        purpose: Purpose,
        chunk: &Window,
    ) -> Intake<'a> {
        Intake {
            config,
            clocks,
            zone: HourlyZone::new(config.server.timezone),
            watermark: ledger.cursors.poll,
            tally: Tally::begin(ledger, &config.counting, found(purpose), chunk.date_end),
            asked_at: clocks.ours(),
            begun: None,
            gatherer: Gatherer::default(),
            gather_from: DateTime::<Utc>::MAX_UTC,
        }
    }

    /// The call is over.
    pub(super) fn finish(mut self) -> TakenAnswer {
        let begun = self.begun;
        if begun.is_none() {
            self.begin(None);
        }
        let mut tallied = self.tally.finish();
        if !self.config.web.exemplars {
            tallied.exemplars = Exemplars::default();
        }
        TakenAnswer {
            asked_at: self.asked_at,
            begun,
            tallied,
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
        let chat = match row
            .map_err(NotAChat::from)
            .and_then(|row| Chat::from_row(&row, &mut self.zone))
        {
            Ok(chat) => chat,
            Err(error) => return self.tally.reject(error),
        };
        let (novelty, keys) = self.tally.absorb(&chat);
        let first_seen = match novelty {
            Novelty::New => self.tally.first_seen(),
            Novelty::Duplicate(first_seen) => first_seen,
            Novelty::Repeated => return,
        };
        if chat.closed.map_or(first_seen, |closed| closed.earliest) >= self.gather_from {
            self.gatherer.note(&chat, &keys, first_seen);
        }
    }
}
