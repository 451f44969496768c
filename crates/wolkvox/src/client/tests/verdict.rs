//! What the server says of itself: status, code, number of rows.

use super::*;

#[tokio::test]
async fn each_status_is_judged() {
    for (status, msg, reason) in [
        ("404 Not Found", "report not enabled", Reason::HttpStatus),
        (
            "400 Bad Request",
            "SOME PARAMETERS ARE REQUIRED",
            Reason::BadRequest,
        ),
        ("401 Unauthorized", "PLEASE ENTER THE WOLKVOX-TOKEN", Reason::Auth),
        ("403 Forbidden", "Please validate token ", Reason::Auth),
        ("403 Forbidden", "TOKEN LIMIT EXCEEDED", Reason::Quota),
        (
            "403 Forbidden",
            "EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN (2)",
            Reason::Concurrency,
        ),
        ("403 Forbidden", "BACKUP", Reason::Forbidden),
        ("429 Too Many Requests", "", Reason::HttpStatus),
        ("503 Service Unavailable", "", Reason::HttpStatus),
    ] {
        let body = format!(r#"{{"msg":"{msg}","error":null,"code":"1","data":null}}"#);
        let (exchange, rows) = ask(http(status, body), End::Close).await;
        let error = exchange.result.unwrap_err();
        assert_eq!(error.reason(), reason, "{status} {msg}");
        let may_ask_to_wait = matches!(&status[..3], "429" | "503");
        let wait = may_ask_to_wait.then_some(Duration::from_secs(7));
        assert_eq!(error.retry_after(), wait, "{status}");
        assert!(error.to_string().contains(msg.trim()) && rows.begun == 1);
        assert_eq!(exchange.status.unwrap().to_string(), status[..3]);
    }
}

#[tokio::test]
async fn a_404_about_the_dates_is_an_empty_window_and_no_other_is() {
    let body = r#"{"code":"404","error":"x","msg":" validate dates ENTERED","data":[]}"#;
    assert_eq!(
        ask(http("404 Not Found", body), End::Close)
            .await
            .0
            .result
            .unwrap(),
        Answer::default()
    );
    assert_eq!(
        ask(http("200 OK", body), End::Close).await.0.result.unwrap(),
        Answer::default()
    );
    assert_eq!(
        reason(http("404 Not Found", "Validate dates entered"), End::Close).await,
        Reason::HttpStatus
    );
    assert_eq!(
        reason(http("404 Not Found", "<html>"), End::Close).await,
        Reason::HttpStatus
    );
    let contradiction = body.replace("[]", "[{}]");
    assert_eq!(
        reason(http("200 OK", contradiction), End::Close).await,
        Reason::NotJson
    );
}

#[tokio::test]
async fn a_200_with_another_code_is_judged_by_that_code() {
    for (body, expected) in [
        (
            r#"{"code":403,"msg":"TOKEN LIMIT EXCEEDED","data":[]}"#,
            Reason::Quota,
        ),
        (
            r#"{"data":[{"conn_id":"1"}],"msg":"","code":"500"}"#,
            Reason::HttpStatus,
        ),
        (r#"{"code":"401","data":null}"#, Reason::Auth),
        (r#"{"code":"ERROR","data":[]}"#, Reason::NotJson),
        (
            r#"{"code":200,"msg":"1 records were found","data":null}"#,
            Reason::Truncated,
        ),
        (r#"{"code":200,"data":{}}"#, Reason::NotJson),
        (
            r#"{"code":200,"msg":"2 records were found","data":{"0":{"conn_id":"1"}}}"#,
            Reason::Truncated,
        ),
        (r#"{"code":200}"#, Reason::NotJson),
        ("{}", Reason::NotJson),
    ] {
        assert_eq!(reason(http("200 OK", body), End::Close).await, expected, "{body}");
    }
    for body in [
        r#"{"data":[]}"#,
        r#"{"code":"","data":[]}"#,
        r#"{"code":"0","data":[]}"#,
        r#"{"code":200,"msg":"0 records were found","data":null}"#,
        r#"{"code":200,"msg":"0 records were found","data":{}}"#,
        r#"{"code":200,"msg":"1 records were found","data":{"3":{"conn_id":"1"}}}"#,
    ] {
        assert!(ask(http("200 OK", body), End::Close).await.0.result.is_ok());
    }
}

#[tokio::test]
async fn fewer_rows_than_announced_are_truncated_and_more_are_fine() {
    let answer = |announced: &str| http("200 OK", GOOD.replace("2 records", announced));
    assert_eq!(reason(answer("3 records"), End::Close).await, Reason::Truncated);
    for data in ["{}", "null"] {
        let body = format!(r#"{{"code":200,"msg":"2 records were found","data":{data}}}"#);
        let error = ask(http("200 OK", body), End::Close).await.0.result.unwrap_err();
        assert_eq!(error.reason(), Reason::Truncated);
        assert!(
            error.to_string().contains("announced 2 rows and sent 0"),
            "{error}"
        );
    }
    for fine in ["1 records", "some records"] {
        assert_eq!(ask(answer(fine), End::Close).await.0.result.unwrap().rows, 2);
    }
}

#[tokio::test]
async fn what_is_no_json_is_reported_even_if_cut_short() {
    for body in ["", "<html>", "<b>Warning</b>: x {}"] {
        assert_eq!(reason(http("200 OK", body), End::Close).await, Reason::NotJson);
    }
    let cut = http("200 OK", "<html></html>");
    assert_eq!(reason(&cut[..cut.len() - 3], End::Close).await, Reason::NotJson);
    assert_eq!(reason(&cut[..cut.len() - 3], End::Stall).await, Reason::NotJson);
}
