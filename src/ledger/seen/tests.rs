//! The ids against a plain map of their texts, as they were once kept.

use std::collections::HashMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::ledger::id_map::tests::ids;

/// What [`Seen`] promises, in the plainest form.
#[derive(Default)]
struct Model {
    ids: HashMap<String, i64>,
    groups: BTreeMap<i64, Extent>,
    floor: Option<NaiveDateTime>,
}

impl Model {
    fn remember(&mut self, ids: &[String], group: i64, extent: Extent) {
        if !ids.is_empty() {
            self.groups.entry(group).or_insert(extent).join(extent);
            self.ids.extend(ids.iter().map(|id| (id.clone(), group)));
        }
    }

    fn forget_before(&mut self, next_date_ini: NaiveDateTime) {
        let limit = next_date_ini - MARGIN;
        for (group, extent) in std::mem::take(&mut self.groups) {
            if extent.reach < limit {
                self.floor = self.floor.max(Some(extent.reach + TimeDelta::seconds(1)));
                self.ids.retain(|_, of| *of != group);
            } else {
                self.groups.insert(group, extent);
            }
        }
    }

    /// As version 0.1.0 wrote it, with the ids of a group in the order of their texts.
    fn stored(&self) -> Value {
        let text = |at: NaiveDateTime| at.format("%Y%m%d%H%M%S").to_string();
        let groups = self.groups.iter().map(|(group, extent)| {
            let ids = self.ids.iter().filter(|(_, of)| *of == group);
            let mut ids: Vec<_> = ids.map(|(id, _)| id).collect();
            ids.sort_unstable();
            let mut stored = json!({ "first_seen": group, "reach": text(extent.reach), "ids": ids });
            if let Some(opened) = extent.last_opened {
                stored["last_opened"] = json!(text(opened));
            }
            stored
        });
        json!({ "floor": self.floor.map(text), "groups": groups.collect::<Vec<_>>() })
    }
}

/// With the ids of each group in the order of their texts.
fn in_text_order(mut stored: Value) -> Value {
    for group in stored["groups"].as_array_mut().unwrap() {
        let ids = group["ids"].as_array_mut().unwrap();
        ids.sort_unstable_by_key(|id| id.as_str().unwrap().to_owned());
    }
    stored
}

fn local(second: i64) -> NaiveDateTime {
    DateTime::from_timestamp(1_773_154_800 + second, 0)
        .unwrap()
        .naive_utc()
}

#[test]
fn the_ids_of_a_group_are_stored_in_the_order_of_their_numbers_and_texts() {
    let mut seen = Seen::default();
    let mut ids = IdSet::default();
    for id in ["b", "10", "9", "a", "010"] {
        ids.add(id);
    }
    seen.remember(
        &ids,
        DateTime::UNIX_EPOCH,
        Extent {
            reach: local(0),
            last_opened: None,
        },
    );
    let stored = serde_json::to_value(&seen).unwrap();
    assert_eq!(stored["groups"][0]["ids"], json!(["9", "10", "010", "a", "b"]));
}

proptest! {
    /// Whatever is remembered, forgotten, stored and read again, in any order.
    #[test]
    fn ids_are_known_forgotten_and_stored_as_if_they_were_texts(
        steps in prop::collection::vec(
            (prop::collection::vec(ids(), 0..12), 0..8_i64, 0..30_000_i64, prop::option::of(0..30_000_i64), 0..6_u8),
            0..40,
        ),
        asked in prop::collection::vec(ids(), 0..30),
    ) {
        let mut seen = Seen::default();
        let mut model = Model::default();
        for (ids, group, reach, opened, what) in steps {
            let mut extent = Extent { reach: local(reach), last_opened: None };
            extent.note_opened(opened.map(local));
            let mut new = IdSet::default();
            for id in &ids {
                new.add(id.as_str());
            }
            seen.remember(&new, DateTime::from_timestamp(group, 0).unwrap(), extent);
            model.remember(&ids, group, extent);
            match what {
                0 => {
                    seen.forget_before(local(reach));
                    model.forget_before(local(reach));
                }
                1 => seen = serde_json::from_value(serde_json::to_value(&seen).unwrap()).unwrap(),
                // What an earlier version stored of the same.
                2 => {
                    let earlier: Seen = serde_json::from_value(model.stored()).unwrap();
                    prop_assert_eq!(&earlier, &seen);
                    seen = earlier;
                }
                _ => {}
            }
            prop_assert_eq!(seen.len(), model.ids.len());
            prop_assert_eq!(seen.is_empty(), model.ids.is_empty());
            prop_assert_eq!(seen.floor(), model.floor);
        }
        for id in asked.iter().chain(model.ids.keys()) {
            let expected = model.ids.get(id).map(|group| DateTime::from_timestamp(*group, 0).unwrap());
            prop_assert_eq!(seen.first_seen(id.as_str()), expected);
            prop_assert_eq!(seen.first_seen(&Id::from(id.as_str())), expected);
        }
        let bytes = serde_json::to_vec(&seen).unwrap();
        prop_assert_eq!(in_text_order(serde_json::from_slice(&bytes).unwrap()), model.stored());
        // The same ids are the same bytes, whatever map they come from.
        let again: Seen = serde_json::from_slice(&bytes).unwrap();
        prop_assert_eq!(serde_json::to_vec(&again).unwrap(), bytes);
    }
}
