//! The body of an answer: chunks that are handed over as they are, without a copy.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io::IoSlice;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use hyper::body::{Frame, SizeHint};

/// Chunks are handed over together until they are so many bytes: hyper may send each of what it is given by a call of its own.
const TOGETHER: usize = 1 << 20;

/// Chunks of known length, which becomes the `Content-Length`.
pub(super) struct Body {
    chunks: VecDeque<Bytes>,
    delivered: Option<Delivered>,
}

type Delivered = Box<dyn FnOnce() + Send>;

impl Body {
    /// `delivered` is called once the connection has taken the last chunk; not if it goes away before.
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
    type Data = Chunks;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Chunks>, Infallible>>> {
        let mut length = 0;
        let fitting = self.chunks.iter().take_while(|chunk| {
            let fits = length < TOGETHER;
            length += chunk.len();
            fits
        });
        let fitting = fitting.count();
        let rest = self.chunks.split_off(fitting);
        let mut chunks = Chunks {
            chunks: std::mem::replace(&mut self.chunks, rest),
            delivered: None,
        };
        if self.chunks.is_empty() {
            chunks.delivered = self.delivered.take();
        }
        if chunks.chunks.is_empty() {
            chunks.tell_if_taken();
            return Poll::Ready(None);
        }
        Poll::Ready(Some(Ok(Frame::data(chunks))))
    }

    fn is_end_stream(&self) -> bool {
        self.chunks.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.chunks.iter().map(|chunk| chunk.len() as u64).sum())
    }
}

/// Chunks that are handed over together. None is empty.
pub(super) struct Chunks {
    chunks: VecDeque<Bytes>,
    /// Called once all of them are taken.
    delivered: Option<Delivered>,
}

impl Chunks {
    fn tell_if_taken(&mut self) {
        if self.chunks.is_empty()
            && let Some(delivered) = self.delivered.take()
        {
            delivered();
        }
    }
}

impl Buf for Chunks {
    fn remaining(&self) -> usize {
        self.chunks.iter().map(Bytes::len).sum()
    }

    fn chunk(&self) -> &[u8] {
        self.chunks.front().map_or(&[], |chunk| chunk)
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let pairs = slices.iter_mut().zip(&self.chunks);
        pairs.map(|(slice, chunk)| *slice = IoSlice::new(chunk)).count()
    }

    fn advance(&mut self, mut count: usize) {
        while let Some(chunk) = self.chunks.front_mut() {
            if count < chunk.len() {
                chunk.advance(count);
                return;
            }
            count -= chunk.len();
            self.chunks.pop_front();
        }
        self.tell_if_taken();
    }
}

#[cfg(test)]
mod tests;
