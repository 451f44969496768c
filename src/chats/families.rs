//! Totals and the latest window → families.

mod latest_window;
mod total;

pub use latest_window::families as latest_window;
pub use total::families as totals;
