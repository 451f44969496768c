//! What the exporter keeps of customers.

use super::{Findings, Verdict};
use crate::config::OperationConfig;

/// Says how the times are read, and what is kept for them. Where recontacts are off there is nothing to say.
pub(super) fn judge_recontact(findings: &mut Findings, config: &OperationConfig) {
    let Some(recontact) = &config.counting.recontact else {
        return;
    };
    let setting = config.server.described.setting("RECONTACT");
    let text = format!(
        "{setting} is read as {recontact}: of each customer's customer_id, or else customer_phone, a keyed hash is kept in the state. That is personal data"
    );
    findings.add(Verdict::Ok, "recontact", text);
}

#[cfg(test)]
mod tests;
