//! Where the time of day comes from; tests hand in their own.

use chrono::{DateTime, Utc};

/// 2026-01-01. A clock from before this program was written is wrong: many machines begin in 1970 until the network sets
/// their time.
pub const WRITTEN: DateTime<Utc> = DateTime::from_timestamp(1_767_225_600, 0).unwrap();

/// A source of the time of day.
pub trait Clock: Send + Sync {
    /// The time now, UTC.
    fn now(&self) -> DateTime<Utc>;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods)] // The one place where the machine is asked.
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}
