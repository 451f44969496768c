//! The poller and the ledger in this process: against the simulator over HTTP or a source in memory, with clocks of their own.
//! The level for everything about counting.

mod exposition;
mod programs;
mod scenario;
mod soak;
