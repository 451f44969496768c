//! `wolkvox-exporter metrics`: the reference of the metrics, as docs/metrics.md has it.

use super::{Failure, print};
use crate::catalogue;

/// Prints it as Markdown.
///
/// # Errors
/// The standard output can't be written.
pub(super) fn command() -> Result<(), Failure> {
    Ok(print(&catalogue::markdown())?)
}
