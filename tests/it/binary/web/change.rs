//! Web configurations that change while the exporter runs.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use std::{fs, thread};

use super::{TLS, get, users};
use crate::support::process::{wait_for, wait_until};
use crate::support::web::{Place, curl, serve_with};

/// The status of a request without credentials, on a connection of its own.
fn anonymous(address: &str) -> u16 {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let line = String::from_utf8_lossy(&answer[..answer.len().min(16)]).into_owned();
    line.split(' ').nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_web_configuration_that_is_emptied_or_cut_opens_nothing_and_is_logged_once() {
    let place = Place::new();
    let full = format!("{TLS}{}", users());
    let exporter = serve_with(&place, &full).await;
    let refused = || exporter.log.text().matches("is not taken over").count();
    for (number, text, reported) in [
        (1, "", "it is empty"),
        (
            2,
            "basic_auth_users:\n",
            "basic_auth_users: nothing stands under it",
        ),
        (
            3,
            "{}\n",
            "there would be no TLS (tls_server_config); nobody would need a password",
        ),
        (4, TLS, "restart the exporter, which takes the file as it is"),
    ] {
        fs::write(place.path("web.yml"), text).unwrap();
        wait_until("the change is refused", || refused() >= number).await;
        assert!(
            exporter.log.text().contains(reported),
            "{text:?}: {}",
            exporter.log.text()
        );
        assert_eq!(refused(), number, "it is logged once");
        assert_eq!(
            anonymous(exporter.address()),
            400,
            "{text:?} opened the port to plain HTTP"
        );
        assert_eq!(
            get(&place, &exporter, None, &[]).await.0,
            401,
            "{text:?} opened the port"
        );
        assert_eq!(
            get(&place, &exporter, None, &["--user", "alice:wonderland"])
                .await
                .0,
            200
        );
    }
    fs::write(place.path("web.yml"), &full).unwrap();
    wait_until("the file is again as it was", || {
        exporter.log.text().contains("is again the one in force")
    })
    .await;
    assert_eq!(refused(), 4);
}

#[tokio::test]
async fn while_the_file_is_rewritten_in_place_no_anonymous_request_is_answered() {
    let place = Place::new();
    let text = users();
    let exporter = serve_with(&place, &text).await;
    let ended = AtomicBool::new(false);
    let answered = thread::scope(|scope| {
        scope.spawn(|| {
            let begun = Instant::now();
            // Of different lengths, so that each moment between two readings is met.
            for pause in [100, 400, 250, 1_600, 150, 300].iter().cycle() {
                fs::write(place.path("web.yml"), "").unwrap();
                thread::sleep(Duration::from_millis(*pause));
                fs::write(place.path("web.yml"), &text).unwrap();
                thread::sleep(Duration::from_millis(50));
                if begun.elapsed() > Duration::from_secs(9) {
                    break;
                }
            }
            ended.store(true, Ordering::Relaxed);
        });
        let mut answered = Vec::new();
        while !ended.load(Ordering::Relaxed) {
            answered.push(anonymous(exporter.address()));
            thread::sleep(Duration::from_millis(5));
        }
        answered
    });
    assert!(answered.len() > 100, "{}", answered.len());
    let open = answered.iter().filter(|status| **status != 401).count();
    assert_eq!(open, 0, "of {} anonymous requests were let in", answered.len());
    let url = exporter.url("/metrics");
    assert_eq!(curl(&["--user", "alice:wonderland", &url]).await.0, 200);
}

#[tokio::test]
async fn a_kept_connection_that_was_opened_under_another_tls_setting_is_closed_without_an_answer() {
    let place = Place::new();
    let exporter = serve_with(&place, "{}\n").await;
    let mut kept = TcpStream::connect(exporter.address()).unwrap();
    let request = b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n";
    kept.write_all(request).unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"healthy.\n") {
        let mut bytes = [0; 1024];
        let read = kept.read(&mut bytes).unwrap();
        assert_ne!(read, 0);
        answer.extend(&bytes[..read]);
    }
    fs::write(place.path("web.yml"), TLS).unwrap();
    wait_for("TLS is in force", async || {
        let url = format!("https://{}/-/healthy", exporter.address());
        (curl(&["--cacert", &place.text_path("ca.pem"), &url]).await.0 == 200).then_some(())
    })
    .await;
    kept.write_all(request).unwrap();
    let mut rest = Vec::new();
    let _ = kept.read_to_end(&mut rest);
    assert_eq!(String::from_utf8_lossy(&rest), "");
}
