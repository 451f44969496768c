//! One operation: a Wolkvox server with its token, how it is polled, and what is counted of it.

use super::operation_name;
use super::operations_file::skill;
use super::value::{Given, Values};
use super::variable::{Preset::None as Unset, Variable};
use super::{Counting, Polling, Server};

/// It stands in the operations file alone: one operation is a group of its own.
pub(super) const GROUP: Variable = Variable {
    short: "GROUP",
    default: Unset,
    meaning: "Operations of one group share a token.",
};

/// The checked settings of one operation.
#[derive(Debug, Clone)]
pub struct OperationConfig {
    /// The Wolkvox server and how to authenticate with it.
    pub server: Server,
    /// When the report is asked for, and how far back.
    pub polling: Polling,
    /// What is counted, from when, and what of it is shown.
    pub counting: Counting,
    /// Operations of one group share a token: they are polled one call at a time, and share its daily limit. The name of the
    /// operation where nothing else is set.
    pub group: String,
    /// What works, but is probably not what was meant.
    pub warnings: Vec<String>,
}

impl OperationConfig {
    /// Reads and checks the variables; `None` where one has a problem.
    pub(super) fn read(values: &mut Values) -> Option<OperationConfig> {
        // All sections are read before the first problem ends it: none may hide another.
        let server = Server::read(values);
        let polling = Polling::read(values);
        let counting = Counting::read(values);
        let group = values.read(&GROUP, group);
        let skills = skill::read(values);
        if let Some(polling) = &polling {
            polling.warn(values);
        }
        let warnings = std::mem::take(&mut values.warnings);
        let server = server?;
        let mut counting = counting?;
        let skills = skills?;
        counting.skill_names.extend(skills.names);
        counting.objectives = skills.objectives;
        Some(OperationConfig {
            group: group?.unwrap_or_else(|| server.operation.clone()),
            server,
            polling: polling?,
            counting,
            warnings,
        })
    }

    /// The name: the value of the label `operation`, which also names the state file.
    pub fn name(&self) -> &str {
        &self.server.operation
    }

    /// Whether all that is set is as in another one, so that what runs by one of them need not be begun anew for the other.
    /// Where the token comes from counts, not what its file holds. Warnings don't count: they tell lines of a file.
    pub fn is_same(&self, other: &OperationConfig) -> bool {
        self.server.is_same(&other.server)
            && self.polling == other.polling
            && self.counting == other.counting
            && self.group == other.group
    }
}

fn group(given: Given<'_>) -> Result<Option<String>, String> {
    given.set.map(operation_name::check).transpose()
}
