//! To come.

mod alerts;
mod dashboards;
