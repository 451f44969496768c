//! The ids in the state: listed per group, local times as `date_ini` text.
//!
//! ```text
//! {"floor":"20260310100000","groups":[{"first_seen":1773154800,"reach":"20260310111500","ids":["29922885000005",…]},…]}
//! ```

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize, Serializer};

use super::{Extent, Id, IdMap, IdRef, Seen};
use local_text::LocalText;

/// What is stored. `I` is a list of ids.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredSeen<I> {
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
        let groups = self.groups.iter().map(|(first_seen, extent)| {
            let end = rest.partition_point(|(group, _)| group <= first_seen);
            let (ids, others) = rest.split_at(end);
            rest = others;
            StoredGroup {
                first_seen: *first_seen,
                reach: extent.reach,
                last_opened: extent.last_opened.map(LocalText),
                ids: GroupIds(ids),
            }
        });
        let stored = StoredSeen {
            floor: self.floor.map(LocalText),
            groups: groups.collect(),
        };
        stored.serialize(serializer)
    }
}

impl From<StoredSeen<Vec<Id>>> for Seen {
    fn from(stored: StoredSeen<Vec<Id>>) -> Seen {
        let mut seen = Seen {
            ids: IdMap::default(),
            groups: BTreeMap::new(),
            floor: stored.floor.map(|LocalText(at)| at),
        };
        seen.ids
            .reserve(stored.groups.iter().map(|group| group.ids.len()).sum());
        for group in stored.groups {
            let extent = Extent {
                reach: group.reach,
                last_opened: group.last_opened.map(|LocalText(at)| at),
            };
            seen.groups.insert(group.first_seen, extent);
            for id in &group.ids {
                seen.ids.insert(id, group.first_seen);
            }
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
