//! The token and the agent, which stay out of every text.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

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

/// Gives these tokens one after the other; none, where there are no more.
#[derive(Debug)]
struct Changing(Mutex<VecDeque<&'static str>>);

impl Changing {
    fn to(tokens: &[&'static str]) -> Arc<Changing> {
        Arc::new(Changing(Mutex::new(tokens.iter().copied().collect())))
    }
}

impl TokenSource for Changing {
    fn read(&self) -> ReadToken<'_> {
        let next = self.0.lock().unwrap().pop_front();
        let token = next.ok_or_else(|| NoToken("the drawer is empty".to_owned()));
        Box::pin(std::future::ready(token.map(|token| token.parse().unwrap())))
    }
}

#[tokio::test]
async fn without_a_token_nothing_is_asked() {
    let server = serve(http("200 OK", GOOD), End::Close).await;
    let mut settings = settings(&server);
    settings.token = Changing::to(&[]);
    let error = ask_with(settings).await.0.result.unwrap_err();
    assert_eq!(error.reason(), Reason::Auth);
    assert_eq!(
        error.to_string(),
        "the drawer is empty. Nothing was asked of Wolkvox"
    );
    assert!(server.requests.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_proxy_that_repeats_its_password_does_not_bring_it_into_the_log() {
    let header = "YW5hOnMzY3IzdC1wNHNz";
    let body = format!(r#"{{"code":403,"msg":"ana:s3cr3t-p4ss and s3cr3t%2Dp4ss and {header}"}}"#);
    let server = serve(http("403 Forbidden", body), End::Close).await;
    let proxy = server.base.replace("http://", "http://ana:s3cr3t-p4ss@");
    let mut settings = settings(&server);
    settings.base = "http://gateway.invalid".to_owned();
    settings.proxy = Some(Proxy::parse(&proxy, "HTTP_PROXY").unwrap());
    let shown = format!("{settings:?}");
    let error = ask_with(settings).await.0.result.unwrap_err().to_string();
    for secret in ["s3cr3t", "p4ss", header] {
        assert!(
            !error.contains(secret) && !shown.contains(secret),
            "{error} {shown}"
        );
    }
    let requests = server.requests.lock().unwrap();
    assert!(
        requests[0].starts_with("GET http://gateway.invalid/api/v2/"),
        "{requests:?}"
    );
    assert!(
        requests[0].contains(&format!("proxy-authorization: Basic {header}\r\n")),
        "{requests:?}"
    );
}

#[test]
fn settings_never_show_what_is_secret() {
    let mut settings = Settings::new("https://a", token(), report());
    settings.agent_dni = Some("PRIVATE".to_owned().into());
    let shown = format!("{settings:?}");
    assert!(!shown.contains("t0ken") && !shown.contains("PRIVATE"));
}

#[tokio::test]
async fn each_request_has_its_own_token_and_the_one_that_was_sent_is_taken_out() {
    let body = r#"{"code":403,"msg":"no token f1rst-token"}"#;
    let server = serve(http("403 Forbidden", body), End::Close).await;
    let mut settings = settings(&server);
    settings.token = Changing::to(&["f1rst-token", "sec0nd-token"]);
    let client = Client::new(settings).unwrap();
    let mut errors = Vec::new();
    for _ in 0..2 {
        let exchange = client.report(&window(), &mut Taken::default()).await;
        errors.push(exchange.result.unwrap_err().to_string());
    }
    assert!(errors[0].contains("no token [secret]"), "{errors:?}");
    assert!(errors[1].contains("no token f1rst-token"), "{errors:?}");
    let requests = server.requests.lock().unwrap();
    assert!(requests[0].contains("wolkvox-token: f1rst-token\r\n"));
    assert!(requests[1].contains("wolkvox-token: sec0nd-token\r\n"));
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
