//! The totals in the state: everything by its name, so that tables and measures can come and go from one version to
//! another. What is not there is 0. What is not known is passed over, and the state's reader logs it.
//!
//! ```text
//! {"chats":[[{"channel":"web",…},{"created_ms":…,"touched_ms":…,"chats":7,"asa":{…},…}],…],…}
//! ```
//!
//! `"at_0":true` beside `touched_ms` marks a label set that is shown as 0 for now, and `families_at_0` has the names of
//! the measures of which that is so for all label sets. Both are there only where they say something.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use serde::de::{self, DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

use super::zero_first::{Batch, SetsAt0};
use super::{Cell, Entry, Names, Sets, Totals, family_of, name_of};
use crate::chats::field::Field;
use crate::chats::key::{LabelSet, Table};
use crate::metrics::spec::Kind;

impl Serialize for Totals {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for table in Table::ALL {
            let (sets, at_0) = (&self[table], &**self.zero_first.sets(table));
            map.serialize_entry(table.name(), &StoredSets { table, sets, at_0 })?;
        }
        map.serialize_entry("agent_names", &*self.agent_names)?;
        map.serialize_entry("descriptions", &*self.descriptions)?;
        map.serialize_entry("sent", &self.sent)?;
        map.serialize_entry("started", &self.started)?;
        map.serialize_entry("days", &**self.days())?;
        if self.customers != Arc::default() {
            map.serialize_entry("customers", &*self.customers)?;
        }
        let families_at_0: Vec<_> = self.zero_first.families().collect();
        if !families_at_0.is_empty() {
            map.serialize_entry("families_at_0", &families_at_0)?;
        }
        map.end()
    }
}

struct StoredSets<'a> {
    table: Table,
    sets: &'a Sets,
    at_0: &'a SetsAt0,
}

impl Serialize for StoredSets<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let table = self.table;
        let pairs = self.sets.iter().map(|(set, entry)| {
            let labels = StoredLabels { table, set };
            let is_at_0 = self.at_0.contains_key(set);
            (
                labels,
                StoredEntry {
                    table,
                    entry,
                    is_at_0,
                },
            )
        });
        serializer.collect_seq(pairs)
    }
}

struct StoredLabels<'a> {
    table: Table,
    set: &'a LabelSet,
}

impl Serialize for StoredLabels<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.set.pairs(self.table))
    }
}

struct StoredEntry<'a> {
    table: Table,
    entry: &'a Entry,
    is_at_0: bool,
}

impl Serialize for StoredEntry<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("created_ms", &self.entry.created_ms)?;
        map.serialize_entry("touched_ms", &self.entry.touched_ms)?;
        if self.is_at_0 {
            map.serialize_entry("at_0", &true)?;
        }
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
                "agent_names" => totals.agent_names = map.next_value::<Names>()?.into(),
                "descriptions" => totals.descriptions = map.next_value::<Names>()?.into(),
                "sent" => totals.sent = map.next_value()?,
                "started" => totals.started = map.next_value()?,
                "days" => *totals.days_mut() = map.next_value()?,
                "customers" => totals.customers = Arc::new(map.next_value()?),
                "families_at_0" => {
                    let mut names = map.next_value::<BTreeSet<String>>()?;
                    names.retain(|name| family_of(name).is_some());
                    totals.zero_first.restore_families(names);
                }
                // Until version 0.1.0.
                "sends_agent_response" if map.next_value()? => totals.sent.insert(Field::AgentResponse),
                "sends_transfer" if map.next_value()? => totals.sent.insert(Field::Transfer),
                "sends_agent_response" | "sends_transfer" => {}
                name => match Table::ALL.into_iter().find(|table| table.name() == name) {
                    Some(table) => {
                        let lacking = &mut lacking;
                        let (sets, at_0) = map.next_value_seed(SetsSeed { table, lacking })?;
                        totals.tables[table as usize] = sets.into();
                        totals.zero_first.restore(table, at_0);
                    }
                    None => drop(map.next_value::<IgnoredAny>()?),
                },
            }
        }
        totals.started.retain(|name, _| family_of(name).is_some());
        totals
            .started
            .extend(lacking.into_iter().map(|name| (name, None)));
        Ok(totals)
    }
}

/// The label sets of a table, and those that are at 0 for now. Notes the measures that they lack, by [`name_of`].
struct SetsSeed<'a> {
    table: Table,
    lacking: &'a mut BTreeSet<String>,
}

impl<'de> DeserializeSeed<'de> for SetsSeed<'_> {
    type Value = (Sets, SetsAt0);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for SetsSeed<'_> {
    type Value = (Sets, SetsAt0);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("label sets with their totals")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let (mut sets, mut at_0) = (Sets::new(), SetsAt0::new());
        while let Some(pair) = seq.next_element_seed(PairSeed(self.table))? {
            let Some((set, draft)) = pair else { continue };
            let measures = self.table.measures().iter().zip(&draft.cells);
            let lacking = measures.filter(|(_, cell)| cell.is_none());
            self.lacking
                .extend(lacking.map(|(measure, _)| name_of(self.table, measure)));
            if draft.is_at_0 {
                at_0.insert(set.clone(), Batch::RESTORED);
            }
            sets.insert(set, draft.finish()?.into());
        }
        Ok((sets, at_0))
    }
}

/// A label set and its totals. `None` if its labels are not those of this version: its chats have no place in the table
/// then.
struct PairSeed(Table);

impl<'de> DeserializeSeed<'de> for PairSeed {
    type Value = Option<(LabelSet, Draft)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for PairSeed {
    type Value = Option<(LabelSet, Draft)>;

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
        let mut draft = Draft::new(self.0);
        seq.next_element_seed(&mut draft)?.ok_or_else(short)?;
        Ok(Some((set, draft)))
    }
}

fn label_set(table: Table, labels: &BTreeMap<String, String>) -> Option<LabelSet> {
    let names = table.labels().iter().map(|label| label.name);
    let values: Vec<_> = names
        .map(|name| labels.get(name).map(String::as_str))
        .collect::<Option<_>>()?;
    (values.len() == labels.len()).then(|| LabelSet::new(table, values))
}

/// The totals of a label set, as far as they were read.
struct Draft {
    table: Table,
    created_ms: Option<i64>,
    touched_ms: Option<i64>,
    is_at_0: bool,
    cells: Vec<Option<Cell>>,
}

impl Draft {
    fn new(table: Table) -> Draft {
        Draft {
            table,
            created_ms: None,
            touched_ms: None,
            is_at_0: false,
            cells: vec![None; table.measures().len()],
        }
    }

    /// Reads the value of a measure, which is the next one of the map.
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        let mut measures = self.table.measures().iter().zip(&mut self.cells);
        let Some((measure, cell)) = measures.find(|(measure, _)| measure.name == name) else {
            return map.next_value().map(|IgnoredAny| ());
        };
        *cell = Some(match measure.spec.kind {
            Kind::Counter | Kind::Gauge => Cell::Count(map.next_value()?),
            Kind::Histogram(_) => Cell::Histogram(map.next_value()?),
            Kind::Summary => Cell::Summary(map.next_value()?),
        });
        Ok(())
    }

    fn finish<E: de::Error>(self) -> Result<Entry, E> {
        let cells = self.cells.into_iter().zip(self.table.zero());
        Ok(Entry {
            created_ms: self.created_ms.ok_or_else(|| E::missing_field("created_ms"))?,
            touched_ms: self.touched_ms.ok_or_else(|| E::missing_field("touched_ms"))?,
            cells: cells.map(|(cell, zero)| cell.unwrap_or(zero)).collect(),
        })
    }
}

impl<'de> DeserializeSeed<'de> for &mut Draft {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut Draft {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the totals of a label set")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            match (name.as_str(), self.table) {
                ("created_ms", _) => self.created_ms = Some(map.next_value()?),
                ("touched_ms", _) => self.touched_ms = Some(map.next_value()?),
                ("at_0", _) => self.is_at_0 = map.next_value()?,
                // Until version 0.1.0: a map of all measures, or the number of the only one.
                ("value", Table::Chats | Table::Agents) => map.next_value_seed(&mut *self)?,
                ("value", _) => self.read("chats", &mut map)?,
                (name, _) => self.read(name, &mut map)?,
            }
        }
        Ok(())
    }
}
