//! A Prometheus exporter for the `chat_1` report of Wolkvox contact centres.
//!
//! The way of a chat, in one direction:
//!
//! ```text
//!  Clock ─► Window        which range of time to ask for             crates/wolkvox, window.rs
//!    ▼  history::Reader     chunks, retries, pauses, bisection         crates/wolkvox, history.rs
//!    ▼  Source::report(&Window, sink)                                crates/wolkvox, client.rs
//!  Row                    as the server sends it: text, all optional crates/wolkvox, report.rs   (streamed)
//!    ▼  Chat::from_row(&Row) ─► NotAChat::reason()          chats/field.rs: a row per field
//!  Chat                   ids, UTC times, durations, closed enums    chats/chat.rs       (can't be wrong once it exists)
//!    ▼  Tally::absorb(Chat) ─► New | Duplicate | Repeated            chats/tally.rs, ledger/delta.rs  (whole answer or nothing)
//!  Totals                 counters and histograms per label set      chats/totals.rs, measure.rs: a row per family
//!    ▼  Store::commit(&Ledger)      on disk, atomically, BEFORE anything is shown
//!  Families               Totals ─► dyn Rows                         catalogue.rs, chats/families  (a pure function of the state)
//!    ▼  Page::following             keeps the bytes of what has not changed; renders nothing
//!  Page                   of one operation                          exposition/page.rs
//!    ▼  Exposition::following       merges the pages of all operations by family
//!  GET /metrics           rendered by the first scrape that asks     exposition/merged.rs, http/
//! ```
//!
//! [`poller`] is the only place that knows the whole way.

pub mod app;
pub mod catalogue;
pub mod chats;
pub mod client;
pub mod clock;
pub mod command;
pub mod config;
pub mod descriptors;
pub mod exposition;
pub(crate) mod file_name;
pub mod health;
pub(crate) mod http;
pub mod ledger;
pub mod log;
pub mod metrics;
pub mod operation;
pub mod poller;
pub mod runtime;
pub(crate) mod service_manager;
pub mod signal;
pub mod token;
pub(crate) mod words;
