//! What the chats of one answer add to days.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use wolkvox::Zone;

use super::{Day, DaySpan, DaySums, Days, QUARTER_MINUTES, Quarter};
use crate::chats::chat::{Chat, Conversation};
use crate::chats::key::LabelSet;
use crate::chats::measure;
use crate::config::Counting;

/// A chat that closed longer ago can't be of today by any clock that is nearly right.
const LONGEST_AGO: TimeDelta = TimeDelta::hours(50);
/// With a wrong zone a close may lie a day ahead. What is further ahead is the row's own mistake.
const FURTHEST_AHEAD: TimeDelta = TimeDelta::hours(26);

/// Where a chat is counted: the places of its skill's and its agent's label sets among those of the answer.
#[derive(Debug, Clone, Copy)]
pub(in crate::chats) struct Places {
    pub(in crate::chats) skill: Option<usize>,
    pub(in crate::chats) agent: Option<usize>,
}

/// Gathers the chats of one answer by day.
#[derive(Debug)]
pub(in crate::chats) struct Gatherer {
    zone: Zone,
    days: Vec<Gathered>,
}

#[derive(Debug)]
struct Gathered {
    span: DaySpan,
    /// By the places of the label sets of skills.
    skills: Vec<DaySums>,
    /// By the places of the label sets of agents.
    agents: Vec<DaySums>,
    quarters: BTreeMap<Quarter, DaySums>,
}

impl Gatherer {
    /// By the midnights of this zone.
    pub(in crate::chats) fn new(zone: Zone) -> Gatherer {
        Gatherer {
            zone,
            days: Vec::new(),
        }
    }

    /// Takes in a new chat that closed then. `now` is the server's clock.
    pub(in crate::chats) fn note(
        &mut self,
        chat: &Chat,
        closed: DateTime<Utc>,
        now: DateTime<Utc>,
        places: Places,
        counting: &Counting,
    ) {
        let age = now - closed;
        if age > LONGEST_AGO || age < -FURTHEST_AHEAD {
            return;
        }
        let mut one = DaySums {
            chats: 1,
            answered_within_target: measure::within_target(chat, counting).unwrap_or_default(),
            unanswered: u64::from(chat.conversation() == Conversation::CustomerOnly),
            ..DaySums::default()
        };
        one.asa.observe(chat.asa_ms);
        let day = self.day(closed);
        for (sums, place) in [(&mut day.skills, places.skill), (&mut day.agents, places.agent)] {
            let Some(place) = place else { continue };
            if sums.len() <= place {
                sums.resize(place + 1, DaySums::default());
            }
            sums[place].add(&one);
        }
        let quarter = (closed - day.span.from).num_minutes() / QUARTER_MINUTES;
        let quarter = u8::try_from(quarter).unwrap_or(u8::MAX);
        day.quarters.entry((quarter, chat.outcome)).or_default().add(&one);
    }

    /// The day of a close. There are few, and most chats are of the one before.
    fn day(&mut self, closed: DateTime<Utc>) -> &mut Gathered {
        let known = self.days.iter().position(|day| day.span.contains(closed));
        let place = known.unwrap_or(self.days.len());
        if place == self.days.len() {
            self.days.push(Gathered {
                span: DaySpan::of(closed, self.zone),
                skills: Vec::new(),
                agents: Vec::new(),
                quarters: BTreeMap::new(),
            });
        }
        &mut self.days[place]
    }

    /// What was gathered. The label sets of a place are those under which its chats are counted, that of a skill with its channel.
    pub(in crate::chats) fn finish<'a>(
        self,
        skill: impl Fn(usize) -> &'a LabelSet,
        agent: impl Fn(usize) -> &'a LabelSet,
    ) -> Days {
        let day = |gathered: Gathered| {
            let day = Day {
                skills: by_set(&gathered.skills, |place| skill(place).without_first()),
                agents: by_set(&gathered.agents, |place| agent(place).clone()),
                quarters: gathered.quarters,
            };
            (gathered.span.from, Arc::new(day))
        };
        Days {
            by_midnight: self.days.into_iter().map(day).collect(),
            ..Days::default()
        }
    }
}

/// The sums of several places may be of the same label set.
fn by_set(sums: &[DaySums], set: impl Fn(usize) -> LabelSet) -> BTreeMap<LabelSet, DaySums> {
    let mut by_set = BTreeMap::new();
    for (place, sums) in sums.iter().enumerate().filter(|(_, sums)| sums.chats > 0) {
        let known: &mut DaySums = by_set.entry(set(place)).or_default();
        known.add(sums);
    }
    by_set
}
