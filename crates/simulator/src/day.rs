//! A believable operation: working hours, lunch, weekends, seasons, shifts, and days on which something goes wrong.
//!
//! All of it is a function of the seed and the local time, like everything else here: any past range can be asked
//! for, in any order.

use chrono::{DateTime, Datelike, NaiveDateTime, TimeDelta, TimeZone, Timelike, Utc, Weekday};

use super::cast::{self, SKILLS, Skill};
use super::chat::{Agent, instant};
use super::dice::Dice;
use super::plan::Plan;
use super::settings::{Settings, Span};

/// How busy each hour of a working day begins; in between it moves evenly.
const HOURS: [f64; 24] = [
    0.03, 0.02, 0.02, 0.02, 0.02, 0.03, 0.1, 0.6, 1.7, 2.8, 3.2, 3.1, 2.2, 1.5, 2.4, 2.7, 2.5, 2.0, 1.3, 0.8,
    0.4, 0.2, 0.1, 0.05,
];
/// The skills' channels, two each, and how many of 100 chats come by the first.
const CHANNELS: [(&str, &str, u64); 5] = [
    ("whatsapp", "web", 80),
    ("whatsapp", "facebook", 75),
    ("whatsapp", "web", 60),
    ("whatsapp", "instagram", 85),
    ("web", "telegram", 70),
];
/// How long the skills' chats last and wait, as a share of the longest.
const SLOWNESS: [f64; 5] = [0.35, 1.0, 0.55, 0.8, 0.45];
/// When shifts begin, local hours; the agents take turns.
const SHIFTS: [u32; 6] = [8, 9, 7, 10, 12, 13];
const SHIFT_HOURS: u32 = 9;
/// How often the dice look for an agent of the right team who is at work.
const SEARCH: usize = 40;
/// The load of a usual busy hour.
const BUSY: f64 = 2.5;
/// Of 100 working days of a skill, so many have an incident.
const INCIDENTS_IN_100: u64 = 4;
const INCIDENT_MINUTES: i64 = 120;
/// How much slower a skill is in an incident.
const INCIDENT_SLOWNESS: f64 = 6.0;

mod salt {
    pub(super) const SKILL: u64 = 201;
    pub(super) const INCIDENT: u64 = 202;
}

/// Two hours in which one skill is slow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// Which skill.
    pub skill_id: &'static str,
    /// When it begins, UTC.
    pub from: DateTime<Utc>,
    /// When it is over, UTC.
    pub to: DateTime<Utc>,
}

/// How busy a local time is: 1 on average over the weeks.
pub(super) fn rhythm(local: NaiveDateTime) -> f64 {
    let hour = local.hour() as usize % 24;
    let share = f64::from(local.minute()) / 60.0;
    let hourly = HOURS[hour] + (HOURS[(hour + 1) % 24] - HOURS[hour]) * share;
    let daily = match local.weekday() {
        Weekday::Mon => 1.25,
        Weekday::Tue => 1.12,
        Weekday::Wed | Weekday::Fri => 1.05,
        Weekday::Thu => 1.0,
        Weekday::Sat => 0.4,
        Weekday::Sun => 0.12,
    };
    // Wages are paid in the middle and at the end of a month, and then people buy.
    let payday = if matches!(local.day(), 1 | 15 | 16 | 30 | 31) {
        1.2
    } else {
        1.0
    };
    hourly * daily * payday * season(local)
}

/// From quiet to busy weeks and back: a quarter of a year, 15 % either way.
fn season(local: NaiveDateTime) -> f64 {
    let day = local.num_days_from_ce().rem_euclid(91);
    let distance = f64::from((day - 45).abs()) / 45.0;
    1.15 - 0.3 * distance
}

/// The skill of a chat that is not of a mass sending.
pub(super) fn skill_index(settings: &Settings, id: u64) -> usize {
    let mut dice = Dice::new(&[settings.seed, salt::SKILL, id]);
    let mut roll = dice.below(SKILLS.iter().map(|skill| skill.weight).sum());
    for (index, skill) in SKILLS.iter().enumerate() {
        if roll < skill.weight {
            return index;
        }
        roll -= skill.weight;
    }
    0
}

/// How long an agent handles a chat of this id: slow skills take longer.
pub(super) fn handling(settings: &Settings, id: u64) -> Span {
    let all = settings.handling;
    let share = SLOWNESS.get(skill_index(settings, id)).copied().unwrap_or(1.0);
    Span::new(all.low(), all.low() + scaled(all.high() - all.low(), share))
}

/// The longest that a chat waits for its agent, seconds.
pub(super) fn longest_wait(settings: &Settings, plan: &Plan) -> u32 {
    let index = skill_index(settings, plan.id);
    let local = local(settings, plan.opened);
    let load = rhythm(local) / BUSY;
    let incident = if in_incident(settings, index, local) {
        INCIDENT_SLOWNESS
    } else {
        1.0
    };
    let slowness = SLOWNESS.get(index).copied().unwrap_or(1.0);
    scaled(240, slowness * incident * (0.3 + load * load)).clamp(5, 3600)
}

/// Who has a chat: somebody of the skill's team who is at work.
pub(super) fn assignment(
    settings: &Settings,
    plan: &Plan,
    dice: &mut Dice,
) -> (&'static str, &'static Skill, Agent) {
    let index = skill_index(settings, plan.id);
    let skill = SKILLS.get(index).unwrap_or(&SKILLS[0]);
    let (usual, other, share) = CHANNELS.get(index).copied().unwrap_or(CHANNELS[0]);
    let channel = if dice.below(100) < share { usual } else { other };
    if dice.chance(settings.bot_share) {
        return (channel, skill, cast::non_human(dice));
    }
    let hour = local(settings, plan.opened).hour();
    let mut team_mate = None;
    for _ in 0..SEARCH {
        let number = dice.below(u64::from(settings.agents.max(1)));
        let is_team = works_for(number, index as u64);
        if is_team && is_at_work(number, hour) {
            return (channel, skill, cast::agent(number));
        }
        if is_team {
            team_mate = Some(number);
        }
    }
    // At night somebody of the team has stayed.
    (channel, skill, cast::agent(team_mate.unwrap_or(0)))
}

/// Whether an agent has chats of a skill: that of the team, and with every third agent that of another team too.
fn works_for(number: u64, skill: u64) -> bool {
    // The last skill has no team of its own.
    let teams = SKILLS.len() as u64 - 1;
    let helps = number % 3 == 1 && (number + 1) % teams == skill;
    skill == teams || number % teams == skill || helps
}

fn is_at_work(number: u64, hour: u32) -> bool {
    // Shifts go round within a team, so that every team is there all day.
    let turn = usize::try_from(number / 4).unwrap_or(0) % SHIFTS.len();
    let begin = SHIFTS[turn];
    (begin..begin + SHIFT_HOURS).contains(&hour)
}

/// The incidents that touch a range.
pub(super) fn incidents(settings: &Settings, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<Incident> {
    let mut incidents = Vec::new();
    let mut day = from.with_timezone(&settings.zone).date_naive();
    while day <= to.with_timezone(&settings.zone).date_naive() {
        for (index, skill) in SKILLS.iter().enumerate() {
            let Some(start) = incident_start(settings, index, day.num_days_from_ce(), day.weekday()) else {
                continue;
            };
            let begin = day.and_time(chrono::NaiveTime::MIN) + TimeDelta::minutes(start);
            let Some(begin) = settings.zone.from_local_datetime(&begin).earliest() else {
                continue;
            };
            let begin = begin.to_utc();
            let end = begin + TimeDelta::minutes(INCIDENT_MINUTES);
            if begin <= to && end >= from {
                incidents.push(Incident {
                    skill_id: skill.id,
                    from: begin,
                    to: end,
                });
            }
        }
        day += TimeDelta::days(1);
    }
    incidents
}

/// Minutes after midnight; `None` on a good day.
fn incident_start(settings: &Settings, skill: usize, day: i32, weekday: Weekday) -> Option<i64> {
    let words = [
        settings.seed,
        salt::INCIDENT,
        u64::try_from(day).ok()?,
        skill as u64,
    ];
    let mut dice = Dice::new(&words);
    let happens = dice.below(100) < INCIDENTS_IN_100 && !matches!(weekday, Weekday::Sat | Weekday::Sun);
    happens.then(|| i64::from(dice.within(Span::new(9 * 60, 16 * 60))))
}

fn in_incident(settings: &Settings, skill: usize, local: NaiveDateTime) -> bool {
    let minute = i64::from(local.hour() * 60 + local.minute());
    incident_start(settings, skill, local.num_days_from_ce(), local.weekday())
        .is_some_and(|start| (start..start + INCIDENT_MINUTES).contains(&minute))
}

fn local(settings: &Settings, second: i64) -> NaiveDateTime {
    instant(second).with_timezone(&settings.zone).naive_local()
}

/// In thousandths, rounded down: the same on every machine.
fn scaled(number: u32, share: f64) -> u32 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Shares are small and not negative.
    let thousandths = (share * 1000.0) as u64;
    u32::try_from(u64::from(number) * thousandths / 1000).unwrap_or(u32::MAX)
}
