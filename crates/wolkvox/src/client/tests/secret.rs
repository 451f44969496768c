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
