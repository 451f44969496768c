//! The program as its users run it.

// Helpers are not marked as tests, and counts are compared as the databases give them: as floats.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]
#![allow(clippy::float_cmp, clippy::cast_possible_truncation, clippy::cast_sign_loss)]

mod backfill;
mod check;
mod operation;
mod summary;
mod tsdb;
