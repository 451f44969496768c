//! Customers in the state: hashes and the key in hexadecimal, and per hash the times of the closes. A time stands there as often as
//! chats closed then.
//!
//! ```text
//! {"key":"…","closes":{"0f3a91c2d5e6b7a8":[1773154800000,…],…}}
//! ```

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Closes, Customer, Customers, Key};
use crate::ledger::state::hex;

#[derive(Serialize, Deserialize, Default)]
struct Stored {
    #[serde(default)]
    key: Option<String>,
    #[serde(default)]
    closes: BTreeMap<String, Vec<i64>>,
}

impl Serialize for Customers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut stored = Stored {
            key: self.key.as_ref().map(Key::to_hex),
            closes: BTreeMap::new(),
        };
        for ((Customer(hash), at), chats) in &self.closes {
            let times = stored.closes.entry(format!("{hash:016x}")).or_default();
            times.extend((0..*chats).map(|_| *at));
        }
        stored.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Customers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Customers, D::Error> {
        let stored = Stored::deserialize(deserializer)?;
        let mut customers = Customers {
            key: None,
            closes: Closes::new(),
        };
        if let Some(key) = &stored.key {
            customers.key = Some(Key::from_hex(key).ok_or_else(|| D::Error::custom("a key that is none"))?);
        }
        for (hash, times) in stored.closes {
            let hash = u64::from_str_radix(&hash, 16).map_err(D::Error::custom)?;
            for at in times {
                customers.add(Customer(hash), at);
            }
        }
        Ok(customers)
    }
}

impl Key {
    fn to_hex(&self) -> String {
        hex(&self.0)
    }

    fn from_hex(text: &str) -> Option<Key> {
        let mut key = [0_u8; 32];
        if text.len() != 2 * key.len() || !text.is_ascii() {
            return None;
        }
        for (byte, place) in key.iter_mut().zip((0..text.len()).step_by(2)) {
            *byte = u8::from_str_radix(&text[place..place + 2], 16).ok()?;
        }
        Some(Key(key))
    }
}
