//! What a replica remembers from one round to the next.

use std::time::Duration;

use tokio::time::Instant;

use crate::error::{Error, Kind};
use crate::share::{Claims, Reach};

/// A replica that Wolkvox refuses claims nothing for so long.
const REFUSED_FOR: Duration = Duration::from_secs(600);

/// What a replica remembers from one round to the next.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// Since when, and why, the database can't be used.
    outage: Option<(Instant, Kind)>,
    /// Before that nothing is claimed: after an outage those who held it come first.
    claims_from: Option<Instant>,
    /// Until then nothing is claimed: Wolkvox refuses this replica.
    refused_until: Option<Instant>,
}

impl Memory {
    /// Notes a failure of the database, and logs one that is new.
    pub(super) fn note_outage(&mut self, error: &Error) {
        let is_new = self.outage.is_none_or(|(_, kind)| kind != error.kind());
        let since = self.outage.map_or_else(Instant::now, |(since, _)| since);
        self.outage = Some((since, error.kind()));
        if is_new {
            tracing::error!(
                "the state can't be read or written: {error}. Operations are shown until their leases are out; all goes on by itself when the database is back"
            );
        }
    }

    /// The database answered. Where it was away, those who held something have the time of a lease to come back.
    pub(super) fn note_answer(&mut self, now: Instant, lease: Duration) {
        if self.outage.is_some() {
            self.claims_from = Some(now + lease);
        }
    }

    /// A whole round succeeded with the database at this address.
    pub(super) fn end_outage(&mut self, address: &str) {
        if let Some((since, _)) = self.outage.take() {
            tracing::info!(
                after_s = since.elapsed().as_secs(),
                "PostgreSQL at {address} can be used again"
            );
        }
    }

    /// Wolkvox refuses this replica. Whether that is new.
    pub(super) fn note_refused(&mut self, now: Instant) -> bool {
        let is_new = self.reach(now) == Reach::Answered;
        if is_new {
            self.refused_until = Some(now + REFUSED_FOR);
        }
        is_new
    }

    /// Whether Wolkvox answers this replica, as far as is known.
    pub(super) fn reach(&self, now: Instant) -> Reach {
        match self.refused_until {
            Some(until) if now < until => Reach::Refused,
            _ => Reach::Answered,
        }
    }

    /// What may be claimed.
    pub(super) fn claims(&self, now: Instant) -> Claims {
        match self.until_claims(now) {
            Some(_) => Claims::None,
            None => Claims::All,
        }
    }

    /// How long nothing is claimed yet.
    pub(super) fn until_claims(&self, now: Instant) -> Option<Duration> {
        let pause = self.claims_from?.saturating_duration_since(now);
        (!pause.is_zero()).then_some(pause)
    }
}
