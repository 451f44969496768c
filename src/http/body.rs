//! The body of an answer: chunks that are handed over as they are, without a copy.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Frame, SizeHint};

/// Chunks of known length, which becomes the `Content-Length`.
pub(super) struct Body {
    chunks: VecDeque<Bytes>,
    /// Called once the last chunk has been handed to the connection; not if it goes away before.
    delivered: Option<Box<dyn FnOnce() + Send>>,
}

impl Body {
    /// `delivered` is called once the last chunk has been handed to the connection.
    pub(super) fn new(chunks: VecDeque<Bytes>, delivered: impl FnOnce() + Send + 'static) -> Self {
        Self {
            chunks,
            delivered: Some(Box::new(delivered)),
        }
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Self {
            chunks: VecDeque::from([text.into()]),
            delivered: None,
        }
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let chunk = self.chunks.pop_front();
        if self.chunks.is_empty()
            && let Some(delivered) = self.delivered.take()
        {
            delivered();
        }
        Poll::Ready(chunk.map(|chunk| Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.chunks.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.chunks.iter().map(|chunk| chunk.len() as u64).sum())
    }
}
