//! The program as its users run it.

mod backfill;
mod check;
mod operation;
mod summary;
mod tsdb;
