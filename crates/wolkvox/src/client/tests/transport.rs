//! Connections that fail, stall, end early or lead elsewhere.

use super::size::gzip;
use super::*;
use crate::{Cause, Class};

#[tokio::test]
async fn a_whole_json_that_was_announced_to_be_longer_is_truncated() {
    let length = |bytes: usize| format!("Length: {bytes}");
    let whole = String::from_utf8(http("200 OK", GOOD)).unwrap();
    let longer = whole.replace(&length(GOOD.len()), &length(1000));
    assert_ended_early(longer, End::Close, "announced to be longer").await;
}

/// What the log says of an answer under HTTP 200 whose connection failed on the way.
async fn assert_ended_early(answer: impl Into<Vec<u8>>, end: End, what: &str) {
    let (exchange, _) = ask(answer, end).await;
    let error = exchange.result.unwrap_err();
    assert_eq!(
        (error.reason(), exchange.status),
        (Reason::Truncated, Some(200)),
        "{what}: {error}"
    );
    assert!(
        error.to_string().contains("ended before the answer did"),
        "{what}: {error}"
    );
}

#[tokio::test]
async fn an_answer_cut_anywhere_in_its_body_is_truncated() {
    let whole = http("200 OK", GOOD);
    let head = whole.len() - GOOD.len();
    for length in 1..GOOD.len() {
        // The server itself cut it, and believes it to be whole; or the connection ends there.
        for answer in [http("200 OK", &GOOD[..length]), whole[..head + length].to_vec()] {
            let (exchange, _) = ask(answer, End::Close).await;
            let error = exchange.result.unwrap_err();
            assert_eq!(error.reason(), Reason::Truncated, "after {length} bytes: {error}");
            assert_eq!((exchange.status, exchange.bytes), (Some(200), length as u64));
        }
    }
}

#[tokio::test]
async fn a_connection_that_fails_within_the_body_is_truncated_packed_or_not() {
    let packed = gzip(GOOD.as_bytes());
    for (what, head, body) in [
        ("plain", "", GOOD.as_bytes()),
        ("gzip", "Content-Encoding: gzip\r\n", &packed),
    ] {
        let head = format!("HTTP/1.1 200 OK\r\n{head}");
        let sized = format!("{head}Content-Length: {}\r\n\r\n", body.len());
        let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n", body.len());
        // The first bytes of gzip are a header, which is read by other code than the rest.
        for length in [0, 5, body.len() / 2, body.len() - 1] {
            for (form, head) in [("sized", &sized), ("chunked", &chunked)] {
                let answer = [head.as_bytes(), &body[..length]].concat();
                for (how, end) in [("closed", End::Close), ("reset", End::Reset)] {
                    let what = format!("{what}, {form}, {how} after {length} bytes");
                    assert_ended_early(answer.clone(), end, &what).await;
                }
            }
        }
        // All of it came, but not the chunk that says so.
        let answer = [chunked.as_bytes(), body, b"\r\n"].concat();
        assert_ended_early(answer.clone(), End::Close, what).await;
        assert_ended_early(answer.clone(), End::Reset, what).await;
        let broken = [&answer, b"no number\r\n".as_slice()].concat();
        assert_ended_early(broken, End::Close, "no size of a chunk").await;
    }
}

#[tokio::test]
async fn a_stall_is_a_timeout_and_keeps_the_status() {
    let whole = http("200 OK", GOOD);
    for (length, status) in [(0, None), (whole.len() - 5, Some(200))] {
        let mut settings = settings(&serve(&whole[..length], End::Stall).await);
        settings.timeout = Duration::from_millis(300);
        let (exchange, rows) = ask_with(settings).await;
        let error = exchange.result.unwrap_err();
        assert_eq!((error.reason(), exchange.status), (Reason::Timeout, status));
        assert_eq!(rows.begun, u32::from(status.is_some()));
        assert_eq!(error.to_string().contains("allow-list"), status.is_none());
        // One that had begun may be too large for the time allowed.
        assert_eq!(error.class() == Class::Smaller, status.is_some());
    }
}

#[tokio::test]
async fn a_connection_that_fails_before_the_headers_is_connect() {
    for end in [End::Reset, End::Close] {
        let (exchange, rows) = ask("", end).await;
        let error = exchange.result.unwrap_err();
        assert_eq!(
            (error.reason(), exchange.status, rows.begun),
            (Reason::Connect, None, 0)
        );
        assert!(error.class() == Class::Retry && error.to_string().contains("allow-list"));
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let mut settings = Settings::new(base, token(), report());
    settings.agent_dni = Some("PRIVATE".to_owned().into());
    let error = ask_with(settings).await.0.result.unwrap_err();
    assert_eq!(error.reason(), Reason::Connect);
    assert!(!error.to_string().contains("PRIVATE") && !error.to_string().contains("t0ken"));
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_tls() {
    let server = serve("HTTP/1.1 400 Bad Request\r\n\r\n", End::Close).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut hello = [0; 5];
        stream.read_exact(&mut hello).await.unwrap();
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .await
            .unwrap();
        std::future::pending::<()>().await;
    });
    let mut settings = settings(&server);
    settings.base = base;
    let error = ask_with(settings).await.0.result.unwrap_err();
    assert_eq!(error.reason(), Reason::Tls);
    assert_eq!(error.cause(), Some(Cause::NotTls));
    assert!(error.to_string().contains("whether it is http and not https"));
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_takes_no_token_elsewhere() {
    let other = serve(http("200 OK", GOOD), End::Close).await;
    let answer = format!(
        "HTTP/1.1 302 Found\r\nLocation: {}/\r\nContent-Length: 0\r\n\r\n",
        other.base
    );
    let (exchange, _) = ask(answer, End::Close).await;
    assert_eq!(exchange.status, Some(302));
    assert_eq!(exchange.result.unwrap_err().reason(), Reason::HttpStatus);
    assert!(other.requests.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_404_cut_short_is_truncated_because_it_may_be_an_empty_window() {
    let body = r#"{"code":"404","error":null,"msg":"Validate dates entered","data":null}"#;
    let whole = http("404 Not Found", body);
    let cut = &whole[..whole.len() - 5];
    assert_eq!(reason(cut, End::Close).await, Reason::Truncated);
    assert_eq!(
        reason(http("404 Not Found", &body[..body.len() - 5]), End::Close).await,
        Reason::Truncated
    );
    // What is no envelope is the page of a server that does not know the report.
    for other in ["", "<html>", "{}"] {
        assert_eq!(
            reason(http("404 Not Found", other), End::Close).await,
            Reason::HttpStatus
        );
    }
    // A refusal is one, cut or not.
    let refusal = http("401 Unauthorized", r#"{"code":"401","msg":"x"}"#);
    assert_eq!(
        reason(&refusal[..refusal.len() - 3], End::Close).await,
        Reason::Auth
    );
}

#[tokio::test]
async fn what_answers_without_being_an_http_server_is_named_so_and_is_no_answer() {
    // HTTP/0.9 has no head: the body would be taken from whatever answers.
    for (what, answer) in [
        ("HTTP/0.9", GOOD.to_owned()),
        ("HTTP/0.9 with a page", "<html></html>\r\n".to_owned()),
        ("a radio station", format!("ICY 200 OK\r\n\r\n{GOOD}")),
        ("mail", "220 mail.example.com ESMTP\r\n".to_owned()),
        ("SSH", "SSH-2.0-OpenSSH_9.2\r\n".to_owned()),
        ("HTTP/2", format!("HTTP/2 200\r\n\r\n{GOOD}")),
        ("TLS", "\u{15}\u{3}\u{1}\0\u{2}\u{2}\u{46}".to_owned()),
    ] {
        let (exchange, rows) = ask(answer, End::Close).await;
        let error = exchange.result.unwrap_err();
        assert_eq!(
            (error.reason(), exchange.status, rows.begun),
            (Reason::Connect, None, 0),
            "{what}: {error}"
        );
        let text = error.to_string();
        assert!(
            text.contains("no HTTP server") && !text.contains("allow-list"),
            "{what}: {text}"
        );
    }
}
