//! The exporter as a process, between the servers and clients that it will meet.

mod leaks;
mod support;
mod web;
