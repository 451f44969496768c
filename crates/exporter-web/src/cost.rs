//! How long a check of a password takes on this machine, and which hashes cost too much for it.

use std::hint::black_box;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// What is measured: a few milliseconds. One step of cost doubles the time.
const MEASURED_COST: u32 = 6;

/// The least of many counts, a tenth of a second in all: the machine may be busy with something else for a moment, and a
/// hash that could be checked must not be refused for that.
const MEASUREMENTS: usize = 25;

/// bcrypt's own bounds.
pub(super) const LEAST_COST: u32 = 4;
pub(super) const GREATEST_COST: u32 = 31;

/// Judges the costs of hashes by how long one check takes, which is measured when the first hash is judged.
#[derive(Debug)]
pub(super) struct Costs {
    /// What a request is given.
    time_out: Duration,
    /// One check of [`MEASURED_COST`].
    measured: OnceLock<Duration>,
}

/// The judgement on a cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judgement {
    Good,
    /// A few guesses that come before a scrape would make it fail.
    Slow(Duration),
    /// Every request would time out before its check ends.
    TooSlow(Duration),
}

impl Costs {
    pub(super) fn new(time_out: Duration) -> Self {
        Self {
            time_out,
            measured: OnceLock::new(),
        }
    }

    /// For a machine of this speed, whatever it is.
    pub(super) fn of_machine(time_out: Duration, measured: Duration) -> Self {
        Self {
            time_out,
            measured: OnceLock::from(measured),
        }
    }

    pub(super) fn judge(&self, cost: u32) -> Judgement {
        let takes = self.of_one_check(cost);
        if takes > self.time_out {
            Judgement::TooSlow(takes)
        } else if takes > self.time_out / 4 {
            Judgement::Slow(takes)
        } else {
            Judgement::Good
        }
    }

    /// The time that a request is given.
    pub(super) fn time_out(&self) -> Duration {
        self.time_out
    }

    fn of_one_check(&self, cost: u32) -> Duration {
        let measured = *self.measured.get_or_init(measure);
        if cost < MEASURED_COST {
            measured / (1 << (MEASURED_COST - cost))
        } else {
            measured.saturating_mul(1 << (cost.min(GREATEST_COST) - MEASURED_COST))
        }
    }
}

fn measure() -> Duration {
    (0..MEASUREMENTS)
        .map(|_| {
            let start = Instant::now();
            let _ = black_box(bcrypt::hash_with_salt("measured", MEASURED_COST, [0; 16]));
            start.elapsed()
        })
        .min()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
