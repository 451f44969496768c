//! The exporter from outside. One binary, so that it links once.

// What a test stands on may fail like a test, and may say what it saw.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]
// Texts of a test are short.
#![allow(clippy::format_collect, clippy::format_push_string)]
// Counts as floats, which is what a scraper reads: whole, small and exact.
#![allow(clippy::float_cmp, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
// The programs under test go by the machine's clock.
#![allow(clippy::disallowed_methods)]

mod binary;
mod docs;
mod engine;
mod postgres;
mod prometheus;
mod rooms;
mod support;
