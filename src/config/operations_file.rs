//! `WOLKVOX_OPERATIONS_FILE`: a TOML file with an `[[operation]]` table for each operation, or a directory of such files.
//!
//! A table becomes text under the variables' names ([`document`]), and goes through the same check as the environment, which
//! has the defaults. Problems of all tables of all files are told at once, each with its file, line and operation.

mod document;
mod files;
mod keys;
pub(super) mod skill;
mod table;
mod together;

use std::path::{Path, PathBuf};

pub(super) use table::{Table, key};

use super::value::Values;
use super::variable::PREFIX;
use super::{Counting, Fleet, OperationConfig, Polling, Server};
use together::Placed;

/// What one operation has, and no two can share: in the environment it is most likely left from when there was one operation.
const OF_ONE: [(&str, &str); 5] = [
    ("SERVER", "server"),
    ("TOKEN", "token"),
    ("TOKEN_FILE", "token_file"),
    ("OPERATION", "name"),
    ("AGENT_DNI", "agent_dni"),
];

/// Where the operations stand; `None` where the environment describes the one. Also where something else of the section is
/// wrong: it must hide nothing.
pub(super) fn path(fleet: Option<&Fleet>, values: &Values) -> Option<PathBuf> {
    match fleet {
        Some(fleet) => fleet.operations_file.clone(),
        None => values.raw.get("operations_file").map(PathBuf::from),
    }
}

/// The operations in the order of the file, and of the files' names; `None` where there is a problem.
pub(super) fn read(values: &mut Values, path: &Path) -> Option<Vec<OperationConfig>> {
    refuse_what_is_of_one(values);
    check_defaults(values);
    let found = files::read(path);
    values.problems.extend(found.problems);
    values.shared_warnings.extend(found.warnings);
    let mut operations = Vec::new();
    for table in found.tables {
        let place = table.header();
        let named = table.get("OPERATION").map(str::to_owned);
        values.problems.extend(table.secrets_in_wrong_places());
        values.table = Some(table);
        let config = OperationConfig::read(values);
        values.table = None;
        operations.push(Placed {
            place,
            name: named.or_else(|| config.as_ref().map(|config| config.name().to_owned())),
            config,
        });
    }
    together::check(&operations, values);
    operations.into_iter().map(|operation| operation.config).collect()
}

fn refuse_what_is_of_one(values: &mut Values) {
    for (short, key) in OF_ONE {
        if values.raw.remove(&short.to_lowercase()).is_some() {
            values.problems.push(format!(
                "{PREFIX}{short} is set beside {PREFIX}OPERATIONS_FILE, and would hold for all operations: remove it, and write {key} into the [[operation]] table of the one that it belongs to"
            ));
        }
    }
}

/// The defaults are checked on their own, so that what is wrong with one is told once, and also where each table has a value of
/// its own.
fn check_defaults(values: &mut Values) {
    Server::check_defaults(values);
    Polling::read(values);
    Counting::read(values);
    values.shared_warnings.append(&mut values.warnings);
}

#[cfg(test)]
mod tests;
