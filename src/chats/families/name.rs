//! Names to join with, by id; always 1.

use std::sync::Arc;

use crate::chats::Totals;
use crate::chats::skill_names::SkillNames;
use crate::chats::totals::Names;
use crate::metrics::rows::{self, Meta, Point, Row, Rows};
use crate::metrics::spec::{Kind::Gauge, Spec, generators};

/// Where names come from.
#[derive(Debug, PartialEq)]
enum Source {
    Chats(Arc<Names>),
    Skills(Arc<SkillNames>),
}

generators! {
    NAMES: fn(&Totals, &Arc<SkillNames>) -> Source, Settings {
        "wolkvox_agent_info", Gauge, ["agent_id", "agent_name"], |totals, _| Source::Chats(Arc::clone(&totals.agent_names)),
            "Name of an agent (report field agent_name of the chat closed last); only with WOLKVOX_AGENTS=names. Always 1. Refreshed once per poll.";
        "wolkvox_skill_info", Gauge, ["skill_id", "skill_name"], |_, skills| Source::Skills(Arc::clone(skills)),
            "Name of a skill (WOLKVOX_SKILL_NAMES, or Wolkvox' list with WOLKVOX_SKILL_CATALOGUE=true; the report has none). Always 1.";
        "wolkvox_disposition_info", Gauge, ["cod_act", "description"], |totals, _| Source::Chats(Arc::clone(&totals.descriptions)),
            "Text of a code (report field description_cod_act of the chat closed last). Always 1. Refreshed once per poll.";
    }
}

pub(super) fn specs() -> impl Iterator<Item = &'static Spec> {
    NAMES.iter().map(|row| &row.spec)
}

/// The families of the names.
pub fn families(operation: &str, totals: &Totals, skills: &Arc<SkillNames>) -> Vec<Arc<dyn Rows>> {
    let operation: Arc<str> = operation.into();
    let family = |spec, source| NameRows {
        spec,
        operation: Arc::clone(&operation),
        source,
    };
    NAMES
        .iter()
        .map(|row| Arc::new(family(&row.spec, (row.value)(totals, skills))) as Arc<dyn Rows>)
        .collect()
}

/// A sample for each name.
#[derive(Debug, PartialEq)]
struct NameRows {
    spec: &'static Spec,
    operation: Arc<str>,
    source: Source,
}

impl Rows for NameRows {
    fn meta(&self) -> Meta<'_> {
        self.spec.meta()
    }

    fn lines(&self) -> usize {
        match &self.source {
            Source::Chats(names) => names.len(),
            Source::Skills(names) => names.len(),
        }
    }

    fn each(&self, visit: &mut dyn FnMut(Row<'_>)) {
        let mut put = |id: &str, text: &str| {
            let values = [&*self.operation, id, text];
            let labels: Vec<_> = self.spec.label_names().zip(values).collect();
            visit(Row {
                labels: &labels,
                point: Point::Number(1.0),
                created_ms: None,
                exemplars: &rows::no_exemplars,
            });
        };
        match &self.source {
            Source::Chats(names) => names.iter().for_each(|(id, name)| put(id, &name.text)),
            Source::Skills(names) => names.iter().for_each(|(id, name)| put(id, name)),
        }
    }

    fn are_those_of(&self, other: &dyn Rows) -> bool {
        other.downcast::<NameRows>() == Some(self)
    }
}
