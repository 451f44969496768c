//! Faults of the vendor, against the built binary: each has its reason and one clear line in the log, nothing is counted
//! wrongly, and the next good cycle makes up for everything.

mod answer;
mod case;
mod connection;
mod empty;
mod refusal;
mod row;
mod second;
mod size;
mod wire;
