//! What the metrics of every room are made of: how a family is declared, its samples, histograms. And the families that
//! belong to no room: the settings, and the process.

pub mod exporter;
pub mod family;
pub mod histogram;
pub mod open_since;
pub mod process;
pub mod rows;
pub mod settings;
pub mod spec;

pub use family::{Exemplar, Extra, Family, Sample};
pub use rows::{Meta, Point, Row, Rows, TimedRows, published, values};
