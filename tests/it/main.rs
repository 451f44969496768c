//! The exporter as a process, between the servers and clients that it will meet.

// Clippy knows tests by their attribute; what they call is not one.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod leaks;
mod support;
mod web;
