//! The body of an answer: made while it is sent, or cut, or endless, or slow.

use std::io::{self, Write};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::Interval;

use super::answer::Report;
use super::handle::Call;

/// Bytes of an endless body made at once, before compression.
const BLANKS: usize = 64 * 1024;

/// Where the bytes come from.
pub(super) enum Source {
    /// They are there.
    Whole(Option<Bytes>),
    /// They are made row by row.
    Report(Box<Report>),
    /// Blanks for ever, after a beginning.
    Endless(&'static str),
    /// The same, compressed.
    Bomb(Box<GzEncoder<Vec<u8>>>),
}

impl Source {
    /// These bytes and no more.
    pub(super) fn whole(bytes: impl Into<Bytes>) -> Self {
        Self::Whole(Some(bytes.into()))
    }

    /// A compressed body that begins so and never ends.
    pub(super) fn bomb(beginning: &str) -> Self {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        // Writing to a vector does not fail.
        encoder.write_all(beginning.as_bytes()).ok();
        Self::Bomb(Box::new(encoder))
    }

    /// Everything that is left of it. Not for endless ones.
    pub(super) fn collect(mut self) -> Vec<u8> {
        let mut all = Vec::new();
        while let Some(chunk) = self.chunk() {
            all.extend(chunk);
        }
        all
    }

    fn chunk(&mut self) -> Option<Bytes> {
        match self {
            Self::Whole(bytes) => bytes.take().filter(|bytes| !bytes.is_empty()),
            Self::Report(report) => report.chunk().map(Bytes::from),
            Self::Endless(beginning) => {
                let mut chunk = std::mem::take(beginning).as_bytes().to_vec();
                chunk.resize(chunk.len() + BLANKS, b' ');
                Some(Bytes::from(chunk))
            }
            Self::Bomb(encoder) => {
                encoder.write_all(&vec![b' '; BLANKS]).ok()?;
                encoder.flush().ok()?;
                Some(Bytes::from(std::mem::take(encoder.get_mut())))
            }
        }
    }
}

/// How a body ends before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ending {
    /// Bytes until then.
    pub(super) after: usize,
    /// Whether the connection stays open, silent.
    pub(super) stall: bool,
}

/// A body, and the call it belongs to: it counts as in flight until the body is gone.
pub(super) struct AnswerBody {
    pub(super) source: Source,
    pub(super) ending: Option<Ending>,
    /// Whether the bytes before a cut had their chance to leave.
    flushed: bool,
    /// Of a slow body: when the next byte is due, and what is still to be sent.
    slow: Option<(Interval, Bytes)>,
    _call: Option<Call>,
}

impl AnswerBody {
    pub(super) fn new(source: Source, ending: Option<Ending>, call: Option<Call>) -> Self {
        Self {
            source,
            ending,
            flushed: false,
            slow: None,
            _call: call,
        }
    }

    /// The same body, one byte a second.
    pub(super) fn slowly(mut self) -> Self {
        self.slow = Some((tokio::time::interval(Duration::from_secs(1)), Bytes::new()));
        self
    }

    /// The next byte of a slow body, when it is due.
    fn poll_byte(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let Some((interval, rest)) = &mut self.slow else {
            return Poll::Ready(None);
        };
        if rest.is_empty() {
            match self.source.chunk() {
                Some(chunk) => *rest = chunk,
                None => return Poll::Ready(None),
            }
        }
        interval
            .poll_tick(context)
            .map(|_| Some(Ok(Frame::data(rest.split_to(1)))))
    }

    /// The next chunk, up to where the body is to be cut.
    pub(super) fn chunk(&mut self) -> Option<Bytes> {
        let Some(ending) = &mut self.ending else {
            return self.source.chunk();
        };
        if ending.after == 0 {
            return None;
        }
        let chunk = self.source.chunk().unwrap_or_default();
        let sent = chunk.len().min(ending.after);
        ending.after = if sent == 0 { 0 } else { ending.after - sent };
        (sent > 0).then(|| chunk.slice(..sent))
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.slow.is_some() {
            return self.poll_byte(context);
        }
        if let Some(chunk) = self.chunk() {
            return Poll::Ready(Some(Ok(Frame::data(chunk))));
        }
        match self.ending {
            None => Poll::Ready(None),
            // Nobody will wake this up: the client has to give up.
            Some(Ending { stall: true, .. }) => Poll::Pending,
            Some(_) if self.flushed => Poll::Ready(Some(Err(io::Error::other("cut as asked for")))),
            Some(_) => {
                // An error would make hyper drop what it still holds; while it waits, it sends it.
                self.flushed = true;
                context.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Whole(bytes) if self.ending.is_none() && self.slow.is_none() => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64)
            }
            _ => SizeHint::default(),
        }
    }
}
