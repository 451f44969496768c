//! The built program, from outside: its environment, ports, files, signals, output and exit status.

mod backfill;
mod cause;
mod check;
mod cli;
mod demo;
mod fault;
mod health;
mod hours;
mod kill;
mod leaks;
mod limits;
mod listen;
mod log;
mod mistake;
mod operations;
mod page;
mod process;
mod range;
mod report;
mod service_manager;
mod signals;
mod skill;
mod state;
mod web;
mod yesterday;
