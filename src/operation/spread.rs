//! When operations begin their cycles: not all at once.

use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::config::OperationConfig;
use crate::poller::Schedule;

/// Of many operations so many begin within a second of the start.
const BEGIN_IN_A_SECOND: u32 = 10;

/// When operations begin their cycles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// At multiples of the interval: for one operation alone.
    Aligned,
    /// Each at a time of its own in the interval, which is the same after a restart.
    ByName {
        /// Operations that start together.
        together: u32,
    },
}

impl Spread {
    /// When an operation begins its cycles.
    pub fn schedule(self, config: &OperationConfig) -> Schedule {
        let schedule = Schedule::new(config.polling.poll_interval);
        match self {
            Spread::Aligned => schedule,
            Spread::ByName { .. } => schedule.at_phase(share(config.name())),
        }
    }

    /// How long the first cycle waits after the start. Longer among many, and never more than an interval.
    pub fn first_after(self, config: &OperationConfig) -> Duration {
        match self {
            Spread::Aligned => Duration::ZERO,
            Spread::ByName { together } => {
                let all = Duration::from_secs(1) * together / BEGIN_IN_A_SECOND;
                all.min(config.polling.poll_interval)
                    .mul_f64(share(config.name()))
            }
        }
    }
}

/// A share of the interval, from 0 to below 1, the same for a name on all machines.
fn share(name: &str) -> f64 {
    let digest: [u8; 32] = Sha256::digest(name).into();
    let [first, second, third, fourth, ..] = digest;
    f64::from(u32::from_be_bytes([first, second, third, fourth])) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests;
