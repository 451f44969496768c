//! What is configured, as a short text that can be compared between processes.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::{Config, OperationConfig};

/// Bytes of the digest that are shown.
const SHOWN: usize = 8;

impl Config {
    /// A digest of what is polled, counted and shown, in hexadecimal. The order of the operations does not matter. Left out
    /// is what may differ between processes that do the same: addresses, paths, proxies and the log; and what could be found
    /// by trying, since anyone may see the digest: tokens and identity documents. Two versions of the program may give the
    /// same configuration another digest.
    pub fn hash(&self) -> String {
        let mut operations: Vec<_> = self.operations.iter().map(digest).collect();
        operations.sort_unstable();
        let mut all = Sha256::new();
        for operation in operations {
            all.update(operation);
        }
        all.update([u8::from(self.web.exemplars), u8::from(self.web.created_samples)]);
        let mut text = String::new();
        for byte in all.finalize().iter().take(SHOWN) {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}

fn digest(operation: &OperationConfig) -> [u8; 32] {
    let OperationConfig {
        server,
        polling,
        counting,
        group,
        warnings: _,
    } = operation;
    let whose = (
        &server.operation,
        server.base_url.as_str(),
        server.timezone,
        server.request_timeout,
        server.agent_dni.is_some(),
    );
    // `Debug` tells each field with its name, and of these sections none is a secret.
    Sha256::digest(format!("{whose:?} {polling:?} {counting:?} {group:?}")).into()
}
