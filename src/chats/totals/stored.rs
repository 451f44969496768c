//! The totals in the state: everything by its name, so that tables and measures can come and go from one version to
//! another. What is not there is 0; what is not known is passed over, which the state's reader tells.
//!
//! ```text
//! {"chats":[[{"channel":"web",…},{"created_ms":…,"touched_ms":…,"chats":7,"asa":{…},…}],…],…}
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

use super::{Cell, Entry, Sets, Totals, name_of};
use crate::chats::field::Field;
use crate::chats::key::{LabelSet, Table};
use crate::metrics::spec::Kind;

impl Serialize for Totals {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for table in Table::ALL {
            let sets = &self[table];
            map.serialize_entry(table.name(), &StoredSets { table, sets })?;
        }
        map.serialize_entry("agent_names", &self.agent_names)?;
        map.serialize_entry("descriptions", &self.descriptions)?;
        map.serialize_entry("sent", &self.sent)?;
        map.serialize_entry("started", &self.started)?;
        map.end()
    }
}

struct StoredSets<'a> {
    table: Table,
    sets: &'a Sets,
}

impl Serialize for StoredSets<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let table = self.table;
        let pair = |(set, entry)| (StoredSet { table, set }, StoredEntry { table, entry });
        serializer.collect_seq(self.sets.iter().map(pair))
    }
}

struct StoredSet<'a> {
    table: Table,
    set: &'a LabelSet,
}

impl Serialize for StoredSet<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.set.pairs(self.table))
    }
}

struct StoredEntry<'a> {
    table: Table,
    entry: &'a Entry,
}

impl Serialize for StoredEntry<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("created_ms", &self.entry.created_ms)?;
        map.serialize_entry("touched_ms", &self.entry.touched_ms)?;
        for (measure, cell) in self.table.measures().iter().zip(&self.entry.cells) {
            map.serialize_entry(measure.name, cell)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Totals {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Totals, D::Error> {
        deserializer.deserialize_map(TotalsVisitor)
    }
}

struct TotalsVisitor;

impl<'de> Visitor<'de> for TotalsVisitor {
    type Value = Totals;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("totals")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Totals, A::Error> {
        let mut totals = Totals::default();
        let mut lacking = BTreeSet::new();
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "agent_names" => totals.agent_names = map.next_value()?,
                "descriptions" => totals.descriptions = map.next_value()?,
                "sent" => totals.sent = map.next_value()?,
                "started" => totals.started = map.next_value()?,
                // Until version 0.1.0.
                "sends_agent_response" if map.next_value()? => totals.sent.insert(Field::AgentResponse),
                "sends_transfer" if map.next_value()? => totals.sent.insert(Field::Transfer),
                "sends_agent_response" | "sends_transfer" => {}
                name => match Table::ALL.into_iter().find(|table| table.name() == name) {
                    Some(table) => {
                        let lacking = &mut lacking;
                        totals.tables[table as usize] = map.next_value_seed(SetsSeed { table, lacking })?;
                    }
                    None => drop(map.next_value::<IgnoredAny>()?),
                },
            }
        }
        totals
            .started
            .extend(lacking.into_iter().map(|name| (name, None)));
        Ok(totals)
    }
}

/// The label sets of a table. Notes the measures that they lack, by [`name_of`].
struct SetsSeed<'a> {
    table: Table,
    lacking: &'a mut BTreeSet<String>,
}

impl<'de> DeserializeSeed<'de> for SetsSeed<'_> {
    type Value = Sets;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Sets, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for SetsSeed<'_> {
    type Value = Sets;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("label sets with their totals")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Sets, A::Error> {
        let mut sets = Sets::new();
        while let Some(pair) = seq.next_element_seed(PairSeed(self.table))? {
            let Some((set, entry, slots)) = pair else {
                continue;
            };
            sets.insert(set, entry);
            let measures = slots.into_iter().map(|slot| &self.table.measures()[slot]);
            self.lacking
                .extend(measures.map(|measure| name_of(self.table, measure)));
        }
        Ok(sets)
    }
}

/// A label set, its totals, and the measures that they lack. `None` if it has other labels than this version's: nobody
/// knows what its chats would be in the table.
struct PairSeed(Table);

impl<'de> DeserializeSeed<'de> for PairSeed {
    type Value = Option<(LabelSet, Entry, Vec<usize>)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for PairSeed {
    type Value = Option<(LabelSet, Entry, Vec<usize>)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a label set and its totals")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let short = || A::Error::invalid_length(2, &self);
        let labels: BTreeMap<String, String> = seq.next_element()?.ok_or_else(short)?;
        let Some(set) = label_set(self.0, &labels) else {
            seq.next_element::<IgnoredAny>()?;
            return Ok(None);
        };
        let (entry, lacking) = seq.next_element_seed(EntrySeed(self.0))?.ok_or_else(short)?;
        Ok(Some((set, entry, lacking)))
    }
}

fn label_set(table: Table, labels: &BTreeMap<String, String>) -> Option<LabelSet> {
    let names = table.labels().iter().map(|label| label.name);
    let values: Vec<_> = names
        .map(|name| labels.get(name).map(String::as_str))
        .collect::<Option<_>>()?;
    (values.len() == labels.len()).then(|| LabelSet::new(table, values))
}

/// The totals of a label set, and the measures that they lack.
struct EntrySeed(Table);

impl<'de> DeserializeSeed<'de> for EntrySeed {
    type Value = (Entry, Vec<usize>);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for EntrySeed {
    type Value = (Entry, Vec<usize>);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the totals of a label set")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut created_ms, mut touched_ms) = (None, None);
        let mut cells = Cells::new(self.0);
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "created_ms" => created_ms = Some(map.next_value()?),
                "touched_ms" => touched_ms = Some(map.next_value()?),
                // Until version 0.1.0: a number, or all measures.
                "value" => match self.0 {
                    Table::Chats | Table::Agents => map.next_value_seed(&mut cells)?,
                    _ => cells.read("chats", &mut map)?,
                },
                name => cells.read(name, &mut map)?,
            }
        }
        let lacking = cells.lacking();
        let entry = Entry {
            created_ms: created_ms.ok_or_else(|| A::Error::missing_field("created_ms"))?,
            touched_ms: touched_ms.ok_or_else(|| A::Error::missing_field("touched_ms"))?,
            cells: cells.finish(),
        };
        Ok((entry, lacking))
    }
}

/// The values of a table's measures, as far as they were read.
struct Cells {
    table: Table,
    cells: Vec<Option<Cell>>,
}

impl Cells {
    fn new(table: Table) -> Cells {
        Cells {
            table,
            cells: vec![None; table.measures().len()],
        }
    }

    /// Reads the value of the map's entry with this name.
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        let measures = self.table.measures().iter();
        let Some((measure, cell)) = measures
            .zip(&mut self.cells)
            .find(|(measure, _)| measure.name == name)
        else {
            map.next_value::<IgnoredAny>()?;
            return Ok(());
        };
        *cell = Some(match measure.spec.kind {
            Kind::Counter | Kind::Gauge => Cell::Count(map.next_value()?),
            Kind::Histogram(_) => Cell::Histogram(map.next_value()?),
            Kind::Summary => Cell::Summary(map.next_value()?),
        });
        Ok(())
    }

    fn lacking(&self) -> Vec<usize> {
        let slots = self.cells.iter().enumerate();
        slots
            .filter(|(_, cell)| cell.is_none())
            .map(|(slot, _)| slot)
            .collect()
    }

    fn finish(self) -> Box<[Cell]> {
        let pairs = self.cells.into_iter().zip(self.table.zero());
        pairs.map(|(cell, zero)| cell.unwrap_or(zero)).collect()
    }
}

impl<'de> DeserializeSeed<'de> for &mut Cells {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut Cells {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("values by the names of measures")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            self.read(&name, &mut map)?;
        }
        Ok(())
    }
}
