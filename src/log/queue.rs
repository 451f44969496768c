//! The queue of log lines. Their writers never wait; one thread takes them out, and may wait for the standard error.

use std::collections::VecDeque;
use std::io::{ErrorKind, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How many bytes may wait, some thousand lines. Further lines are dropped.
const MOST_BYTES: usize = 1024 * 1024;
/// Before the next try where a pipe that does not block (another process set it so) is full.
const RETRY: Duration = Duration::from_millis(20);

/// Lines that wait to be written.
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
    dropped: AtomicU64,
}

struct Waiting {
    lines: VecDeque<Vec<u8>>,
    bytes: usize,
    /// A line was taken out and is not written yet.
    is_writing: bool,
}

impl Queue {
    pub(super) const fn new() -> Queue {
        Queue {
            waiting: Mutex::new(Waiting {
                lines: VecDeque::new(),
                bytes: 0,
                is_writing: false,
            }),
            changed: Condvar::new(),
            dropped: AtomicU64::new(0),
        }
    }

    /// Adds a line, or drops it where too much is waiting.
    pub(super) fn push(&self, line: &[u8]) {
        let mut waiting = self.waiting();
        if waiting.bytes + line.len() > MOST_BYTES {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        waiting.bytes += line.len();
        waiting.lines.push_back(line.to_owned());
        drop(waiting);
        self.changed.notify_all();
    }

    /// How many lines were dropped: not taken, or refused by what they were written to.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Writes the lines. Never returns.
    pub(super) fn write_to(&self, mut sink: impl Write) {
        let mut is_cut = false;
        loop {
            let mut line = self.take();
            if is_cut {
                // The rest of the line before was refused.
                line.insert(0, b'\n');
            }
            match write_whole(&mut sink, &line) {
                Ok(()) => is_cut = false,
                Err(unwritten) => {
                    is_cut |= unwritten < line.len();
                    self.dropped.fetch_add(1, Ordering::Relaxed);
                }
            }
            self.waiting().is_writing = false;
            self.changed.notify_all();
        }
    }

    /// The next line, when there is one.
    fn take(&self) -> Vec<u8> {
        let mut waiting = self.waiting();
        loop {
            if let Some(line) = waiting.lines.pop_front() {
                waiting.bytes -= line.len();
                waiting.is_writing = true;
                return line;
            }
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits until all lines are written, up to `limit`.
    pub(super) fn flush(&self, limit: Duration) {
        let is_busy = |waiting: &mut Waiting| waiting.is_writing || !waiting.lines.is_empty();
        // What is not written by then stays so.
        drop(self.changed.wait_timeout_while(self.waiting(), limit, is_busy));
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes all of it. The error is how many bytes were not written.
fn write_whole(sink: &mut impl Write, line: &[u8]) -> Result<(), usize> {
    let mut rest = line;
    while !rest.is_empty() {
        match sink.write(rest) {
            Ok(0) => return Err(rest.len()),
            Ok(written) => rest = &rest[written..],
            Err(error) => match error.kind() {
                ErrorKind::Interrupted => {}
                ErrorKind::WouldBlock => thread::sleep(RETRY),
                _ => return Err(rest.len()),
            },
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
