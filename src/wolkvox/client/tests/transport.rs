//! Connections that fail, stall, end early or lead elsewhere.

use super::*;

#[tokio::test]
async fn a_body_cut_short_is_truncated() {
    let whole = http("200 OK", GOOD);
    assert_eq!(
        reason(&whole[..whole.len() - 1], End::Close).await,
        Reason::Truncated
    );
    assert_eq!(
        reason(&whole[..whole.len() - GOOD.len()], End::Close).await,
        Reason::Truncated
    );
    assert_eq!(
        reason(http("200 OK", &GOOD[..GOOD.len() - 5]), End::Close).await,
        Reason::Truncated
    );
    // The JSON is whole, but the server had announced more.
    let longer = String::from_utf8(whole)
        .unwrap()
        .replace(&format!("Length: {}", GOOD.len()), "Length: 1000");
    assert_eq!(reason(longer, End::Close).await, Reason::Truncated);
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
        assert!(!error.is_retryable() && rows.begun == u32::from(status.is_some()));
        assert_eq!(error.to_string().contains("allow-list"), status.is_none());
        // One that had begun may be too large for the time allowed.
        assert_eq!(error.is_about_size(), status.is_some());
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
        assert!(error.is_retryable() && error.to_string().contains("allow-list"));
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let mut settings = Settings::new(base, Token::Fixed("t0ken".to_owned().into()));
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
    assert!(error.to_string().contains("WOLKVOX_CA_FILE"));
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
