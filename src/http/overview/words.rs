//! Spans of time, in words.

use chrono::TimeDelta;

use crate::words::count;

/// `13 minutes`: whole units, rounded down. The sign does not matter.
pub(in crate::http) fn span(time: TimeDelta) -> String {
    let seconds = time.num_seconds().unsigned_abs();
    match seconds {
        0..60 => count(seconds, "second"),
        60..3_600 => count(seconds / 60, "minute"),
        3_600..172_800 => count(seconds / 3_600, "hour"),
        _ => count(seconds / 86_400, "day"),
    }
}
