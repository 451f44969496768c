//! The ids of chats that are counted (or remembered), grouped by the answer that first showed them, and where in the
//! report their rows lie.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize, Serializer};

use super::Id;
use local_text::LocalText;

/// A group is forgotten only if it lies below the next request by more than this: `date_end` may round, and in the
/// repeated hour of daylight saving later instants have lesser local times.
const MARGIN: TimeDelta = TimeDelta::hours(1);

/// Ids in groups, and the floor that forgotten groups leave.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(from = "StoredSeen<Id>")]
pub struct Seen {
    /// When each id was first seen: seconds since the epoch, the key of its group.
    ids: HashMap<Id, i64>,
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
    pub fn first_seen(&self, id: &Id) -> Option<DateTime<Utc>> {
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
    pub fn remember(&mut self, ids: HashSet<Id>, first_seen: DateTime<Utc>, extent: Extent) {
        if ids.is_empty() {
            return;
        }
        let group = first_seen.timestamp();
        self.groups.entry(group).or_insert(extent).join(extent);
        self.ids.extend(ids.into_iter().map(|id| (id, group)));
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
        self.ids.retain(|_, group| !gone.contains(group));
    }
}

/// The form on disk: ids listed per group, local times as `date_ini` text. Ids are borrowed when they are written.
#[derive(Serialize, Deserialize)]
struct StoredSeen<I> {
    floor: Option<LocalText>,
    groups: Vec<StoredGroup<I>>,
}

#[derive(Serialize, Deserialize)]
struct StoredGroup<I> {
    first_seen: i64,
    #[serde(with = "local_text")]
    reach: NaiveDateTime,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_opened: Option<LocalText>,
    ids: Vec<I>,
}

impl Serialize for Seen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut ids: BTreeMap<i64, Vec<&Id>> = BTreeMap::new();
        for (id, group) in &self.ids {
            ids.entry(*group).or_default().push(id);
        }
        let groups = self.groups.iter().map(|(first_seen, extent)| {
            let mut ids = ids.remove(first_seen).unwrap_or_default();
            ids.sort_unstable();
            StoredGroup {
                first_seen: *first_seen,
                reach: extent.reach,
                last_opened: extent.last_opened.map(LocalText),
                ids,
            }
        });
        let stored = StoredSeen {
            floor: self.floor.map(LocalText),
            groups: groups.collect(),
        };
        stored.serialize(serializer)
    }
}

impl From<StoredSeen<Id>> for Seen {
    fn from(stored: StoredSeen<Id>) -> Seen {
        let ids = stored.groups.iter().map(|group| group.ids.len()).sum();
        let mut seen = Seen {
            ids: HashMap::with_capacity(ids),
            groups: BTreeMap::new(),
            floor: stored.floor.map(|LocalText(at)| at),
        };
        for group in stored.groups {
            let extent = Extent {
                reach: group.reach,
                last_opened: group.last_opened.map(|LocalText(at)| at),
            };
            seen.groups.insert(group.first_seen, extent);
            seen.ids
                .extend(group.ids.into_iter().map(|id| (id, group.first_seen)));
        }
        seen
    }
}

/// Local times as the report's `date_ini` writes them.
mod local_text {
    use chrono::NaiveDateTime;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    const FORM: &str = "%Y%m%d%H%M%S";

    pub(super) fn serialize<S: Serializer>(at: &NaiveDateTime, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&at.format(FORM))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NaiveDateTime, D::Error> {
        let text = String::deserialize(deserializer)?;
        NaiveDateTime::parse_from_str(&text, FORM)
            .map_err(|_| de::Error::custom(format!("{text:?} is no YYYYmmddHHMMSS")))
    }

    /// For a time that may not be there.
    #[derive(Serialize, Deserialize)]
    #[serde(transparent)]
    pub(super) struct LocalText(#[serde(with = "super::local_text")] pub(super) NaiveDateTime);
}
