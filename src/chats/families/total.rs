//! The totals per label set.

use crate::chats::exemplar::{Buckets, Example, Exemplars};
use crate::chats::key::Table;
use crate::chats::totals::Totals;
use crate::metrics::family::{Exemplar, Extra, Family};
use crate::metrics::spec::{Spec, seconds};

pub(super) fn specs() -> impl Iterator<Item = &'static Spec> {
    let measures = Table::ALL.into_iter().flat_map(Table::measures);
    measures.map(|measure| &measure.spec)
}

/// The families of the totals. What `shown` lacks is shown as 0: it is what was published before the current cycle.
pub fn families(operation: &str, totals: &Totals, shown: &Totals, exemplars: &Exemplars) -> Vec<Family> {
    let mut families = Vec::new();
    for table in Table::ALL {
        let zero = table.zero();
        for (slot, measure) in table.measures().iter().enumerate() {
            let mut family = Family::new(&measure.spec);
            let is_sent = totals.is_sent(measure);
            let was_sent = shown.is_sent(measure);
            let created_ms = totals.created_ms(table, measure);
            for (set, entry) in totals[table].iter().filter(|_| is_sent) {
                let is_shown = was_sent && shown[table].contains_key(set);
                let cell = if is_shown { &entry.cells[slot] } else { &zero[slot] };
                let examples = exemplars.get(table, set).filter(|_| is_shown);
                let extra = Extra {
                    created_ms: Some(created_ms(entry)),
                    exemplars: examples
                        .map(|examples| buckets(&examples[slot]))
                        .unwrap_or_default(),
                };
                family.push(&measure.spec, &set.values(operation), cell.sample(), extra);
            }
            families.push(family);
        }
    }
    families
}

fn buckets(buckets: &Buckets) -> Vec<Option<Exemplar>> {
    let exemplar = |example: &Example| Exemplar {
        labels: vec![("conn_id".to_owned(), example.id.as_str().to_owned())],
        value: seconds(example.milliseconds),
        timestamp_ms: Some(example.at.timestamp_millis()),
    };
    buckets
        .iter()
        .map(|example| example.as_ref().map(exemplar))
        .collect()
}
