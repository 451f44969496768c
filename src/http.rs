//! The server: `/metrics`, a status page for people, and the two questions that an orchestrator asks.
//!
//! It reads what was published in [`Shared`] and never touches what has been counted.

mod answer;
mod body;
mod deadline;
mod door;
mod host;
mod html;
mod listen;
mod seat;
mod server;
mod shared;
mod status;

pub use listen::{ListenError, bind as listen};
pub use server::{CONNECTION_SLOTS, serve};
pub use shared::Shared;
pub use status::{LastPoll, Status};
