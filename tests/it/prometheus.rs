//! With the real servers that read what the exporter shows: Prometheus, Alertmanager, VictoriaMetrics; and their own checks of
//! rules and boards.

mod alerts;
mod boards;
mod current;
pub(crate) mod dashboards;
mod deployed;
mod scrape;
pub(crate) mod sd;
