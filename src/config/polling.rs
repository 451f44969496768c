//! When the report is asked for, and how far back.

use std::time::Duration;

use super::value::{DAY, Given, SECOND, Values, duration, duration_or_off, part, whole_number};
use super::variable::{
    Preset::{None as Unset, Value},
    section,
};

section! {
    /// When the report is asked for, and how far back.
    pub struct Polling {
        poll_interval: Duration = "POLL_INTERVAL", Value("5m"),
            "Time between two polls. The vendor asks for five minutes.",
            duration(SECOND..=DAY);
        window: Duration = "WINDOW", Value("30m"),
            "How far each poll reaches back, and what the gauges of the latest window cover.",
            duration(SECOND..=31 * DAY);
        sweep_interval: Option<Duration> = "SWEEP_INTERVAL", Value("1h"),
            "Time between two sweeps, which look further back for rows that came late. `0` is never.",
            duration_or_off(31 * DAY);
        sweep_lookback: Duration = "SWEEP_LOOKBACK", Value("26h"),
            "How far back a sweep looks.",
            duration(SECOND..=366 * DAY);
        api_daily_limit: Option<u64> = "API_DAILY_LIMIT", Unset,
            "Calls that the operation has a day: licences × 1000. With it, the exporter slows down so that the day's calls last until midnight.",
            daily_limit;
        api_daily_reserve: f64 = "API_DAILY_RESERVE", Value("0.1"),
            "Share of the daily limit that is left to other users of the API. As the rest runs out, sweeps are left out first, then polls become rarer.",
            part;
    }
}

fn daily_limit(given: Given<'_>) -> Result<Option<u64>, String> {
    given
        .set
        .map(|_| whole_number(1..=1_000_000_000, 5_000)(given))
        .transpose()
}

impl Polling {
    /// Notes what works and was probably not meant.
    pub(super) fn warn(&self, values: &mut Values) {
        if self.poll_interval < Duration::from_secs(60) {
            values.warning(
                ["POLL_INTERVAL"],
                "is under a minute. The vendor asks for five, and each call counts against the operation's daily quota",
            );
        }
        self.warn_of_the_limit(values);
        if self.window < 2 * self.poll_interval {
            values.warning(
                ["WINDOW", "POLL_INTERVAL"],
                "is shorter than two poll intervals: chats that show up late may have to wait for the next sweep",
            );
        }
        match self.sweep_interval {
            None => values.warning(
                ["SWEEP_INTERVAL"],
                "is 0: rows that come later than WOLKVOX_WINDOW are never found, and a server that filters on the opening time is not counted right",
            ),
            Some(interval) if self.sweep_lookback < self.window + interval => values.warning(
                ["SWEEP_LOOKBACK", "WINDOW", "SWEEP_INTERVAL"],
                "is shorter than WOLKVOX_WINDOW and WOLKVOX_SWEEP_INTERVAL together: sweeps find next to nothing",
            ),
            Some(_) => {}
        }
    }

    fn warn_of_the_limit(&self, values: &mut Values) {
        let (Some(limit), Some(ours)) = (self.api_daily_limit, self.calls_allowed()) else {
            return;
        };
        let calls = self.calls_a_day();
        if calls <= ours {
            return;
        }
        let left = match limit - ours {
            0 => String::new(),
            others => format!(", of which WOLKVOX_API_DAILY_RESERVE leaves {others} to others"),
        };
        values.warning(
            ["API_DAILY_LIMIT", "API_DAILY_RESERVE", "POLL_INTERVAL", "SWEEP_INTERVAL"],
            &format!(
                "is {limit}{left}, but polls and sweeps make {calls} calls a day: sweeps will be left out, then polls. Lengthen WOLKVOX_POLL_INTERVAL"
            ),
        );
    }

    /// Calls of the daily limit that are ours: all but the reserve. `None` where no limit is set.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // At most 10⁹, and not negative.
    pub fn calls_allowed(&self) -> Option<u64> {
        let limit = self.api_daily_limit?;
        let reserve = (limit as f64 * self.api_daily_reserve).round() as u64;
        Some(limit.saturating_sub(reserve))
    }

    /// Calls of a day on which nothing has to be caught up.
    fn calls_a_day(&self) -> u64 {
        let calls = |interval: Duration| DAY.as_secs().div_ceil(interval.as_secs().max(1));
        calls(self.poll_interval) + self.sweep_interval.map_or(0, calls)
    }
}
