//! A Wolkvox server inside the product, for the `demo` command and for tests.
//!
//! [`Simulator`] is the operation: it knows every chat that was ever opened, from a seed and nothing else, so any
//! window can be answered without storing anything, and [`Simulator::truth`] can say what should have been counted.
//! [`Server`] puts it behind HTTP and speaks the vendor's contract, its quirks included. With the feature `faults` it
//! can be made to misbehave (`Fault`). With the feature `memory` there is `MemorySource` too: a report that is asked for in
//! the process, without sockets.
//!
//! Nothing here uses the exporter's own decoder or parsers: what it says is true because its model says so.

use chrono::{DateTime, Utc};

mod answer;
mod body;
mod cast;
mod chat;
mod day;
mod dice;
mod fault;
mod handle;
#[cfg(feature = "memory")]
pub mod memory;
mod model;
mod plan;
mod query;
mod server;
mod service;
mod settings;
mod table;
mod truth;

pub use chat::{Agent, Outcome, SimulatedChat};
pub use day::Incident;
#[cfg(any(test, feature = "faults"))]
pub use fault::Fault;
pub use handle::{Handle, Request};
pub use model::Simulator;
pub use query::Page;
pub use server::Server;
pub use settings::{
    AsaForm, Blanks, Bursts, Dialect, EnvelopeForm, Filter, OverLimit, Rhythm, Settings, Span, Visibility,
};
pub use truth::{Key, Tally, Totals, Truth};

/// The time of day by which the server answers: its `Date`, and which chats have closed.
pub trait Clock: Send + Sync {
    /// The time now, UTC.
    fn now(&self) -> DateTime<Utc>;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods)] // The one place where the machine is asked.
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

#[cfg(test)]
mod tests;
