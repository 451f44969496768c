//! The messages of PostgreSQL's protocol 3: a kind of one byte, a length of four that counts itself, and the rest.

use std::io;

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// In the place of a version, in the first message of a connection.
const CANCEL: u32 = 80_877_102;
const ASKS_FOR_TLS: u32 = 80_877_103;
const ASKS_FOR_GSS: u32 = 80_877_104;

/// A whole message.
pub(super) struct Message {
    pub(super) kind: u8,
    /// With kind and length, as it came.
    pub(super) bytes: Bytes,
}

impl Message {
    /// What follows the length.
    pub(super) fn body(&self) -> &[u8] {
        &self.bytes[5..]
    }
}

/// Reads the next message. `buffer` holds what has come of it: a call may be dropped and made again.
pub(super) async fn read(stream: &mut TcpStream, buffer: &mut BytesMut) -> io::Result<Message> {
    fill(stream, buffer, 5).await?;
    let kind = buffer[0];
    let length = 1 + usize::try_from((&buffer[1..]).get_u32()).unwrap();
    fill(stream, buffer, length).await?;
    let bytes = buffer.split_to(length).freeze();
    Ok(Message { kind, bytes })
}

/// How a client begins.
pub(super) enum Beginning {
    /// With a session.
    Session(Bytes),
    /// To cancel a statement of another session. There is no answer.
    Cancel(Bytes),
}

/// Reads the first message, which has no kind, and tells whoever asks for it that there is no encryption.
pub(super) async fn read_beginning(stream: &mut TcpStream, buffer: &mut BytesMut) -> io::Result<Beginning> {
    loop {
        fill(stream, buffer, 8).await?;
        let length = usize::try_from((&buffer[..]).get_u32()).unwrap();
        let code = (&buffer[4..]).get_u32();
        fill(stream, buffer, length).await?;
        let bytes = buffer.split_to(length).freeze();
        match code {
            ASKS_FOR_TLS | ASKS_FOR_GSS => stream.write_all(b"N").await?,
            CANCEL => return Ok(Beginning::Cancel(bytes)),
            _ => return Ok(Beginning::Session(bytes)),
        }
    }
}

async fn fill(stream: &mut TcpStream, buffer: &mut BytesMut, length: usize) -> io::Result<()> {
    while buffer.len() < length {
        if stream.read_buf(buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(())
}
