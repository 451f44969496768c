//! One operation: a Wolkvox server with its token, how it is polled, and what is counted of it.

use super::value::Values;
use super::{Counting, Polling, Server};

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
        if let Some(polling) = &polling {
            polling.warn(values);
        }
        let server = server?;
        Some(OperationConfig {
            group: server.operation.clone(),
            server,
            polling: polling?,
            counting: counting?,
            warnings: std::mem::take(&mut values.warnings),
        })
    }

    /// The name: the value of the label `operation`, which also names the state file.
    pub fn name(&self) -> &str {
        &self.server.operation
    }
}
