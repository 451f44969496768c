//! What a chat of the `chat_1` report is, and what is counted of it: fields, keys, measures, totals, the series limit, the
//! latest window, and the families that show them.

pub mod bounds;
pub mod chat;
pub mod exemplar;
pub mod families;
pub mod key;
pub mod latest_window;
pub mod measure;
pub mod series_limit;
pub mod totals;

pub use totals::{Counts, Rules, Totals};
