//! The exporter from outside. One binary, so that it links once.

#![allow(clippy::unwrap_used, clippy::expect_used)]
// Counts as floats, which is what a scraper reads: whole, small and exact.
#![allow(clippy::float_cmp, clippy::cast_possible_truncation, clippy::cast_sign_loss)]

mod exposition;
mod programs;
mod scenario;
mod support;
