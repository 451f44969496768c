//! From the network to the sink: chunks go to a decoder on a thread of its own, rows come back in batches. Both ways
//! are bounded, and end when the call is dropped: then the decoder sees the end of its input, and its thread ends.

use std::io::{self, Read};
use std::ops::ControlFlow;

use bytes::{Buf, Bytes};
use reqwest::Response;
use tokio::sync::mpsc;

use super::judge::{self, Words};
use crate::report::{DecodeError, Envelope, Key, Row, RowError, decode};
use crate::{Error, Reason, Sink};

const CHUNKS: usize = 4;
const BATCHES: usize = 4;
const BATCH: usize = 64;
/// What is read of an answer that is no report.
const VERDICT_LIMIT: usize = 64 * 1024;

type Batch = Vec<Result<Row, RowError>>;

/// What one answer may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) bytes: u64,
    pub(super) rows: u64,
}

/// Reads a report and hands its rows to `sink`. `bytes` is kept current, so that it is known whatever happens.
pub(super) async fn report<S: Sink>(
    response: Response,
    keys: Vec<Key>,
    limits: Limits,
    words: &Words<'_>,
    bytes: &mut u64,
    sink: &mut S,
) -> Result<Envelope, Error> {
    let (chunk_sender, chunk_receiver) = mpsc::channel(CHUNKS);
    let (batch_sender, batch_receiver) = mpsc::channel(BATCHES);
    let decoder = offload::start("decoder", move || {
        decode_in_batches(chunk_receiver, &batch_sender, &keys)
    })
    .map_err(|error| not_decoded(&error))?;
    let drained = async {
        drain(batch_receiver, limits.rows, sink).await?;
        match decoder.await {
            Ok(Err(error @ DecodeError::NotJson(_))) => Err(judge::decoding(&error, words.names)),
            Ok(result) => Ok(result),
            Err(error) => Err(not_decoded(&error)),
        }
    };
    // How the network ended is judged after the decoder: of an HTML page cut short, it says that it is no JSON.
    let pumped = async { Ok(pump(response, chunk_sender, limits.bytes, words, bytes).await) };
    let (network, envelope) = tokio::try_join!(pumped, drained)?;
    network?;
    envelope.map_err(|error| judge::decoding(&error, words.names))
}

fn not_decoded(error: &offload::Error) -> Error {
    Error::new(
        Reason::NotJson,
        format!("the answer was not decoded: {error}. It is not counted"),
    )
}

/// Reads the beginning of an answer that is no report, for the envelope's `msg`. What is no envelope has none.
///
/// # Errors
/// It ended early: what it would have said is not known.
pub(super) async fn verdict(
    mut response: Response,
    words: &Words<'_>,
    bytes: &mut u64,
) -> Result<Option<Envelope>, Error> {
    let mut body = Vec::new();
    while body.len() < VERDICT_LIMIT {
        let read = response.chunk().await;
        let Some(chunk) = read.map_err(|error| judge::reading(error, words))? else {
            break;
        };
        *bytes += chunk.len() as u64;
        body.extend_from_slice(&chunk);
    }
    let decoded = decode(body.as_slice(), &[], &mut |_| ControlFlow::Continue(()));
    match decoded {
        Err(error @ DecodeError::Truncated) if body.len() < VERDICT_LIMIT => {
            Err(judge::decoding(&error, words.names))
        }
        decoded => Ok(decoded.ok()),
    }
}

async fn pump(
    mut response: Response,
    chunks: mpsc::Sender<Bytes>,
    limit: u64,
    words: &Words<'_>,
    bytes: &mut u64,
) -> Result<(), Error> {
    let failed = |error| judge::reading(error, words);
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        *bytes += chunk.len() as u64;
        if *bytes > limit {
            return Err(Error::new(
                Reason::TooLarge,
                format!(
                    "the answer is larger than {limit} bytes, the most that is read of one; it is not counted"
                ),
            ));
        }
        // The decoder is gone only if it failed, and says why.
        if chunks.send(chunk).await.is_err() {
            return Ok(());
        }
    }
    Ok(())
}

async fn drain<S: Sink>(mut batches: mpsc::Receiver<Batch>, limit: u64, sink: &mut S) -> Result<(), Error> {
    let mut rows = 0;
    while let Some(batch) = batches.recv().await {
        for row in batch {
            rows += 1;
            if rows >= limit {
                return Err(Error::new(
                    Reason::TooManyRows,
                    format!(
                        "the answer has {limit} rows or more, as many as Wolkvox sends at most, so that some are \
                         probably missing; it is not counted"
                    ),
                ));
            }
            sink.row(row);
        }
    }
    Ok(())
}

fn decode_in_batches(
    chunks: mpsc::Receiver<Bytes>,
    batches: &mpsc::Sender<Batch>,
    keys: &[Key],
) -> Result<Envelope, DecodeError> {
    let mut batch = Vec::with_capacity(BATCH);
    let envelope = decode(
        Chunks {
            chunks,
            current: Bytes::new(),
        },
        keys,
        &mut |row| {
            batch.push(row);
            if batch.len() < BATCH {
                return ControlFlow::Continue(());
            }
            match batches.blocking_send(std::mem::replace(&mut batch, Vec::with_capacity(BATCH))) {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            }
        },
    )?;
    batches.blocking_send(batch).map_err(|_| DecodeError::Stopped)?;
    Ok(envelope)
}

/// The chunks as one reader.
struct Chunks {
    chunks: mpsc::Receiver<Bytes>,
    current: Bytes,
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.chunks.blocking_recv() {
                Some(chunk) => self.current = chunk,
                None => return Ok(0),
            }
        }
        let length = self.current.len().min(buffer.len());
        self.current.copy_to_slice(&mut buffer[..length]);
        Ok(length)
    }
}
