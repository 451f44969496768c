//! What a replica remembers from one round to the next.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::error::{Error, Kind};
use crate::share::{Claims, Refusal};

/// A group that can't be polled from here is not claimed for so long, twice as long each time in a row, and at most so long.
const REFUSED_FOR: Duration = Duration::from_secs(600);
const REFUSED_FOR_AT_MOST: Duration = Duration::from_secs(6 * 3600);

/// What a replica remembers from one round to the next.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// Since when, and why, the database can't be used.
    outage: Option<(Instant, Kind)>,
    /// Before that nothing is claimed: after an outage those who held it come first.
    claims_from: Option<Instant>,
    /// Before that nothing is claimed but what was given back: this process has just begun.
    settled_from: Option<Instant>,
    /// When this process first said that it lives.
    alive_since: Option<Instant>,
    /// Whether another replica says that it is reached where this one is.
    has_twin: bool,
    /// What can't be polled from here, by group.
    refused: BTreeMap<String, Refused>,
    /// The digest of the settings that this is about.
    hash: String,
}

/// A group that can't be polled from here.
#[derive(Debug, Clone, Copy)]
struct Refused {
    why: Refusal,
    until: Instant,
    pause: Duration,
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

    /// It has said that it lives.
    pub(super) fn note_alive(&mut self, now: Instant) {
        self.alive_since.get_or_insert(now);
    }

    /// How long it has lived by then.
    pub(super) fn age(&self, at: Instant) -> Duration {
        self.alive_since
            .map_or(Duration::ZERO, |since| at.saturating_duration_since(since))
    }

    /// Whether it is new that another replica is reached at the same address.
    pub(super) fn note_twin(&mut self, has_twin: bool) -> bool {
        let known = std::mem::replace(&mut self.has_twin, has_twin);
        has_twin && !known
    }

    /// The database answered. Where it was away, or this process has just begun, those who held something have
    /// the time of a lease to come back.
    pub(super) fn note_answer(&mut self, now: Instant, lease: Duration) {
        self.settled_from.get_or_insert(now + lease);
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

    /// A group can't be polled from here. Whether that is new.
    pub(super) fn note_refused(&mut self, group: &str, why: Refusal, now: Instant) -> bool {
        let before = self.refused.get(group);
        if before.is_some_and(|refused| refused.until > now && refused.why == why) {
            return false;
        }
        let pause = before.map_or(REFUSED_FOR, |refused| {
            REFUSED_FOR_AT_MOST.min(refused.pause.saturating_mul(2))
        });
        let until = now + pause;
        self.refused
            .insert(group.to_owned(), Refused { why, until, pause });
        true
    }

    /// A group can be polled from here.
    pub(super) fn note_answered(&mut self, group: &str) {
        self.refused.remove(group);
    }

    /// Other settings may be able to poll what these were not.
    pub(super) fn note_settings(&mut self, hash: &str) {
        if self.hash != hash {
            hash.clone_into(&mut self.hash);
            self.refused.clear();
        }
    }

    /// What can't be polled from here, as far as is known.
    pub(super) fn refused(&self, now: Instant) -> BTreeMap<String, Refusal> {
        let refused = self.refused.iter().filter(|(_, refused)| refused.until > now);
        refused
            .map(|(group, refused)| (group.clone(), refused.why))
            .collect()
    }

    /// What may be claimed.
    pub(super) fn claims(&self, now: Instant) -> Claims {
        if left(self.claims_from, now).is_some() {
            Claims::None
        } else if left(self.settled_from, now).is_some() {
            Claims::GivenBack
        } else {
            Claims::All
        }
    }

    /// How long it is until more is claimed.
    pub(super) fn until_claims(&self, now: Instant) -> Option<Duration> {
        left(self.claims_from, now).or(left(self.settled_from, now))
    }
}

/// How long it is until then.
fn left(until: Option<Instant>, now: Instant) -> Option<Duration> {
    let left = until?.saturating_duration_since(now);
    (!left.is_zero()).then_some(left)
}
