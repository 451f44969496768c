//! The vendor's side: the wire format of its reports, the windows to ask for, the HTTP client and what can go wrong with
//! it, and the reader that gets a range of a report in spite of failures. Nothing here knows Prometheus, what has been
//! counted, or which report and fields the caller wants.

pub mod cause;
pub mod client;
pub mod error;
pub mod history;
pub mod local_time;
pub mod report;
mod server_text;
pub mod window;
pub mod zone;

use std::future::Future;
use std::time::Duration;

use chrono::{DateTime, Utc};

pub use cause::{Cause, Subject};
pub use error::{Class, Error, Reason};
pub use local_time::{HourlyZone, Instants};
pub use report::{Key, List, Read, Report, Row, RowError, UnknownKeys, Value};
pub use server_text::{Gate, RawText, ServerText};
pub use window::Window;
pub use zone::Zone;

/// Takes the rows of one answer while they arrive.
pub trait Sink: Send {
    /// Called once, before the first row, when the server's answer begins. `date` is its `Date` header.
    fn begin(&mut self, date: Option<DateTime<Utc>>);
    /// Called for each entry of `data`, in the server's order. The row lends the decoder's memory: what is kept of it is copied.
    fn row(&mut self, row: Result<Row<'_>, RowError>);
    /// Called after the last row, with the keys of the rows that the [`Report`] does not name. Only the gate makes them words
    /// that may be shown.
    fn unknown_keys(&mut self, _keys: &UnknownKeys, _gate: &Gate) {}
}

/// Where the report comes from: the real [`client::Client`], or a source in memory in tests.
pub trait Source: Send + Sync {
    /// Asks for one window and hands each row to `sink`. What `sink` was given counts only if
    /// [`Exchange::result`] is `Ok`.
    fn report<S: Sink>(&self, window: &Window, sink: &mut S) -> impl Future<Output = Exchange> + Send;
}

/// Where lists come from: the real [`client::Client`], or a source in memory in tests.
pub trait Lists: Send + Sync {
    /// Asks for a list and hands each row to `sink`, as [`Source::report`] does.
    fn list<S: Sink>(&self, list: &List, sink: &mut S) -> impl Future<Output = Exchange> + Send;
}

/// One call to the API, whatever came of it.
#[derive(Debug)]
pub struct Exchange {
    /// The HTTP status, if an answer began.
    pub status: Option<u16>,
    /// The answer's `Date` header: the server's clock, whole seconds.
    pub date: Option<DateTime<Utc>>,
    /// Bytes of the body, after decompression.
    pub bytes: u64,
    /// From sending the request to the end of the answer or of the attempt.
    pub duration: Duration,
    /// Whether the answer was whole and good.
    pub result: Result<Answer, Error>,
}

/// A whole, good answer. An empty window (HTTP 404, `Validate dates entered`) is one with no rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Answer {
    /// Entries of `data`, rejected ones included.
    pub rows: u64,
    /// N of `N records were found`, where the envelope has it.
    pub announced: Option<u64>,
}
