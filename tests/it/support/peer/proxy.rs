//! Proxies that connect to one server, whatever they are asked for.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::read_head;

/// A proxy of HTTP or SOCKS 5. It ends with the test.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Http,
    Socks,
}

impl Proxy {
    /// One that makes tunnels with CONNECT.
    pub(crate) async fn http(server: SocketAddr) -> Proxy {
        Proxy::start(Kind::Http, server).await
    }

    /// One of SOCKS 5.
    pub(crate) async fn socks(server: SocketAddr) -> Proxy {
        Proxy::start(Kind::Socks, server).await
    }

    async fn start(kind: Kind, server: SocketAddr) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&asked);
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(pass(stream, kind, server, Arc::clone(&all)));
            }
        });
        Proxy { address, asked, task }
    }

    /// The heads of HTTP, or the names of SOCKS, that it was asked for.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn pass(mut stream: TcpStream, kind: Kind, server: SocketAddr, all: Arc<Mutex<Vec<String>>>) {
    let asked = match kind {
        Kind::Http => read_head(&mut stream).await,
        Kind::Socks => socks_name(&mut stream).await,
    };
    all.lock().unwrap().push(asked);
    let mut onwards = TcpStream::connect(server).await.unwrap();
    let granted: &[u8] = match kind {
        Kind::Http => b"HTTP/1.1 200 Connection established\r\n\r\n",
        Kind::Socks => &[5, 0, 0, 1, 127, 0, 0, 1, 0, 1],
    };
    stream.write_all(granted).await.unwrap();
    // A client that has seen enough hangs up.
    let _ = copy_bidirectional(&mut stream, &mut onwards).await;
}

/// The name that a client of SOCKS 5 asks for, after a greeting without a password.
async fn socks_name(stream: &mut TcpStream) -> String {
    let mut greeting = [0; 2];
    stream.read_exact(&mut greeting).await.unwrap();
    let mut methods = vec![0; usize::from(greeting[1])];
    stream.read_exact(&mut methods).await.unwrap();
    stream.write_all(&[5, 0]).await.unwrap();
    let mut request = [0; 5];
    stream.read_exact(&mut request).await.unwrap();
    assert_eq!(request[3], 3, "a name, which is looked up by the proxy");
    let mut name = vec![0; usize::from(request[4]) + 2];
    stream.read_exact(&mut name).await.unwrap();
    String::from_utf8_lossy(&name[..name.len() - 2]).into_owned()
}
