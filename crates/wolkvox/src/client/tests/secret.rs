//! The token and the agent, which stay out of every text.

use super::*;

#[tokio::test]
async fn a_server_that_repeats_the_token_does_not_bring_it_into_the_log() {
    let body = r#"{"code":403,"msg":"token t0ken is not known"}"#;
    let error = ask(http("403 Forbidden", body), End::Close)
        .await
        .0
        .result
        .unwrap_err();
    assert!(
        error.to_string().contains("token [secret] is not known"),
        "{error}"
    );
}

#[tokio::test]
async fn without_a_token_nothing_is_asked() {
    let server = serve(http("200 OK", GOOD), End::Close).await;
    let mut settings = settings(&server);
    settings.token = Token::File("/nonexistent/token".into());
    assert_eq!(
        ask_with(settings).await.0.result.unwrap_err().reason(),
        Reason::Auth
    );
    assert!(server.requests.lock().unwrap().is_empty());
}

#[test]
fn settings_never_show_what_is_secret() {
    let mut settings = Settings::new("https://a", Token::Fixed("t0ken".to_owned().into()), report());
    settings.agent_dni = Some("PRIVATE".to_owned().into());
    let shown = format!("{settings:?}");
    assert!(!shown.contains("t0ken") && !shown.contains("PRIVATE"));
}

#[tokio::test]
async fn the_token_that_was_sent_is_taken_out_though_the_file_holds_another_by_then() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "f1rst-token\n").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let path = file.path().to_owned();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 4096];
        let length = stream.read(&mut request).await.unwrap();
        assert!(String::from_utf8_lossy(&request[..length]).contains("f1rst-token"));
        std::fs::write(path, "sec0nd-token").unwrap();
        let body = r#"{"code":403,"msg":"no token f1rst-token"}"#;
        stream.write_all(&http("403 Forbidden", body)).await.unwrap();
    });
    let settings = Settings::new(base, Token::File(file.path().to_owned()), report());
    let error = ask_with(settings).await.0.result.unwrap_err().to_string();
    assert!(error.contains("no token [secret]"), "{error}");
}

#[tokio::test]
async fn a_secret_is_taken_out_before_the_text_is_cut() {
    let mut settings = settings(
        &serve(
            http(
                "403 Forbidden",
                format!(
                    r#"{{"msg":"{}t0ken%20{} 1034"}}"#,
                    "x".repeat(196),
                    "y".repeat(300)
                ),
            ),
            End::Close,
        )
        .await,
    );
    settings.agent_dni = Some("1034".to_owned().into());
    let error = ask_with(settings).await.0.result.unwrap_err().to_string();
    assert!(error.contains("xxx[sec…"), "{error}");
    assert!(!error.contains("t0k"), "{error}");
}
