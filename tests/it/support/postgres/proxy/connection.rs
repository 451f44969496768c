//! One client, and its connection to the server.

use std::io;

use bytes::BytesMut;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::late::Late;
use super::message::{self, Beginning, Message};
use super::request::{Collector, Request};
use super::server::Server;
use super::{Fault, Shared};

/// Until one side closes it, or what was ordered does. Both sides are closed then.
pub(super) async fn carry(client: TcpStream, shared: &Shared) {
    // Why a connection ended is for its two sides to say.
    let _ = try_carry(client, shared).await;
}

async fn try_carry(mut client: TcpStream, shared: &Shared) -> io::Result<()> {
    client.set_nodelay(true)?;
    shared.passable().await;
    let mut from_client = BytesMut::new();
    let beginning = message::read_beginning(&mut client, &mut from_client).await?;
    shared.passable().await;
    let address = *shared.server.lock().unwrap();
    let mut server = Server::connect(address).await?;
    let bytes = match beginning {
        Beginning::Cancel(bytes) => return server.cancel(&bytes).await,
        Beginning::Session(bytes) => bytes,
    };
    server.begin(&bytes).await?;
    let mut connection = Connection {
        shared,
        client,
        from_client,
        requests: Collector::new(&shared.mark),
        server,
    };
    while let Some(next) = connection.step().await? {
        connection = next;
    }
    Ok(())
}

struct Connection<'a> {
    shared: &'a Shared,
    client: TcpStream,
    from_client: BytesMut,
    requests: Collector,
    server: Server,
}

/// A message, by who sent it.
enum Came {
    FromClient(Message),
    FromServer(Message),
}

impl Connection<'_> {
    /// Passes one message on; the connection, unless it met its end by that.
    async fn step(mut self) -> io::Result<Option<Self>> {
        let came = tokio::select! {
            message = message::read(&mut self.client, &mut self.from_client) => Came::FromClient(message?),
            message = self.server.read() => Came::FromServer(message?),
        };
        match came {
            Came::FromServer(message) => {
                self.shared.passable().await;
                self.client.write_all(&message.bytes).await?;
                Ok(Some(self))
            }
            Came::FromClient(message) => match self.requests.add(&message) {
                Some(request) => self.pass_on(request).await,
                None => Ok(Some(self)),
            },
        }
    }

    async fn pass_on(mut self, request: Request) -> io::Result<Option<Self>> {
        let delay = *self.shared.delay.lock().unwrap();
        tokio::time::sleep(delay).await;
        self.shared.passable().await;
        let fault = request.is_marked.then(|| self.shared.take_order()).flatten();
        if request.is_marked {
            self.shared.marked_may_pass().await;
        }
        if let Some(fault) = fault {
            self.meet(fault, request).await;
            return Ok(None);
        }
        self.server.send(&request).await?;
        Ok(Some(self))
    }

    async fn meet(mut self, fault: Fault, request: Request) {
        let shared = self.shared;
        match fault {
            Fault::Swallow => drop(self),
            Fault::DropAnswer => {
                // Where the server goes away over it there is no answer either.
                let _ = self.drop_answer(&request).await;
                drop(self);
            }
            Fault::Late => {
                drop(self.client);
                let late = Late::new(self.server, request);
                shared.late.lock().unwrap().push_back(late);
            }
        }
        shared.has_met();
    }

    /// Waits for the answer, and passes on those to earlier requests alone.
    async fn drop_answer(&mut self, request: &Request) -> io::Result<()> {
        self.server.send(request).await?;
        while self.server.awaited() > 0 {
            let is_earlier = self.server.awaited() > 1;
            let message = self.server.read().await?;
            if is_earlier {
                self.client.write_all(&message.bytes).await?;
            }
        }
        Ok(())
    }
}
