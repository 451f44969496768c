//! From the network to the sink. The body is unpacked and decoded on the task that reads it, piece by piece: what is in memory
//! at a time is a chunk of the network's, a piece of what it unpacks to, and a row.

use std::ops::ControlFlow;

use bytes::Bytes;
use reqwest::Response;
use reqwest::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap, TRANSFER_ENCODING};

use super::gzip::Gunzip;
use super::judge::{self, Words};
use crate::report::{DecodeError, Decoder, Envelope, Report, Row, RowError, UnknownKeys};
use crate::{Error, RawText, Reason, Sink};

/// Most bytes that are decoded without a pause for the other tasks of the thread: a tenth of a millisecond.
const PIECE: usize = 64 * 1024;
/// What is read of an answer that is no report.
const VERDICT_LIMIT: u64 = 64 * 1024;

/// What one answer may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) bytes: u64,
    pub(super) rows: u64,
}

/// Reads a report and hands its rows to `sink`. `bytes` is kept current, so that it is known whatever happens.
pub(super) async fn report<S: Sink>(
    response: Response,
    asked: &Report,
    limits: Limits,
    words: &Words<'_>,
    bytes: &mut u64,
    sink: &mut S,
) -> Result<Envelope, Error> {
    let mut rows = 0;
    let mut on_row = |row: Result<Row<'_>, RowError>| {
        rows += 1;
        if rows >= limits.rows {
            return ControlFlow::Break(());
        }
        sink.row(row);
        ControlFlow::Continue(())
    };
    let mut decoder = Decoder::of(asked);
    let mut body = Body::open(response, words)?;
    while body.advance().await? {
        *bytes += body.piece().len() as u64;
        if *bytes > limits.bytes || body.received > limits.bytes {
            return Err(too_large(limits.bytes));
        }
        decoder
            .feed(body.piece(), &mut on_row)
            .map_err(|error| failed(&error, limits, words))?;
        tokio::task::yield_now().await;
    }
    // How the network ended is judged after the decoder: of an HTML page cut short, it says that it is no JSON.
    let is_vouched_for = |envelope: &Envelope| {
        let announced = envelope.announced();
        announced.unwrap_or(0) == envelope.rows
    };
    let unknown = UnknownKeys::clone(decoder.unknown_keys());
    let envelope = decoder.finish();
    body.finish(|| envelope.as_ref().is_ok_and(is_vouched_for))?;
    sink.unknown_keys(&unknown, &words.gate);
    envelope.map_err(|error| failed(&error, limits, words))
}

/// Reads the beginning of an answer that is no report, for the envelope's `msg`. What is no envelope has none.
///
/// # Errors
/// It ended early: what it would have said is not known.
pub(super) async fn verdict(
    response: Response,
    words: &Words<'_>,
    bytes: &mut u64,
) -> Result<Option<Envelope>, Error> {
    let mut decoder = Decoder::new(&[]);
    let mut is_decoded = true;
    let mut body = Body::open(response, words)?;
    while *bytes < VERDICT_LIMIT && body.received < VERDICT_LIMIT {
        if !body.advance().await? {
            let envelope = decoder.finish();
            let is_whole = is_decoded && envelope.is_ok();
            body.finish(|| is_whole)?;
            return match envelope {
                Err(error @ DecodeError::Truncated) if is_decoded => {
                    Err(judge::decoding(&error, words.names))
                }
                envelope => Ok(envelope.ok().filter(|_| is_decoded)),
            };
        }
        *bytes += body.piece().len() as u64;
        is_decoded = is_decoded
            && decoder
                .feed(body.piece(), &mut |_| ControlFlow::Continue(()))
                .is_ok();
    }
    Ok(decoder.finish().ok().filter(|_| is_decoded))
}

fn failed(error: &DecodeError, limits: Limits, words: &Words<'_>) -> Error {
    match error {
        DecodeError::Stopped => Error::new(
            Reason::TooManyRows,
            format!(
                "the answer has {} rows or more, as many as Wolkvox sends at most, so that some are probably missing; it is \
                 not counted",
                limits.rows
            ),
        )
        .of_wolkvox(),
        error => judge::decoding(error, words.names),
    }
}

fn too_large(limit: u64) -> Error {
    let limit = size(limit);
    Error::new(
        Reason::TooLarge,
        format!("the answer is larger than {limit}, the most that is read; it is not counted"),
    )
}

/// `256 MiB`, or bytes where it is not a whole number of them.
fn size(bytes: u64) -> String {
    const MIB: u64 = 1 << 20;
    if bytes > 0 && bytes.is_multiple_of(MIB) {
        format!("{} MiB", bytes / MIB)
    } else {
        format!("{bytes} bytes")
    }
}

/// The body of an answer, unpacked.
struct Body<'a> {
    response: Response,
    words: &'a Words<'a>,
    /// `None` where it is not packed.
    gunzip: Option<Gunzip>,
    /// Only the connection's end says where it ends.
    ends_with_connection: bool,
    /// The connection ended without TLS' `close_notify`.
    cut: Option<reqwest::Error>,
    /// Bytes that came, before they were unpacked.
    received: u64,
    /// What came, and was not unpacked yet.
    rest: Bytes,
    piece: Piece,
}

enum Piece {
    Plain(Bytes),
    /// So many bytes were unpacked.
    Unpacked(usize),
}

impl<'a> Body<'a> {
    fn open(response: Response, words: &'a Words<'a>) -> Result<Body<'a>, Error> {
        let headers = response.headers();
        let is_packed = is_gzip(headers).map_err(|encoding| {
            let encoding = words.gate.admit(&encoding);
            not_unpacked(
                &format!("its Content-Encoding is \"{encoding}\", and only gzip was asked for"),
                words,
            )
        })?;
        Ok(Body {
            ends_with_connection: !headers.contains_key(CONTENT_LENGTH)
                && !headers.contains_key(TRANSFER_ENCODING),
            response,
            words,
            gunzip: is_packed.then(Gunzip::new),
            cut: None,
            received: 0,
            rest: Bytes::new(),
            piece: Piece::Plain(Bytes::new()),
        })
    }

    /// The bytes that came last. There may be none.
    fn piece(&self) -> &[u8] {
        match (&self.piece, &self.gunzip) {
            (Piece::Plain(bytes), _) => bytes,
            (Piece::Unpacked(length), Some(gunzip)) => gunzip.piece(*length),
            (Piece::Unpacked(_), None) => &[],
        }
    }

    /// Goes on to the next bytes. Returns whether there are any.
    async fn advance(&mut self) -> Result<bool, Error> {
        let has_more = self.gunzip.as_ref().is_some_and(Gunzip::has_more);
        if self.rest.is_empty() && !has_more && !self.receive().await? {
            return Ok(false);
        }
        let Some(gunzip) = &mut self.gunzip else {
            let length = self.rest.len().min(PIECE);
            self.piece = Piece::Plain(self.rest.split_to(length));
            return Ok(true);
        };
        let (used, length) = gunzip.unpack(&self.rest).map_err(|error| {
            not_unpacked(
                &format!("it says that it is gzip, and is not ({error})"),
                self.words,
            )
        })?;
        // All of it may be used up by what is around the packed bytes.
        drop(self.rest.split_to(used));
        self.piece = Piece::Unpacked(length);
        Ok(true)
    }

    async fn receive(&mut self) -> Result<bool, Error> {
        match self.response.chunk().await {
            Ok(Some(chunk)) => {
                self.received += chunk.len() as u64;
                self.rest = chunk;
                Ok(true)
            }
            Ok(None) => Ok(false),
            Err(error) if self.ends_with_connection && judge::is_cut(&error) => {
                self.cut = Some(error);
                Ok(false)
            }
            Err(error) => Err(judge::reading(error, self.words)),
        }
    }

    /// All has come. Some servers end a connection without TLS' `close_notify`, as one does that cuts them off. Then the answer
    /// has to prove that it is whole.
    fn finish(self, is_proved: impl FnOnce() -> bool) -> Result<(), Error> {
        let is_unpacked = self.gunzip.is_none_or(|gunzip| gunzip.is_whole());
        match self.cut {
            Some(error) if !is_unpacked || !is_proved() => Err(judge::reading(error, self.words)),
            None if !is_unpacked => Err(Error::new(
                Reason::Truncated,
                "the answer ends in the middle of its gzip: Wolkvox, or a proxy before it, cut it off; it is not counted",
            )),
            _ => Ok(()),
        }
    }
}

/// Whether the body is gzip, however the server spells that; another encoding is the error.
fn is_gzip(headers: &HeaderMap) -> Result<bool, RawText> {
    let values = headers.get_all(CONTENT_ENCODING).iter();
    let text: Vec<_> = values
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .collect();
    let text = text.join(",");
    let encodings = text.split(',').map(str::trim);
    let mut packed = encodings.filter(|word| !word.is_empty() && !word.eq_ignore_ascii_case("identity"));
    let is_known = |word: &str| {
        ["gzip", "x-gzip"]
            .iter()
            .any(|known| word.eq_ignore_ascii_case(known))
    };
    match (packed.next(), packed.next()) {
        (None, _) => Ok(false),
        (Some(word), None) if is_known(word) => Ok(true),
        _ => Err(RawText::new(text)),
    }
}

fn not_unpacked(what: &str, words: &Words<'_>) -> Error {
    Error::new(
        Reason::NotJson,
        format!(
            "not an answer of Wolkvox: {what}. Check {}, and whether a proxy or portal answers in its place",
            words.names.address
        ),
    )
}
