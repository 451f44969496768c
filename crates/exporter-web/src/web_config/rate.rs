//! `rate_limit`: a bucket of requests, which fills again by one per interval.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How many requests are answered: `burst` at once, and one more per interval.
#[derive(Debug)]
pub struct Rate {
    interval: Duration,
    burst: u32,
    /// When the bucket will be full again, were nothing to come.
    full_at: Mutex<Instant>,
}

impl Rate {
    pub(super) fn new(interval: Duration, burst: u32) -> Self {
        Self {
            interval,
            burst,
            full_at: Mutex::new(Instant::now()),
        }
    }

    /// Takes one request out of the bucket; false if there is none.
    pub fn admits(&self) -> bool {
        let now = Instant::now();
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let after = (*full_at).max(now).checked_add(self.interval);
        let Some(after) = after.filter(|after| *after - now <= self.interval.saturating_mul(self.burst))
        else {
            return false;
        };
        *full_at = after;
        true
    }
}

#[cfg(test)]
mod tests;
