//! What was asked for: the query string and the window in it.

use chrono::{Datelike, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

/// The most one query may span, days.
const MOST_DAYS: i64 = 31;

/// The pages of the API.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Page {
    /// `reports_manager.php`.
    #[default]
    Reports,
    /// `information.php`.
    Information,
}

impl Page {
    /// The page at this path.
    pub(super) fn at(path: &str) -> Option<Self> {
        match path {
            "/api/v2/reports_manager.php" => Some(Self::Reports),
            "/api/v2/information.php" => Some(Self::Information),
            _ => None,
        }
    }
}

/// What there is to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Api {
    /// `chat_1`.
    Chats,
    /// `chat_13`.
    ClosedByChannel,
    /// `skills`.
    Skills,
}

/// The parameters of a call, as sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Query {
    pub(super) page: Page,
    pub(super) api: Option<String>,
    pub(super) date_ini: Option<String>,
    pub(super) date_end: Option<String>,
    pub(super) agent_dni: Option<String>,
}

impl Query {
    /// Reads a query string. Blank parameters count as missing, unknown ones are ignored.
    pub(super) fn parse(page: Page, text: &str) -> Self {
        let mut query = Self {
            page,
            ..Self::default()
        };
        for pair in text.split('&') {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let slot = match key {
                "api" => &mut query.api,
                "date_ini" => &mut query.date_ini,
                "date_end" => &mut query.date_end,
                "agent_dni" => &mut query.agent_dni,
                _ => continue,
            };
            *slot = Some(percent_decoded(value)).filter(|value| !value.is_empty());
        }
        query
    }

    /// Which report or list is asked for; `None` for one that there is not.
    pub(super) fn asked(&self) -> Option<Api> {
        match (self.page, self.api.as_deref()?) {
            (Page::Reports, "chat_1") => Some(Api::Chats),
            (Page::Reports, "chat_13") => Some(Api::ClosedByChannel),
            (Page::Information, "skills") => Some(Api::Skills),
            _ => None,
        }
    }

    /// The window that is asked for; `None` for what the server answers as if it were empty.
    pub(super) fn window(&self) -> Option<Window> {
        Window::new(self.date_ini.as_deref()?, self.date_end.as_deref()?)
    }
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => hex(rest.next()) << 4 | hex(rest.next()),
            other => other,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: Option<u8>) -> u8 {
    let value = digit.and_then(|digit| char::from(digit).to_digit(16));
    value.and_then(|value| u8::try_from(value).ok()).unwrap_or(0)
}

/// A range of naive local time that the server accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    ini: NaiveDateTime,
    end: NaiveDateTime,
}

impl Window {
    /// `None` for what the server answers as if it were empty: dates it can't read, a reversed window, one that
    /// crosses a month or passes 31 days.
    pub(super) fn new(date_ini: &str, date_end: &str) -> Option<Self> {
        Self::between(date(date_ini)?, date(date_end)?)
    }

    /// As [`Window::new`], of dates that were read.
    pub(super) fn between(ini: NaiveDateTime, end: NaiveDateTime) -> Option<Self> {
        let same_month = (ini.year(), ini.month()) == (end.year(), end.month());
        let short = end - ini <= TimeDelta::days(MOST_DAYS);
        (ini <= end && same_month && short).then_some(Self { ini, end })
    }

    /// Unix seconds, from and to, outside of which no local time of the zone lies in the window.
    pub(super) fn bounds(&self, zone: Tz) -> (i64, i64) {
        let offsets = |local: NaiveDateTime| {
            [-26, 0, 26].map(|hours| {
                let instant = local.and_utc() + TimeDelta::hours(hours);
                i64::from(
                    zone.offset_from_utc_datetime(&instant.naive_utc())
                        .fix()
                        .local_minus_utc(),
                )
            })
        };
        let most = offsets(self.ini).into_iter().max().unwrap_or(0);
        let least = offsets(self.end).into_iter().min().unwrap_or(0);
        (
            self.ini.and_utc().timestamp() - most,
            self.end.and_utc().timestamp() - least,
        )
    }

    /// Whether an instant, written as local time, lies in the window. This is how a database compares dates that
    /// carry no zone: where a clock is set back, the repeated hour is in it twice.
    pub(super) fn holds(&self, instant: i64, zone: Tz, end_inclusive: bool) -> bool {
        let Some(utc) = Utc.timestamp_opt(instant, 0).single() else {
            return false;
        };
        let local = utc.with_timezone(&zone).naive_local();
        self.ini <= local && (local < self.end || (end_inclusive && local == self.end))
    }
}

/// Reads `YYYYmmddHHMMSS`.
fn date(text: &str) -> Option<NaiveDateTime> {
    let digits = text.len() == 14 && text.bytes().all(|byte| byte.is_ascii_digit());
    NaiveDateTime::parse_from_str(text, "%Y%m%d%H%M%S")
        .ok()
        .filter(|_| digits)
}

#[cfg(test)]
mod tests;
