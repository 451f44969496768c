//! The settings of an operation that are shown, as they were configured.

use crate::config::{Counting, OperationConfig, Polling, Zone};

/// The settings of an operation that are shown.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settings {
    /// The operation's own: its times are shown in it.
    pub zone: Zone,
    pub polling: Polling,
    pub counting: Counting,
    /// What works, and was probably not meant: a sentence each.
    pub warnings: Vec<String>,
}

impl Settings {
    /// Those of an operation.
    pub(crate) fn of(config: &OperationConfig) -> Self {
        Self {
            zone: config.server.timezone,
            polling: config.polling.clone(),
            counting: config.counting.clone(),
            warnings: config.warnings.clone(),
        }
    }
}
