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
    sleep: Pin<Box<Sleep>>,
    /// Where progress is recorded.
    slot: Option<Arc<Slot>>,
}

impl<S> Deadline<S> {
    pub(super) fn new(stream: S, time_outs: TimeOuts) -> Self {
        let sleep = Box::pin(tokio::time::sleep(time_outs.request));
        Self {
            stream,
            time_outs,
            phase: Phase::Request,
            sleep,
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
            self.sleep.as_mut().reset(Instant::now() + time_out);
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
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

    use super::*;

    const TIME_OUTS: TimeOuts = TimeOuts {
        request: Duration::from_secs(10),
        answer: Duration::from_secs(60),
        idle: Duration::from_secs(90),
    };

    /// A stream whose far end takes 16 bytes before it must read.
    fn pair() -> (DuplexStream, Deadline<DuplexStream>) {
        let (far, near) = duplex(16);
        (far, Deadline::new(near, TIME_OUTS))
    }

    async fn seconds_until_read_fails(stream: &mut Deadline<DuplexStream>) -> u64 {
        let start = Instant::now();
        let mut byte = [0];
        loop {
            match stream.read(&mut byte).await {
                Ok(_) => {}
                Err(error) => {
                    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
                    return (Instant::now() - start).as_secs();
                }
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_connection_is_cut() {
        let (_far, mut stream) = pair();
        assert_eq!(seconds_until_read_fails(&mut stream).await, 10);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_arrives_byte_by_byte_is_cut() {
        let (mut far, mut stream) = pair();
        let drip = tokio::spawn(async move {
            while far.write_all(b"G").await.is_ok() {
                tokio::time::sleep(Duration::from_secs(3)).await;
            }
        });
        assert_eq!(seconds_until_read_fails(&mut stream).await, 10);
        drip.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_does_not_read_is_cut() {
        let (_far, mut stream) = pair();
        let start = Instant::now();
        let error = stream.write_all(&[0; 17]).await.unwrap_err();
        assert_eq!(
            (error.kind(), (Instant::now() - start).as_secs()),
            (io::ErrorKind::TimedOut, 60)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_kept_connection_waits_longer_for_its_next_request_than_for_its_end() {
        let (mut far, mut stream) = pair();
        stream.write_all(b"answer").await.unwrap();
        stream.flush().await.unwrap();
        tokio::time::sleep(Duration::from_secs(80)).await;
        far.write_all(b"G").await.unwrap();
        stream.read_exact(&mut [0]).await.unwrap();
        assert_eq!(seconds_until_read_fails(&mut stream).await, 10);
        let (_far, mut stream) = pair();
        stream.write_all(b"answer").await.unwrap();
        stream.flush().await.unwrap();
        assert_eq!(seconds_until_read_fails(&mut stream).await, 90);
    }
}
