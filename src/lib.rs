//! A Prometheus exporter for the `chat_1` report of Wolkvox contact centres.
//!
//! The way of a chat, in one direction:
//!
//! ```text
//!  Clock ─► Window        which stretch of time to ask for           wolkvox/window.rs
//!    ▼  Source::report(&Window, sink)                                wolkvox/client.rs
//!  Row                    as the server sends it: text, all optional wolkvox/report.rs   (streamed)
//!    ▼  Chat::from_row(&Row) ─► RowError::reason()
//!  Chat                   ids, UTC times, durations, closed enums    chat.rs             (can't be wrong once it exists)
//!    ▼  Delta::absorb(Chat) ─► New | Seen                            ledger.rs           (whole answer or nothing)
//!  Totals                 counters and histograms per label set      ledger/totals.rs
//!    ▼  Store::commit(&Ledger)      on disk, atomically, BEFORE anything is shown
//!  Families               Totals ─► Vec<Family>                      metrics/…           (a pure function of the state)
//!    ▼  Page::render                text, OpenMetrics, each gzipped, once per publication
//!  Page  ─► GET /metrics  clone of ready bytes                       http/…
//! ```
//!
//! [`poller`] is the only place that knows the whole way.

pub mod app;
pub mod backfill;
pub mod chat;
pub mod check;
pub mod cli;
pub mod clock;
pub mod command;
pub mod config;
pub mod demo;
pub mod descriptors;
pub mod exposition;
pub mod http;
pub mod latest;
pub mod ledger;
pub mod listen;
pub mod log;
pub mod metrics;
pub mod poller;
pub mod runtime;
pub mod signal;
pub mod simulator;
pub mod stats;
pub mod summary;
pub mod wolkvox;
