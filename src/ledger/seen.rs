//! The ids of chats that are counted (or remembered), grouped by the answer that first showed them, and where in the
//! report their rows lie.

mod stored;

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use serde::Deserialize;

use super::id::{Id, IdRef};
use super::id_map::{IdMap, IdSet};
use stored::{ReadGroups, StoredSeen};

/// A group is forgotten only if it lies below the next request by more than this: `date_end` may round, and in the
/// repeated hour of daylight saving later instants have lesser local times.
const MARGIN: TimeDelta = TimeDelta::hours(1);

/// Ids in groups, and the floor that forgotten groups leave.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(from = "StoredSeen<ReadGroups>")]
pub struct Seen {
    /// When each id was first seen: seconds since the epoch, the key of its group.
    ids: IdMap<i64>,
    groups: BTreeMap<i64, Extent>,
    floor: Option<NaiveDateTime>,
}

/// Where the rows of one answer's new chats lie in the report, by its own local times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// The greatest local time that they can have in the report's filter.
    pub reach: NaiveDateTime,
    /// The latest opening among them; `None` where no row has one for certain. That row lies from here to `reach`, whether
    /// the report filters on opening or on closing.
    pub last_opened: Option<NaiveDateTime>,
}

impl Extent {
    /// Takes in one of the chats. A chat that says that it was opened after the answer proves nothing.
    pub fn note_opened(&mut self, opened: Option<NaiveDateTime>) {
        self.last_opened = self
            .last_opened
            .max(opened.filter(|opened| *opened <= self.reach));
    }

    fn join(&mut self, other: Extent) {
        self.reach = self.reach.max(other.reach);
        self.last_opened = self.last_opened.max(other.last_opened);
    }

    /// Whether a row lies in a range of local times for certain. It is not known whether the report includes the range's
    /// end.
    fn is_in(&self, range: &Range<NaiveDateTime>) -> bool {
        self.reach < range.end && self.last_opened.is_some_and(|opened| opened >= range.start)
    }
}

impl Seen {
    /// When an id was first seen, server's time; `None` if it is new.
    pub fn first_seen<'a>(&self, id: impl Into<IdRef<'a>>) -> Option<DateTime<Utc>> {
        self.ids
            .get(id)
            .and_then(|seconds| DateTime::from_timestamp(*seconds, 0))
    }

    /// How many ids are remembered.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether none is remembered.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The local time below which no request may begin: rows below it have been counted, and their ids forgotten.
    pub fn floor(&self) -> Option<NaiveDateTime> {
        self.floor
    }

    /// Whether the report is known to have rows in a range of local times: since `since`, it has shown rows that can lie
    /// nowhere else.
    pub fn has_rows_in(&self, range: &Range<NaiveDateTime>, since: DateTime<Utc>) -> bool {
        self.groups
            .range(since.timestamp()..)
            .any(|(_, extent)| extent.is_in(range))
    }

    /// Forgets that rows lie in a range of local times: the report no longer has them. The ids stay.
    pub fn take_back(&mut self, range: &Range<NaiveDateTime>) {
        for extent in self.groups.values_mut().filter(|extent| extent.is_in(range)) {
            extent.last_opened = None;
        }
    }

    /// Forgets where rows lie: another report is asked from now on. The ids stay.
    pub fn forget_places(&mut self) {
        for extent in self.groups.values_mut() {
            extent.last_opened = None;
        }
    }

    /// Remembers the new ids of one answer, and where their rows lie.
    pub fn remember(&mut self, ids: &IdSet, first_seen: DateTime<Utc>, extent: Extent) {
        if ids.is_empty() {
            return;
        }
        let group = first_seen.timestamp();
        self.groups.entry(group).or_insert(extent).join(extent);
        self.ids.reserve(ids.len());
        for (id, ()) in ids.iter() {
            self.ids.insert(id, group);
        }
    }

    /// Forgets the groups that lie below `next_date_ini` by more than an hour, and raises the floor so that no request can
    /// return their rows.
    pub fn forget_before(&mut self, next_date_ini: NaiveDateTime) {
        let Some(limit) = next_date_ini.checked_sub_signed(MARGIN) else {
            return;
        };
        let gone: HashSet<i64> = self
            .groups
            .iter()
            .filter(|(_, extent)| extent.reach < limit)
            .map(|(group, _)| *group)
            .collect();
        if gone.is_empty() {
            return;
        }
        for group in &gone {
            // The first second that none of the group's rows can have.
            let above = self
                .groups
                .remove(group)
                .map(|extent| extent.reach + TimeDelta::seconds(1));
            self.floor = self.floor.max(above);
        }
        self.ids.retain(|group| !gone.contains(&group));
    }
}

#[cfg(test)]
mod tests;
