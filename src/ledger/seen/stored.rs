//! The ids in the state: listed per group, local times as `date_ini` text.
//!
//! ```text
//! {"floor":"20260310100000","groups":[{"first_seen":1773154800,"reach":"20260310111500","ids":["29922885000005",…]},…]}
//! ```

use std::collections::BTreeMap;
use std::fmt;

use chrono::NaiveDateTime;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Extent, Id, IdMap, IdRef, Seen};
use local_text::LocalText;

/// What is stored. `G` is the list of groups.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredSeen<G> {
    floor: Option<LocalText>,
    groups: G,
}

/// `I` is the list of ids.
#[derive(Serialize, Deserialize)]
struct StoredGroup<I> {
    first_seen: i64,
    #[serde(with = "local_text")]
    reach: NaiveDateTime,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_opened: Option<LocalText>,
    ids: I,
}

/// The ids of a group, each behind its group's key.
struct GroupIds<'a>(&'a [(i64, IdRef<'a>)]);

impl Serialize for GroupIds<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|(_, id)| id))
    }
}

impl Serialize for Seen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ids = self.ids.iter();
        let mut ids: Vec<_> = ids.map(|(id, group)| (*group, id)).collect();
        // Sorted, so that the same ids are the same bytes.
        ids.sort_unstable();
        let mut rest = ids.as_slice();
        let groups: Vec<_> = self
            .groups
            .iter()
            .map(|(first_seen, extent)| {
                let end = rest.partition_point(|(group, _)| group <= first_seen);
                let (ids, others) = rest.split_at(end);
                rest = others;
                StoredGroup {
                    first_seen: *first_seen,
                    reach: extent.reach,
                    last_opened: extent.last_opened.map(LocalText),
                    ids: GroupIds(ids),
                }
            })
            .collect();
        let stored = StoredSeen {
            floor: self.floor.map(LocalText),
            groups,
        };
        stored.serialize(serializer)
    }
}

/// The groups as they are read, one at a time: a list of all ids would take as much memory as the map.
#[derive(Default)]
pub(super) struct ReadGroups {
    ids: IdMap<i64>,
    extents: BTreeMap<i64, Extent>,
}

impl<'de> Deserialize<'de> for ReadGroups {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ReadGroups, D::Error> {
        deserializer.deserialize_seq(GroupsVisitor)
    }
}

struct GroupsVisitor;

impl<'de> Visitor<'de> for GroupsVisitor {
    type Value = ReadGroups;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("groups of ids")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<ReadGroups, A::Error> {
        let mut read = ReadGroups::default();
        while let Some(group) = seq.next_element::<StoredGroup<Vec<Id>>>()? {
            let extent = Extent {
                reach: group.reach,
                last_opened: group.last_opened.map(|LocalText(at)| at),
            };
            read.extents.insert(group.first_seen, extent);
            for id in &group.ids {
                read.ids.insert(id, group.first_seen);
            }
        }
        Ok(read)
    }
}

impl From<StoredSeen<ReadGroups>> for Seen {
    fn from(stored: StoredSeen<ReadGroups>) -> Seen {
        Seen {
            ids: stored.groups.ids,
            groups: stored.groups.extents,
            floor: stored.floor.map(|LocalText(at)| at),
        }
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
