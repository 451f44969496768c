//! When the report is asked for, and how far back.

use std::time::Duration;

use super::shown::shown;
use super::value::{DAY, Given, SECOND, Values, duration, duration_or_off, whole_number};
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
            "Calls that your operation has a day: licences × 1000. Shown as a metric to compare with.",
            daily_limit;
        api_daily_reserve: f64 = "API_DAILY_RESERVE", Value("0.1"),
            "Share of the daily limit that is left to other users of the API. As the rest runs out, sweeps are left out first, then polls become rarer.",
            reserve;
    }
}

fn daily_limit(given: Given<'_>) -> Result<Option<u64>, String> {
    given
        .set
        .map(|_| whole_number(1..=1_000_000_000, 5_000)(given))
        .transpose()
}

/// A share from 0 to below 1.
fn reserve(given: Given<'_>) -> Result<f64, String> {
    match given.text().parse::<f64>() {
        Ok(share) if (0.0..1.0).contains(&share) => Ok(share),
        _ => Err(format!(
            "is {}; it must be a share from 0 to below 1, such as 0.1",
            shown(given.text())
        )),
    }
}

impl Polling {
    /// The day's calls that are not left to others, whole ones; `None` without a limit.
    pub fn calls_to_use(&self) -> Option<f64> {
        let share = 1.0 - self.api_daily_reserve;
        // 0.1 of 1,000 must not leave 899 by its last binary digit.
        self.api_daily_limit
            .map(|limit| (limit as f64 * share + 1e-6).floor())
    }

    /// Notes what works and was probably not meant.
    pub(super) fn warn(&self, values: &mut Values) {
        if self.poll_interval < Duration::from_secs(60) {
            values.warning(
                "POLL_INTERVAL",
                "is under a minute. The vendor asks for five, and each call counts against the operation's daily quota",
            );
        }
        let calls = self.calls_a_day();
        if let (Some(limit), Some(ours)) = (self.api_daily_limit, self.calls_to_use())
            && calls as f64 > ours
        {
            values.warning(
                "API_DAILY_LIMIT",
                &format!("is {limit}, of which WOLKVOX_API_DAILY_RESERVE leaves {ours}, but polls and sweeps make {calls} calls a day: sweeps will be left out, then polls. Lengthen WOLKVOX_POLL_INTERVAL"),
            );
        }
        if self.window < 2 * self.poll_interval {
            values.warning(
                "WINDOW",
                "is shorter than two poll intervals: chats that show up late may have to wait for the next sweep",
            );
        }
        match self.sweep_interval {
            None => values.warning(
                "SWEEP_INTERVAL",
                "is 0: rows that come later than WOLKVOX_WINDOW are never found, and a server that filters on the opening time is not counted right",
            ),
            Some(interval) if self.sweep_lookback < self.window + interval => values.warning(
                "SWEEP_LOOKBACK",
                "is shorter than WOLKVOX_WINDOW and WOLKVOX_SWEEP_INTERVAL together: sweeps find next to nothing",
            ),
            Some(_) => {}
        }
    }

    /// Calls of a day on which nothing has to be caught up.
    fn calls_a_day(&self) -> u64 {
        let calls = |interval: Duration| DAY.as_secs().div_ceil(interval.as_secs().max(1));
        calls(self.poll_interval) + self.sweep_interval.map_or(0, calls)
    }
}
