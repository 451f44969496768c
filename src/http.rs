//! The server: `/metrics`, a status page for people, and the two health checks of orchestrators.
//!
//! It reads what operations have published in [`Shared`] and never touches what has been counted.

mod answer;
mod authorize;
mod board;
mod body;
mod deadline;
mod discovery;
mod host;
mod listen;
pub(crate) mod numbers;
mod overview;
mod page;
mod server;
mod shared;
mod slots;
mod status;

pub(crate) use listen::{ListenError, bind as listen};
pub(crate) use server::{CONNECTION_SLOTS, serve};
pub(crate) use shared::{Operation, ReloadRequest, Shared};
pub(crate) use status::{Calls, NotHeld, Series, Settings, Status};
