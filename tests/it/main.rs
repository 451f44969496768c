//! The exporter from outside. One binary, so that it links once.

// What a test stands on may fail like a test, and may say what it saw.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]
// Texts of a test are short.
#![allow(clippy::format_collect, clippy::format_push_string)]
// Counts as floats, which is what a scraper reads: whole, small and exact.
#![allow(clippy::float_cmp, clippy::cast_possible_truncation, clippy::cast_sign_loss)]

mod alerts;
mod backfill;
mod boards;
mod check;
mod cli;
mod dashboards;
mod docs;
mod exposition;
mod fault;
mod kill;
mod leaks;
mod mistake;
mod process;
mod programs;
mod prometheus;
mod scenario;
mod soak;
mod state;
mod summary;
mod support;
mod web;
