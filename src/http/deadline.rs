//! The time-outs of a connection.
//!
//! hyper's own time-out for the header also runs while a kept connection waits for its next request, so it would have to be
//! longer than a scrape interval. For a client that reads slowly it has none. Therefore the stream keeps the time itself.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::slots::{Activity, Slot};

/// How long each phase of a connection may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimeOuts {
    /// From the first byte of a request, or from the opening of the connection, to its end. Authorizing the request may
    /// take as long again: meanwhile nothing is read, and so nothing is cut.
    pub(super) request: Duration,
    /// For a client to take an answer. It starts anew when all that was handed over is sent.
    pub(super) answer: Duration,
    /// Between an answer and the next request.
    pub(super) idle: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Request,
    Answer,
    Idle,
}

/// A stream that fails with `TimedOut` once a phase takes too long.
pub(super) struct Deadline<S> {
    stream: S,
    time_outs: TimeOuts,
    phase: Phase,
    /// When the phase has taken too long.
    due: Instant,
    /// Set to the deadline once something is waited for: most phases end before that, and setting it wakes the timer's thread.
    sleep: Pin<Box<Sleep>>,
    /// Where progress is recorded.
    slot: Option<Arc<Slot>>,
}

impl<S> Deadline<S> {
    pub(super) fn new(stream: S, time_outs: TimeOuts) -> Self {
        let due = Instant::now() + time_outs.request;
        Self {
            stream,
            time_outs,
            phase: Phase::Request,
            due,
            sleep: Box::pin(tokio::time::sleep_until(due)),
            slot: None,
        }
    }

    /// Records in `slot` when an answer begins and when it was sent.
    pub(super) fn with_slot(mut self, slot: Arc<Slot>) -> Self {
        self.slot = Some(slot);
        self
    }

    fn enter(&mut self, phase: Phase) {
        if self.phase != phase {
            self.phase = phase;
            let time_out = match phase {
                Phase::Request => self.time_outs.request,
                Phase::Answer => self.time_outs.answer,
                Phase::Idle => self.time_outs.idle,
            };
            self.due = Instant::now() + time_out;
            self.record_progress();
        }
    }

    fn record_progress(&self) {
        let activity = match self.phase {
            // The server records a request once it is there in full.
            Phase::Request => return,
            Phase::Answer => Activity::Answering,
            Phase::Idle => Activity::Waiting,
        };
        if let Some(slot) = &self.slot {
            slot.record_progress(activity);
        }
    }

    /// The result where the stream itself isn't ready. Registers to be woken at the deadline.
    fn not_ready<T>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if self.sleep.deadline() != self.due {
            let deadline = self.due;
            self.sleep.as_mut().reset(deadline);
        }
        match self.sleep.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }

    fn wrote<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        self.enter(Phase::Answer);
        if written.is_pending() {
            self.not_ready(cx)
        } else {
            written
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Deadline<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if read.is_pending() {
            return self.not_ready(cx);
        }
        if self.phase == Phase::Idle {
            self.enter(Phase::Request);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Deadline<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.wrote(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.wrote(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // hyper flushes once its buffer is empty; also when nothing was written at all.
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        if flushed.is_pending() {
            return self.not_ready(cx);
        }
        if self.phase == Phase::Answer {
            self.enter(Phase::Idle);
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(cx);
        if shut.is_pending() {
            self.not_ready(cx)
        } else {
            shut
        }
    }
}

#[cfg(test)]
mod tests;
