//! What the exporter makes of the business hours.

use business_hours::{Span, State};
use chrono::{DateTime, Utc};
use wolkvox::Zone;

use super::{Findings, Verdict};
use crate::config::OperationConfig;

/// Says how the hours are read, and what holds now. Without hours there is nothing to say.
pub(super) fn judge_hours(findings: &mut Findings, config: &OperationConfig, now: DateTime<Utc>) {
    let Some(hours) = &config.counting.business_hours else {
        return;
    };
    let zone = config.server.timezone;
    let setting = config.server.described.setting("BUSINESS_HOURS");
    let what = in_words(hours.at(now, &zone), zone);
    let text = format!("{setting} is read as {hours}, in the time of {zone}: {what}");
    findings.add(Verdict::Ok, "hours", text);
    let today = now.with_timezone(&zone).date_naive();
    if let Some(last) = hours.last_day_off().filter(|last| *last < today) {
        findings.add(
            Verdict::Note,
            "hours",
            format!(
                "{setting} has no day off to come, the last was {last}: add those of the next months, or the operation counts as open then"
            ),
        );
    }
}

/// What holds now, and what is next.
fn in_words(span: Span, zone: Zone) -> String {
    let local = |at: DateTime<Utc>| at.with_timezone(&zone).format("%a %F %H:%M").to_string();
    match (span.state, span.from.map(local), span.to.map(local)) {
        (State::Open, Some(from), Some(to)) => format!("open now, since {from} until {to}"),
        (State::Open, Some(from), None) => format!("open now, since {from} and around the clock"),
        (State::Open, None, Some(to)) => format!("open now, around the clock until {to}"),
        (State::Open, None, None) => "open now, around the clock".to_owned(),
        (State::Closed, _, Some(to)) => format!("closed now, opens {to}"),
        (State::Closed, _, None) => "closed now, and does not open again".to_owned(),
    }
}

#[cfg(test)]
mod tests;
