//! What can be wrong with operations only beside each other.

use std::collections::BTreeMap;

use secrecy::ExposeSecret;

use super::super::OperationConfig;
use super::super::value::Values;
use super::table::Header;
use crate::file_name;
use crate::token::ConfiguredToken;

/// An operation, and where it stands.
pub(super) struct Placed {
    pub(super) place: Header,
    /// Also of one that has a problem, where it is known.
    pub(super) name: Option<String>,
    pub(super) config: Option<OperationConfig>,
}

/// Looks for names that stand for two operations, and for groups that were probably meant otherwise.
pub(super) fn check(operations: &[Placed], values: &mut Values) {
    names(operations, &mut values.problems);
    tokens(operations, &mut values.shared_warnings);
    limits(operations, &mut values.shared_warnings);
}

fn names(operations: &[Placed], problems: &mut Vec<String>) {
    let mut files: BTreeMap<String, &Placed> = BTreeMap::new();
    for operation in operations {
        let Some(name) = &operation.name else { continue };
        // macOS and Windows make no difference between ventas and Ventas, and a state may be moved there.
        let file = file_name::encode(name).to_lowercase();
        let Some(first) = files.get(&file) else {
            files.insert(file, operation);
            continue;
        };
        let place = &first.place.place;
        problems.push(operation.place.remark(&if first.name.as_ref() == Some(name) {
            format!("has the same name as the operation at {place}; each needs a name of its own, which is the server's number where none is set")
        } else {
            format!("has the name of the operation at {place} but for upper and lower case: on some file systems both would have one state file. Choose another name")
        }));
    }
}

fn configs(operations: &[Placed]) -> impl Iterator<Item = (&Header, &OperationConfig)> {
    operations
        .iter()
        .filter_map(|operation| Some((&operation.place, operation.config.as_ref()?)))
}

/// Who shares a token shares its daily limit, and should take turns.
fn tokens(operations: &[Placed], warnings: &mut Vec<String>) {
    let mut first = BTreeMap::new();
    for (place, config) in configs(operations) {
        let token = match &config.server.token {
            ConfiguredToken::Fixed(token) => (Some(token.expose_secret()), None),
            ConfiguredToken::File(file) => (None, Some(&file.path)),
        };
        let (first_place, before): &(&Header, &OperationConfig) =
            first.entry(token).or_insert((place, config));
        if before.group != config.group {
            warnings.push(place.remark(&format!(
                "has the token of the operation at {}, and is of another group: write group = {:?} there and here, so that they are polled one call at a time and share the daily limit",
                first_place.place, before.group
            )));
        }
    }
}

fn limits(operations: &[Placed], warnings: &mut Vec<String>) {
    let shown = |limit: Option<u64>| limit.map_or("not set".to_owned(), |limit| limit.to_string());
    let mut first = BTreeMap::new();
    for (place, config) in configs(operations) {
        let (first_place, before): &(&Header, &OperationConfig) =
            first.entry(&config.group).or_insert((place, config));
        let (limit, other) = (config.polling.api_daily_limit, before.polling.api_daily_limit);
        if limit != other {
            warnings.push(place.remark(&format!(
                "api_daily_limit is {}, and {} for the operation at {}, which is of the same group: a group has one limit, that of its token",
                shown(limit),
                shown(other),
                first_place.place
            )));
        }
    }
}
