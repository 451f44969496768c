use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::*;
use crate::clock::SystemClock;
use crate::exposition::{Options, Page, build};
use crate::http::Operation;
use crate::http::status::tests::started;
use crate::metrics::process::Process;
use crate::metrics::published;

/// Far longer than anything here takes: reaching it means that it never happens.
const NEVER: Duration = Duration::from_secs(30);

/// So short that a test can wait for it.
const SOON: Duration = Duration::from_millis(100);

const GENEROUS: Limits = Limits {
    connections: 8,
    time_outs: TimeOuts {
        request: NEVER,
        answer: NEVER,
        idle: NEVER,
    },
    drain: NEVER,
};

struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    operation: Arc<Operation>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

fn start(limits: Limits) -> Server {
    let process = Process::register(prometheus::Registry::new()).unwrap();
    let status = started("ventas");
    let shared = Arc::new(Shared::new(Options::default(), Arc::new(SystemClock), process));
    let operation = shared.insert(status, None);
    let socket = TcpSocket::new_v4().unwrap();
    // Small, so that a client who doesn't read is felt soon.
    socket.set_send_buffer_size(16 * 1024).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(64).unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let stopped = async move {
        let _ = stopped.await;
    };
    let web = Arc::new(Web::open(None).unwrap());
    let task = tokio::spawn(serve_within(
        vec![listener],
        Arc::clone(&shared),
        web,
        stopped,
        limits,
    ));
    Server {
        address,
        shared,
        operation,
        stop,
        task,
    }
}

impl Server {
    async fn connect(&self) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(16 * 1024).unwrap();
        socket.connect(self.address).await.unwrap()
    }

    async fn stop(self) {
        let _ = self.stop.send(());
        timeout(NEVER, self.task).await.expect("the server ends").unwrap();
    }
}

async fn send(stream: &mut TcpStream, head: &str) {
    stream.write_all(head.as_bytes()).await.unwrap();
}

/// All that still comes, up to the end or the reset of the connection.
async fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = timeout(NEVER, stream.read_to_end(&mut bytes))
        .await
        .expect("the server closes the connection");
    bytes
}

/// Head and body of the one answer on a connection that is closed after it.
async fn exchange(server: &Server, first_line: &str) -> (String, Vec<u8>) {
    let mut stream = server.connect().await;
    send(
        &mut stream,
        &format!("{first_line}\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
    )
    .await;
    let bytes = rest(&mut stream).await;
    let end = bytes
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .expect("a head")
        + 4;
    (
        String::from_utf8(bytes[..end].to_vec()).unwrap(),
        bytes[end..].to_vec(),
    )
}

fn content_length(head: &str) -> usize {
    let line = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .expect("a length");
    line.parse().unwrap()
}

/// A page of more than the given number of bytes.
fn large_page(bytes: usize) -> Page {
    let value = "x".repeat(bytes);
    Page::new(
        published([build::gauge("large", "", &[(&[("l", &value)], 1.0)])]),
        None,
        Options::default(),
    )
}

#[tokio::test]
async fn a_page_goes_over_the_wire_in_whole_and_is_counted() {
    let server = start(GENEROUS);
    let number = server.operation.publish(large_page(300_000));
    let (head, body) = exchange(&server, "GET /metrics HTTP/1.1").await;
    assert!(
        head.starts_with("HTTP/1.1 200 OK\r\n") && body.len() > 300_000,
        "{head}"
    );
    assert_eq!(content_length(&head), body.len());
    timeout(NEVER, server.operation.scraped(number)).await.unwrap();
    assert_eq!(server.shared.scrapes(), 1);
    server.stop().await;
}

#[tokio::test]
async fn head_is_answered_with_the_headers_of_a_get_and_counts_as_no_scrape() {
    let server = start(GENEROUS);
    server.operation.publish(large_page(300_000));
    let (head, body) = exchange(&server, "HEAD /metrics HTTP/1.1").await;
    assert!(
        head.starts_with("HTTP/1.1 200 OK\r\n") && content_length(&head) > 300_000,
        "{head}"
    );
    assert_eq!((body.len(), server.shared.scrapes()), (0, 0));
    server.stop().await;
}

#[tokio::test]
async fn a_connection_is_kept_for_the_next_request_and_closed_at_the_shutdown() {
    let server = start(GENEROUS);
    let mut stream = server.connect().await;
    for _ in 0..2 {
        send(&mut stream, "GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
        let mut answer = Vec::new();
        while !answer.ends_with(b"healthy.\n") {
            assert_ne!(
                timeout(NEVER, stream.read_buf(&mut answer))
                    .await
                    .unwrap()
                    .unwrap(),
                0
            );
        }
    }
    server.stop().await;
    assert_eq!(rest(&mut stream).await, b"");
}

#[tokio::test]
async fn a_connection_without_a_request_does_not_hold_up_the_shutdown() {
    let server = start(GENEROUS);
    let mut silent = server.connect().await;
    // Answered after it in the queue: so the silent one has been accepted as well.
    exchange(&server, "GET /-/healthy HTTP/1.1").await;
    server.stop().await;
    assert_eq!(rest(&mut silent).await, b"");
}

#[tokio::test]
async fn one_who_never_ends_a_request_is_cut() {
    let server = start(Limits {
        time_outs: TimeOuts {
            request: SOON,
            ..GENEROUS.time_outs
        },
        ..GENEROUS
    });
    let mut stream = server.connect().await;
    send(&mut stream, "GET /metrics HTTP/1.1\r\nHost: loc").await;
    rest(&mut stream).await;
    server.stop().await;
}

#[tokio::test]
async fn a_connection_that_is_kept_without_use_is_closed() {
    let server = start(Limits {
        time_outs: TimeOuts {
            idle: SOON,
            ..GENEROUS.time_outs
        },
        ..GENEROUS
    });
    let mut stream = server.connect().await;
    send(&mut stream, "GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(rest(&mut stream).await.ends_with(b"healthy.\n"));
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_and_counts_as_no_scrape() {
    let time_outs = TimeOuts {
        answer: SOON,
        ..GENEROUS.time_outs
    };
    let server = start(Limits {
        connections: 1,
        time_outs,
        ..GENEROUS
    });
    server.operation.publish(large_page(4_000_000));
    let mut lazy = server.connect().await;
    send(&mut lazy, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    // There is one slot: this answer can only come once the lazy one was cut.
    let (head, _) = exchange(&server, "GET /-/healthy HTTP/1.1").await;
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(rest(&mut lazy).await.len() < 4_000_000);
    assert_eq!(server.shared.scrapes(), 0);
    server.stop().await;
}

#[tokio::test]
async fn what_does_not_end_after_the_shutdown_is_cut() {
    let server = start(Limits {
        drain: SOON,
        ..GENEROUS
    });
    server.operation.publish(large_page(4_000_000));
    let mut lazy = server.connect().await;
    send(&mut lazy, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    lazy.read_exact(&mut [0; 8]).await.unwrap();
    server.stop().await;
    assert!(rest(&mut lazy).await.len() < 4_000_000);
}

#[tokio::test]
async fn a_request_under_way_is_answered_after_the_shutdown() {
    let server = start(GENEROUS);
    server.operation.publish(large_page(4_000_000));
    let mut stream = server.connect().await;
    send(&mut stream, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    stream.read_exact(&mut [0; 8]).await.unwrap();
    let ((), bytes) = tokio::join!(server.stop(), rest(&mut stream));
    assert!(bytes.len() > 4_000_000);
}

#[tokio::test]
async fn a_head_without_measure_is_refused() {
    let server = start(GENEROUS);
    let mut stream = server.connect().await;
    // Not a byte more than is read: closing with unread bytes resets the connection, and the answer may be lost.
    let head = "GET / HTTP/1.1\r\nHost: localhost\r\nX: ";
    send(&mut stream, &format!("{head:x<MAX_HEAD$}")).await;
    let answer = String::from_utf8(rest(&mut stream).await).unwrap();
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn garbage_ends_its_own_connection_only() {
    let server = start(GENEROUS);
    let mut stream = server.connect().await;
    send(&mut stream, "\u{1F600}\u{0}\r\n\r\n").await;
    rest(&mut stream).await;
    let (head, _) = exchange(&server, "GET /-/healthy HTTP/1.1").await;
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_closes_its_side_after_the_request_gets_its_answer() {
    let server = start(GENEROUS);
    server.operation.publish(large_page(300_000));
    let mut stream = server.connect().await;
    send(&mut stream, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    stream.shutdown().await.unwrap();
    assert!(rest(&mut stream).await.len() > 300_000);
    server.stop().await;
}

#[tokio::test]
async fn one_who_closes_its_side_and_does_not_read_or_ask_holds_no_connection() {
    let time_outs = TimeOuts {
        answer: SOON,
        ..GENEROUS.time_outs
    };
    let server = start(Limits {
        time_outs,
        ..GENEROUS
    });
    server.operation.publish(large_page(4_000_000));
    for (said, least) in [
        ("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", 1),
        ("GET /metrics HTTP/1.1\r\nHo", 0),
        ("", 0),
    ] {
        let mut stream = server.connect().await;
        send(&mut stream, said).await;
        stream.shutdown().await.unwrap();
        tokio::time::sleep(3 * SOON).await;
        let length = rest(&mut stream).await.len();
        assert!((least..4_000_000).contains(&length), "{said}: {length}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_host_header_is_needed_once_and_the_connection_ends_without_it() {
    let server = start(GENEROUS);
    for (head, expected) in [
        ("GET /-/healthy HTTP/1.1\r\n\r\n", "400 Bad Request"),
        (
            "GET /-/healthy HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
            "400 Bad Request",
        ),
        ("GET /-/healthy HTTP/1.1\r\nHost: a b\r\n\r\n", "400 Bad Request"),
        (
            "GET http://a.example/-/healthy HTTP/1.1\r\n\r\n",
            "400 Bad Request",
        ),
        ("GET /-/healthy HTTP/1.0\r\n\r\n", "200 OK"),
        (
            "GET http://a.example/-/healthy HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n",
            "200 OK",
        ),
    ] {
        let mut stream = server.connect().await;
        send(&mut stream, head).await;
        let answer = String::from_utf8(rest(&mut stream).await).unwrap();
        let (line, _) = answer.split_once("\r\n").unwrap();
        assert!(line.ends_with(expected), "{head}: {line}");
        assert!(expected == "200 OK" || answer.contains("Host"), "{answer}");
    }
    server.stop().await;
}

#[test]
fn a_lost_connection_is_distinguished_from_a_lack_of_descriptors() {
    assert!(concerns_one_connection(&io::ErrorKind::ConnectionAborted.into()));
    assert!(!concerns_one_connection(&io::Error::from_raw_os_error(24)));
}
