//! What a chat of the `chat_1` report is, and what is counted of it: fields, label sets, measures, totals, the series limit,
//! the latest window, the present day, and the families that show them.

pub(crate) mod bounds;
pub mod chat;
pub mod closed_by_channel;
pub mod exemplar;
pub mod families;
pub mod field;
pub mod key;
pub(crate) mod latest_window;
pub mod measure;
pub mod recontact;
pub(crate) mod series_limit;
pub mod skill_names;
pub mod tally;
pub mod today;
pub mod totals;

pub use field::Field;
pub use tally::{AnswerCounts, Tallied, Tally};
pub use totals::Totals;

/// The ledger of chats, and what they add up to.
pub type Ledger = crate::ledger::Ledger<Totals>;
