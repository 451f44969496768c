//! The server: `/metrics`, a status page for people, and the two questions that an orchestrator asks.
//!
//! It reads what was published in [`Shared`] and never touches what has been counted.

mod answer;
mod auth;
mod body;
mod check_queue;
mod cost;
mod deadline;
mod door;
mod host;
mod html;
mod seat;
mod server;
mod shared;
mod status;
mod web;
mod web_config;

pub use server::serve;
pub use shared::Shared;
pub use status::{LastPoll, Status};
pub use web::Web;
pub use web_config::{WebConfigError, check as check_web_config};
