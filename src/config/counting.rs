//! What is counted, from when, and what of it is shown.

use std::collections::BTreeMap;
use std::time::Duration;

use business_hours::BusinessHours;
use chrono::{DateTime, Datelike, Utc};

use super::recontact::{Recontact, recontact};
use super::shown::shown_near;
use super::value::{DAY, Given, SECOND, duration_or_off, milliseconds, share, switch, whole_number, word};
use super::variable::{
    Preset::{None as Unset, Value},
    section,
};
use super::{FIRST_YEAR, skill_names};

/// What is kept and shown of agents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agents {
    /// Nothing.
    Off,
    /// Their ids.
    Ids,
    /// Their ids and names; names are personal data.
    Names,
}

section! {
    /// What is counted, from when, and what of it is shown.
    pub struct Counting {
        count_from: Option<DateTime<Utc>> = "COUNT_FROM", Value("start"),
            "`start`, or a time such as `2026-01-31T00:00:00-05:00`: chats closed before it are not counted. Read at the first start only.",
            count_from;
        asa_target_ms: u64 = "ASA_TARGET", Value("30s"),
            "A chat answered within this is within the target.",
            asa_target;
        service_level_target: f64 = "SERVICE_LEVEL_TARGET", Value("0.8"),
            "Share of the chats that should be answered within the target. Shown as a metric to compare with.",
            share;
        business_hours: Option<BusinessHours> = "BUSINESS_HOURS", Unset,
            "When the operation is open, in its zone: `Mo-Fr 08:00-18:00; Sa 09:00-13:00; off 2026-12-25`. Shown as a metric: when the present opening began.",
            business_hours;
        skill_names: BTreeMap<String, String> = "SKILL_NAMES", Unset,
            "Names of skills, which the report lacks: `12=Sales, 13=Support`. Shown as a metric to join with.",
            names_of_skills;
        skill_catalogue: bool = "SKILL_CATALOGUE", Value("false"),
            "`true`: the names of skills are read from Wolkvox, by one call a day (`information.php?api=skills`). `WOLKVOX_SKILL_NAMES` and the operations file win.",
            switch;
        agents: Agents = "AGENTS", Value("ids"),
            "`off`: no metrics per agent. `ids`: by extension number. `names`: also the agents' names, which are personal data.",
            word(&[("off", Agents::Off), ("ids", Agents::Ids), ("names", Agents::Names)]);
        recontact: Option<Recontact> = "RECONTACT", Value("off"),
            "`off`, or up to four times such as `24h,72h`: counts the chats whose customer had closed another one within each. Of the customers' ids, or else phones, a keyed hash is kept: personal data.",
            recontact;
        max_series: usize = "MAX_SERIES", Value("150000"),
            "Most sample lines that label sets from the report may take. Past it new ones are counted with their open labels as `other`.",
            max_series;
        retire_after: Option<Duration> = "RETIRE_AFTER", Value("off"),
            "A label set without a chat for so long, such as `180d`, is dropped. `off` keeps all.",
            retire_after;
    }
    besides {
        /// What single skills have instead of the operation's targets, by the skill's id: from the operations file.
        objectives: BTreeMap<String, Objectives>;
    }
}

/// What one skill has instead of the operation's targets; `None` where it has the operation's.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Objectives {
    /// A chat answered within this is within the target. Milliseconds.
    pub asa_target_ms: Option<u64>,
    /// Share of the chats that should be answered within the target.
    pub service_level_target: Option<f64>,
}

impl Counting {
    /// Within which time a chat of this skill is to be answered: the skill's own target, or the operation's. Milliseconds.
    pub fn asa_target_ms_of(&self, skill_id: &str) -> u64 {
        let own = self.objectives.get(skill_id);
        own.and_then(|own| own.asa_target_ms)
            .unwrap_or(self.asa_target_ms)
    }

    /// The share of this skill's chats that should be answered within the target: the skill's own, or the operation's.
    pub fn service_level_target_of(&self, skill_id: &str) -> f64 {
        let own = self.objectives.get(skill_id);
        own.and_then(|own| own.service_level_target)
            .unwrap_or(self.service_level_target)
    }
}

/// Of an operation, or of a skill.
pub(super) fn asa_target(given: Given<'_>) -> Result<u64, String> {
    milliseconds(SECOND..=31 * DAY)(given)
}

/// `None` is the first start.
fn count_from(given: Given<'_>) -> Result<Option<DateTime<Utc>>, String> {
    let text = given.text();
    if text.eq_ignore_ascii_case("start") {
        return Ok(None);
    }
    match DateTime::parse_from_rfc3339(text) {
        Ok(at) if at > given.now => Err(format!("is {text}, which lies in the future")),
        // Each month that is caught up costs a call: a year with a slip in it would use up the day's.
        Ok(at) if at.year() < FIRST_YEAR => {
            Err(format!("is {text}; no report reaches back before {FIRST_YEAR}"))
        }
        Ok(at) => Ok(Some(at.to_utc())),
        Err(_) => Err(format!(
            "is {}; it must be `start` or a time such as 2026-01-31T00:00:00-05:00",
            shown_near(text, ["start"])
        )),
    }
}

/// `None` where none are set.
fn business_hours(given: Given<'_>) -> Result<Option<BusinessHours>, Vec<String>> {
    let hours = given.set.map(BusinessHours::parse).transpose();
    hours.map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect())
}

fn names_of_skills(given: Given<'_>) -> Result<BTreeMap<String, String>, Vec<String>> {
    skill_names::read(given.text()).map_err(|errors| errors.iter().map(ToString::to_string).collect())
}

fn max_series(given: Given<'_>) -> Result<usize, String> {
    let lines = whole_number(1_000..=10_000_000, 150_000)(given)?;
    usize::try_from(lines).map_err(|error| error.to_string())
}

/// `off` and 0 are off.
fn retire_after(given: Given<'_>) -> Result<Option<Duration>, String> {
    if given.text().eq_ignore_ascii_case("off") {
        return Ok(None);
    }
    let after = duration_or_off(3660 * DAY)(given.with_example("180d, or off"))?;
    if after.is_some_and(|after| after < 2 * DAY) {
        return Err(
            "is under two days: agents and skills would vanish over a weekend; try 180d, or off".to_owned(),
        );
    }
    Ok(after)
}
