//! Since when an operation is open, by its business hours. It follows from the clock alone: an opening is shown when it begins,
//! and not when the next poll ends.

use std::fmt;
use std::ops::Bound;
use std::sync::Arc;

use business_hours::{BusinessHours, Span, State};
use chrono::{DateTime, Utc};
use wolkvox::Zone;

use super::family::{Family, seconds_of};
use super::rows::{Period, Rows, TimedRows, published};
use super::spec::{Kind::Gauge, Spec, generators};
use crate::clock::Clock;
use crate::config::OperationConfig;

generators! {
    ROWS: fn(&Span) -> Option<f64>, Settings {
        Beta "wolkvox_open_since_timestamp_seconds", Gauge, [], began,
            "When the present opening began, by WOLKVOX_BUSINESS_HOURS and this machine's clock at each scrape. Absent while the operation is closed. 0 where it is open around the clock and no day off lies before.";
    }
}

/// What is open around the clock has always been so: the time since then is longer than any that a rule waits for.
fn began(span: &Span) -> Option<f64> {
    (span.state == State::Open).then(|| span.from.map_or(0.0, seconds_of))
}

/// The business hours of an operation, by a clock.
pub struct OpenSince {
    operation: String,
    hours: BusinessHours,
    zone: Zone,
    clock: Arc<dyn Clock>,
}

impl OpenSince {
    /// Those of the settings; `None` where none are set.
    pub fn of(config: &OperationConfig, clock: &Arc<dyn Clock>) -> Option<OpenSince> {
        Some(OpenSince {
            operation: config.server.operation.clone(),
            hours: config.counting.business_hours.clone()?,
            zone: config.server.timezone,
            clock: Arc::clone(clock),
        })
    }
}

impl TimedRows for OpenSince {
    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    fn at(&self, now: DateTime<Utc>) -> (Vec<Arc<dyn Rows>>, Period) {
        let span = self.hours.at(now, &self.zone);
        let families = families(&self.operation, &span);
        let from = span.from.map_or(Bound::Unbounded, Bound::Included);
        let to = span.to.map_or(Bound::Unbounded, Bound::Excluded);
        (published(families), (from, to))
    }
}

impl fmt::Debug for OpenSince {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenSince")
            .field("operation", &self.operation)
            .field("hours", &self.hours)
            .finish_non_exhaustive()
    }
}

/// The families of an operation in a span of its business hours. One without a sample is left out.
pub fn families(operation: &str, span: &Span) -> Vec<Family> {
    let families = ROWS
        .iter()
        .map(|row| Family::single(&row.spec, operation, (row.value)(span)));
    families.filter(|family| family.sample_lines() > 0).collect()
}

/// What [`families`] can show.
pub fn specs() -> impl Iterator<Item = &'static Spec> {
    ROWS.iter().map(|row| &row.spec)
}

#[cfg(test)]
mod tests;
