//! What of `/metrics` a scrape asks for.

/// What is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Selection {
    /// All operations and the exporter's own families.
    All,
    /// One operation.
    Operation(String),
    /// The exporter's own families.
    Exporter,
}

/// The query names more than one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "Ask for one thing: /metrics?operation=NAME for one operation, /metrics?exporter for the exporter's own metrics, \
     /metrics for all."
)]
pub(super) struct Ambiguous;

impl Selection {
    /// Reads a query; `exporter` may have any value or none. Other parameters are passed over.
    ///
    /// # Errors
    /// More than one operation or the exporter besides.
    pub(super) fn of(query: &str) -> Result<Self, Ambiguous> {
        let mut selection = Self::All;
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            let next = match &*key {
                "operation" => Self::Operation(value.into_owned()),
                "exporter" => Self::Exporter,
                _ => continue,
            };
            if selection != Self::All && selection != next {
                return Err(Ambiguous);
            }
            selection = next;
        }
        Ok(selection)
    }
}

#[cfg(test)]
mod tests;
