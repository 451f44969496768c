//! Passwords whose check takes long, and many guesses at once.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;

use crate::support::process::{wait_for, wait_until};
use crate::support::web::{Place, curl, serve_with};

fn alice(cost: u32) -> String {
    let hash = bcrypt::hash("wonderland", cost).unwrap();
    format!("basic_auth_users:\n  alice: {hash}\n")
}

#[tokio::test]
async fn a_client_that_never_waits_for_the_check_of_its_password_comes_in_all_the_same() {
    let place = Place::new();
    // A check takes half a second, and the client waits for a tenth.
    let exporter = serve_with(&place, &alice(13)).await;
    let url = exporter.url("/metrics");
    let status = async |user: &str| curl(&["--user", user, "--max-time", "0.1", &url]).await.0;
    assert_eq!(status("alice:wonderland").await, 0, "the check takes longer");
    wait_for("alice is let in", async || {
        (status("alice:wonderland").await == 200).then_some(())
    })
    .await;
    assert_ne!(status("alice:wrong").await, 200);
}

#[tokio::test]
async fn a_client_that_closes_its_side_after_the_request_gets_its_page() {
    let place = Place::new();
    let exporter = serve_with(&place, &alice(10)).await;
    let mut stream = TcpStream::connect(exporter.address()).unwrap();
    stream.write_all(request("wonderland").as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200 OK") && answer.contains("wolkvox_exporter_scrapes_total"),
        "{answer}"
    );
}

/// A request of alice with this password, on a connection that is closed after it.
fn request(password: &str) -> String {
    let user = base64::engine::general_purpose::STANDARD.encode(format!("alice:{password}"));
    format!("GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Basic {user}\r\n\r\n")
}

/// Status and head of a guess that comes from 127.0.0.2.
async fn guess(address: std::net::SocketAddr, password: &str) -> (u16, String) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let mut stream = socket.connect(address).await.unwrap();
    stream.write_all(request(password).as_bytes()).await.unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.unwrap_or_default(), answer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_connections_that_guess_do_not_keep_out_a_prometheus_that_was_never_there() {
    let place = Place::new();
    let exporter = serve_with(&place, &alice(12)).await;
    let address = exporter.address().parse().unwrap();
    let busy = Arc::new(AtomicUsize::new(0));
    let guessing: Vec<_> = (0..50)
        .map(|number| {
            let busy = Arc::clone(&busy);
            tokio::spawn(async move {
                loop {
                    let (status, answer) = guess(address, &format!("guess{number}")).await;
                    assert!(matches!(status, 0 | 401 | 503), "{answer}");
                    if status == 503 {
                        assert!(answer.to_lowercase().contains("retry-after: 10"), "{answer}");
                        busy.fetch_add(1, Ordering::Relaxed);
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                }
            })
        })
        .collect();
    wait_until("many are refused", || busy.load(Ordering::Relaxed) >= 50).await;
    let url = exporter.url("/metrics");
    // Prometheus' own time-out; fifty checks take longer.
    let arguments = ["--user", "alice:wonderland", "--max-time", "10", &url];
    let (status, body) = curl(&arguments).await;
    for task in guessing {
        assert!(!task.is_finished(), "a guess had another answer");
        task.abort();
    }
    assert_eq!(status, 200, "{body}");
}
