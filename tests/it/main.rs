//! The integration tests: one binary.
// What a test stands on may fail like a test, and counts are compared exactly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::float_cmp)]

mod backfill;
mod check;
mod cli;
mod docs;
mod process;
mod prometheus;
mod summary;
mod support;
