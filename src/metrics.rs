//! The catalogue of families, and totals → families. No I/O.

pub mod family;

pub use family::{Exemplar, Extra, Family};
