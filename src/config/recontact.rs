//! Within which times a customer's next chat is a recontact.

use std::fmt;
use std::time::Duration;

use super::shown::shown_near;
use super::value::{DAY, Given, HOUR};

const MINUTE: Duration = Duration::from_secs(60);
/// Customers are remembered for so long.
const LONGEST: Duration = Duration::from_secs(31 * 24 * 60 * 60);
/// Each is a series per skill.
const MOST: usize = 4;

/// `WOLKVOX_RECONTACT`: times, the shortest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recontact(Vec<Within>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Within {
    /// The label `within`: whole hours or minutes, however it was written.
    label: String,
    ms: u64,
}

impl Recontact {
    /// The values of the label `within` with their milliseconds, the shortest first.
    pub fn each(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|within| (within.label.as_str(), within.ms))
    }

    /// Whether a value of the label is one of them.
    pub fn has(&self, label: &str) -> bool {
        self.0.iter().any(|within| within.label == label)
    }

    /// The longest of them, milliseconds.
    pub fn longest_ms(&self) -> u64 {
        self.0.last().map_or(0, |within| within.ms)
    }
}

impl fmt::Display for Recontact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let labels: Vec<_> = self.each().map(|(label, _)| label).collect();
        f.write_str(&labels.join(", "))
    }
}

/// `None` is `off`.
pub(super) fn recontact(given: Given<'_>) -> Result<Option<Recontact>, String> {
    let text = given.text();
    if text.eq_ignore_ascii_case("off") {
        return Ok(None);
    }
    let parts: Vec<_> = text.split(',').map(str::trim).collect();
    if parts.len() > MOST {
        return Err(format!(
            "has {} times; it may have up to {MOST}, such as 24h,72h",
            parts.len()
        ));
    }
    let times = parts.into_iter().map(within).collect::<Result<Vec<_>, _>>()?;
    match times.windows(2).find(|pair| pair[0].ms >= pair[1].ms) {
        Some(pair) => Err(format!(
            "has {} before {}; write the shortest first, and each once, as in 24h,72h",
            pair[0].label, pair[1].label
        )),
        None => Ok(Some(Recontact(times))),
    }
}

fn within(text: &str) -> Result<Within, String> {
    let time = humantime::parse_duration(text).map_err(|_| {
        format!(
            "has {}, which is not a duration; it must be off, or durations such as 24h,72h",
            shown_near(text, ["off"])
        )
    })?;
    if !(MINUTE..=LONGEST).contains(&time) {
        let days = LONGEST.as_secs() / DAY.as_secs();
        return Err(format!("has {text}; a time must lie between 1m and {days}d"));
    }
    let (seconds, hour) = (time.as_secs(), HOUR.as_secs());
    if time.subsec_nanos() > 0 || seconds % 60 > 0 {
        return Err(format!("has {text}; a time must be whole minutes"));
    }
    let label = if seconds % hour == 0 {
        format!("{}h", seconds / hour)
    } else {
        format!("{}m", seconds / 60)
    };
    let ms = seconds * 1000;
    Ok(Within { label, ms })
}

#[cfg(test)]
mod tests;
