//! The integration tests: one binary.

mod cli;
mod docs;
mod process;
mod prometheus;
mod support;
