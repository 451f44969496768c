//! The web configuration of Prometheus' exporters (the exporter-toolkit's file format) for a hyper server: TLS, client
//! certificates, users with bcrypt hashes, headers, a rate. Nothing here knows what is served.

mod auth;
mod check_queue;
mod cost;
mod web;
mod web_config;

pub use auth::Admission;
pub use web::{OpenError, Peer, REQUEST_TIME_OUT, ReloadError, Web};
pub use web_config::{Rate, WebConfig, WebConfigError, check};
