//! The opening hours of a week as text, `Mo-Fr 08:00-18:00; Sa 09:00-13:00; off 2026-12-25`, and by the clock of a time zone
//! whether that is open, since when and until when.
//!
//! The text is close to the `opening_hours` of OpenStreetMap, and smaller: days, times, days off. What the two would read
//! differently is an error here.

mod error;
mod hours;
mod parse;
mod span;

pub use error::{Mistake, Problem, Word};
pub use hours::BusinessHours;
pub use span::{Span, State};
