//! A statement whose client is gone, and which still may arrive.

use std::io;

use super::message::Message;
use super::request::Request;
use super::server::Server;

/// The server sees a session that is idle.
pub(super) struct Late {
    server: Server,
    request: Request,
}

impl Late {
    pub(super) fn new(server: Server, request: Request) -> Late {
        Late { server, request }
    }

    /// What the server says to it: a tag or a SQLSTATE; none where the session is no more.
    pub(super) async fn deliver(mut self) -> Option<String> {
        self.try_deliver().await.ok().flatten()
    }

    async fn try_deliver(&mut self) -> io::Result<Option<String>> {
        self.server.send(&self.request).await?;
        let mut outcome = None;
        while self.server.awaited() > 0 {
            let message = self.server.read().await?;
            outcome = said(&message).or(outcome);
        }
        Ok(outcome)
    }
}

/// The tag of `CommandComplete`, the code in `ErrorResponse`.
fn said(message: &Message) -> Option<String> {
    let mut texts = message
        .body()
        .split(|byte| *byte == 0)
        .map(|text| String::from_utf8_lossy(text).into_owned());
    match message.kind {
        b'C' => texts.next(),
        b'E' => texts.find_map(|field| field.strip_prefix('C').map(str::to_owned)),
        _ => None,
    }
}
