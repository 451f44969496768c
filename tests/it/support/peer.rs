//! What answers in Wolkvox's place, or stands on the way to it: servers of TLS with any certificate, servers that send given
//! bytes, and proxies.

#![allow(clippy::unwrap_used, clippy::expect_used)] // In helpers too: a test that can't go on fails.

mod certificate;
mod proxy;

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use super::process::{free_port, wait_for};

pub(crate) use certificate::{Authority, issue, self_signed};
pub(crate) use proxy::Proxy;

/// What each connection meets.
#[derive(Clone)]
pub(crate) enum Behaviour {
    /// The bytes, at once or after a head of HTTP, and the end.
    Send(Vec<u8>),
    AfterHead(Vec<u8>),
    /// It is closed after the first bytes.
    Close,
    /// It is reset after the first byte.
    Reset,
    /// Nothing, for ever.
    Stall,
}

/// A listener that meets all connections alike. It ends with the test.
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Peer {
    pub(crate) async fn start(behaviour: Behaviour) -> Peer {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(meet(stream, behaviour.clone()));
            }
        });
        Peer { address, task }
    }
}

async fn meet(mut stream: TcpStream, behaviour: Behaviour) {
    // A client that has seen enough hangs up: errors are its.
    match behaviour {
        Behaviour::Send(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
            // What comes is read: unread bytes would make a reset of the end.
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
        Behaviour::AfterHead(bytes) => {
            read_head(&mut stream).await;
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
        Behaviour::Close => {
            let _ = stream.read(&mut [0; 8 * 1024]).await;
        }
        Behaviour::Reset => {
            let _ = stream.read_u8().await;
            stream.set_zero_linger().unwrap();
        }
        Behaviour::Stall => std::future::pending().await,
    }
}

/// Up to the blank line.
pub(crate) async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// `openssl s_server`: it does what other libraries no longer do. It is killed with the test.
pub(crate) struct OpenSsl {
    pub(crate) address: SocketAddr,
    _child: Child,
}

impl OpenSsl {
    /// With `server.pem` and `server.key` of a directory, and more options.
    pub(crate) async fn serve(directory: &Path, options: &[&str]) -> OpenSsl {
        let address = free_port();
        let child = Command::new("openssl")
            .arg("s_server")
            .args(["-accept", &address.to_string(), "-www", "-quiet"])
            .args(["-cert", "server.pem", "-key", "server.key"])
            .args(options)
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("openssl");
        wait_for("openssl listens", || async {
            TcpStream::connect(address).await.ok()
        })
        .await;
        OpenSsl {
            address,
            _child: child,
        }
    }
}

/// Runs openssl to its good end in a directory.
pub(crate) async fn openssl(directory: &Path, arguments: &[&str]) {
    let mut command = Command::new("openssl");
    command.args(arguments).current_dir(directory);
    let output = command.output().await.expect("openssl");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {arguments:?}: {said}");
}
