//! Names to join with, by id; always 1.

use std::collections::BTreeMap;

use crate::chats::Totals;
use crate::chats::totals::Name;
use crate::config::Counting;
use crate::metrics::family::{Extra, Family, Sample};
use crate::metrics::spec::{Kind::Gauge, Spec, generators};

type Texts = for<'a> fn(&'a Totals, &'a Counting) -> Vec<(&'a String, &'a String)>;

generators! {
    NAMES: Texts, Settings {
        "wolkvox_agent_info", Gauge, ["agent_id", "agent_name"], |totals, _| texts(&totals.agent_names),
            "Name of an agent (report field agent_name of the chat closed last); only with WOLKVOX_AGENTS=names. Always 1. Refreshed once per poll.";
        "wolkvox_skill_info", Gauge, ["skill_id", "skill_name"], |_, counting| counting.skill_names.iter().collect(),
            "Name of a skill (WOLKVOX_SKILL_NAMES; the report has none). Always 1.";
        "wolkvox_disposition_info", Gauge, ["cod_act", "description"], |totals, _| texts(&totals.descriptions),
            "Text of a code (report field description_cod_act of the chat closed last). Always 1. Refreshed once per poll.";
    }
}

fn texts(names: &BTreeMap<String, Name>) -> Vec<(&String, &String)> {
    names.iter().map(|(id, name)| (id, &name.text)).collect()
}

pub(super) fn specs() -> impl Iterator<Item = &'static Spec> {
    NAMES.iter().map(|row| &row.spec)
}

/// The families of the names.
pub fn families(operation: &str, counting: &Counting, totals: &Totals) -> Vec<Family> {
    let mut families = Vec::new();
    for row in &NAMES {
        let mut family = Family::new(&row.spec);
        for (id, name) in (row.value)(totals, counting) {
            let values = [operation, id, name];
            family.push(&row.spec, &values, Sample::Number(1.0), Extra::default());
        }
        families.push(family);
    }
    families
}
