use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::ledger::Id;

/// Numbers, texts, and what lies between: digits that no number is written with.
pub(in crate::ledger) fn ids() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (0..40_u64).prop_map(|id| id.to_string()),
        2 => any::<u64>().prop_map(|id| id.to_string()),
        4 => "[a-c]{0,2}",
        1 => "0[0-9]",
        1 => prop::sample::select(vec!["0", "00", "+1", "-1", "1.0", "1e3", "\u{661}", "18446744073709551615",
            "18446744073709551616", "99999999999999999999", "000000000000000000001", "9".repeat(64).leak()])
            .prop_map(str::to_owned),
        1 => ".{0,64}",
    ]
}

#[test]
fn only_a_text_that_a_number_is_written_as_is_that_number() {
    for (text, number) in [
        ("0", Some(0)),
        ("17", Some(17)),
        ("18446744073709551615", Some(u64::MAX)),
        ("18446744073709551616", None),
        ("00", None),
        ("017", None),
        ("+17", None),
        ("-17", None),
        ("17 ", None),
        ("1_7", None),
        ("\u{661}7", None),
        ("", None),
    ] {
        let expected = number.map_or(IdRef::Text(text), IdRef::Number);
        assert_eq!(IdRef::from(text), expected, "{text:?}");
    }
}

#[test]
fn an_id_is_two_words_in_memory() {
    assert_eq!(size_of::<Id>(), 2 * size_of::<u64>());
}

#[test]
fn maps_hash_by_keys_of_their_own() {
    let hash = |hashing: &Hashing| hashing.hash_one(17_u64);
    let one = Hashing::default();
    assert_eq!(hash(&one), hash(&one.clone()));
    assert_ne!(hash(&one), hash(&Hashing::default()));
}

proptest! {
    #[test]
    fn an_id_is_written_as_it_was_read(text in ids()) {
        let id = Id::from(text.as_str());
        prop_assert_eq!(id.to_string(), text.clone());
        prop_assert_eq!(IdRef::from(&id), IdRef::from(text.as_str()));
        let json = serde_json::to_string(&id).unwrap();
        prop_assert_eq!(&json, &serde_json::to_string(&text).unwrap());
        prop_assert_eq!(serde_json::from_str::<Id>(&json).unwrap(), id);
    }

    #[test]
    fn a_map_of_ids_is_like_a_map_of_their_texts(
        steps in prop::collection::vec((ids(), 0..9_u8, prop::bool::weighted(0.1)), 0..200),
        asked in prop::collection::vec(ids(), 0..40),
    ) {
        let mut map = IdMap::default();
        let mut model: HashMap<String, u8> = HashMap::new();
        for (id, value, is_retain) in steps {
            if is_retain {
                map.retain(|kept| kept != value);
                model.retain(|_, kept| *kept != value);
            }
            map.insert(id.as_str(), value);
            model.insert(id, value);
            prop_assert_eq!(map.len(), model.len());
        }
        for id in asked.iter().chain(model.keys()) {
            prop_assert_eq!(map.get(id.as_str()), model.get(id));
            prop_assert_eq!(map.contains(&Id::from(id.as_str())), model.contains_key(id));
        }
        let listed: HashMap<String, u8> = map.iter().map(|(id, value)| (id.to_string(), *value)).collect();
        prop_assert_eq!(&listed, &model);
        // In whatever order they came.
        let mut again = IdMap::default();
        for (id, value) in &model {
            again.insert(id.as_str(), *value);
        }
        prop_assert!(again == map);
        again.insert("one more", 1);
        prop_assert!(again != map || model.contains_key("one more"));
    }
}
