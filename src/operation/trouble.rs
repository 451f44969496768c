//! Why, and for how long, an operation stands still.

use std::time::Duration;

use crate::http::{self, NotHeld};
use crate::ledger::StoreError;

/// How soon an operation that stands still is tried again at first, and at the longest.
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LONGEST_RETRY: Duration = Duration::from_secs(60);

/// For so long a state that somebody else holds is no news: whoever held it before may be about to end.
const QUIET_ATTEMPTS: u32 = 3;

/// Why an operation stands still.
pub(super) enum Failure {
    State(StoreError),
    /// It panicked. The panic hook has said where.
    Fault,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::State(error) => write!(f, "{error}"),
            Failure::Fault => f.write_str(
                "its poller failed (a fault of the program: please report what the log says). It starts again from the stored state",
            ),
        }
    }
}

/// Why, and for how long, an operation stands still.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    /// In words.
    why: Option<String>,
    attempts: u32,
}

impl Trouble {
    /// Shows it, and logs what is new.
    pub(super) fn note(&mut self, failure: &Failure, published: &http::Operation) {
        let why = failure.to_string();
        self.attempts += 1;
        let may_be_over_soon = matches!(failure, Failure::State(StoreError::Locked { .. }));
        if may_be_over_soon && self.attempts <= QUIET_ATTEMPTS {
            return;
        }
        if self.why.as_ref() != Some(&why) {
            tracing::error!(
                attempts = self.attempts,
                "this operation stands still: {why}. It is tried again at least every {} s, and this is logged once. The other operations go on",
                LONGEST_RETRY.as_secs()
            );
        }
        published.withdraw();
        published.update_status(|status| status.not_held = Some(NotHeld::StandsStill(why.clone())));
        self.why = Some(why);
    }

    pub(super) fn is_over(&mut self, published: &http::Operation) {
        if self.why.take().is_some() {
            tracing::info!(attempts = self.attempts, "this operation is polled again");
        }
        self.attempts = 0;
        published.update_status(|status| status.not_held = None);
    }

    /// How long to wait: longer each time.
    pub(super) fn pause(&self) -> Duration {
        let doublings = self.attempts.saturating_sub(1).min(10);
        LONGEST_RETRY.min(FIRST_RETRY * 2_u32.pow(doublings))
    }
}
