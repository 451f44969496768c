//! Times, spans and numbers as they are written on the page.

use chrono::{DateTime, Datelike as _, SecondsFormat, TimeDelta, Utc};
use maud::{Markup, html};

use crate::config::Zone;
use crate::http::overview::{Operation, span};

/// Writes times in the zone of an operation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    pub(super) zone: Zone,
    pub(super) now: DateTime<Utc>,
}

impl Times {
    /// Those of an operation.
    pub(super) fn of(operation: &Operation, now: DateTime<Utc>) -> Self {
        Self {
            zone: operation.zone,
            now,
        }
    }

    /// `11:02:30 (2 minutes ago)`, with the whole time for machines.
    pub(super) fn moment(self, at: DateTime<Utc>) -> Markup {
        html! {
            (self.at(at)) " " span.soft { "(" (self.distance(at)) ")" }
        }
    }

    /// `11:02:30`, with the whole time for machines.
    pub(super) fn at(self, at: DateTime<Utc>) -> Markup {
        let exact = at.to_rfc3339_opts(SecondsFormat::Secs, true);
        html! { time datetime=(exact) { (self.local(at)) } }
    }

    /// The local time; the day stands before it where it is another one.
    pub(super) fn local(self, at: DateTime<Utc>) -> String {
        let (local, today) = (at.with_timezone(&self.zone), self.now.with_timezone(&self.zone));
        let form = if local.date_naive() == today.date_naive() {
            "%H:%M:%S"
        } else if local.year() == today.year() {
            "%-d %b %H:%M"
        } else {
            "%-d %b %Y %H:%M"
        };
        local.format(form).to_string()
    }

    /// `2 minutes ago`, `in 3 hours`.
    pub(super) fn distance(self, at: DateTime<Utc>) -> String {
        let apart = self.now - at;
        if apart.num_seconds() == 0 {
            "now".to_owned()
        } else if apart > TimeDelta::zero() {
            format!("{} ago", span(apart))
        } else {
            format!("in {}", span(apart))
        }
    }

    /// The zone with its distance from UTC now: `America/Bogota (UTC-05:00)`.
    pub(super) fn zone_in_words(self) -> String {
        let offset = self.now.with_timezone(&self.zone).format("%:z").to_string();
        let name = self.zone.to_string();
        if name == offset {
            format!("UTC{offset}")
        } else {
            format!("{name} (UTC{offset})")
        }
    }
}

/// `12,345`.
pub(super) fn whole(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What was reached: `87.5%`, and `–` for what there is none of. Rounded down, so that nothing looks better than it is.
pub(super) fn reached(share: Option<f64>) -> String {
    match share {
        None => "–".to_owned(),
        Some(share) if share >= 1.0 => "100%".to_owned(),
        // A share such as 0.29 lies a little under itself in floating point.
        Some(share) => format!("{:.1}%", (share * 1000.0 + 1e-9).floor() / 10.0),
    }
}

/// What is to be reached, as it was configured: `80%`, `92.5%`.
pub(super) fn objective(share: f64) -> String {
    let percent = (share * 100_000.0).round() / 1000.0;
    format!("{percent}%")
}

/// `00:01:40`, as on the boards, and `–` for what there is none of.
pub(super) fn clock(seconds: Option<f64>) -> String {
    let Some(seconds) = seconds else {
        return "–".to_owned();
    };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    // A time of a chat: under 31 days, not negative.
    let seconds = seconds.round() as u64;
    format!(
        "{:02}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

/// A setting as it would be written: `5m`, `1h 30m`.
pub(super) fn duration(seconds: u64) -> String {
    humantime::format_duration(std::time::Duration::from_secs(seconds)).to_string()
}

#[cfg(test)]
mod tests;
