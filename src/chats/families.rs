//! What is shown of the chats: totals, names to join with, the latest window, and today.

mod gauge;
mod latest_window;
mod name;
mod today;
mod total;

pub use latest_window::families as latest_window;
pub use name::families as names;
pub use today::TodayRows;
pub use total::families as totals;

use crate::metrics::spec::Spec;

/// Every family of the chats.
pub fn specs() -> impl Iterator<Item = &'static Spec> {
    total::specs()
        .chain(latest_window::specs())
        .chain(today::specs())
        .chain(name::specs())
}
