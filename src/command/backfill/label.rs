//! Labels that are added to the samples of the past.

use std::collections::BTreeSet;

use crate::catalogue;

/// Labels that the exposition formats give a meaning, beside those of the catalogue.
const OF_THE_FORMAT: [&str; 3] = ["operation", "le", "quantile"];

/// Why a `--label` can't be added.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// Prometheus would not read it.
    #[error(
        "--label {0:?}: that is no label name. One has letters, digits and _ and begins with no digit, such as job in job=wolkvox"
    )]
    NoName(String),
    /// It never reaches the database.
    #[error(
        "--label {0}: names that begin with __ are Prometheus' own. Name a label that Prometheus adds to live samples, such as job or instance"
    )]
    Reserved(String),
    /// Samples would have it twice, or it would mean something else.
    #[error(
        "--label {0}: the metrics have a label of that name already. Name a label that Prometheus adds to live samples, such as job or instance"
    )]
    OfTheMetrics(String),
    /// Which of them is meant?
    #[error("--label {0} is given twice; a sample can have one value of it")]
    Twice(String),
}

/// Whether samples can have all of these.
pub(super) fn check(labels: &[(String, String)]) -> Result<(), LabelError> {
    let mut seen = BTreeSet::new();
    for (name, _) in labels {
        check_name(name)?;
        if !seen.insert(name) {
            return Err(LabelError::Twice(name.clone()));
        }
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), LabelError> {
    let is_name = !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_name {
        return Err(LabelError::NoName(name.to_owned()));
    }
    if name.starts_with("__") {
        return Err(LabelError::Reserved(name.to_owned()));
    }
    let of_a_family = || catalogue::all().any(|spec| spec.labels.contains(&name));
    if OF_THE_FORMAT.contains(&name) || of_a_family() {
        return Err(LabelError::OfTheMetrics(name.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
