//! What is shown of the chats: totals, names to join with, and the latest window.

mod latest_window;
mod name;
mod total;

pub use latest_window::families as latest_window;
pub use name::families as names;
pub use total::families as totals;

use crate::metrics::spec::Spec;

/// Every family of the chats.
pub fn specs() -> impl Iterator<Item = &'static Spec> {
    total::specs().chain(latest_window::specs()).chain(name::specs())
}
