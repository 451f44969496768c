//! The integration tests: one binary.

mod cli;
mod process;
mod prometheus;
mod support;
