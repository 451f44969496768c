//! The side of a connection that leads to the server.

use std::io;
use std::net::SocketAddr;

use bytes::BytesMut;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::message::{self, Message};
use super::request::Request;

/// `ReadyForQuery`
const READY: u8 = b'Z';

/// It knows how many requests have not been answered yet.
pub(super) struct Server {
    stream: TcpStream,
    buffer: BytesMut,
    awaited: usize,
}

impl Server {
    pub(super) async fn connect(address: SocketAddr) -> io::Result<Server> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Server {
            stream,
            buffer: BytesMut::new(),
            awaited: 0,
        })
    }

    /// Begins a session, which is answered once it is ready.
    pub(super) async fn begin(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.awaited += 1;
        self.stream.write_all(bytes).await
    }

    pub(super) async fn cancel(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    pub(super) async fn send(&mut self, request: &Request) -> io::Result<()> {
        self.awaited += usize::from(request.is_answered);
        self.stream.write_all(&request.bytes).await
    }

    /// May be dropped and called again.
    pub(super) async fn read(&mut self) -> io::Result<Message> {
        let message = message::read(&mut self.stream, &mut self.buffer).await?;
        if message.kind == READY {
            self.awaited = self.awaited.saturating_sub(1);
        }
        Ok(message)
    }

    pub(super) fn awaited(&self) -> usize {
        self.awaited
    }
}
