//! Grafana's boards of an operation: those of dashboards/, by their uid.

use serde::Serialize;

/// The boards and their titles.
const BOARDS: [(&str, &str); 4] = [
    ("wolkvox-operations", "Operations"),
    ("wolkvox-skill", "Skills"),
    ("wolkvox-agent", "Agents"),
    ("wolkvox-exporter", "Exporter"),
];

/// A board of an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Board {
    /// Its title.
    pub title: &'static str,
    /// Where it is, with the operation chosen.
    pub url: String,
}

/// The boards of an operation in the Grafana at `base`.
pub(super) fn of(base: &str, operation: &str) -> impl Iterator<Item = Board> {
    let chosen = form_urlencoded::Serializer::new(String::new())
        .append_pair("var-operation", operation)
        .finish();
    BOARDS.into_iter().map(move |(uid, title)| Board {
        title,
        url: format!("{base}/d/{uid}?{chosen}"),
    })
}

#[cfg(test)]
mod tests;
